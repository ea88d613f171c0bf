"""Waterfalls of traces as they settle: for a terminal beside a live cluster."""

from collections import OrderedDict
from collections.abc import Callable, Sequence

from event_tracer.core.span import Span
from event_tracer.export.delivery import Answer
from event_tracer.render.terminal import View
from event_tracer.render.waterfall import Waterfall

_MOST_SPANS = 50_000


class Live:
    """Takes spans and draws a trace when it has settled: its root, and what comes later.

    `lay_out` gives None for a trace that nobody wants to see.

    What repeats itself under what has settled is drawn again once there is twice as much.
    """

    def __init__(self, on: View, *, lay_out: Callable[[Sequence[Span]], Waterfall | None]) -> None:
        self._view = on
        self._lay_out = lay_out
        self._traces: OrderedDict[bytes, dict[bytes, Span]] = OrderedDict()
        self._drawn: dict[bytes, int] = {}  # so many spans of the trace
        self._size = 0

    async def deliver(self, spans: Sequence[Span]) -> Answer:
        """Draw what has settled with these."""
        settled: dict[bytes, bool] = {}
        for span in spans:
            trace = self._traces.setdefault(span.trace_id, {})
            self._traces.move_to_end(span.trace_id)
            self._size += span.span_id not in trace
            trace[span.span_id] = span
            is_object = span.kind == "object"
            settled[span.trace_id] = settled.get(span.trace_id, False) or is_object
        for trace_id, has_object in settled.items():
            if self._is_due(trace_id, has_object=has_object):
                self._draw(trace_id)
        self._forget()
        return Answer(accepted=True)

    def _is_due(self, trace_id: bytes, *, has_object: bool) -> bool:
        trace = self._traces[trace_id]
        # An object span leaves when it has settled, so all parents are there when all have.
        is_whole = all(not span.parent_id or span.parent_id in trace for span in trace.values())
        return is_whole and (has_object or len(trace) >= 2 * self._drawn.get(trace_id, 0))

    def _draw(self, trace_id: bytes) -> None:
        spans = tuple(self._traces[trace_id].values())
        self._drawn[trace_id] = len(spans)
        if trace := self._lay_out(spans):
            self._view.show(trace)

    async def close(self) -> None:
        """Nothing is kept."""

    def _forget(self) -> None:
        while self._size > _MOST_SPANS and len(self._traces) > 1:
            trace_id, trace = self._traces.popitem(last=False)
            self._size -= len(trace)
            self._drawn.pop(trace_id, None)
