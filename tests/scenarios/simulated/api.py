"""An API server on paper, in simulated time: whole objects, as a watch sends them."""

import copy
import heapq
import itertools
import random
import uuid
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tests.scenarios.fields import SECOND, Raw, entry, stamp

START = 1_795_700_000 * SECOND + 250_000_000
NODE = "node-1"
_WRITE = 150_000
_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
KINDS = {
    "pods": ("Pod", "v1"), "replicasets": ("ReplicaSet", "apps/v1"),
    "deployments": ("Deployment", "apps/v1"), "statefulsets": ("StatefulSet", "apps/v1"),
    "daemonsets": ("DaemonSet", "apps/v1"), "jobs": ("Job", "batch/v1"),
    "horizontalpodautoscalers": ("HorizontalPodAutoscaler", "autoscaling/v2"),
    "databases": ("Database", "example.com/v1"),
}  # fmt: skip
METADATA_ONLY = frozenset({"horizontalpodautoscalers", "databases"})
Watcher = Callable[[str, Raw], None]


class Api:
    """Objects, who watches them, and a clock that runs from one thing that is due to the next."""

    def __init__(self, *, seed: int = 0, namespace: str = "shop") -> None:
        self.now = START
        self.random = random.Random(seed)
        self.namespace = namespace
        self.frames: list[Raw] = []
        self.objects: dict[tuple[str, str], Raw] = {}
        self.watchers: list[Watcher] = []
        self._version = 100
        self._due: list[tuple[int, int, Callable[[], None]]] = []
        self._order = itertools.count()

    # -- time

    @property
    def elapsed(self) -> float:
        """Seconds since the beginning."""
        return (self.now - START) / SECOND

    def after(self, seconds: float, call: Callable[[], None]) -> None:
        """Call it then."""
        due = self.now + int(seconds * SECOND)
        heapq.heappush(self._due, (due, next(self._order), call))

    def spawn(self, process: Iterator[float]) -> None:
        """Run a process, which yields the seconds that it sleeps."""
        pause = next(process, None)
        if pause is not None:
            self.after(pause, lambda: self.spawn(process))

    def run(self, until: float) -> None:
        """Let all happen that is due in the first `until` seconds."""
        end = START + int(until * SECOND)
        while self._due and self._due[0][0] <= end:
            due, _, call = heapq.heappop(self._due)
            self.now = max(self.now, due)
            call()
        self.now = max(self.now, end)

    def jitter(self, low: float, high: float) -> float:
        """Some seconds."""
        return self.random.uniform(low, high)

    # -- reading

    def get(self, resource: str, name: str) -> Raw | None:
        """The object as it is."""
        return self.objects.get((resource, name))

    def owned(self, resource: str, owner: Raw) -> list[Raw]:
        """What an object controls, the oldest first."""
        uid = owner["metadata"]["uid"]
        return [
            item
            for (of, _), item in self.objects.items()
            if of == resource and (controller_of(item) or {}).get("uid") == uid
        ]

    # -- writing

    def create(
        self, resource: str, name: str, *,
        spec: Raw, manager: str = "kube-controller-manager", owner: Raw | None = None,
        status: Raw | None = None, labels: Mapping[str, str] | None = None,
        annotations: Mapping[str, str] | None = None, generate_name: str = "",
    ) -> Raw:  # fmt: skip
        """POST."""
        kind, version = KINDS[resource]
        meta: Raw = {
            "name": name, "namespace": self.namespace, "uid": self.uid(),
            "generation": 1, "creationTimestamp": stamp(self.now),
            "managedFields": [entry(manager, self.now, _fields(spec))],
        }  # fmt: skip
        meta |= {"labels": dict(labels)} if labels else {}
        meta |= {"annotations": dict(annotations)} if annotations else {}
        if generate_name:
            meta["generateName"] = generate_name
        if owner:
            meta["ownerReferences"] = [
                {
                    "apiVersion": owner["apiVersion"], "kind": owner["kind"], "controller": True,
                    "name": owner["metadata"]["name"], "uid": owner["metadata"]["uid"],
                    "blockOwnerDeletion": True,
                }
            ]  # fmt: skip
        item: Raw = {
            "kind": kind, "apiVersion": version, "metadata": meta,
            "spec": copy.deepcopy(spec), "status": copy.deepcopy(status or {}),
        }  # fmt: skip
        self.objects[resource, name] = item
        self._send("ADDED", resource, item)
        return item

    def patch(
        self, item: Raw, changes: Mapping[str, Any], *,
        manager: str = "kube-controller-manager", subresource: str = "",
        fields: Raw | None = None, annotations: Mapping[str, str] | None = None,
    ) -> None:  # fmt: skip
        """A write of the spec; one through /scale has no time in managedFields."""
        meta = item["metadata"]
        item["spec"] |= copy.deepcopy(dict(changes))
        meta["generation"] += 1
        if annotations:
            meta["annotations"] = {**meta.get("annotations", {}), **annotations}
        time = None if subresource == "scale" else self.now
        _put(meta, entry(manager, time, fields or _fields(changes), subresource=subresource))
        self._send("MODIFIED", resource_of(item), item)

    def resume(self, item: Raw) -> None:
        """A write that takes `paused` away: an empty set of fields is no entry."""
        item["spec"]["paused"] = False
        item["metadata"]["generation"] += 1
        self._send("MODIFIED", resource_of(item), item)

    def write_status(
        self, item: Raw, status: Raw, *, manager: str = "kube-controller-manager"
    ) -> bool:
        """A write of the status, if it changes."""
        if self.get(resource_of(item), item["metadata"]["name"]) is not item:
            return False
        if item["status"] == status:
            return False
        item["status"] = copy.deepcopy(status)
        made: Raw = {f"f:{key}": {} for key in status}
        _put(item["metadata"], entry(manager, self.now, {"f:status": made}, subresource="status"))
        self._send("MODIFIED", resource_of(item), item)
        return True

    def bind(self, pod: Raw, condition: Raw) -> None:
        """The scheduler's word; it leaves no trace in managedFields that anybody reads."""
        if condition["status"] == "True":
            pod["spec"]["nodeName"] = NODE
        others = [c for c in pod["status"].get("conditions", ()) if c["type"] != "PodScheduled"]
        pod["status"] = {**pod["status"], "conditions": [*others, condition]}
        self._send("MODIFIED", "pods", pod)

    def disrupt(self, pod: Raw, reason: str) -> None:
        """The Eviction API's condition (registry/core/pod/storage/eviction.go)."""
        made = {
            "type": "DisruptionTarget", "status": "True", "lastProbeTime": None, "reason": reason,
            "message": "Eviction API: evicting", "lastTransitionTime": stamp(self.now),
        }  # fmt: skip
        pod["status"] = {**pod["status"], "conditions": [*pod["status"]["conditions"], made]}
        self._send("MODIFIED", "pods", pod)

    def ask_to_go(self, item: Raw, *, grace: int) -> None:
        """DELETE of a pod: its deletionTimestamp is when the grace ends."""
        meta = item["metadata"]
        if "deletionTimestamp" not in meta:
            meta["generation"] += 1
        meta["deletionTimestamp"] = stamp(self.now + grace * SECOND)
        meta["deletionGracePeriodSeconds"] = grace
        self._send("MODIFIED", resource_of(item), item)

    def remove(self, item: Raw) -> None:
        """It is gone."""
        resource = resource_of(item)
        if self.objects.pop((resource, item["metadata"]["name"]), None) is item:
            self._send("DELETED", resource, item)

    def send_event(self, type_: str, event: Raw) -> None:
        """An Event's frame."""
        event["metadata"]["resourceVersion"] = self._next()
        self._append({"type": type_, "resource": "events", "kind": "Event"}, event)

    def _send(self, type_: str, resource: str, item: Raw) -> None:
        item["metadata"]["resourceVersion"] = self._next()
        body = item
        if resource in METADATA_ONLY:
            body = {
                "kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1",
                "metadata": item["metadata"],
            }  # fmt: skip
        self._append({"type": type_, "resource": resource, "kind": item["kind"]}, body)
        for watcher in self.watchers:
            watcher(resource, item)

    def _append(self, head: Raw, body: Raw) -> None:
        self.frames.append({**head, "received": self.now, "object": copy.deepcopy(body)})
        self.now += _WRITE  # no two writes at once

    # -- names

    def uid(self) -> str:
        """One more."""
        return str(uuid.UUID(int=self.random.getrandbits(128), version=4))

    def word(self, length: int) -> str:
        """The end of a generated name."""
        return "".join(self.random.choice(_ALPHABET) for _ in range(length))

    def _next(self) -> str:
        self._version += 1
        return str(self._version)


def controller_of(item: Raw) -> Raw | None:
    """The owner reference of what controls it."""
    owners: list[Raw] = item["metadata"].get("ownerReferences") or []
    return owners[0] if owners else None


def resource_of(item: Raw) -> str:
    """The plural."""
    return next(resource for resource, (kind, _) in KINDS.items() if kind == item["kind"])


def _fields(spec: Mapping[str, Any]) -> Raw:
    return {"f:spec": {f"f:{key}": {} for key in spec}}


def _put(meta: Raw, made: Raw) -> None:
    def key(each: Raw) -> tuple[object, ...]:
        return each["manager"], each["operation"], each.get("subresource")

    # Who writes a field takes it from whoever wrote it before; an entry without any goes.
    others = [
        each
        for each in meta["managedFields"]
        if key(each) != key(made) and each["fieldsV1"] != made["fieldsV1"]
    ]
    meta["managedFields"] = [*others, made]
