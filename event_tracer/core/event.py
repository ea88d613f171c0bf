"""One occurrence of an Event: its count, its time, and what it says."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from event_tracer.core import api_types, wire
from event_tracer.core.record import Record
from event_tracer.core.tables import (
    BEGINS,
    COMBINED,
    ENDS,
    EVENT_RANK,
    NAME_WORDS,
    UNKNOWN_BEGIN_RANK,
    UNKNOWN_END_RANK,
    UNKNOWN_RANK,
    UNKNOWN_WARNING_RANK,
)
from event_tracer.core.times import (
    MICROSECOND,
    SECOND,
    is_whole_second,
    name_time,
    parse_timestamp,
)

# The kubelet's image garbage collection and kube-proxy pass whole sentences as reason
# (images/image_gc_manager.go, cmd/kube-proxy/app/server_linux.go).
_REASON = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}")
_MOST_ANNOTATIONS = 16
_RANK: Final = EVENT_RANK
_NAME_WORDS: Final = NAME_WORDS
_SURELY_WITHIN: Final = 1_000_000_000_000
_MOST_SHARED: Final = 4096
_SHARED: Final[dict[str, str]] = {}
_NOTHING: Final = api_types.Reference()


class ObjectReference(Record, frozen=True):
    """The object that an Event is about: core/v1 ObjectReference with nothing absent."""

    kind: str
    namespace: str
    name: str
    uid: str
    api_version: str
    resource_version: int
    field_path: str


def reference_to(
    kind: str, namespace: str, name: str, uid: str = "", api_version: str = ""
) -> ObjectReference:
    """An object as one refers to it who knows no version or field of it."""
    return ObjectReference(kind, namespace, name, uid, api_version, 0, "")


class Event(Record, frozen=True):
    """One observation of an Event, an occurrence where its (count, time) is new.

    Times are ns since the epoch. `stated` is when it happened, as exactly as the cluster knows,
    `time` the same with its reason's rank within a whole second; `first_time` is that of the
    Event's first occurrence, None where nobody wrote one.
    `server_time` is the newest time that the API server wrote on it, None without any.
    """

    uid: str
    name: str
    namespace: str
    resource_version: str
    reason: str
    message: str
    type: str
    action: str
    component: str
    instance: str
    host: str
    involved: ObjectReference
    related: ObjectReference | None
    count: int
    stated: int
    time: int
    is_first: bool
    first_time: int | None
    created: str
    first_timestamp: str
    last_timestamp: str
    event_time: str
    server_time: int | None
    annotations: tuple[tuple[str, str], ...] = ()

    @property
    def key(self) -> str:
        """The Event's own identity: its uid; what there is of it where a writer left that out."""
        if self.uid:
            return self.uid
        if self.name:
            return f"{self.namespace}/{self.name}"
        about = self.involved
        parts = (about.kind, about.namespace, about.name, self.reason, self.component, self.message)
        return "/".join((self.namespace, *parts))

    @property
    def is_error(self) -> bool:
        """Whether this is anything but Normal; a writer that names no type warns of nothing."""
        return self.type not in ("Normal", "")


def parse_event(raw: Mapping[str, Any]) -> Event:
    """JSON of an Event (core/v1 or events.k8s.io/v1) → Event.

    Raises MalformedError where the object, or any time at all, is missing.
    """
    return event_of(wire.read_event(raw))


def event_of(item: api_types.EventObject) -> Event:
    """An Event as it was read → Event. Raises MalformedError as `parse_event`."""
    meta, about, reason = item.metadata, item.involvedObject, _shared(item.reason)
    if not about.kind and not about.name:
        raise wire.MalformedError("involvedObject: names nothing")
    series, source, related = item.series, item.source, item.related
    count = within_int64((series.count if series else None) or item.count or 1)
    name, message, type_ = meta.name or "", item.message or "", _shared(item.type)
    first_stamp, last_stamp, event_time = item.firstTimestamp, item.lastTimestamp, item.eventTime
    created, first_told = meta.creationTimestamp, parse_timestamp(first_stamp)
    last_observed = series.lastObservedTime if series else None
    base = _base_time((last_observed, last_stamp, event_time, first_stamp, created), name)
    stamp = first_told if first_told is not None else parse_timestamp(event_time)
    first = stamp if first_told is None else _first_time(first_told, name)
    is_first = count <= 1 and (stamp is None or stamp == base)
    stated = first if is_first and first is not None else base
    host = component = None
    if source is not None:
        host, component = source.host, source.component
    # By position, in the order of the fields: once for each frame of an Event.
    return Event(
        meta.uid or "", name, _shared(meta.namespace), meta.resourceVersion or "", reason, message,
        type_, item.action or "", _shared(component or item.reportingComponent),
        _shared(item.reportingInstance), _shared(host), _reference(about),
        _reference(related) if related is not None and related != _NOTHING else None,
        count, stated, _ranked(stated, reason, message, type_), is_first, first,
        _shared(created), _shared(first_stamp), _shared(last_stamp), event_time or "",
        server_time(created, meta.managedFields), _annotations(meta.annotations),
    )  # fmt: skip


