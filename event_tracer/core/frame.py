"""What the core is fed: frames of a watch, whole lists, and ticks of a clock."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from event_tracer.core.event import Event, parse_event
from event_tracer.core.objects import ObjectMetadata, parse_object
from event_tracer.core.wire import MalformedError


class Frame(NamedTuple):
    """One frame of a watch, read: an Event or the metadata of another object."""

    body: Event | ObjectMetadata
    deleted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """All of a LIST at once; order means nothing in it.

    Events whose resourceVersion is at or below `known` have been told before: they only teach.
    """

    frames: tuple[Frame, ...]
    known: int = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """The time is `now` (ns) at least; for when the API server is silent."""

    now: int


Item = Frame | Listing | Tick

_EVENTS = frozenset({"events", "events.events.k8s.io"})


def parse_frame(raw: Mapping[str, Any]) -> Frame:
    """A raw watch frame `{"type", "resource", "kind"?, "object"}` → Frame.

    Raises MalformedError where it cannot be understood.
    """
    body = raw.get("object")
    if not isinstance(body, dict):
        raise MalformedError("object: missing")
    resource = str(raw.get("resource") or "")
    deleted = raw.get("type") == "DELETED"
    if resource in _EVENTS or (not resource and body.get("kind") == "Event"):
        return Frame(body=parse_event(body), deleted=deleted)
    kind = raw.get("kind")
    return Frame(body=parse_object(body, resource=resource, kind=str(kind or "")), deleted=deleted)
