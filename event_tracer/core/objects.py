"""Objects but Events: metadata, as far as lineage and changes read it, and status."""

from collections.abc import Mapping
from typing import Any, Final

from event_tracer.core import api_types, wire
from event_tracer.core.chain import CHANGED_THEMSELVES, OwnerReference
from event_tracer.core.children import LABELLED, TARGETS
from event_tracer.core.decoding import value_of
from event_tracer.core.event import server_time, version_number, within_int64
from event_tracer.core.kinds import KIND_OF_PLURAL, is_custom_group
from event_tracer.core.record import Record
from event_tracer.core.status import WITH_STATUS, RolloutStatus, Status
from event_tracer.core.status_reading import custom_status, status_of
from event_tracer.core.tables import KUBE_CONTROLLERS, PAUSES, RESTARTS, ROOT_ANNOTATIONS
from event_tracer.core.times import parse_timestamp, second_of

_OTHERS_TOO: Final = frozenset({"Job", "CronJob"})  # Volcano's have another status
_REVISION = "deployment.kubernetes.io/revision"
_REVISED: Final = frozenset({"Deployment", "ReplicaSet"})
_REVISIONS = "deployment.kubernetes.io/revision-history"
_NO_SPEC: Final = api_types.Spec()
_NO_TARGETS: Final = api_types.CustomSpec()
_NO_ENTRIES: Final[list[api_types.ManagedFields]] = []
_NONE: Final[Mapping[str, str]] = {}
_CHANGED_THEMSELVES: Final = CHANGED_THEMSELVES


class Write(Record, frozen=True):
    """One managedFields entry other than `status`'s: who wrote intent, and in which second.

    `second` is None for every write through `/scale`: kubectl scale and the autoscaler's.
    `spec` tells whether it touches f:spec, `template` and `replicas` whether these fields of it;
    `verb` what such a write does. `pauses` tells whether it made a Deployment pause, which it does
    as long as the entry has f:paused.
    """

    manager: str
    operation: str
    subresource: str
    second: int | None
    spec: bool
    verb: str
    pauses: bool = False
    template: bool = False
    replicas: bool = False

    @property
    def key(self) -> tuple[str, str, str, bool]:
        """Identity of the entry, the same from frame to frame."""
        return (self.manager, self.operation, self.subresource, self.spec)


class ObjectMetadata(Record, frozen=True):
    """A frame of any object but an Event. Seconds are Unix seconds, `server_time` is ns.

    `is_forced`: it goes without a grace period, which is the kubelet's last word on each pod.
    `revisions` are those of its template, the oldest first, of a Deployment the newest alone.
    `owner` of an autoscaler is its target (law 12). `creator` is the manager that created it.
    """

    uid: str
    kind: str
    api_version: str
    namespace: str
    name: str
    generate_name: str
    owner: OwnerReference | None
    other_owners: tuple[str, ...]
    resource_version: int
    generation: int | None
    created: int | None
    deletion_asked: int | None
    writes: tuple[Write, ...]
    status_second: int | None
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    server_time: int | None
    is_forced: bool = False
    status: Status | None = None
    revisions: tuple[int, ...] = ()
    creator: str = ""

    @property
    def group(self) -> str:
        """The API group; empty for the core group, and where it is not known."""
        return self.api_version.rpartition("/")[0]

    @property
    def written(self) -> int | None:
        """The second of its newest write."""
        return None if self.server_time is None else second_of(self.server_time)

    @property
    def is_paused(self) -> bool:
        """Whether a Deployment is paused: by its spec, or by what wrote into that."""
        if isinstance(self.status, RolloutStatus):
            return self.status.paused
        return any(write.pauses for write in self.writes)


def parse_object(raw: Mapping[str, Any], *, resource: str, kind: str) -> ObjectMetadata:
    """JSON of an object, full or PartialObjectMetadata → ObjectMetadata.

    `kind` is the frame's, where it has one. Raises MalformedError without metadata or name.
    """
    if (kind or KIND_OF_PLURAL.get(resource) or raw.get("kind")) in WITH_STATUS:
        return whole_of(wire.read_whole(raw), resource=resource, kind=kind)
    return custom_of(wire.read_object(raw), resource=resource, kind=kind)


