"""`event-tracer show`: a live cluster's newest stories in the terminal, without a back end."""

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from functools import partial

from rich.console import Console

from event_tracer.cli import sinks
from event_tracer.cli.process import run_to_the_end, run_until_signal
from event_tracer.cli.settings.models import ShowSettings
from event_tracer.cli.sinks import SinkOptions
from event_tracer.cli.target import (
    Query,
    explain_absence,
    labelled,
    look_of,
    open_query,
    part_of,
    undated_of,
)
from event_tracer.core.filters import Redaction
from event_tracer.core.times import human
from event_tracer.core.traces import Trace
from event_tracer.pipeline.snapshot import Snapshot, SnapshotError
from event_tracer.render.lines import visible
from event_tracer.render.listing import lay_out, listed
from event_tracer.render.live import LiveView, live_view
from event_tracer.render.page.store import RawEvents
from event_tracer.render.selection import Selection, newest_time, object_span_ids
from event_tracer.render.terminal import View, console
from event_tracer.runtime.logs import Complain, mask
from event_tracer.runtime.tasks import TaskScope, first_failure, unless

_TICK = 0.5  # seconds


def main(settings: ShowSettings, words: Sequence[str]) -> bool:
    """Run the command."""
    if settings.follow:
        run_until_signal(partial(follow, words, settings), settings=settings)
        return True
    return run_to_the_end(show(words, settings), settings=settings) or not settings.exit_code


async def show(words: Sequence[str], settings: ShowSettings) -> bool:
    """Write the newest stories; False where one of them has failed.

    Raises SnapshotError, ConnectionSettingsError, SettingsError, OutputError where a file cannot be
    written, and BrokenPipeError where nobody reads any more.
    """
    async with _opened(settings, words) as query:
        return await _once(query, settings, complain=_complain_on(console(sys.stderr)))


async def follow(words: Sequence[str], settings: ShowSettings, stop: asyncio.Event) -> None:
    """Draw the newest stories until `stop`. Raises what `show` does."""
    async with AsyncExitStack() as stack:
        query = await unless(stop, stack.enter_async_context(_opened(settings, words)))
        if query:
            complain = _complain_on(console(sys.stderr))
            await _Follower(query, settings, complain=complain).run(stop)


@asynccontextmanager
async def _opened(settings: ShowSettings, words: Sequence[str]) -> AsyncIterator[Query]:
    async with open_query(settings, words, selector=settings.selector) as query:
        found = await labelled(query) if settings.selector else query
        if settings.selector and not found.asked:
            raise SnapshotError(f"there is no {query.object_name} with {settings.selector}")
        yield found


def _complain_on(errors: Console) -> Complain:
    def complain(text: str) -> None:
        errors.print(f"event-tracer: {visible(mask(text))}", style="yellow", soft_wrap=True)

    return complain


def _selection(query: Query, settings: ShowSettings) -> Selection:
    return Selection(
        targets=query.targets,
        since=query.now - settings.since,
        last=settings.last,
        warnings=settings.warnings,
        fold=settings.fold,
    )


def _view(settings: ShowSettings) -> View:
    on = console(sys.stdout, width=settings.width)
    return View(on, zone=settings.zone, wide=settings.output == "wide")


async def _once(query: Query, settings: ShowSettings, *, complain: Complain) -> bool:
    raw_events = RawEvents(Redaction(settings.redact))
    reading = raw_events if settings.html else None
    look = await look_of(query, settings, complain=complain, redact=reading)
    traces, selection = look.traces, _selection(query, settings)
    wanted = selection.matching(traces)
    shown = listed(selection, wanted)
    if not shown:
        complain(await _nothing(query, selection, traces, since=human(settings.since)))
    elif len(query.asked) > 1:
        await _tell_missing(query, traces, complain=complain)
    first = {each.trace[0].trace_id: each for each in shown}
    options = SinkOptions(
        view=_view(settings),
        lay_out=lambda trace: lay_out(selection, first[trace[0].trace_id]),
        file=settings.html,
        title=f"Events {query}",
        events=raw_events.by_uid,
    )
    told = [each.traces for each in shown]
    drawn = [each for every in told for each in (every if settings.html else every[:1])]
    await sinks.send(drawn, to=settings.sink, options=options, complain=complain)
    options.view.recall()
    if (number := sum(map(len, told))) < len(wanted):
        complain(f"{number} of {len(wanted)} stories; --last 0 shows all")
    if undated := undated_of(look, drawn):
        complain(undated)
    return not any(each.has_failed for each in shown)


async def _tell_missing(query: Query, traces: Sequence[Trace], *, complain: Complain) -> None:
    """Complain of each object without a story, where another has one."""
    for each in query.asked:
        if not any(object_span_ids(trace, each.target) for trace in traces):
            try:
                complain(await explain_absence(replace(query, asked=(each,)), traces))
            except SnapshotError as error:
                complain(str(error))


async def _nothing(
    query: Query, selection: Selection, traces: Sequence[Trace], *, since: str
) -> str:
    concerned = selection.about_target(traces)
    if not concerned:
        return await explain_absence(query, traces)
    ago = human(query.now - newest_time(concerned[-1]))
    if selection.warnings and newest_time(concerned[-1]) >= selection.since:
        return f"nothing but Normal Events {query} within {since}"
    return f"no Event {query} within {since}; the newest was {ago} ago"


class _Follower:
    """Reads for as long as it may, and draws what has changed."""

    def __init__(self, query: Query, settings: ShowSettings, *, complain: Complain) -> None:
        self._query = query
        self._scope = TaskScope()
        part = part_of(query, settings)
        self._snapshot = Snapshot(part, complain=complain, spawn=self._scope.spawn)
        self._view = live_view(_view(settings), _selection(query, settings), complain=complain)

    async def run(self, stop: asyncio.Event) -> None:
        """Draw until `stop`."""
        with first_failure(), self._view as view:
            await self._scope.run(stop, start=self._snapshot.run(), draw=self._draw(view))

    async def _draw(self, view: LiveView) -> None:
        is_checked, shown = False, ""
        while True:
            await asyncio.sleep(_TICK)
            spans = self._snapshot.advance(self._query.now)
            is_first = self._snapshot.is_complete and not is_checked
            if is_first:
                is_checked = True
                self._snapshot.check(to_watch=True)
            trouble = self._snapshot.trouble
            note = f"waiting for the API server: {trouble}" if trouble else ""
            if spans or is_first or note != shown:
                shown = note
                view.update(spans, self._snapshot.preview(), note=note)
