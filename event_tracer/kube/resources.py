"""Kinds of objects by their place in the API."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote


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
        """As a recording names it: `pods`, `deployments`, `rollouts.argoproj.io`."""
        # Kubernetes' own groups without a dot are known by their plural alone.
        return f"{self.plural}.{self.group}" if "." in self.group else self.plural

    @property
    def api_version(self) -> str:
        """As an object of it says: `v1`, `apps/v1`."""
        return f"{self.group}/{self.version}" if self.group else self.version

    def accept(self, *, is_list: bool = False) -> str:
        """Accept header that asks for metadata alone."""
        kind = "PartialObjectMetadataList" if is_list else "PartialObjectMetadata"
        return f"application/json;as={kind};g=meta.k8s.io;v=v1"

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


EVENTS = Resource(plural="events", kind="Event")
NAMESPACES = Resource(plural="namespaces", kind="Namespace", is_namespaced=False)
LEASES = Resource(plural="leases", kind="Lease", group="coordination.k8s.io")
PODS = Resource(plural="pods", kind="Pod")
REPLICA_SETS = Resource(plural="replicasets", kind="ReplicaSet", group="apps")
WORKLOADS = (
    Resource(plural="deployments", kind="Deployment", group="apps"),
    Resource(plural="statefulsets", kind="StatefulSet", group="apps"),
    Resource(plural="daemonsets", kind="DaemonSet", group="apps"),
    Resource(plural="cronjobs", kind="CronJob", group="batch"),
    Resource(plural="jobs", kind="Job", group="batch"),
    REPLICA_SETS,
    PODS,
)
"""What most Events are about, and what owns it."""
