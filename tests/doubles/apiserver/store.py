"""What an API server holds: objects, one counter, and the history of every write."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.scenarios.fields import Raw

Snapshot = tuple[tuple[str, Raw], ...]


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A type of object that is served."""

    group: str = ""
    version: str = "v1"
    plural: str
    kind: str
    namespaced: bool = True
    is_custom: bool = False
    short: tuple[str, ...] = ()
    has_metadata: bool = True
    """Whether its server knows metadata alone, as an aggregated one may not."""

    @property
    def resource(self) -> str:
        """As recordings name it: `pods`, `rollouts.argoproj.io`."""
        return f"{self.plural}.{self.group}" if self.is_custom else self.plural

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version


def _kinds(group: str, /, **kinds: str) -> list[Kind]:
    return [Kind(group=group, plural=plural, kind=kind) for plural, kind in kinds.items()]


BUILT_IN = (
    Kind(plural="namespaces", kind="Namespace", namespaced=False),
    Kind(plural="nodes", kind="Node", namespaced=False),
    *_kinds(
        "", events="Event", pods="Pod", services="Service", configmaps="ConfigMap",
        persistentvolumeclaims="PersistentVolumeClaim",
    ),
    *_kinds(
        "apps", controllerrevisions="ControllerRevision", replicasets="ReplicaSet",
        deployments="Deployment", statefulsets="StatefulSet", daemonsets="DaemonSet",
    ),
    *_kinds("batch", jobs="Job", cronjobs="CronJob"),
    *_kinds("coordination.k8s.io", leases="Lease"),
)  # fmt: skip


@dataclass(frozen=True)
class Write:
    """One write to etcd."""

    revision: int
    type: str
    kind: Kind
    object: Raw

    @property
    def key(self) -> str:
        return key_of(self.object["metadata"])


def key_of(meta: Mapping[str, Any]) -> str:
    """Under which key an object lies; etcd lists in the order of these."""
    return f"{meta.get('namespace') or ''}/{meta['name']}"


class Store:
    """Objects and their history. What is in it is never changed, only replaced."""

    def __init__(self) -> None:
        self.kinds = {kind.resource: kind for kind in BUILT_IN}
        self.history: list[Write] = []
        self.revision = 0
        self.compacted = 0
        self._now: dict[Kind, dict[str, Raw]] = {}
        self._snapshots: dict[tuple[Kind, int], Snapshot] = {}

    def write(self, frame: Mapping[str, Any]) -> Write:
        """Take a frame's object, under the frame's own resourceVersion if that is a newer one."""
        made = json.loads(json.dumps(frame["object"]))
        kind = self.kinds[frame["resource"]]
        own = int(made["metadata"].get("resourceVersion") or 0)
        self.revision = max(own, self.revision + 1)
        made |= {"kind": kind.kind, "apiVersion": kind.api_version}
        made["metadata"]["resourceVersion"] = str(self.revision)
        write = Write(self.revision, frame["type"], kind, made)
        self.history.append(write)
        _apply(self._now.setdefault(kind, {}), write)
        return write

    def get(self, kind: Kind, key: str) -> Raw | None:
        """The object there is now."""
        return self._now.get(kind, {}).get(key)

    def snapshot(self, kind: Kind, revision: int) -> Snapshot:
        """All objects of a kind as they were at a revision, in the order of their keys."""
        at = (kind, revision)
        if at not in self._snapshots:
            made = self._now.get(kind, {}) if revision >= self.revision else self._replay(*at)
            self._snapshots[at] = tuple(sorted(made.items(), key=lambda item: item[0]))
            for old in list(self._snapshots)[:-8]:
                del self._snapshots[old]
        return self._snapshots[at]

    def since(self, kind: Kind, revision: int) -> list[Write]:
        """The writes above a revision."""
        return [write for write in self.history if write.kind == kind and write.revision > revision]

    def has_seen(self, kind: Kind) -> bool:
        """Whether anything of a kind was ever written."""
        return any(write.kind == kind for write in self.history)

    def restore(self, revision: int) -> None:
        """etcd comes back from a backup: what was written later has never been."""
        self.history = [write for write in self.history if write.revision <= revision]
        self.revision = revision
        self.compacted = min(self.compacted, revision)
        self._snapshots.clear()
        self._now = {kind: self._replay(kind, revision) for kind in self._now}

    def _replay(self, kind: Kind, revision: int) -> dict[str, Raw]:
        made: dict[str, Raw] = {}
        for write in self.history:
            if write.kind == kind and write.revision <= revision:
                _apply(made, write)
        return made


def _apply(objects: dict[str, Raw], write: Write) -> None:
    if write.type == "DELETED":
        objects.pop(write.key, None)
    else:
        objects[write.key] = write.object
