"""Events as a source of occurrences: each count and time of one that is new."""

import re

from event_tracer.core.children import NODE_STARTED, Tie
from event_tracer.core.durations import DURATION, DURATIONS, INSTANT
from event_tracer.core.event import Event, name_of, version_number
from event_tracer.core.occurrence import Child, Description, Occurrence
from event_tracer.core.span import AttributeValue, event_span_id
from event_tracer.core.tables import MESSAGE_ATTRIBUTES
from event_tracer.core.ties import Named
from event_tracer.core.times import SECOND, in_range, parse_duration

_CONTAINER = re.compile(r"\{([^}]+)\}$")  # `spec.containers{web}`: kubelet/container/ref.go
_LONGEST = 24 * 3600 * SECOND  # a wait of 9223372037s occurs: nobody knew since when
# Most messages state none, told at once: the blank that this begins with is found by memchr(3).
_NUMBER = re.compile(r' "?\d')
_TOOK = re.compile(r'(?:in|after|was|for|took|waited|elapsed:?|[Tt]ime:?) "?\d')
_UNIT = re.compile(r" ([smh])\w+")
_MESSAGE = 1024  # characters: events.k8s.io's own limit; core/v1 has none
_MESSAGE_RULES = {
    reason: tuple(
        (pattern, name) for reasons, pattern, name in MESSAGE_ATTRIBUTES if reason in reasons
    )
    for reason in frozenset().union(*(reasons for reasons, _, _ in MESSAGE_ATTRIBUTES))
}


def occurrence_of(event: Event, child: Child | None) -> Occurrence:
    """The occurrence in one observation of an Event; `child` is what its message names."""
    about, type_ = event.involved, event.type or "Normal"  # who names no type warns of nothing
    # By position, in the order of the fields: half the time of keywords, once for each Event.
    return Occurrence(
        event.time, event.key, event.count, about, about.namespace or event.namespace, event.reason,
        type_, event.component, event.is_first, event.first_time,
        version_number(event.resource_version), child, event,
    )  # fmt: skip


def child_of(ties: tuple[Named, ...]) -> Child | None:
    """The object below its own that an Event's message names, the first of several (law 8)."""
    for tie in ties:
        if tie.tie not in (Tie.BELONGS, Tie.JOINS) and not tie.name.endswith("*"):
            owned = tie.tie in (Tie.OWNS, Tie.HAS)
            return Child(kind=tie.kind, namespace=tie.namespace, name=tie.name, owned=owned)
    return None


def describe_event(event: Event) -> Description:
    """Name, message and attributes of the span of one observation of an Event."""
    message = clip(event.message)
    span_id = event_span_id(event_uid=event.key, count=event.count, stated=event.stated)
    attributes = _attributes(event, message)
    # By position, as above.
    return Description(
        span_id, _stated_start(event), event_name(event), message, attributes, event.is_error
    )


def clip(text: str) -> str:
    """`text` of at most 1,024 characters, what is cut being said."""
    left = len(text) - _MESSAGE
    return f"{text[:_MESSAGE]}… ({left} more characters)" if left > 0 else text


def _attributes(event: Event, message: str) -> dict[str, AttributeValue]:
    """All that an Event says, absent values being empty."""
    about, related = event.involved, event.related
    attributes: dict[str, AttributeValue] = {
        "k8s.event.reason": event.reason,
        "k8s.event.type": event.type,
        "k8s.event.action": event.action,
        "k8s.event.name": event.name,
        "k8s.event.uid": event.uid,
        "k8s.event.count": event.count,
        "k8s.event.start_time": event.created,
        "k8s.event.first_time": event.first_timestamp,
        "k8s.event.last_time": event.last_timestamp,
        "k8s.event.event_time": event.event_time,
        "k8s.event.resource_version": event.resource_version,
        "k8s.event.reporting_controller": event.component,
        "k8s.event.reporting_instance": event.instance if event.instance != event.host else "",
        "k8s.event.source_host": event.host,
        "k8s.event.message": message,
        "k8s.object.kind": about.kind,
        "k8s.object.name": about.name,
        "k8s.object.uid": about.uid,
        "k8s.object.fieldpath": about.field_path,
        "k8s.object.api_version": about.api_version,
        "k8s.namespace.name": about.namespace,
    }
    if related:
        attributes["k8s.event.related.kind"] = related.kind
        attributes["k8s.event.related.name"] = related.name
        attributes["k8s.event.related.uid"] = related.uid
    for key, value in event.annotations:
        attributes[f"k8s.event.annotation.{key}"] = clip(value)
    _add_place(attributes, event)
    return attributes


def _add_place(attributes: dict[str, AttributeValue], event: Event) -> None:
    # The kubelet speaks of the pods of its own node alone; no other reporter's host is the
    # object's node.
    if event.involved.kind == "Pod" and event.component == "kubelet":
        attributes["k8s.node.name"] = event.host
    if event.involved.field_path and (match := _CONTAINER.search(event.involved.field_path)):
        attributes["k8s.container.name"] = match[1]
    for pattern, name in _MESSAGE_RULES.get(event.reason, ()):
        if found := pattern.search(event.message):
            is_image = name == "container.image.name"
            attributes.update(image_pairs(found["value"]) if is_image else {name: found["value"]})


def image_pairs(image: str) -> dict[str, AttributeValue]:
    """The attributes of an image, by its reference."""
    # reference: name[:tag][@digest]; a colon before the last slash is a registry's port
    name, _, _ = image.partition("@")
    head, colon, tag = name.rpartition(":")
    if not colon or "/" in tag:
        return {"container.image.name": name}
    return {"container.image.name": head, "container.image.tags": (tag,)}


def event_name(event: Event) -> str:
    """Name of an Event's span: its reason, refined by its message or `Event` for free text."""
    return name_of(event.reason, event.message)


def _stated_start(event: Event) -> int | None:
    """Start time (ns) that an Event states: by a duration in its message, or by taking none."""
    if event.reason in INSTANT and INSTANT[event.reason] in event.message:
        return event.time
    if (began := _node_started(event)) is not None:
        return began
    duration = _stated_duration(event.reason, event.message)
    if duration is None or duration > _LONGEST:
        return None
    began = event.time - duration
    return began if in_range(began) else None


def _stated_duration(reason: str, message: str) -> int | None:
    """The duration (ns) that a message states."""
    if pattern := DURATION.get(reason):
        match = pattern.search(message)
        return parse_duration(match["took"] or match["alone"]) if match else None
    has_any = _NUMBER.search(message) and _TOOK.search(message)
    for _, _, pattern in DURATIONS if has_any else ():
        if match := pattern.search(message):
            return parse_duration(_UNIT.sub(r"\1", match["took"]))
    return None


def _node_started(event: Event) -> int | None:
    # Argo Workflows' Events about a node say when it started, beside the node's end.
    for key, value in event.annotations:
        if key == NODE_STARTED and value.isdigit() and in_range(int(value[:19])):
            return int(value[:19])
    return None
