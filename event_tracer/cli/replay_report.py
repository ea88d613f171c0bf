"""What a replay says of itself: what could not be used, and the line of summary."""

from collections import Counter
from dataclasses import dataclass, field

from rich.console import Console

from event_tracer.core.occurrence import Occurrence
from event_tracer.recording.reader import Problem
from event_tracer.render.terminal import visible

_MOST_PROBLEMS = 10


@dataclass(slots=True)
class Report:
    """Counts, and a console for complaints."""

    errors: Console
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
        """Count what could not be used; tell of the first few."""
        self._first = self._first or str(problem)
        self._problems += 1
        if self._problems <= _MOST_PROBLEMS:
            self.complain(str(problem))

    def complain(self, text: str) -> None:
        """Say what is not as it should be."""
        self.errors.print(f"event-tracer: {visible(text)}", style="yellow", soft_wrap=True)

    def sum_up(self, *, on: Console) -> None:
        """The line of summary, once all is told."""
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

    def _what_there_is(self) -> str:
        return "; ".join(
            f"{name}s {', '.join(value for value, _ in values.most_common(8) if value)}"
            for name, values in self._there.items()
        )


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
