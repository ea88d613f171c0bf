"""Spans grouped into traces, in bounded memory, and a trace moved in time."""

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b

from event_tracer.core.frame import END, Item, Listing
from event_tracer.core.objects import ObjectMetadata
from event_tracer.core.span import AttributeValue, Span
from event_tracer.core.story import Stories
from event_tracer.core.times import MICROSECOND, SECOND, parse_timestamp, rfc3339

Trace = tuple[Span, ...]

# A story lasts an hour at most (law 5), so its spans come no further apart; only a Job's may, and
# then its trace comes in parts.
_SILENCE = 70 * 60 * SECOND
_STEP = 60 * SECOND
_TIMES = frozenset({
    "k8s.event.start_time", "k8s.event.first_time", "k8s.event.last_time",
    "k8s.event.event_time", "event_tracer.change.time",
})  # fmt: skip
_TRACE_ID = "event_tracer.previous_trace_id"


@dataclass(slots=True)
class _Open:
    """One trace's spans by id; `changed` is when the last of them came, in ns of the watermark."""

    spans: dict[bytes, Span] = field(default_factory=dict)
    changed: int = 0


class TraceBuffer:
    """Spans by trace, each once and as it came last; the trace that changed last stands last.

    Its user bounds it: by number (`evict`, `trim`) or by silence (`pop_silent`), as the watermark
    counts it, for an emitter's clock may be wrong. `size` is the number of spans.
    """

    def __init__(self, *, max_spans: int | None = None) -> None:
        self.size = 0
        self._max_spans = max_spans
        self._traces: OrderedDict[bytes, _Open] = OrderedDict()

    def __iter__(self) -> Iterator[bytes]:
        """The ids of all traces."""
        return iter(self._traces)

    def add(self, spans: Iterable[Span], *, now: int = 0) -> list[bytes]:
        """Take in spans at `now` (ns of the watermark); the ids of the traces that changed."""
        changed: dict[bytes, _Open] = {}
        for span in spans:
            trace = self._traces.get(span.trace_id)
            if trace is None:
                trace = self._traces[span.trace_id] = _Open()
            self.size += span.span_id not in trace.spans
            trace.spans[span.span_id] = span
            changed[span.trace_id] = trace
        for trace_id, trace in changed.items():
            trace.changed = now
            self._traces.move_to_end(trace_id)
        return list(changed)

    def spans(self, trace_id: bytes) -> Mapping[bytes, Span]:
        """One trace's spans by id, in the order in which they came; empty if it is not here."""
        trace = self._traces.get(trace_id)
        return trace.spans if trace else {}

    def evict(self) -> list[bytes]:
        """Forget whole traces, the longest unchanged first, while there are too many spans.

        The newest stays however long it is. Returns the ids of those forgotten.
        """
        gone = []
        while self._is_full and len(self._traces) > 1:
            trace_id, trace = self._traces.popitem(last=False)
            self.size -= len(trace.spans)
            gone.append(trace_id)
        return gone

    def trim(self) -> None:
        """Forget the earliest spans of the only trace while it has too many."""
        while self._is_full:
            (trace,) = self._traces.values()
            del trace.spans[next(iter(trace.spans))]
            self.size -= 1

    def pop_silent(self, *, now: int) -> list[Trace]:
        """Let go the traces that nothing came to for 70 minutes, as of `now` (ns of the watermark).

        The one that began first comes first; parents in front.
        """
        return self._pop(before=now - _SILENCE)

    def pop_all(self) -> list[Trace]:
        """Let go all that are left, in the same order."""
        return self._pop(before=2**63)

    def _pop(self, *, before: int) -> list[Trace]:
        silent = []
        while self._traces and next(iter(self._traces.values())).changed < before:
            _, trace = self._traces.popitem(last=False)
            self.size -= len(trace.spans)
            silent.append(_parents_first(trace.spans.values()))
        return sorted(silent, key=lambda trace: (trace[0].start, trace[0].trace_id))

    @property
    def _is_full(self) -> bool:
        return self._max_spans is not None and self.size > self._max_spans


def traces_of(items: Iterable[Item], stories: Stories) -> Iterator[Trace]:
    """Feed all `items` to the fold, to their end; give each trace when nothing more can come.

    Lists alone, with status, say how things stand at their moment, and nothing of what follows: a
    pod that is not ready yet has not failed.
    """
    buffer, checked, is_list, has_status = TraceBuffer(), 0, True, False
    for item in items:
        is_list = is_list and isinstance(item, Listing)
        has_status = has_status or (is_list and _has_status(item))
        buffer.add(stories.feed(item), now=stories.watermark)
        if stories.watermark - checked >= _STEP:
            checked = stories.watermark
            yield from buffer.pop_silent(now=checked)
    is_moment = is_list and has_status
    buffer.add(stories.look(now=stories.watermark) if is_moment else stories.feed(END))
    yield from buffer.pop_all()


def _has_status(item: Item) -> bool:
    return isinstance(item, Listing) and any(
        isinstance(frame.body, ObjectMetadata) and frame.body.status for frame in item.frames
    )


def grouped(spans: Iterable[Span]) -> list[Trace]:
    """Spans by their trace, parents in front; the trace to which something came last at the end."""
    buffer = TraceBuffer()
    traces = [_parents_first(buffer.spans(trace_id).values()) for trace_id in buffer.add(spans)]
    return sorted(traces, key=lambda trace: (max(s.end for s in trace), trace[0].trace_id))


def _parents_first(spans: Iterable[Span]) -> Trace:
    return tuple(sorted(spans, key=lambda span: (span.start, -span.end, span.span_id)))


# -- moved in time


def shift(span: Span, *, seconds: int) -> Span:
    """`span` that much later, under ids of its own: an id never has two contents."""
    by = seconds * SECOND
    return span.but(
        trace_id=_other(span.trace_id, seconds),
        span_id=_other(span.span_id, seconds),
        parent_id=_other(span.parent_id, seconds),
        start=max(span.start + by, SECOND),
        end=max(span.end + by, SECOND + MICROSECOND),
        attributes=tuple((name, _moved(name, value, seconds)) for name, value in span.attributes),
    )


def _other(identity: bytes, seconds: int) -> bytes:
    if not identity:
        return b""
    return blake2b(identity + b"%d" % seconds, digest_size=len(identity)).digest()


def _moved(name: str, value: AttributeValue, seconds: int) -> AttributeValue:
    if name == _TRACE_ID and isinstance(value, str):
        return _other(bytes.fromhex(value), seconds).hex()
    if name in _TIMES and isinstance(value, str):
        time = parse_timestamp(value)
        return value if time is None else rfc3339(max(time + seconds * SECOND, SECOND))
    return value
