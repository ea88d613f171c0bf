"""The finished span, and the ids that name it before it is seen."""

from functools import lru_cache
from hashlib import blake2b
from typing import Literal

from event_tracer.core.record import SavedRecord

AttributeValue = str | int | bool | tuple[str, ...]
Attributes = tuple[tuple[str, AttributeValue], ...]
SpanKind = Literal["event", "object", "gap"]
_Words = str | None


class Span(SavedRecord, frozen=True):
    """One span as it leaves the core: nothing in it depends on who made it, where or when.

    `start` and `end` are nanoseconds since the Unix epoch, `end - start >= 1000`.
    `resource` and `attributes` are ordered pairs; `parent_id` is empty for a root.
    `error` is the status message of an ERROR span and None where the status is UNSET:
    a span without an error leaves it unset (OpenTelemetry, recording-errors).
    `kind` says what it is the span of: an occurrence, an object, a gap. Of an event span `version`
    is the resourceVersion of what showed it, 0 where there is none, and `is_status` whether that
    is an object's status rather than an Event. These three are not sent.
    """

    trace_id: bytes
    span_id: bytes
    parent_id: bytes
    kind: "SpanKind"
    name: str
    resource: "Attributes"
    start: int
    end: int
    attributes: "Attributes"
    error: "_Words" = None
    version: int = 0
    is_status: bool = False


def text_of(pairs: Attributes, name: str) -> str:
    """The text of the attribute `name`, empty where there is none."""
    return next((value for key, value in pairs if key == name and isinstance(value, str)), "")


def _hash(size: int, *parts: str) -> bytes:
    # Kubernetes names and uids hold no NUL, so the joint is unambiguous.
    text = "\0".join(parts)
    return blake2b(text.encode("utf-8", "replace"), digest_size=size).digest()


@lru_cache(maxsize=1024)
def trace_id(*, cluster_uid: str, story_key: str) -> bytes:
    """The 16 bytes that name a story's trace."""
    return _hash(16, "trace", cluster_uid, story_key)


@lru_cache(maxsize=4096)
def object_span_id(*, trace: bytes, identity: str) -> bytes:
    """The 8 bytes that name an object's span in a trace; known before the object is."""
    return _hash(8, "object", trace.hex(), identity)


def event_span_id(*, event_uid: str, count: int, stated: int) -> bytes:
    """The 8 bytes that name one occurrence of an Event.

    `stated` is its time in ns before any rank is added, so that the table of ranks may change
    without changing an id (law 2).
    """
    return _hash(8, "event", event_uid, str(count), str(stated))


def transition_span_id(*, identity: str, key: str) -> bytes:
    """The 8 bytes that name a transition of an object, by the transition's `key`."""
    return _hash(8, "transition", identity, key)


def gap_ids(
    *, cluster_uid: str, cause: str, place: str, since: int, until: int
) -> tuple[bytes, bytes]:
    """The trace and the span of a gap at `place` (`namespace/resource`) between two times (ns)."""
    parts = ("gap", cluster_uid, cause, place, str(since), str(until))
    return _hash(16, *parts), _hash(8, *parts)
