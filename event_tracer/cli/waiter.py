"""All objects that are waited for: reading, drawing, and the answer of each."""

import asyncio
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from rich.text import Text

from event_tracer.cli import pipelines
from event_tracer.cli.pipelines import Answer
from event_tracer.cli.process import complain
from event_tracer.cli.screen import Screen
from event_tracer.cli.settings.models import WaitSettings
from event_tracer.cli.target import Asked, Query, near_names
from event_tracer.cli.waiting import Ending, Waiting
from event_tracer.core.event import ObjectReference
from event_tracer.core.filters import Redaction
from event_tracer.core.span import Span, text_of
from event_tracer.core.stand import Stand
from event_tracer.core.times import SECOND, human, rfc3339
from event_tracer.core.traces import Trace, TraceBuffer
from event_tracer.kube.resources import WORKLOADS
from event_tracer.pipeline.snapshot import Snapshot
from event_tracer.render import report
from event_tracer.render.board import Log, board
from event_tracer.render.explain import explain
from event_tracer.render.explanation import Explanation
from event_tracer.render.live import MAX_SPANS
from event_tracer.render.quiet import explain_quiet
from event_tracer.render.selection import newest_story, object_span_ids
from event_tracer.render.waterfall import Waterfall, waterfall
from event_tracer.runtime.tasks import TaskScope

_TICK = 0.5  # seconds
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
        self._watched = [_Watched(each, _name(each, objects), settings) for each in objects]
        self._done = asyncio.Event()
        self._is_checked = False
        self._is_away, self._well_at = False, asyncio.get_running_loop().time()
        kinds = {each.resource for each in objects}
        custom = {f"{each.plural}.{each.group}" for each in kinds if each not in WORKLOADS}
        whole = settings.whole_kinds
        self._snapshot = Snapshot(
            query.api,
            cluster_uid=query.cluster_uid,
            naming=settings.naming,
            namespaces=query.namespaces,
            whole=replace(whole, custom=whole.custom | custom),
            redact=Redaction(settings.redact),
            complain=screen.once,
            spawn=self._scope.spawn,
            also=[each for each in kinds if each not in WORKLOADS],
            patience=settings.patience,
        )

    async def run(self, stop: asyncio.Event) -> Ending:
        """Wait; the end of all. Raises SnapshotError."""
        failure: BaseException | None = None
        try:
            with self._screen:
                await self._scope.run(
                    self._done, start=self._snapshot.run(), look=self._look_on(stop)
                )
        except* Exception as errors:
            failure = errors.exceptions[0]  # to raise it here would put it in a group again
        if failure:
            raise failure
        return self._end()

    async def _look_on(self, stop: asyncio.Event) -> None:
        clock = asyncio.get_running_loop().time
        while not self._done.is_set():
            await asyncio.sleep(_TICK)
            self._buffer.add(self._snapshot.advance(self._query.now))
            self._tell_trouble()
            if self._snapshot.is_complete:
                await self._look()
            if clock() >= self._until:
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

    async def _look_at(self, watched: "_Watched") -> list[Text]:
        now = self._query.now
        stand = watched.stand = self._snapshot.stand(watched.about)
        spans = self._spans(watched, stand)
        is_sealed = any(span.kind == "object" for span in self._kept(spans))
        picture = waterfall(spans) if is_sealed or (spans and self._screen.is_terminal) else None
        turn = watched.waiting.look(
            stand, sealed=self._sealed(watched, picture), now=now, troubled=_troubled(spans),
            is_readable=self._snapshot.may_read(watched.asked.resource),
        )  # fmt: skip
        self._screen.lines(list(watched.log.lines(spans)))
        for note in turn.notes:
            is_absent = note.endswith("waiting for it")
            hint = await near_names(self._query, watched.asked) if is_absent else ""
            self._screen.note(f"{note}{hint}")
        if turn.ending is not None and watched.answer is None:
            said = turn.notes[-1] if turn.notes and not stand.is_live else ""
            watched.answer = self._answer(watched, turn.ending, said)
        outcome = stand.verdict.outcome if stand.is_live else "not there"
        return list(board(watched.waiting.name, picture, outcome=outcome, now=now))

    def _spans(self, watched: "_Watched", stand: Stand) -> Trace:
        """The spans of the newest change's story, sealed or as they stand; none without one."""
        trace_id = watched.trace_id(stand, self._buffer)
        if not trace_id:
            return ()
        open_ = {span.span_id: span for span in self._snapshot.preview(trace_id)}
        return tuple({**open_, **self._buffer.spans(trace_id)}.values())

    def _kept(self, spans: Trace) -> Iterable[Span]:
        """Those of a trace that have left the fold, and do not change any more."""
        return self._buffer.spans(spans[0].trace_id).values() if spans else ()

    def _sealed(self, watched: "_Watched", picture: Waterfall | None) -> str:
        """Outcome of the object by its sealed span and what came later; empty while it is open."""
        if picture is None:
            return ""
        sealed = self._buffer.spans(bytes.fromhex(picture.trace_id))
        for row in picture.rows:
            is_it = row.outcome and object_span_ids(row.spans, watched.asked.target)
            if is_it and row.spans[0].span_id in sealed:
                return row.outcome
        return ""

    # -- answers

    def _answer(self, watched: "_Watched", ending: Ending, said: str = "") -> Answer:
        name = watched.waiting.name
        made = self._explained(watched, said, is_open=ending is Ending.OPEN)
        if ending is Ending.COMPLETE:
            after = made.completed_after
            said = f"{name} is complete" + (f", after {after} s" if after is not None else "")
        return Answer(name, ending, said or f"{name} failed", made)

    def _explained(self, watched: "_Watched", said: str, *, is_open: bool) -> Explanation:
        stand = watched.stand
        assert stand
        spans = self._spans(watched, stand)
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
                each.stand = each.stand or self._snapshot.stand(each.about)
                what = why if each.stand.is_live else f"{why}: it is not there"
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


