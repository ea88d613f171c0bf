"""A watch beside the product's: every frame as the API server wrote it, and kubectl's own rules."""

import json
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import datetime
from http.client import HTTPException
from pathlib import Path
from threading import Lock, Thread
from typing import NamedTuple

from tests.e2e.kube import GROUPS, Kube, Raw

KINDS = {
    "events": "Event", "pods": "Pod", "replicasets": "ReplicaSet", "deployments": "Deployment",
    "statefulsets": "StatefulSet", "daemonsets": "DaemonSet", "jobs": "Job",
}  # fmt: skip


class Intent(NamedTuple):
    """One generation of a workload."""

    namespace: str
    kind: str
    name: str
    generation: int


class Observer:
    """Records the frames of some namespaces, as `replay` reads them, and when rollouts ended."""

    def __init__(self, kube: Kube, *, file: Path, namespaces: Iterable[str]) -> None:
        self._kube, self._file, self._namespaces = kube, file, frozenset(namespaces)
        self._lock = Lock()
        self.begun: dict[Intent, float] = {}
        """When a frame first had the generation (Unix seconds)."""
        self.completed: dict[Intent, float] = {}
        """When a frame of it first satisfied kubectl's rules (Unix seconds)."""
        self.stated: dict[Intent, float] = {}
        """The time that this frame states of it (Unix seconds): a busy controller writes late."""
        self.deaths: dict[str, set[str]] = {}
        """Ids of the containers that frames show ended with another code than 0, by namespace."""

    def start(self) -> None:
        """Watch, until the process ends or the cluster does."""
        space = self._kube.ask("/api/v1/namespaces/kube-system")
        self._write({"type": "HEADER", "version": 1})
        self._write({
            "type": "ADDED", "resource": "namespaces", "kind": "Namespace", "object": space,
        })  # fmt: skip
        for resource in KINDS:
            Thread(target=self._watch, args=(resource,), daemon=True).start()

    def _watch(self, resource: str) -> None:
        with suppress(OSError, HTTPException):
            for line in self._kube.watch(f"{GROUPS[resource]}/{resource}"):
                self._take(resource, json.loads(line), at=time.time())

    def _take(self, resource: str, frame: Raw, *, at: float) -> None:
        item, kind = frame["object"], KINDS[resource]
        if item.get("metadata", {}).get("namespace") not in self._namespaces:
            return
        received = int(at * 1e9)
        self._write({
            "type": frame["type"], "resource": resource, "kind": kind, "received": received,
            "object": item,
        })  # fmt: skip
        if kind in (*_RULES, "Job") and frame["type"] != "DELETED":
            self._note(kind, item, at)
        if kind == "Pod":
            self.deaths.setdefault(item["metadata"]["namespace"], set()).update(_deaths(item))

    def _note(self, kind: str, item: Raw, at: float) -> None:
        meta = item["metadata"]
        intent = Intent(meta["namespace"], kind, meta["name"], meta["generation"])
        self.begun.setdefault(intent, at)
        if is_rolled_out(kind, item) and intent not in self.completed:
            self.stated[intent] = min(at, _available_at(item, since=int(self.begun[intent])) or at)
            self.completed[intent] = at

    def _write(self, frame: Raw) -> None:
        with self._lock, self._file.open("a") as file:
            file.write(json.dumps(frame) + "\n")


def is_rolled_out(kind: str, item: Raw) -> bool:
    """Whether `kubectl rollout status` would end with 0 (kubectl, rollout_status.go).

    Of a Job: `kubectl wait --for=condition=Complete`.
    """
    status = item.get("status") or {}
    if kind == "Job":
        return _has(status, "Complete", status="True")
    is_observed = item["metadata"]["generation"] <= status.get("observedGeneration", 0)
    return bool(is_observed) and _RULES[kind](item["spec"], status)


def _available_at(item: Raw, *, since: int) -> float | None:
    """When Progressing says that a Deployment got there, unless that was before its change."""
    for condition in item["status"].get("conditions", []):
        if condition.get("reason") == "NewReplicaSetAvailable":
            updated = datetime.fromisoformat(condition["lastUpdateTime"]).timestamp()
            return updated if updated >= since else None
    return None


def _deaths(pod: Raw) -> Iterator[str]:
    for container in pod.get("status", {}).get("containerStatuses", []):
        for state in (container.get("state", {}), container.get("lastState", {})):
            if (ended := state.get("terminated", {})) and ended["exitCode"]:
                yield ended.get("containerID", "")


def _deployment(spec: Raw, status: Raw) -> bool:
    has_failed = _has(status, "Progressing", reason="ProgressDeadlineExceeded")
    updated = status.get("updatedReplicas", 0)
    return not has_failed and bool(
        updated >= spec["replicas"]
        and status.get("replicas", 0) <= updated <= status.get("availableReplicas", 0)
    )


def _stateful_set(spec: Raw, status: Raw) -> bool:
    partition = spec["updateStrategy"].get("rollingUpdate", {}).get("partition", 0)
    return bool(
        status.get("readyReplicas", 0) >= spec["replicas"]
        and status.get("updatedReplicas", 0) >= spec["replicas"] - partition
    )


def _daemon_set(_: Raw, status: Raw) -> bool:
    desired = status["desiredNumberScheduled"]
    updated, available = status.get("updatedNumberScheduled", 0), status.get("numberAvailable", 0)
    return bool(updated >= desired and available >= desired)


def _has(status: Raw, kind: str, /, **fields: str) -> bool:
    return any(
        condition.items() >= {"type": kind, **fields}.items()
        for condition in status.get("conditions", [])
    )


_RULES = {"Deployment": _deployment, "StatefulSet": _stateful_set, "DaemonSet": _daemon_set}
