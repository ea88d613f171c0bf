"""Spans grouped into traces, in bounded memory."""

from collections.abc import Iterable

from event_tracer.core.span import Span
from event_tracer.core.times import SECOND

_SILENCE = 70 * 60 * SECOND
_STEP = 60 * SECOND


class Traces:
    """Gathers spans by trace and lets a trace go when nothing more can come.

    A story lasts an hour at most, so two of its spans end no further apart; only a Job's may,
    and then the trace comes in parts.
    """

    def __init__(self) -> None:
        self._open: dict[bytes, list[Span]] = {}
        self._newest = 0
        self._checked = 0

    def feed(self, spans: Iterable[Span]) -> list[tuple[Span, ...]]:
        """Take in spans; give the traces that are over, the oldest first, parents in front."""
        for span in spans:
            self._open.setdefault(span.trace_id, []).append(span)
            self._newest = max(self._newest, span.end)
        if self._newest - self._checked < _STEP:
            return []
        self._checked = self._newest
        return self._let_go(before=self._newest - _SILENCE)

    def rest(self) -> list[tuple[Span, ...]]:
        """Give all that are left, the oldest first."""
        return self._let_go(before=self._newest + 1)

    def _let_go(self, *, before: int) -> list[tuple[Span, ...]]:
        over = {
            trace_id
            for trace_id, spans in self._open.items()
            if max(span.end for span in spans) < before
        }
        gone = (
            tuple(self._open.pop(trace_id)) for trace_id in tuple(self._open) if trace_id in over
        )
        return sorted(gone, key=_begin)


def _place(span: Span) -> tuple[int, int, bytes]:
    return span.start, -span.end, span.span_id


def _begin(spans: tuple[Span, ...]) -> tuple[int, bytes]:
    return spans[0].start, spans[0].trace_id