def _troubled(spans: Trace) -> int:
    """When the last error happened; 0 where none did."""
    return max((span.end for span in spans if span.kind == "event" and span.error), default=0)


_ORDER = (Ending.COMPLETE, Ending.OPEN, Ending.FAILED)


def _name(asked: Asked, objects: Sequence[Asked]) -> str:
    """Its name, with its namespace where there are several."""
    is_alone = len({each.namespace for each in objects}) == 1
    return str(asked) if is_alone else f"{asked} in namespace {asked.namespace}"


class _Watched:
    """One object: what is waited for, what is written of it, and its answer."""

    def __init__(self, asked: Asked, name: str, settings: WaitSettings) -> None:
        self.asked = asked
        self.waiting = Waiting(name, settle=settings.settle, patience=settings.patience)
        self.log = Log(name)
        self.answer: Answer | None = None
        self.stand: Stand | None = None
        self._traces: dict[int, bytes] = {}  # by the second of the change

    @property
    def about(self) -> ObjectReference:
        """It, as an Event would refer to it."""
        resource = self.asked.resource
        return ObjectReference(
            kind=resource.kind, namespace=self.asked.namespace, name=self.asked.name, uid="",
            api_version=resource.api_version, resource_version=0, field_path="",
        )  # fmt: skip

    def trace_id(self, stand: Stand, buffer: TraceBuffer) -> bytes:
        """The trace of its newest change, under way or sealed; empty where there is none."""
        second = stand.change.second if stand.change else 0
        if stand.trace_id:
            self._traces[second] = stand.trace_id
        elif second not in self._traces:
            traces = [tuple(buffer.spans(each).values()) for each in buffer]
            found = newest_story(each for each in traces if self._is_of(each, second))
            if found is None:
                return b""
            self._traces[second] = found[0].trace_id
        return self._traces[second]

    def _is_of(self, trace: Trace, second: int) -> bool:
        if not object_span_ids(trace, self.asked.target):
            return False
        time = rfc3339(second * SECOND)
        return not second or any(
            text_of(span.attributes, "event_tracer.change.time") >= time for span in trace
        )