def custom_of(item: api_types.CustomObject, *, resource: str, kind: str) -> ObjectMetadata:
    """Any other object as it was read, with the conditions of one of a custom kind.

    Raises MalformedError without a name.
    """
    meta = _metadata(item, kind=kind or _kind_of(item, resource=resource), status=None)
    if (target := _target(item, meta)) is not None:
        meta = meta.but(owner=target, other_owners=_also(meta.owner, meta.other_owners))
    status = item.status
    if status is None or not is_custom_group(meta.group):
        return meta
    return meta.but(status=custom_status(status))


def whole_of(item: api_types.WholeObject, *, resource: str, kind: str) -> ObjectMetadata:
    """An object as it was read, with its status. Raises MalformedError without a name."""
    kind, status = kind or _kind_of(item, resource=resource), item.status
    if status is None or (kind in _OTHERS_TOO and is_custom_group(_group_of(item))):
        return _metadata(item, kind=kind, status=None)  # as in metadata alone
    generation, spec = _generation(item.metadata) or 0, item.spec or _NO_SPEC
    known = status_of(kind, spec=spec, status=status, generation=generation)
    return _metadata(item, kind=kind, status=known)


def _group_of(item: api_types.AnyObject) -> str:
    return (item.apiVersion or "").rpartition("/")[0]


def _kind_of(item: api_types.AnyObject, *, resource: str) -> str:
    kind = item.kind
    return KIND_OF_PLURAL.get(resource, resource) if _is_partial(kind) else kind or ""


def _is_partial(kind: str | None) -> bool:
    return not kind or kind == "PartialObjectMetadata"


def _metadata(item: api_types.AnyObject, *, kind: str, status: Status | None) -> ObjectMetadata:
    meta = item.metadata
    name = meta.name
    if not name:
        raise wire.MalformedError("metadata.name: missing")
    owner, others = _owners(meta.ownerReferences)
    is_root = owner is None or kind in _CHANGED_THEMSELVES
    writes, status_second = _writes(meta, kind) if is_root else ((), None)
    stamp, entries = meta.creationTimestamp, meta.managedFields
    deletion, grace = meta.deletionTimestamp, meta.deletionGracePeriodSeconds
    # By position, in the order of the fields: once for each frame of an object.
    return ObjectMetadata(
        meta.uid or "", kind, "" if _is_partial(item.kind) else item.apiVersion or "",
        meta.namespace or "", name, meta.generateName or "", owner, others,
        version_number(meta.resourceVersion), _generation(meta), _second(stamp),
        _deletion_asked(deletion, grace), writes, status_second,
        _strings(meta.labels) if is_root else _NONE, _annotations(meta) if is_root else _NONE,
        server_time(stamp, entries), bool(deletion) and not grace, status,
        _revisions(meta) if kind in _REVISED else (), _creator(stamp, entries),
    )  # fmt: skip


def _generation(meta: api_types.Meta) -> int | None:
    generation = meta.generation
    return None if generation is None else within_int64(generation)


def _writes(meta: api_types.Meta, kind: str) -> tuple[tuple[Write, ...], int | None]:
    """The writes of intent, and the second of the newest write of status."""
    entries = meta.managedFields or ()
    status = [_second(entry.time) for entry in entries if _is_status(entry)]
    newest = max((second for second in status if second is not None), default=None)
    return tuple(_write(entry, kind) for entry in entries if not _is_status(entry)), newest


def _creator(created: str | None, entries: list[api_types.ManagedFields] | None) -> str:
    """Who wrote it in the second in which it was created, or alone; empty where nobody says so."""
    managers: set[str] | None = None
    for entry in entries or _NO_ENTRIES:
        if entry.subresource:
            continue
        manager = entry.manager or ""
        if entry.time == created:
            # It is all of Kubernetes' own controllers: whose owner it was tells which.
            return "" if manager == KUBE_CONTROLLERS else manager
        managers = {manager} if managers is None else {*managers, manager}
    is_alone = managers is not None and len(managers) == 1 and KUBE_CONTROLLERS not in managers
    return next(iter(managers)) if managers and is_alone else ""


