"""One object that is waited for, in what has been read: its story, and how it stands in it."""

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from event_tracer.cli.pipelines import Answer
from event_tracer.cli.target import Asked
from event_tracer.cli.waiting import Turn, Waiting
from event_tracer.core.event import ObjectReference, reference_to
from event_tracer.core.span import Span, text_of
from event_tracer.core.stand import Stand
from event_tracer.core.times import SECOND, rfc3339
from event_tracer.core.traces import Trace, TraceBuffer
from event_tracer.render.board import Log
from event_tracer.render.selection import newest_story, object_span_ids
from event_tracer.render.waterfall import Waterfall, waterfall

Preview = Callable[[bytes], Iterable[Span]]
"""The object spans of a trace that are not sealed, as they stand."""


class Look(NamedTuple):
    """What a look found; without a `picture` where nobody draws it, and nothing was sealed."""

    turn: Turn
    stand: Stand
    spans: Trace
    picture: Waterfall | None


class Watched:
    """One object: what is waited for, what is written of it, and its answer. Times are ns."""

    def __init__(self, asked: Asked, name: str, *, settle: int, patience: int) -> None:
        self.asked = asked
        self.waiting = Waiting(name, settle=settle, patience=patience)
        self.log = Log(name)
        self.answer: Answer | None = None
        self._traces: dict[int, bytes] = {}  # by the second of the change

    @property
    def about(self) -> ObjectReference:
        """It, as an Event would refer to it."""
        resource = self.asked.resource
        where = (self.asked.namespace, self.asked.name)
        return reference_to(resource.kind, *where, api_version=resource.api_version)

    def look(
        self, stand: Stand, buffer: TraceBuffer, *, preview: Preview, is_readable: bool, now: int,
        is_drawn: bool = False,
    ) -> Look:  # fmt: skip
        """Look at it as it stands; `buffer` has all spans that have left the fold."""
        spans = self.spans(stand, buffer, preview=preview)
        kept = buffer.spans(spans[0].trace_id) if spans else {}
        is_sealed = any(span.kind == "object" for span in kept.values())
        picture = waterfall(spans) if is_sealed or (spans and is_drawn) else None
        turn = self.waiting.look(
            stand, sealed=self._sealed(picture, kept), troubled=_troubled(spans),
            is_readable=is_readable, now=now,
        )  # fmt: skip
        return Look(turn, stand, spans, picture)

    def spans(self, stand: Stand, buffer: TraceBuffer, *, preview: Preview) -> Trace:
        """The spans of the newest change's story, sealed or as they stand; none without one."""
        trace_id = self._trace_id(stand, buffer)
        if not trace_id:
            return ()
        open_ = {span.span_id: span for span in preview(trace_id)}
        return tuple({**open_, **buffer.spans(trace_id)}.values())

    def _sealed(self, picture: Waterfall | None, kept: Mapping[bytes, Span]) -> str:
        """Outcome by its sealed span and what came later; empty while that is open."""
        for row in picture.rows if picture else ():
            is_it = row.outcome and object_span_ids(row.spans, self.asked.target)
            if is_it and row.spans[0].span_id in kept:
                return row.outcome
        return ""

    def _trace_id(self, stand: Stand, buffer: TraceBuffer) -> bytes:
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


def _troubled(spans: Trace) -> int:
    """When the last error happened; 0 where none did."""
    return max((span.end for span in spans if span.kind == "event" and span.error), default=0)
