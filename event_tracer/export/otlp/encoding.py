"""Spans as OTLP's bytes.

They are written here, field by field: to fill protobuf's own messages, two dozen attributes a span,
takes more than twice the CPU of this module as the image has it, compiled. Tests hold the bytes
equal to what the messages give. The fields are those of opentelemetry/proto (collector/trace,
trace, resource, common: v1); how each is written: https://protobuf.dev/programming-guides/encoding.
"""

from collections.abc import Iterable
from struct import Struct

from event_tracer.core.span import Attributes, AttributeValue, Span

SCOPE = "event_tracer"
"""The instrumentation scope of every span. It has no version: two would not be the same bytes."""

_KIND_AND_TIMES = Struct("<2sBQBQ").pack  # Span.kind, .start_time_unix_nano, .end_time_unix_nano
_INTERNAL = b"\x30\x01"  # SPAN_KIND_INTERNAL
_FLAGS = b"\x85\x01\x00\x01\x00\x00"  # Span.flags = SPAN_FLAGS_CONTEXT_HAS_IS_REMOTE_MASK
_UNSET = b"\x7a\x00"  # Span.status = {}
_ERROR = b"\x18\x02"  # Status.code = STATUS_CODE_ERROR
_SHORT_TEXT = 126  # bytes; with its own tag and length it takes one byte to say how long that is
_MOST_KEYS = 1024


def encode(spans: Iterable[Span]) -> bytes:
    """Spans → one ExportTraceServiceRequest, those of one resource together."""
    scopes: dict[Attributes, list[bytes]] = {}
    for span in spans:
        scopes.setdefault(span.resource, []).append(_field(b"\x12", _span(span)))
    return b"".join([_field(b"\x0a", _resource_spans(*scope)) for scope in scopes.items()])


def _resource_spans(resource: Attributes, spans: list[bytes]) -> bytes:
    attributes = [_field(b"\x0a", _attribute(key, value)) for key, value in resource]
    scope = _field(b"\x0a", _field(b"\x0a", SCOPE.encode()))
    return _field(b"\x0a", b"".join(attributes)) + _field(b"\x12", scope + b"".join(spans))


def _span(span: Span) -> bytes:
    parts = [_field(b"\x0a", span.trace_id), _field(b"\x12", span.span_id)]
    if span.parent_id:
        parts.append(_field(b"\x22", span.parent_id))
    parts.append(_field(b"\x2a", span.name.encode()))
    parts.append(_KIND_AND_TIMES(_INTERNAL, 0x39, span.start, 0x41, span.end))
    _add_attributes(parts, span.attributes)
    parts.append(_UNSET if span.error is None else _field(b"\x7a", _error(span.error)))
    parts.append(_FLAGS)
    return b"".join(parts)


def _add_attributes(parts: list[bytes], attributes: Attributes) -> None:
    """Of nearly all all but the text itself is at hand: less than half the CPU of a span."""
    for key, value in attributes:
        if isinstance(value, str):
            text = value.encode()
            size = len(text)
            if size < _SHORT_TEXT:
                parts.append((_HEADS.get(key) or _new_heads(key))[size])
                parts.append(text)
                continue
        parts.append(_field(b"\x4a", _attribute(key, value)))


def _new_heads(key: str) -> list[bytes]:
    """All that precedes the text of an attribute, by the number of the text's bytes."""
    if len(_HEADS) >= _MOST_KEYS:
        _HEADS.clear()
    name = _key(key)
    made = _HEADS[key] = [_head(name, size) for size in range(_SHORT_TEXT)]
    return made


def _head(name: bytes, size: int) -> bytes:
    value = b"\x0a" + _varint(size)
    content = name + b"\x12" + _varint(len(value) + size) + value
    return b"\x4a" + _varint(len(content) + size) + content


def _error(message: str) -> bytes:
    return (_field(b"\x12", message.encode()) if message else b"") + _ERROR


def _attribute(key: str, value: AttributeValue) -> bytes:
    return _key(key) + _field(b"\x12", _any_value(value))


def _key(key: str) -> bytes:
    return _field(b"\x0a", key.encode())


def _any_value(value: AttributeValue) -> bytes:
    if isinstance(value, str):
        return _field(b"\x0a", value.encode())
    if isinstance(value, bool):
        return b"\x10\x01" if value else b"\x10\x00"
    if isinstance(value, int):
        return b"\x18" + _varint(value % 2**64)
    values = [_field(b"\x0a", _any_value(item)) for item in value]
    return _field(b"\x2a", b"".join(values))


def _field(tag: bytes, content: bytes) -> bytes:
    """A field of bytes: its tag, the number of bytes, the bytes."""
    size = len(content)
    return tag + (_SHORT[size] if size < len(_SHORT) else _varint(size)) + content


def _varint(number: int) -> bytes:
    """Seven bits a byte, the lowest first; the eighth says that more follow."""
    made = bytearray()
    while number > 0x7F:
        made.append(number & 0x7F | 0x80)
        number >>= 7
    made.append(number)
    return bytes(made)


_SHORT = [_varint(size) for size in range(4096)]
_HEADS: dict[str, list[bytes]] = {}
"""By key: an attribute's head for each size of its text."""