def _target(item: api_types.CustomObject, meta: ObjectMetadata) -> OwnerReference | None:
    """What an object is attached to (law 12): by its labels, or as what its spec says to scale.

    Of a ScaledObject that is a Deployment, by default.
    """
    if meta.owner is None and (labels := LABELLED.get(meta.kind)):
        above, named = (meta.labels.get(label) or "" for label in labels[:2])
        found = OwnerReference(kind=above, name=named, uid="", api_version=labels[2])
        return found if named else None
    field, spec = TARGETS.get(meta.kind), item.spec or _NO_TARGETS
    target = spec.targetRef if field == "targetRef" else spec.scaleTargetRef
    if target is None or not (name := target.name):
        return None
    kind, api_version = target.kind or "Deployment", target.apiVersion or ""
    return OwnerReference(kind=kind, name=name, uid="", api_version=api_version)


def _also(owner: OwnerReference | None, others: tuple[str, ...]) -> tuple[str, ...]:
    return (f"{owner.kind} {owner.name}", *others) if owner else others


def _is_status(entry: api_types.ManagedFields) -> bool:
    return entry.subresource == "status"


def _second(stamp: str | None) -> int | None:
    time = parse_timestamp(stamp)
    return None if time is None else second_of(time)


def _strings(items: Mapping[str, str | None] | None) -> Mapping[str, str]:
    return {key: value for key, value in (items or {}).items() if value is not None}


def _annotations(meta: api_types.Meta) -> Mapping[str, str]:
    # Those that are read: kubectl apply keeps whole manifests in one.
    all_ = meta.annotations or {}
    return _strings({key: value for key, value in all_.items() if key in ROOT_ANNOTATIONS})


def _owners(
    references: list[api_types.Owner] | None,
) -> tuple[OwnerReference | None, tuple[str, ...]]:
    """The controller to follow, and the other owners as `Kind name`."""
    if not references:
        return None, ()
    controller: OwnerReference | None = None
    others: list[str] = []
    for each in references:
        kind, name = each.kind or "", each.name or ""
        # A mirror pod's controller is its Node (kubelet pod/mirror_client.go): following it
        # would put every static pod of a cluster into one trace.
        if each.controller and kind != "Node":
            controller = OwnerReference(kind, name, each.uid or "", each.apiVersion or "")
        else:
            others.append(f"{kind} {name}")
    return controller, tuple(others)


def _deletion_asked(stamp: str | None, grace: int | None) -> int | None:
    # deletionTimestamp is when the grace period ends (metav1.ObjectMeta).
    second = _second(stamp)
    return None if second is None else second - (grace or 0)


def _revisions(meta: api_types.Meta) -> tuple[int, ...]:
    # deployment/util/deployment_util.go, SetNewReplicaSetAnnotations: a template that comes again
    # keeps its ReplicaSet, whose earlier revisions the second annotation has.
    found = meta.annotations or {}
    written = f"{found.get(_REVISIONS) or ''},{found.get(_REVISION) or ''}".split(",")
    return tuple(sorted(number for each in written if (number := version_number(each))))


def _write(entry: api_types.ManagedFields, kind: str) -> Write:
    spec = value_of(entry.fieldsV1.spec) if entry.fieldsV1 else None
    subresource = entry.subresource or ""
    operation = entry.operation or ""
    return Write(
        manager=entry.manager or "",
        operation=operation,
        subresource=subresource,
        second=_second(entry.time),
        spec=isinstance(spec, dict),
        verb=_verb(spec, subresource, kind) if isinstance(spec, dict) else "",
        # `paused: false` is left out of a Deployment (apps/v1 types.go, omitempty) and of what an
        # update sets, but not of what a server-side apply does.
        pauses=kind == "Deployment"
        and operation == "Update"
        and isinstance(spec, dict)
        and "f:paused" in spec,
        template=isinstance(spec, dict) and "f:template" in spec,
        replicas=isinstance(spec, dict) and "f:replicas" in spec,
    )


def _verb(spec: Mapping[str, Any], subresource: str, kind: str) -> str:
    if subresource == "scale" or list(spec) == ["f:replicas"]:
        return "Scale"
    if kind == "Deployment" and spec in PAUSES:
        return "Pause"
    return "Restart" if spec in RESTARTS else "Update"
