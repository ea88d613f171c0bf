"""All objects that are waited for: reading, drawing, and the answer of each."""

import asyncio
import os
from collections.abc import Iterator, Sequence
from dataclasses import replace

from rich.text import Text

from event_tracer.cli import pipelines
from event_tracer.cli.pipelines import Answer
from event_tracer.cli.process import complain
from event_tracer.cli.screen import Screen
from event_tracer.cli.settings.models import WaitSettings
from event_tracer.cli.target import Asked, Query, near_names, part_of
from event_tracer.cli.waiting import Ending
from event_tracer.cli.watched import Watched
from event_tracer.core.times import human
from event_tracer.core.traces import TraceBuffer
from event_tracer.kube.resources import WORKLOADS
from event_tracer.pipeline.snapshot import Snapshot
from event_tracer.render import report
from event_tracer.render.board import board
from event_tracer.render.explain import explain
from event_tracer.render.explanation import Explanation
from event_tracer.render.live import MAX_SPANS
from event_tracer.render.quiet import explain_quiet
from event_tracer.render.selection import object_span_ids
from event_tracer.runtime.tasks import TaskScope, first_failure

_TICK = 0.5  # seconds
_READ = 120.0  # seconds for what there is to be read once, however soon time is up
_RECONNECTED = 3.0  # seconds within which a watch that was cut goes on, and nothing is said


