"""A trace moved in time."""

from hashlib import blake2b

from event_tracer.core.span import AttributeValue, Span
from event_tracer.core.times import MICROSECOND, SECOND, parse_timestamp, rfc3339

_TIMES = frozenset({
    "k8s.event.start_time", "k8s.event.first_time", "k8s.event.last_time",
    "k8s.event.event_time", "event_tracer.change.time",
})  # fmt: skip
_TRACE_ID = "event_tracer.previous_trace_id"


def shift(span: Span, *, seconds: int) -> Span:
    """`span` that much later, under ids of its own: an id never has two contents."""
    by = seconds * SECOND
    return span._replace(
        trace_id=_other(span.trace_id, seconds),
        span_id=_other(span.span_id, seconds),
        parent_id=_other(span.parent_id, seconds),
        start=max(span.start + by, SECOND),
        end=max(span.end + by, SECOND + MICROSECOND),
        attributes=tuple((name, _moved(name, value, seconds)) for name, value in span.attributes),
    )


def _other(identity: bytes, seconds: int) -> bytes:
    return (
        blake2b(identity + b"%d" % seconds, digest_size=len(identity)).digest() if identity else b""
    )


def _moved(name: str, value: AttributeValue, seconds: int) -> AttributeValue:
    if name == _TRACE_ID and isinstance(value, str):
        return _other(bytes.fromhex(value), seconds).hex()
    if name in _TIMES and isinstance(value, str):
        time = parse_timestamp(value)
        return value if time is None else rfc3339(max(time + seconds * SECOND, SECOND))
    return value
