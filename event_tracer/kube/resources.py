"""Resources: the places of kinds in the API."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from event_tracer.core.kinds import KINDS, Kind, resource_name


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One resource; `group` is empty for the core group."""

    plural: str
    kind: str
    group: str = ""
    version: str = "v1"
    is_namespaced: bool = True

    @property
    def name(self) -> str:
        """Name in recordings and logs."""
        return resource_name(self.plural, self.group)

    @property
    def api_version(self) -> str:
        """`apiVersion` of its objects: `v1`, `apps/v1`."""
        return f"{self.group}/{self.version}" if self.group else self.version

    def accept(self, *, is_whole: bool = False, is_list: bool = False) -> str:
        """Accept header that asks for whole objects, or for their metadata alone."""
        if is_whole:
            return "application/json"
        kind = "PartialObjectMetadataList" if is_list else "PartialObjectMetadata"
        # An aggregated API server may know no metadata alone: 406, unless all of it does as well.
        return f"application/json;as={kind};g=meta.k8s.io;v=v1, application/json;q=0.9"

    def frame(self, body: Mapping[str, Any], *, type_: str = "ADDED") -> dict[str, Any]:
        """An object of it as a raw frame."""
        return {"type": type_, "resource": self.name, "kind": self.kind, "object": body}

    def path(self, *, namespace: str = "", name: str = "") -> str:
        """The URL path of all, of a namespace's, or of one."""
        parts = ["apis" if self.group else "api", self.api_version]
        if namespace and self.is_namespaced:
            parts += ["namespaces", namespace]
        parts += [self.plural, *([name] if name else [])]
        return "/" + "/".join(
            quote(part, safe="/" if part == self.api_version else "") for part in parts
        )


def _resource(row: Kind) -> Resource:
    return Resource(
        plural=row.plural,
        kind=row.kind,
        group=row.group,
        version=row.version,
        is_namespaced=row.namespaced,
    )


RESOURCES = {row.kind: _resource(row) for row in KINDS}
"""Resources of Kubernetes' own kinds, by kind."""
WORKLOADS = tuple(RESOURCES[row.kind] for row in KINDS if row.watched)
"""The watched kinds: most Events are about their objects, which own each other."""
EVENTS, LEASES, NAMESPACES, NODES = (
    RESOURCES[kind] for kind in ("Event", "Lease", "Namespace", "Node")
)
CONTROLLER_REVISIONS = RESOURCES["ControllerRevision"]
PODS, REPLICA_SETS = RESOURCES["Pod"], RESOURCES["ReplicaSet"]


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeKinds:
    """The kinds whose objects are read whole, for their status (law 11).

    `custom` names kinds besides the watched workloads, in lower case and each by kind or plural,
    with its group or without: `workflow`, `workflows.argoproj.io`.
    """

    workloads: bool = True
    custom: frozenset[str] = frozenset()

    def __contains__(self, resource: Resource) -> bool:
        if self.workloads and resource in WORKLOADS:
            return True
        names = {resource.kind.lower(), resource.plural}
        return bool(self.custom & (names | {f"{name}.{resource.group}" for name in names}))


def each_namespace(names: Iterable[str]) -> tuple[str, ...]:
    """The namespaces to ask about one by one; "" for all at once where none is named."""
    return tuple(names) or ("",)