def _annotations(given: Mapping[str, str | None] | None) -> tuple[tuple[str, str], ...]:
    if not given:  # nearly always
        return ()
    found = ((key, value) for key, value in given.items() if value and key not in wire.APPLIED)
    return tuple(sorted(found)[:_MOST_ANNOTATIONS])


def server_time(
    created: str | None,
    entries: list[api_types.ManagedFields] | list[api_types.WriteTime] | None,
) -> int | None:
    """The newest time (ns) that the API server itself wrote: creation or a managedFields entry."""
    newest = parse_timestamp(created)
    if entries is None:
        return newest
    for entry in entries:
        stamp = entry.time
        if stamp == created:
            continue
        time = parse_timestamp(stamp)
        if time is not None and (newest is None or time > newest):
            newest = time
    return newest


def version_number(text: str | None) -> int:
    """A resourceVersion as the integer that Kubernetes 1.35 promises; 0 where there is none.

    Kubernetes' own "0" stands for any version (API concepts, "resourceVersion unset").
    """
    return int(text) if text and len(text) < 40 and text.isascii() and text.isdigit() else 0


def within_int64(number: int) -> int:
    """`number`, or the nearest that OTLP can say."""
    if -_SURELY_WITHIN < number < _SURELY_WITHIN:
        return number
    return max(-(2**63), min(number, 2**63 - 1))


def _reference(item: api_types.Reference) -> ObjectReference:
    return ObjectReference(
        _shared(item.kind), _shared(item.namespace), _shared(item.name), _shared(item.uid),
        _shared(item.apiVersion), version_number(item.resourceVersion), _shared(item.fieldPath),
    )  # fmt: skip


def _shared(text: str | None) -> str:
    """`text` as it was seen first, empty for None: most of an Event was said by the one before.

    It takes 650 of 1,640 bytes off an Event, 50,000 of which a LIST may hold. A dict that is
    cleared where it is full takes a quarter of the instructions of an `lru_cache`.
    """
    if not text:
        return ""
    found = _SHARED.get(text)
    if found is not None:
        return found
    if len(_SHARED) >= _MOST_SHARED:
        _SHARED.clear()
    _SHARED[text] = text
    return text


def _base_time(stamps: tuple[str | None, ...], name: str) -> int:
    # kubectl's order (pkg/cmd/events), with firstTimestamp and creationTimestamp behind it:
    # some third-party writers set none of the three.
    for stamp in stamps:
        time = parse_timestamp(stamp)
        if time is not None:
            return time
    time = name_time(name)
    if time is None:
        raise wire.MalformedError("no timestamp: neither a time of its own nor creationTimestamp")
    return time


def _first_time(stamp: int, name: str) -> int:
    exact = name_time(name)
    # The name is trusted only as far as firstTimestamp bears it out: others may name Events as
    # they like, and files have been seen with clocks apart.
    return exact if exact is not None and stamp <= exact < stamp + SECOND else stamp


def name_of(reason: str, message: str) -> str:
    """The reason, with one word of the message where the table has one; `Event` for free text."""
    words = NAME_WORDS.get(reason)
    if words is None:
        return reason if _is_name(reason) else "Event"
    message = message.removeprefix(COMBINED)
    for pattern, word in words:
        if match := pattern.match(message):
            return f"{reason} {word or _word(match)}"
    return reason


@lru_cache(maxsize=1024)
def _is_name(reason: str) -> bool:
    return _REASON.fullmatch(reason) is not None


def _word(match: re.Match[str]) -> str:
    # "Readiness probe failed" is capitalised as a sentence, "Error: ErrImagePull" as a name.
    return match[1].lower() if match.re.flags & re.IGNORECASE else match[1]


def _ranked(time: int, reason: str, message: str, type_: str) -> int:
    # metav1.Time has whole seconds, so a pod start falls into one; the rank keeps its order.
    if not is_whole_second(time):
        return time
    rank = _RANK.get(name_of(reason, message)) if reason in _NAME_WORDS else None
    rank = rank or _RANK.get(reason)
    if rank is None:
        is_normal = type_ in ("Normal", "")
        rank = _unknown_rank(reason) if is_normal else UNKNOWN_WARNING_RANK
    return time + rank * MICROSECOND


@lru_cache(maxsize=1024)
def _unknown_rank(reason: str) -> int:
    if BEGINS.fullmatch(reason):
        return UNKNOWN_BEGIN_RANK
    return UNKNOWN_END_RANK if ENDS.fullmatch(reason) else UNKNOWN_RANK
