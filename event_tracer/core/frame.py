"""Items that the fold is fed: frames of a watch, whole lists, and ticks of a clock."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from msgspec import Raw
from msgspec.json import Decoder

from event_tracer.core.api_types import AnyObject
from event_tracer.core.decoding import (
    EVENT_ITEM,
    EVENT_LINE,
    OBJECT_ITEM,
    OBJECT_LINE,
    WHOLE_ITEM,
    WHOLE_LINE,
    read_item,
    read_text,
)
from event_tracer.core.event import Event, event_of, parse_event
from event_tracer.core.objects import ObjectMetadata, custom_of, parse_object, whole_of
from event_tracer.core.record import Record
from event_tracer.core.status import WITH_STATUS
from event_tracer.core.wire import MalformedError


class Frame(Record, frozen=True):
    """One frame of a watch, read: an Event or the metadata of another object."""

    body: Event | ObjectMetadata
    deleted: bool = False


class Line(Record, frozen=True):
    """One line of a watch, read; `version` is its object's resourceVersion, as it stands."""

    type: str
    version: str
    frame: Frame


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """All of a LIST as of `version` at once; order means nothing in it.

    What is of a resourceVersion up to `emitted_up_to` (0: none) was emitted before, and is only
    learnt from. So is what is above it where `learn_only` is set: the WATCH that follows brings it.
    Of the transitions that its objects show those dated at or after `tell_since` (ns) are
    occurrences; where that is None, none is.

    `cause` says why reading had to start over; empty where nothing can have been missed. Then the
    watch of `resource` in `namespace` (empty: all) had read all up to `read_until` (ns); None: the
    fold knows that itself. Objects are fed page by page, with `read_until`, and `cause` comes last.
    """

    frames: tuple[Frame, ...] = ()
    version: str = ""
    emitted_up_to: int = 0
    learn_only: bool = False
    cause: str = ""
    tell_since: int | None = None
    resource: str = "events"
    namespace: str = ""
    read_until: int | None = None

    def has_emitted(self, version: int) -> bool:
        """Whether what is of this resourceVersion was emitted before."""
        return version <= self.emitted_up_to and self.emitted_up_to > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Replace:
    """All the objects of `kind` in `namespace` ("" for all), as a relist has found them."""

    kind: str
    namespace: str
    uids: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncState:
    """State of the watches: while one is behind, not all that has happened was read.

    While those of objects are behind, occurrences wait (and a run has them wait for Events, too);
    while any is, no object span is sealed and no date of a change is final.
    """

    events_behind: bool = False
    objects_behind: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """The time is `now` (ns) at least; for when the API server is silent."""

    now: int


END = Tick(now=2**63 - 1)  # later than any time that an Event may have
Item = Frame | Listing | Tick | Replace | SyncState

_EVENTS: Final = frozenset({"events", "events.events.k8s.io"})
_WHOLE: Final = WITH_STATUS


def parse_frame(raw: Mapping[str, Any]) -> Frame:
    """A raw watch frame `{"type", "resource", "kind"?, "object"}` → Frame.

    Raises MalformedError where it cannot be understood.
    """
    body = raw.get("object")
    if not isinstance(body, dict):
        raise MalformedError("object: missing")
    deleted = raw.get("type") == "DELETED"
    if holds_event(raw):
        return Frame(body=parse_event(body), deleted=deleted)
    resource, kind = str(raw.get("resource") or ""), str(raw.get("kind") or "")
    return Frame(body=parse_object(body, resource=resource, kind=kind), deleted=deleted)


def parse_line(text: bytes, *, resource: str, kind: str) -> Line | None:
    """A line of a watch, as its JSON came → the same as by `parse_frame`, for half the CPU.

    None where it is no change, or not as nearly all are: then `parse_frame` says what it is.
    """
    try:
        return _parsed(text, resource=resource, kind=kind)
    except MalformedError:
        return None


def parse_item(
    unread: Raw, *, resource: str, kind: str, left_out: Mapping[str, str]
) -> Line | None:
    """An item of a LIST, as its JSON came → the same as if a watch said ADDED.

    `left_out` is what the List left out of its items.
    """
    is_event = resource in _EVENTS
    decoder = _decoder_of(kind, is_event, EVENT_ITEM, WHOLE_ITEM, OBJECT_ITEM)
    item = read_item(decoder, unread)
    if item is None:
        return None
    if left_out and not is_event:
        item = item.but(**{**left_out, **_kind_and_version(item)})
    try:
        return _line("ADDED", item, resource=resource, kind=kind, is_event=is_event)
    except MalformedError:
        return None


def _kind_and_version(item: AnyObject) -> dict[str, str]:
    told = {"kind": item.kind, "apiVersion": item.apiVersion}
    return {name: value for name, value in told.items() if value is not None}


def parse_lines(
    texts: Iterator[bytes], *, resource: str, kind: str
) -> tuple[list[Line], bytes | None]:
    """Lines of a watch up to the first that `parse_line` does not read, and that one."""
    found: list[Line] = []
    for text in texts:
        line = parse_line(text, resource=resource, kind=kind)
        if line is None:
            return found, text
        found.append(line)
    return found, None


def _parsed(text: bytes, *, resource: str, kind: str) -> Line | None:
    is_event = resource in _EVENTS
    decoder = _decoder_of(kind, is_event, EVENT_LINE, WHOLE_LINE, OBJECT_LINE)
    line = read_text(decoder, text)
    if line is None:
        return None
    return _line(line.type, line.object, resource=resource, kind=kind, is_event=is_event)


def _decoder_of(
    kind: str, is_event: bool, of_event: Decoder[Any], of_whole: Decoder[Any], other: Decoder[Any]
) -> Decoder[Any]:
    if is_event:
        return of_event
    return of_whole if kind in _WHOLE else other


def _line(type_: str, item: Any, *, resource: str, kind: str, is_event: bool) -> Line:
    body: Event | ObjectMetadata
    if is_event:
        body = event_of(item)
    elif kind in _WHOLE:
        body = whole_of(item, resource=resource, kind=kind)
    else:
        body = custom_of(item, resource=resource, kind=kind)
    version = item.metadata.resourceVersion or ""
    return Line(type_, version, Frame(body, type_ == "DELETED"))


def holds_event(raw: Mapping[str, Any]) -> bool:
    """Whether a raw frame's object is an Event."""
    resource = raw.get("resource")
    if resource:
        return str(resource) in _EVENTS
    body = raw.get("object")
    return isinstance(body, Mapping) and body.get("kind") == "Event"
