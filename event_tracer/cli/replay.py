"""`event-tracer replay`: what was recorded → traces, wherever they are wanted."""

import io
import shutil
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import IO

from rich.console import Console

from event_tracer.cli import sinks
from event_tracer.cli.progress import ReadProgress
from event_tracer.cli.replay_report import Report
from event_tracer.cli.settings.models import ReplaySettings
from event_tracer.cli.sinks import OutputError
from event_tracer.core.event import Event
from event_tracer.core.event_source import occurrence_of
from event_tracer.core.filters import Redaction
from event_tracer.core.frame import Frame, Item, Listing
from event_tracer.core.occurrence import Occurrence
from event_tracer.core.story import Stories
from event_tracer.core.times import SECOND
from event_tracer.core.traces import Trace, shift, traces_of
from event_tracer.recording import reader
from event_tracer.render.page.store import RawEvents
from event_tracer.render.terminal import View, console
from event_tracer.render.waterfall import waterfall


def replay(files: Sequence[str], *, settings: ReplaySettings) -> bool:
    """Replay `files`; False where nothing could be used or what was made did not arrive."""
    out, report = console(sys.stdout, width=settings.width), Report(console(sys.stderr))
    try:
        with ExitStack() as stack:
            _replay(files, settings, report=report, out=out, stack=stack)
    except OutputError as error:
        report.complain(str(error))
        return False
    if not report.occurrences:
        report.complain("there is no Event in what was read")
        return False
    report.sum_up(on=out if settings.sink in ("console", "html") else report.errors)
    return True


def _replay(
    files: Sequence[str],
    settings: ReplaySettings,
    *,
    report: Report,
    out: Console,
    stack: ExitStack,
) -> None:
    stdin: IO[bytes] = sys.stdin.buffer if sys.stdin else io.BytesIO()  # it may be closed
    seconds = 0
    if settings.shift_to_now:
        stdin = _rewindable(files, stdin, stack)
        seconds = _until_now(files, stdin, settings)
        stdin.seek(0)
    progress = stack.enter_context(
        ReadProgress(out if out.is_terminal else report.errors, total=reader.total_size(files))
    )
    redaction = Redaction(settings.redact)
    raw_events = RawEvents(redaction)
    items = reader.items(
        files,
        stdin=stdin,
        on_problem=report.problem,
        on_progress=progress.advance,
        redact=raw_events if settings.html else redaction,
    )
    traces = _shifted(_traces(items, settings, report), seconds=seconds)
    if settings.html:
        title = ", ".join(Path(file).name for file in files if file != reader.STDIN)
        sinks.write_page(
            traces, file=settings.html, events=raw_events.by_uid, title=title or "Kubernetes Events"
        )
        return
    _send(traces, settings, report=report, out=out)


def _send(
    traces: Iterable[Trace], settings: ReplaySettings, *, report: Report, out: Console
) -> None:
    match settings.sink:
        case "console":
            is_wide = settings.output == "wide"
            view = View(out, zone=settings.zone, wide=is_wide)
            sinks.draw((waterfall(spans, fold=settings.fold) for spans in traces), on=view)
        case "otlp":
            sinks.export(traces, complain=report.complain)
        case "sdk":
            sinks.hand_over(traces)
        case "otlp-json":
            sinks.write(traces, output=settings.output_file)


def _traces(items: Iterable[Item], settings: ReplaySettings, report: Report) -> Iterator[Trace]:
    def keep(occurrence: Occurrence) -> bool:
        kept = not settings.filter.rule(occurrence)
        report.occurrence(occurrence, kept=kept)
        return kept

    stories = Stories(naming=settings.naming, cluster_uid=settings.cluster_uid, keep=keep)
    for spans in traces_of(items, stories):
        report.traces += 1
        report.spans += len(spans)
        yield spans


def _shifted(traces: Iterable[Trace], *, seconds: int) -> Iterator[Trace]:
    for spans in traces:
        yield tuple(shift(span, seconds=seconds) for span in spans) if seconds else spans


def _rewindable(files: Sequence[str], stdin: IO[bytes], stack: ExitStack) -> IO[bytes]:
    # A shift takes two passes, and standard input can be read but once.
    for path in files:
        if path != reader.STDIN and Path(path).is_fifo():
            raise OutputError(f"{path} can be read but once, and --shift-to-now reads twice; use -")
    copy = stack.enter_context(tempfile.TemporaryFile())  # noqa: SIM115
    if reader.STDIN in files:
        shutil.copyfileobj(stdin, copy)
        copy.seek(0)
    return copy


def _until_now(files: Sequence[str], stdin: IO[bytes], settings: ReplaySettings) -> int:
    items = reader.items(files, stdin=stdin, on_problem=lambda problem: None)
    times = (
        frame.body.time
        for item in items
        for frame in _frames(item)
        if isinstance(frame.body, Event)
        and not settings.filter.rule(occurrence_of(frame.body, None))
    )
    now = time.time_ns()
    return (now - max(times, default=now)) // SECOND


def _frames(item: Item) -> tuple[Frame, ...]:
    if isinstance(item, Listing):
        return item.frames
    return (item,) if isinstance(item, Frame) else ()
