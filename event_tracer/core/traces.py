"""Spans grouped into traces, in bounded memory."""

from collections.abc import Iterable, Iterator

from event_tracer.core.frame import Item, Tick
from event_tracer.core.span import Span
from event_tracer.core.story import Stories
from event_tracer.core.times import SECOND

_SILENCE = 70 * 60 * SECOND
_STEP = 60 * SECOND
_END = Tick(now=2**63 - 1)  # later than any time that an Event may have


def traces_of(items: Iterable[Item], stories: Stories) -> Iterator[tuple[Span, ...]]:
    """Feed all `items` to the fold, to their end, and give each trace when it is over."""
    traces = Traces()
    for item in items:
        yield from traces.feed(stories.feed(item), now=stories.clock)
    yield from traces.feed(stories.feed(_END), now=stories.clock)
    yield from traces.rest()


class Traces:
    """Gathers spans by trace and lets a trace go when nothing more can come.

    A story lasts an hour at most, so its spans come no further apart; only a Job's may, and then
    the trace comes in parts.
    """

    def __init__(self) -> None:
        self._open: dict[bytes, list[Span]] = {}
        self._touched: dict[bytes, int] = {}
        self._checked = 0

    def feed(self, spans: Iterable[Span], *, now: int) -> list[tuple[Span, ...]]:
        """Take in spans; give the traces that are over, the oldest first, parents in front.

        `now` is ns of the fold's clock, for an emitter's may be wrong.
        """
        for span in spans:
            self._open.setdefault(span.trace_id, []).append(span)
            self._touched[span.trace_id] = now
        if now - self._checked < _STEP:
            return []
        self._checked = now
        return self._let_go(before=now - _SILENCE)

    def rest(self) -> list[tuple[Span, ...]]:
        """Give all that are left, the oldest first."""
        return self._let_go(before=2**63)

    def _let_go(self, *, before: int) -> list[tuple[Span, ...]]:
        over = [trace_id for trace_id, touched in self._touched.items() if touched < before]
        for trace_id in over:
            del self._touched[trace_id]
        gone = (tuple(sorted(self._open.pop(trace_id), key=_place)) for trace_id in over)
        return sorted(gone, key=_begin)


def _place(span: Span) -> tuple[int, int, bytes]:
    return span.start, -span.end, span.span_id


def _begin(spans: tuple[Span, ...]) -> tuple[int, bytes]:
    return spans[0].start, spans[0].trace_id
