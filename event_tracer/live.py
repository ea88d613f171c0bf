"""Waterfalls of traces as they settle: for a terminal beside a live cluster."""

from collections import OrderedDict
from collections.abc import Sequence

from rich.console import Console

from event_tracer.core.span import Span
from event_tracer.core.waterfall import waterfall
from event_tracer.sender import Answer
from event_tracer.view import View

_MOST_SPANS = 50_000


class Live:
    """Takes spans and draws a trace each time that its root, or more of it, has settled."""

    def __init__(self, on: Console) -> None:
        self._view = View(on)
        self._traces: OrderedDict[bytes, dict[bytes, Span]] = OrderedDict()
        self._settled: set[bytes] = set()
        self._size = 0

    async def deliver(self, spans: Sequence[Span]) -> Answer:
        """Draw what has settled with these."""
        due: dict[bytes, None] = {}
        for span in spans:
            trace = self._traces.setdefault(span.trace_id, {})
            self._traces.move_to_end(span.trace_id)
            self._size += span.span_id not in trace
            trace[span.span_id] = span
            if not span.parent_id:
                self._settled.add(span.trace_id)
            if span.trace_id in self._settled:
                due[span.trace_id] = None
        for trace_id in due:
            self._view.show(waterfall(tuple(self._traces[trace_id].values())))
        self._forget()
        return Answer(accepted=True)

    async def close(self) -> None:
        """Nothing is kept."""

    def _forget(self) -> None:
        while self._size > _MOST_SPANS and len(self._traces) > 1:
            trace_id, trace = self._traces.popitem(last=False)
            self._size -= len(trace)
            self._settled.discard(trace_id)
