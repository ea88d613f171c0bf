"""`event-tracer replay`: recorded Events as traces, drawn or sent."""

import shutil
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from event_tracer.cli import sinks
from event_tracer.cli.process import run_to_the_end
from event_tracer.cli.replay_report import Report, read_progress
from event_tracer.cli.settings.models import ReplaySettings
from event_tracer.cli.sinks import OutputError, SinkOptions
from event_tracer.core.event import Event
from event_tracer.core.event_source import occurrence_of
from event_tracer.core.filters import Redaction
from event_tracer.core.frame import Frame, Item, Listing
from event_tracer.core.occurrence import Occurrence
from event_tracer.core.story import Stories
from event_tracer.core.times import SECOND
from event_tracer.core.traces import Trace, shift, traces_of
from event_tracer.recording import reader
from event_tracer.recording.reader import Reads
from event_tracer.render.page.store import RawEvents
from event_tracer.render.terminal import View, console
from event_tracer.render.undated import root_names, undated_in_words
from event_tracer.render.waterfall import waterfall


def main(settings: ReplaySettings, files: Sequence[str]) -> bool:
    """Run the command."""
    return run_to_the_end(replay(files, settings))


async def replay(files: Sequence[str], settings: ReplaySettings) -> bool:
    """Replay `files`; False where there was no Event in them. Raises OutputError."""
    out, report = console(sys.stdout, width=settings.width), Report(console(sys.stderr))
    with ExitStack() as stack:
        stdin, seconds = _shift_to_now(files, settings, stack)
        shown_on = out if out.is_terminal else report.errors
        progress = read_progress(shown_on, total=reader.total_size(files))
        raw_events = RawEvents(Redaction(settings.redact))
        items = reader.items(
            files,
            stdin=stdin,
            on_problem=report.problem,
            on_progress=stack.enter_context(progress),
            redact=raw_events if settings.html else Redaction(settings.redact),
        )
        traces = _traces(_noted(items, report), settings, report, seconds=seconds)
        options = SinkOptions(
            view=View(out, zone=settings.zone, wide=settings.output == "wide"),
            lay_out=partial(waterfall, fold=settings.fold),
            file=settings.html or settings.output_file,
            title=_title(files),
            events=raw_events.by_uid,
        )
        await sinks.send(traces, to=settings.sink, options=options, complain=report.complain)
        options.view.recall()
    if not report.occurrences:
        report.complain("there is no Event in what was read")
        return False
    report.sum_up(on=out if settings.sink in ("console", "html") else report.errors)
    return True


def _title(files: Sequence[str]) -> str:
    names = [Path(file).name for file in files if file != reader.STDIN]
    return ", ".join(names) or "Kubernetes Events"


def _traces(
    items: Iterable[Item], settings: ReplaySettings, report: Report, *, seconds: int
) -> Iterator[Trace]:
    def keep(occurrence: Occurrence) -> bool:
        kept = not settings.filter.rule(occurrence)
        report.occurrence(occurrence, kept=kept)
        return kept

    stories = Stories(naming=settings.naming, cluster_uid=settings.cluster_uid, keep=keep)
    roots: dict[str, str] = {}
    for spans in traces_of(items, stories):
        report.traces += 1
        report.spans += len(spans)
        roots |= root_names([spans])
        yield tuple(shift(span, seconds=seconds) for span in spans) if seconds else spans
    report.undated = undated_in_words(stories.undated, roots)


def _noted(items: Iterable[Item], report: Report) -> Iterator[Item]:
    """The same items; it is noted whether there was any object among them."""
    for item in items:
        report.has_objects = report.has_objects or any(
            not isinstance(frame.body, Event) for frame in _frames(item)
        )
        yield item


def _shift_to_now(
    files: Sequence[str], settings: ReplaySettings, stack: ExitStack
) -> tuple[Reads, int]:
    """Standard input, and the seconds from the last occurrence to now; 0 if nothing is shifted."""
    stdin = reader.standard_input()
    if not settings.shift_to_now:
        return stdin, 0
    # Two passes are needed, and standard input can be read but once.
    for path in files:
        if path != reader.STDIN and Path(path).is_fifo():
            raise OutputError(f"{path} can be read but once, and --shift-to-now reads twice; use -")
    copy = stack.enter_context(tempfile.TemporaryFile())  # noqa: SIM115
    if reader.STDIN in files:
        shutil.copyfileobj(stdin, copy)
        copy.seek(0)
    seconds = _seconds_until_now(files, copy, settings)
    copy.seek(0)
    return copy, seconds


def _seconds_until_now(files: Sequence[str], stdin: Reads, settings: ReplaySettings) -> int:
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
