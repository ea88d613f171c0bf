"""`event-tracer show`: a live cluster's newest stories in the terminal, without a back end."""

import asyncio
import sys
from collections.abc import Sequence

from event_tracer.cli import sinks
from event_tracer.cli.absence import explain_absence
from event_tracer.cli.settings.models import ShowSettings
from event_tracer.core.frame import Tick
from event_tracer.core.redaction import Redaction
from event_tracer.core.story import Stories
from event_tracer.core.times import human
from event_tracer.core.traces import Trace
from event_tracer.pipeline.cluster_reader import Reading
from event_tracer.pipeline.snapshot import (
    Complain,
    Gathered,
    Scene,
    check,
    is_read,
    look,
    reading_of,
    scene,
    watches,
)
from event_tracer.render.follow import board
from event_tracer.render.page.store import RawEvents
from event_tracer.render.selection import Selection, newest_time
from event_tracer.render.terminal import View, console, visible
from event_tracer.runtime.logs import mask
from event_tracer.runtime.tasks import Spawn, until

_TICK = 0.5  # seconds


async def show(words: Sequence[str], settings: ShowSettings, *, stop: asyncio.Event) -> None:
    """Print the newest stories; with --follow until `stop`.

    Raises LookError, ConnectionSettingsError, SettingsError, OutputError where the page cannot be
    written, and BrokenPipeError where nobody reads any more.
    """
    errors = console(sys.stderr)

    def complain(text: str) -> None:
        errors.print(f"event-tracer: {visible(mask(text))}", style="yellow", soft_wrap=True)

    async with scene(settings, words) as seen:
        if settings.follow:
            await _Follower(seen, settings, complain=complain).run(stop)
        else:
            await _once(seen, settings, complain=complain)


def _selection(seen: Scene, settings: ShowSettings) -> Selection:
    return Selection(
        target=seen.target,
        since=seen.now - settings.since,
        last=settings.last,
        warnings=settings.warnings,
        fold=settings.fold,
    )


def _view(settings: ShowSettings) -> View:
    on = console(sys.stdout, width=settings.width)
    return View(on, zone=settings.zone, wide=settings.output == "wide")


async def _once(seen: Scene, settings: ShowSettings, *, complain: Complain) -> None:
    redact = Redaction(settings.redact)
    raw_events = RawEvents(redact)
    reading = raw_events if settings.html else redact
    traces = await look(seen, settings, redact=reading, complain=complain)
    selection = _selection(seen, settings)
    wanted = selection.matching(traces)
    shown = selection.newest(wanted)
    if not shown:
        complain(await _nothing(seen, selection, traces, since=human(settings.since)))
    if settings.html:
        title = f"Events {seen}"
        sinks.write_page(shown, file=settings.html, events=raw_events.by_uid, title=title)
    elif settings.output == "json":
        sinks.write(shown, output=None)
    else:
        sinks.draw(map(selection.lay_out, shown), on=_view(settings))
    if len(shown) < len(wanted):
        complain(f"the newest {len(shown)} of {len(wanted)} stories; --last 0 shows all")


async def _nothing(
    seen: Scene, selection: Selection, traces: Sequence[Trace], *, since: str
) -> str:
    concerned = selection.about_target(traces)
    if not concerned:
        return await explain_absence(seen, traces)
    ago = human(seen.now - newest_time(concerned[-1]))
    if selection.warnings and newest_time(concerned[-1]) >= selection.since:
        return f"nothing but Normal Events {seen} within {since}"
    return f"no Event {seen} within {since}; the newest was {ago} ago"


class _Follower:
    """Reads for as long as it may, and draws what has changed."""

    def __init__(self, seen: Scene, settings: ShowSettings, *, complain: Complain) -> None:
        self._seen = seen
        self._settings = settings
        self._complain = complain
        self._stories = Stories(naming=settings.naming, cluster_uid=seen.cluster_uid)
        self._gathered = Gathered()
        self._has_begun = False
        self._told = ""

    async def run(self, stop: asyncio.Event) -> None:
        """Draw until `stop`."""
        view = _view(self._settings)
        failure: BaseException | None = None
        try:
            selection = _selection(self._seen, self._settings)
            with board(view, selection, complain=self._complain) as self._board:
                await until(stop, self._begin)
        except* Exception as errors:
            failure = errors.exceptions[0]  # to raise it here would put it in a group again
        if failure:
            raise failure

    def _begin(self, spawn: Spawn) -> None:
        reading = reading_of(
            self._seen,
            self._stories,
            into=self._gathered,
            redact=Redaction(self._settings.redact),
            spawn=spawn,
        )
        spawn(reading.start(), "start")
        spawn(self._draw(reading), "draw")

    async def _draw(self, reading: Reading) -> None:
        while True:
            await asyncio.sleep(_TICK)
            is_first = is_read(reading) and not self._has_begun
            if is_first:
                self._has_begun = True
                check(reading, self._seen, complain=self._complain, to_watch=True)
            reading.intake.feed(Tick(now=self._seen.now))
            spans, note = self._gathered.taken(), _note(reading)
            if spans or is_first or note != self._told:
                self._told = note
                await self._board.take(spans)
                objects = self._stories.preview()
                self._board.draw(objects, note=note)


def _note(reading: Reading) -> str:
    found = (each for each in watches(reading) if each in reading.watches or not each.is_denied)
    trouble = next((each.trouble for each in found if each.trouble), "")
    return f"waiting for the API server: {trouble}" if trouble else ""
