"""One occurrence, one object → one span: name, service, attributes, status."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from operator import itemgetter

from event_tracer.core.chain import Chain, KubeObject, usual_creator
from event_tracer.core.changes import NOBODY
from event_tracer.core.event import Event
from event_tracer.core.event_source import describe_event
from event_tracer.core.lineage import kind_attribute
from event_tracer.core.names import bounded_component, object_name
from event_tracer.core.occurrence import Description, Occurrence, Source
from event_tracer.core.placer import Placement
from event_tracer.core.span import Attributes, AttributeValue, Span
from event_tracer.core.tables import (
    ROOT_ANNOTATIONS,
    ROOT_LABELS,
)
from event_tracer.core.times import SECOND, rfc3339
from event_tracer.core.transition_source import describe_transition
from event_tracer.core.verdict import SealedObject

Pairs = Iterator[tuple[str, AttributeValue | None]]

_MOST_RESOURCES = 1024
_VALUE = itemgetter(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Naming:
    """The settings that a user may choose; all of them show in a span's bytes."""

    cluster_name: str = ""
    service_name_template: str = "{component}"
    namespace_on_resource: bool = False
    same_host: bool = True
    span_names: str = "bounded"
    label_attributes: tuple[str, ...] = ()
    status_by_reason: Mapping[str, str] = field(default_factory=dict)
    resource_attributes: tuple[tuple[str, str], ...] = ()


def describe(source: Source) -> Description:
    """Name, message and attributes of an occurrence: the sources of occurrences, listed."""
    if isinstance(source, Event):
        return describe_event(source)
    return describe_transition(source)


class Mapper:
    """Makes spans of occurrences and objects, by the tables and a user's Naming."""

    def __init__(self, *, naming: Naming, cluster_uid: str) -> None:
        self._naming = naming
        self._cluster_uid = cluster_uid
        self._resources: dict[tuple[str, str], Attributes] = {}

    def event_span(
        self, occurrence: Occurrence, said: Description, *, placement: Placement, start: int
    ) -> Span:
        """The span of one occurrence, begun at `start` (ns)."""
        attributes = said.attributes
        status = self._naming.status_by_reason.get(occurrence.reason)
        is_error = said.is_error if status is None else status == "error"
        if is_error:
            attributes["error.type"] = said.name.partition(" ")[0]
        attributes.update(placement.names)
        # By position, in the order of the fields: once for each occurrence, in half the time.
        return Span(
            placement.trace_id, said.span_id, placement.span_ids[0], "event", said.name,
            self.resource(occurrence.service, placement.chain[0].namespace),
            start, occurrence.time, tuple(filter(_VALUE, attributes.items())),
            said.message if is_error else None, occurrence.version, occurrence.is_status,
        )  # fmt: skip

    def object_span(self, sealed: SealedObject) -> Span:
        """The span of one object, sealed."""
        chain = sealed.chain
        is_root, cause = len(chain) == 1, sealed.verdict.cause
        is_full = self._naming.span_names == "full"
        name = f"{chain[0].kind} {chain[0].name}" if is_full else object_name(chain)
        verb = "Events" if sealed.hours else sealed.change.verb
        return Span(
            trace_id=sealed.trace_id,
            span_id=sealed.span_id,
            parent_id=sealed.parent_id,
            kind="object",
            name=f"{verb} {name}" if is_root and verb else name,
            resource=self.resource(_creator(sealed), chain[0].namespace),
            start=sealed.start,
            end=sealed.end,
            attributes=_present(self._object_pairs(sealed)),
            error=cause.text(of=f"{chain[0].kind} {chain[0].name}") if cause else None,
        )

    def _object_pairs(self, sealed: SealedObject) -> Pairs:
        chain = sealed.chain
        item, is_root = chain[0], len(chain) == 1
        yield "k8s.object.kind", item.kind
        yield "k8s.object.name", item.name
        yield "k8s.object.uid", item.uid
        yield "k8s.namespace.name", item.namespace if item.is_placed else None
        yield "event_tracer.outcome", sealed.verdict.outcome
        yield "event_tracer.ready", sealed.ready
        yield "event_tracer.other_owners", item.other_owners
        yield from _lineage_pairs(chain)
        if is_root:
            yield from _change_pairs(sealed)
            yield from _outcome_pairs(sealed)
            yield from self._root_pairs(item)

    def _root_pairs(self, root: KubeObject) -> Pairs:
        annotations, labels = dict(root.annotations), dict(root.labels)
        for key, name in ROOT_ANNOTATIONS.items():
            yield name, annotations.get(key)
        for key, name in ROOT_LABELS.items():
            yield name, labels.get(key)
        for key in self._naming.label_attributes:
            yield f"k8s.{root.kind.lower()}.label.{key}", labels.get(key)

    def resource(self, component: str, namespace: str = "") -> Attributes:
        """The resource of the spans of a component, about objects in `namespace`."""
        component = bounded_component(component)
        key = (component, namespace if self._naming.namespace_on_resource else "")
        if key not in self._resources:
            if len(self._resources) >= _MOST_RESOURCES:
                self._resources.clear()
            self._resources[key] = _present(self._resource_pairs(*key))
        return self._resources[key]

    def _resource_pairs(self, component: str, namespace: str) -> Pairs:
        naming, template = self._naming, self._naming.service_name_template
        # One value on every resource: Jaeger skips its clock-skew warnings where parent and
        # child share host.id (/api/v3) and ip (/api/traces). jaegerquery adjuster/clockskew.go
        clock = (self._cluster_uid or naming.cluster_name or NOBODY) if naming.same_host else None
        yield "service.name", template.replace("{component}", component or NOBODY)
        yield "service.namespace", "kubernetes"
        yield "k8s.cluster.name", naming.cluster_name
        yield "k8s.cluster.uid", self._cluster_uid
        yield "k8s.namespace.name", namespace
        yield "host.id", clock
        yield "ip", clock
        yield from naming.resource_attributes


def _present(pairs: Pairs) -> Attributes:
    # An absent value would be sent as an empty AnyValue; a name given twice keeps the first.
    named: dict[str, AttributeValue] = {}
    for key, value in pairs:
        if value or (value == 0 and value is not False):
            named.setdefault(key, value)
    return tuple(named.items())


def _lineage_pairs(chain: Chain) -> Pairs:
    for item in reversed(chain):
        yield kind_attribute(item.kind, "name"), item.name
        yield kind_attribute(item.kind, "uid"), item.uid


def _change_pairs(sealed: SealedObject) -> Pairs:
    change, previous = sealed.change, sealed.previous_trace_id
    yield "event_tracer.change.verb", "Events" if sealed.hours else change.verb
    yield "event_tracer.change.manager", NOBODY if sealed.hours else change.manager
    yield "event_tracer.change.time", rfc3339(change.second * SECOND)
    yield "event_tracer.change.generation", change.generation
    yield "event_tracer.previous_trace_id", previous.hex() if previous else None


def _outcome_pairs(sealed: SealedObject) -> Pairs:
    yield "event_tracer.completed_after", sealed.completed_after
    yield "event_tracer.progress", sealed.progress
    if cause := sealed.verdict.cause:
        yield "event_tracer.cause.reason", cause.reason
        yield "event_tracer.cause.message", cause.message
        yield "event_tracer.cause.object", cause.about
        yield "event_tracer.cause.others", cause.others or None


def _creator(sealed: SealedObject) -> str:
    chain = sealed.chain
    if len(chain) == 1:
        return NOBODY if sealed.hours else sealed.change.manager
    return chain[0].creator or usual_creator(*chain[:2]) or NOBODY
