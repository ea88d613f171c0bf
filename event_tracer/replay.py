"""`event-tracer replay`: what was recorded → traces, wherever they are wanted."""

import asyncio
import os
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from typing import IO

from event_tracer import endpoint, recording
from event_tracer.core.event import Event
from event_tracer.core.frame import Frame, Item, Listing, Tick
from event_tracer.core.shift import shift
from event_tracer.core.span import Span
from event_tracer.core.story import Stories
from event_tracer.core.times import SECOND
from event_tracer.core.traces import Traces
from event_tracer.core.waterfall import waterfall
from event_tracer.encoding import write_json
from event_tracer.progress import ReadProgress
from event_tracer.recording import Problem
from event_tracer.settings import ReplaySettings
from event_tracer.view import View, console, visible

_MOST_PROBLEMS = 10
_END = Tick(now=2**62)


def replay(files: Sequence[str], *, settings: ReplaySettings) -> bool:
    """Replay `files`; False where nothing could be used or what was made did not arrive."""
    job = _Replay(files, settings)
    with ExitStack() as stack:
        try:
            job.run(stack)
        except _Failure as failure:
            print(f"event-tracer: {failure}", file=sys.stderr)  # noqa: T201
            return False
    return job.occurrences > 0


class _Failure(Exception):
    """Why nothing or not all arrived, in a sentence."""


class _Replay:
    def __init__(self, files: Sequence[str], settings: ReplaySettings) -> None:
        self._files = files
        self._settings = settings
        self._filter = settings.filter
        self._out = console(sys.stdout)
        self._err = console(sys.stderr)
        self._problems: Counter[str] = Counter()
        self._first_problem = ""
        self._kinds: Counter[str] = Counter()
        self.occurrences = self._left_out = self._spans = self._traces = 0

    def run(self, stack: ExitStack) -> None:
        live = self._out if self._out.is_terminal else self._err
        total = recording.total_size(self._files)
        progress = stack.enter_context(ReadProgress(live, total=total))
        stdin: IO[bytes] = sys.stdin.buffer
        seconds = 0
        if self._settings.shift_to_now:
            stdin = self._spool(stack, stdin)
            seconds = self._until_now(stdin)
            stdin.seek(0)
        items = recording.items(
            self._files, stdin=stdin, on_problem=self._problem, on_progress=progress.advance
        )
        send = {
            "terminal": self._draw,
            "otlp": self._send,
            "sdk": self._hand_over,
            "otlp-json": self._write,
        }[self._settings.to]
        send(self._moved(self._told(items), seconds))
        progress.stop()
        self._sum_up()

    # -- from items to traces

    def _told(self, items: Iterator[Item]) -> Iterator[tuple[Span, ...]]:
        stories = Stories(
            naming=self._settings.naming, cluster_uid=self._settings.cluster_uid, keep=self._keep
        )
        traces = Traces()
        for item in items:
            yield from traces.feed(stories.feed(item))
        yield from traces.feed(stories.feed(_END))
        yield from traces.rest()

    def _keep(self, event: Event) -> bool:
        self.occurrences += 1
        kept = self._filter.keeps(event)
        self._left_out += not kept
        self._kinds[event.involved.kind] += 1
        return kept

    def _moved(
        self, traces: Iterator[tuple[Span, ...]], seconds: int
    ) -> Iterator[tuple[Span, ...]]:
        for spans in traces:
            self._traces += 1
            self._spans += len(spans)
            yield tuple(shift(span, seconds=seconds) for span in spans) if seconds else spans

    def _spool(self, stack: ExitStack, stdin: IO[bytes]) -> IO[bytes]:
        # Two passes, and standard input can be read but once.
        copy = stack.enter_context(tempfile.TemporaryFile())  # noqa: SIM115
        if recording.STDIN in self._files:
            shutil.copyfileobj(stdin, copy)
            copy.seek(0)
        return copy

    def _until_now(self, stdin: IO[bytes]) -> int:
        items = recording.items(self._files, stdin=stdin, on_problem=lambda problem: None)
        times = (
            frame.body.time
            for item in items
            for frame in _frames(item)
            if isinstance(frame.body, Event) and self._filter.keeps(frame.body)
        )
        now = time.time_ns()
        return (now - max(times, default=now)) // SECOND

    # -- where they go

    def _draw(self, traces: Iterator[tuple[Span, ...]]) -> None:
        view = View(self._out)
        for spans in traces:
            view.show(waterfall(spans))

    def _write(self, traces: Iterator[tuple[Span, ...]]) -> None:
        output = self._settings.output
        try:
            if output is None:
                write_json(traces, sys.stdout)
            else:
                with output.open("w", encoding="utf-8") as file:
                    write_json(traces, file)
        except BrokenPipeError:
            raise
        except OSError as error:
            raise _Failure(f"cannot write {output}: {(error.strerror or '').lower()}") from None

    def _send(self, traces: Iterator[tuple[Span, ...]]) -> None:
        from event_tracer import export

        try:
            target = endpoint.resolve(os.environ)
            sent = asyncio.run(export.send_all(traces, endpoint=target, on_wait=self._waiting()))
        except (endpoint.EndpointError, export.ExportError) as error:
            raise _Failure(str(error)) from None
        if sent.rejected:
            what = f"rejected {_count(sent.rejected, 'span')}: {sent.warning}"
            raise _Failure(f"the collector at {target} {what}")
        if sent.warning:
            self._complain(f"the collector at {target} says: {sent.warning}")

    def _waiting(self) -> Callable[[str], None]:
        told: set[str] = set()

        def wait(reason: str) -> None:
            if reason not in told:
                told.add(reason)
                self._complain(f"waiting for the collector: {reason}")

        return wait

    def _hand_over(self, traces: Iterator[tuple[Span, ...]]) -> None:
        from event_tracer import sdk

        try:
            sdk.send_all(traces, exporters=sdk.load(os.environ))
        except sdk.ExporterError as error:
            raise _Failure(str(error)) from None

    # -- what is said about it

    def _problem(self, problem: Problem) -> None:
        self._first_problem = self._first_problem or str(problem)
        self._problems[problem.source] += 1
        if self._problems.total() <= _MOST_PROBLEMS:
            self._complain(str(problem))

    def _complain(self, text: str) -> None:
        self._err.print(f"event-tracer: {visible(text)}", style="yellow", soft_wrap=True)

    def _sum_up(self) -> None:
        if not self.occurrences:
            raise _Failure("there is no Event in what was read")
        kept = self.occurrences - self._left_out
        parts = [
            _count(self._traces, "trace"),
            f"{_count(self._spans, 'span')} of {_count(kept, 'occurrence')}",
        ]
        if self._left_out:
            parts.append(f"{self._left_out:,} filtered out")
        if self._problems:
            parts.append(f"{self._problems.total():,} not understood, first {self._first_problem}")
        where = self._out if self._settings.to == "terminal" else self._err
        where.print(visible(", ".join(parts)), style="bold", soft_wrap=True)
        if not kept:
            kinds = ", ".join(kind for kind, _ in self._kinds.most_common(10))
            self._complain(f"no occurrence passes the filters; these were about: {kinds}")


def _frames(item: Item) -> tuple[Frame, ...]:
    if isinstance(item, Listing):
        return item.frames
    return (item,) if isinstance(item, Frame) else ()


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