class Waiter:
    """Reads for as long as something is waited for, at most `until` (the loop's time)."""

    def __init__(
        self, query: Query, objects: Sequence[Asked], settings: WaitSettings, *, screen: Screen,
        until: float,
    ) -> None:  # fmt: skip
        self._query = query
        self._settings = settings
        self._screen = screen
        self._until = until
        self._scope = TaskScope()
        self._buffer = TraceBuffer(max_spans=MAX_SPANS)
        self._watched = [_watched(each, _name(each, objects), settings) for each in objects]
        self._done = asyncio.Event()
        self._is_checked = False
        self._is_away, self._well_at = False, asyncio.get_running_loop().time()
        kinds = {each.resource for each in objects}
        also = [each for each in kinds if each not in WORKLOADS]
        part = part_of(query, settings)
        custom = part.whole.custom | {f"{each.plural}.{each.group}" for each in also}
        self._snapshot = Snapshot(
            replace(part, whole=replace(part.whole, custom=custom)), complain=screen.once,
            spawn=self._scope.spawn, also=also, patience=settings.patience,
        )  # fmt: skip

    async def run(self, stop: asyncio.Event) -> Ending:
        """Wait; the end of all. Raises SnapshotError."""
        with first_failure(), self._screen:
            await self._scope.run(self._done, start=self._snapshot.run(), look=self._look_on(stop))
        return self._end()

    async def _look_on(self, stop: asyncio.Event) -> None:
        clock = asyncio.get_running_loop().time
        begun = clock()
        while not self._done.is_set():
            await asyncio.sleep(_TICK)
            self._buffer.add(self._snapshot.advance(self._query.now))
            self._tell_trouble()
            if self._snapshot.is_complete:
                await self._look()
            if clock() >= self._until and (self._is_checked or clock() >= begun + _READ):
                self._give_up(f"is not complete after {human(self._settings.timeout)}")
            elif stop.is_set():
                self._give_up("is not complete yet, and waiting was stopped")

    def _tell_trouble(self) -> None:
        trouble, now = self._snapshot.trouble, asyncio.get_running_loop().time()
        if not trouble:
            if self._is_away and self._snapshot.is_complete:
                self._is_away = False
                self._screen.note("the API server is back")
            self._well_at = now
        elif not self._is_away and now - self._well_at >= _RECONNECTED:
            self._is_away = True
            self._screen.note(f"waiting for the API server: {trouble}")

    async def _look(self) -> None:
        if not self._is_checked:
            self._is_checked = True
            self._snapshot.check(to_watch=True)
        lines: list[Text] = []
        for watched in self._watched:
            lines += await self._look_at(watched)
        self._screen.draw(lines)
        endings = [each.answer.ending for each in self._watched if each.answer]
        if Ending.FAILED in endings:
            self._give_up("is not complete yet")
        if len(endings) == len(self._watched):
            self._done.set()

    async def _look_at(self, watched: Watched) -> list[Text]:
        now = self._query.now
        found = watched.look(
            self._snapshot.stand(watched.about), self._buffer, preview=self._snapshot.preview,
            is_readable=self._snapshot.may_read(watched.asked.resource), now=now,
            is_drawn=self._screen.is_terminal,
        )  # fmt: skip
        self._screen.lines(list(watched.log.lines(found.spans)))
        for note in found.turn.notes:
            is_absent = note.endswith("waiting for it")
            hint = await near_names(self._query, watched.asked) if is_absent else ""
            self._screen.note(f"{note}{hint}")
        if found.turn.ending is not None and watched.answer is None:
            said = found.turn.notes[-1] if found.turn.notes and not found.stand.is_live else ""
            watched.answer = self._answer(watched, found.turn.ending, said)
        outcome = found.stand.verdict.outcome if found.stand.is_live else "not there"
        return list(board(watched.waiting.name, found.picture, outcome=outcome, now=now))

    # -- answers

    def _answer(self, watched: Watched, ending: Ending, said: str = "") -> Answer:
        name = watched.waiting.name
        made = self._explained(watched, said, is_open=ending is Ending.OPEN)
        if ending is Ending.COMPLETE:
            after = made.completed_after
            said = f"{name} is complete" + (f", after {after} s" if after is not None else "")
        return Answer(name, ending, said or f"{name} failed", made)

    def _explained(self, watched: Watched, said: str, *, is_open: bool) -> Explanation:
        stand = self._snapshot.stand(watched.about)
        spans = watched.spans(stand, self._buffer, preview=self._snapshot.preview)
        if not spans:
            return explain_quiet(stand, sentence=said)
        ids = object_span_ids(spans, watched.asked.target)
        made = explain(
            spans,
            subject=next(iter(ids), b""),
            max_bytes=self._settings.max_bytes,
            jaeger=self._settings.jaeger_url,
            is_open=is_open,
        )
        # What was deleted did what it was asked to; not what it was waited for.
        gone = {"summary": said, "outcome": "superseded"} if said and not stand.is_live else {}
        return made.model_copy(update=gone)

    def _give_up(self, why: str) -> None:
        """End for all that has no answer yet."""
        for each in self._watched:
            if each.answer is None:
                is_live = self._snapshot.stand(each.about).is_live
                what = why if is_live else f"{why}: it is not there"
                each.answer = self._answer(each, Ending.OPEN, f"{each.waiting.name} {what}")
        self._done.set()

    def _end(self) -> Ending:
        answers = [each.answer for each in self._watched if each.answer]
        for each in answers:
            self._screen.result("".join(f"{line}\n" for line in self._written(each)))
        if pipelines.is_github(os.environ):
            self._screen.commands([pipelines.command_line(each) for each in answers])
        try:
            pipelines.write_pages(answers, os.environ)
        except OSError as error:
            complain(f"cannot write the summary: {error.strerror or error}")
        return max((each.ending for each in answers), key=_ORDER.index)

    def _written(self, answer: Answer) -> Iterator[str]:
        made = answer.explanation
        if self._settings.output == "json":
            yield made.json_text()
        elif self._settings.output == "markdown":
            yield report.markdown(made).rstrip("\n")
        else:
            yield answer.sentence
            is_told = answer.ending is not Ending.COMPLETE
            yield from report.text(made).splitlines() if is_told else report.where(made)


_ORDER = (Ending.COMPLETE, Ending.OPEN, Ending.FAILED)


def _watched(asked: Asked, name: str, settings: WaitSettings) -> Watched:
    return Watched(asked, name, settle=settings.settle, patience=settings.patience)


def _name(asked: Asked, objects: Sequence[Asked]) -> str:
    """Its name, with its namespace where there are several."""
    is_alone = len({each.namespace for each in objects}) == 1
    return str(asked) if is_alone else f"{asked} in namespace {asked.namespace}"
