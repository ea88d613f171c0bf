"""The messages of a replay: its progress, what could not be used, the line of summary."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from event_tracer.core.occurrence import Occurrence
from event_tracer.recording.reader import Problem
from event_tracer.render.lines import visible
from event_tracer.runtime.logs import mask

WITH_OBJECTS = (
    "kubectl get events,pods,rs,deploy,sts,ds,jobs,cronjobs,ns -A -o json --show-managed-fields"
)
"""What brings owners, changes, status and, by the Namespace kube-system, the cluster's uid."""
_MAX_PROBLEMS = 10
_PATIENCE = 1.0  # seconds before a bar is shown


@dataclass(slots=True)
class Report:
    """Counts, and a console for complaints. `undated` is a sentence, empty for none."""

    errors: Console
    has_objects: bool = False
    undated: str = ""
    traces: int = 0
    spans: int = 0
    occurrences: int = 0
    left_out: int = 0
    _there: dict[str, Counter[str]] = field(default_factory=dict)
    _problems: int = 0
    _first: str = ""

    def occurrence(self, occurrence: Occurrence, *, kept: bool) -> None:
        """Count one, kept by the filters or not."""
        self.occurrences += 1
        if kept:
            return
        self.left_out += 1
        about = occurrence.about
        there = {"namespace": about.namespace, "kind": about.kind, "reason": occurrence.reason}
        for name, value in there.items():
            self._there.setdefault(name, Counter())[value] += 1

    def problem(self, problem: Problem) -> None:
        """Count a problem; write the first few."""
        self._first = self._first or str(problem)
        self._problems += 1
        if self._problems <= _MAX_PROBLEMS:
            self.complain(str(problem))

    def complain(self, text: str) -> None:
        """Write one line to standard error, without secrets."""
        self.errors.print(f"event-tracer: {visible(mask(text))}", style="yellow", soft_wrap=True)

    def sum_up(self, *, on: Console) -> None:
        """Write the line of summary."""
        kept = self.occurrences - self.left_out
        spans = f"{_count(self.spans, 'span')} of {_count(kept, 'occurrence')}"
        parts = [_count(self.traces, "trace"), spans]
        if self.left_out:
            parts.append(f"{self.left_out:,} filtered out")
        if self._problems:
            parts.append(f"{self._problems:,} could not be used, first {self._first}")
        on.print(visible(", ".join(parts)), style="bold", soft_wrap=True)
        if not kept:
            self.complain(f"no occurrence passes the filters; there are {self._what_there_is()}")
        elif not self.has_objects:
            self.complain(f"Events alone do not say what is ready; for that: {WITH_OBJECTS}")
        if self.undated:
            self.complain(self.undated)

    def _what_there_is(self) -> str:
        return "; ".join(
            f"{name}s {', '.join(value for value, _ in values.most_common(8) if value)}"
            for name, values in self._there.items()
        )


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


@contextmanager
def read_progress(out: Console, *, total: int | None) -> Iterator[Callable[[int], None]]:
    """A bar on a terminal, of bytes read, while reading takes long; `total` may be unknown.

    The value is to be called with the number of bytes that were read.
    """
    begun = time.monotonic()
    columns = (TextColumn("reading"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    bar = Progress(*columns, console=out, transient=True, disable=not out.is_terminal)
    task = bar.add_task("", total=total)

    def advance(read: int) -> None:
        bar.advance(task, read)
        if time.monotonic() - begun > _PATIENCE:
            bar.start()

    try:
        yield advance
    finally:
        bar.stop()
