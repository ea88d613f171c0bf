"""A cluster on paper: it writes the frames that a real one writes, in the same order.

Field for field after captures of Kubernetes 1.34 (tests/recordings), with a clock and a
randomness of its own, so that the same calls give the same frames.
"""

import random
import uuid
from dataclasses import dataclass, field

from tests.fields import REPLICAS, RESTART, SECOND, SPEC, STATUS, TEMPLATE, Raw, entry, micro, stamp

START = 1_795_473_171_600_000_000
MS = 1_000_000
_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"


@dataclass
class Cluster:
    """Its frames stand in `frames`, in order of arrival; `times` are when each was written."""

    seed: int = 0
    now: int = START
    namespace: str = "shop"
    frames: list[Raw] = field(default_factory=list)
    times: list[int] = field(default_factory=list)
    version: int = 100
    objects: dict[tuple[str, str], Raw] = field(default_factory=dict)
    events: dict[str, Raw] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)

    # -- the workload's life

    def apply(
        self, name: str, *, replicas: int = 1, manager: str = "kubectl-client-side-apply"
    ) -> None:
        """kubectl apply of a new Deployment."""
        self._new("deployments", "Deployment", name, fields=[entry(manager, self.now, SPEC)])
        self._rollout(name, replicas)

    def update(
        self, name: str, *, replicas: int = 1, manager: str = "kubectl-client-side-apply"
    ) -> None:
        """A new template."""
        self._write(name, entry(manager, self.now, SPEC))
        self._rollout(name, replicas)

    def edit(self, name: str) -> None:
        """kubectl edit of the template, overtaken by the next change."""
        self._write(name, entry("kubectl-edit", self.now, TEMPLATE))

    def roll_back(self, name: str, *, replicas: int = 1) -> None:
        """kubectl rollout undo: an old ReplicaSet comes back."""
        self._write(name, entry("kubectl", self.now, TEMPLATE))
        first = next(o for (r, _), o in self.objects.items() if r == "replicasets")
        self._rollout(name, replicas, replica_set=first["metadata"]["name"])

    def restart(self, name: str, *, replicas: int = 1) -> None:
        """kubectl rollout restart."""
        self._write(name, entry("kubectl-rollout", self.now, RESTART))
        self._rollout(name, replicas)

    def scale(self, name: str, *, manager: str = "kubectl", events: bool = True) -> None:
        """A write through /scale: its managedFields entry has no time."""
        deployment = self._write(name, entry(manager, None, REPLICAS, subresource="scale"))
        replica_set = self._newest_replica_set(name)
        self.wait(4 * MS)
        if events:
            self.event(
                deployment, "ScalingReplicaSet", "deployment-controller",
                f"Scaled up replica set {replica_set['metadata']['name']} from 1 to 2",
            )  # fmt: skip
        self.wait(2 * MS)
        self._status(name)
        self._pod(replica_set)

    def annotate(self, name: str) -> None:
        """kubectl annotate: generation rises, intent does not."""
        self._write(
            name, entry("kubectl-annotate", self.now, {"f:metadata": {"f:annotations": {}}})
        )
        self.wait(3 * MS)
        self._status(name)

    def delete_foreground(self, name: str) -> None:
        """kubectl delete --cascade=foreground."""
        meta = self.objects["deployments", name]["metadata"]
        meta |= {"deletionTimestamp": stamp(self.now), "deletionGracePeriodSeconds": 0}
        meta["generation"] += 1
        self._frame("MODIFIED", "deployments", name)
        self._kill_all(name)
        self._frame("DELETED", "deployments", name)

    def delete_background(self, name: str) -> None:
        """kubectl delete: a bare DELETED, then the garbage collector."""
        self._frame("DELETED", "deployments", name)
        self._frame("DELETED", "replicasets", self._newest_replica_set(name)["metadata"]["name"])
        self._kill_all(name)

    def back_off(self, pod: Raw, *, times: int, every: int = 13 * SECOND) -> None:
        """The kubelet's crash loop: one Event whose count rises."""
        name = pod["metadata"]["name"]
        event = self.event(
            pod, "BackOff", "kubelet", f"Back-off restarting failed container web in pod {name}",
            type_="Warning", path="spec.containers{web}",
        )  # fmt: skip
        for count in range(2, times + 1):
            self.wait(every)
            self.repeat(event, count=count)

    def hand_over(self, pod: Raw, references: list[Raw]) -> None:
        """Other owners for a pod."""
        pod["metadata"]["ownerReferences"] = references
        self._frame("MODIFIED", "pods", pod["metadata"]["name"])

    def wait(self, duration: int) -> None:
        """Let `duration` ns pass."""
        self.now += duration

    @property
    def pods(self) -> list[Raw]:
        """The pods that are there."""
        return [item for (resource, _), item in self.objects.items() if resource == "pods"]

    # -- what is written

    def event(
        self, item: Raw, reason: str, component: str, message: str, *,
        type_: str = "Normal", path: str = "",
    ) -> Raw:  # fmt: skip
        """A new Event by the legacy recorder."""
        meta = item["metadata"]
        involved = {key: meta[key] for key in ("name", "namespace", "uid", "resourceVersion")}
        made: Raw = {
            "kind": "Event", "apiVersion": "v1",
            "metadata": self._meta(f"{meta['name']}.{self.now:x}", [entry(component, self.now, {})]),
            "involvedObject": {"kind": item["_kind"], **involved},
            "reason": reason, "message": message, "type": type_, "count": 1,
            "source": {"component": component} | ({"host": "node-1"} if component == "kubelet" else {}),
            "firstTimestamp": stamp(self.now), "lastTimestamp": stamp(self.now), "eventTime": None,
            "reportingComponent": component, "reportingInstance": "",
        }  # fmt: skip
        if path:
            made["involvedObject"]["fieldPath"] = path
        return self._event_frame("ADDED", made)

    def scheduled(self, pod: Raw) -> Raw:
        """An Event by the new recorder, which the scheduler uses."""
        meta = pod["metadata"]
        involved = {key: meta[key] for key in ("name", "namespace", "uid", "resourceVersion")}
        made = {
            "kind": "Event", "apiVersion": "v1", "metadata": self._meta(f"{meta['name']}.{self.now:x}"),
            "involvedObject": {"kind": "Pod", **involved}, "reason": "Scheduled", "type": "Normal",
            "message": f"Successfully assigned {self.namespace}/{meta['name']} to node-1",
            "source": {}, "firstTimestamp": None, "lastTimestamp": None, "action": "Binding",
            "eventTime": micro(self.now), "reportingComponent": "default-scheduler",
            "reportingInstance": "default-scheduler-1",
        }  # fmt: skip
        return self._event_frame("ADDED", made)

    def repeat(self, event: Raw, *, count: int) -> Raw:
        """The same Event once more: a PATCH of count and lastTimestamp."""
        fields = [entry(event["source"]["component"], self.now, {})]
        meta = {**event["metadata"], "resourceVersion": self._next(), "managedFields": fields}
        return self._event_frame(
            "MODIFIED",
            {**event, "metadata": meta, "count": count, "lastTimestamp": stamp(self.now)},
        )

    # -- inside

    def _rollout(self, name: str, replicas: int, *, replica_set: str = "") -> None:
        deployment = self.objects["deployments", name]
        made = replica_set or f"{name}-{self._word(10)}"
        self.wait(7 * MS)
        if not replica_set:
            self._new("replicasets", "ReplicaSet", made, owner=deployment)
        self.event(
            deployment, "ScalingReplicaSet", "deployment-controller",
            f"Scaled up replica set {made} from 0 to {replicas}",
        )  # fmt: skip
        self.wait(3 * MS)
        self._status(name)
        for _ in range(replicas):
            self._pod(self.objects["replicasets", made])

    def _pod(self, owner: Raw) -> None:
        name = f"{owner['metadata']['name']}-{self._word(5)}"
        self.wait(self.random.randint(2, 12) * MS)
        pod = self._new("pods", "Pod", name, owner=owner)
        self.wait(4 * MS)
        self.scheduled(pod)
        self.wait(3 * MS)
        self.event(owner, "SuccessfulCreate", "replicaset-controller", f"Created pod: {name}")
        self.wait(self.random.randint(40, 400) * MS)
        path, image = "spec.containers{web}", "docker.io/library/busybox:1.35"
        self.event(
            pod,
            "Pulled",
            "kubelet",
            f'Container image "{image}" already present on machine',
            path=path,
        )
        self.wait(self.random.randint(20, 60) * MS)
        self.event(pod, "Created", "kubelet", "Created container: web", path=path)
        self.wait(self.random.randint(30, 200) * MS)
        self.event(pod, "Started", "kubelet", "Started container web", path=path)

    def _kill_all(self, name: str) -> None:
        for pod in self.pods:
            if pod["metadata"]["name"].startswith(f"{name}-"):
                self.wait(5 * MS)
                self.event(
                    pod, "Killing", "kubelet", "Stopping container web", path="spec.containers{web}"
                )
                self._frame("DELETED", "pods", pod["metadata"]["name"])

    def _newest_replica_set(self, name: str) -> Raw:
        found = [
            o
            for (r, n), o in self.objects.items()
            if r == "replicasets" and n.startswith(f"{name}-")
        ]
        return found[-1]

    def _new(
        self, resource: str, kind: str, name: str, *,
        owner: Raw | None = None, fields: list[Raw] | None = None,
    ) -> Raw:  # fmt: skip
        made = fields or [entry("kube-controller-manager", self.now, SPEC)]
        item: Raw = {"_kind": kind, "metadata": self._meta(name, made) | {"generation": 1}}
        if owner:
            meta = owner["metadata"]
            reference = {"kind": owner["_kind"], "name": meta["name"], "uid": meta["uid"]}
            item["metadata"]["ownerReferences"] = [
                {"apiVersion": "apps/v1", "controller": True, **reference}
            ]
        self.objects[resource, name] = item
        self._frame("ADDED", resource, name)
        return self.objects[resource, name]

    def _write(self, name: str, made: Raw) -> Raw:
        """One more entry of managedFields and a rise of generation."""
        item = self.objects["deployments", name]
        meta = item["metadata"]
        key = (made["manager"], made.get("subresource"))
        others = [e for e in meta["managedFields"] if (e["manager"], e.get("subresource")) != key]
        meta |= {"managedFields": [*others, made], "generation": meta["generation"] + 1}
        self._frame("MODIFIED", "deployments", name)
        return item

    def _status(self, name: str) -> None:
        meta = self.objects["deployments", name]["metadata"]
        others = [e for e in meta["managedFields"] if e.get("subresource") != "status"]
        made = entry("kube-controller-manager", self.now, STATUS, subresource="status")
        meta["managedFields"] = [*others, made]
        self._frame("MODIFIED", "deployments", name)

    def _frame(self, type_: str, resource: str, name: str) -> None:
        item = self.objects[resource, name]
        item["metadata"] = {**item["metadata"], "resourceVersion": self._next()}
        body = {
            "kind": "PartialObjectMetadata",
            "apiVersion": "meta.k8s.io/v1",
            "metadata": dict(item["metadata"]),
        }
        self._send({"type": type_, "resource": resource, "kind": item["_kind"], "object": body})
        if type_ == "DELETED":
            del self.objects[resource, name]

    def _event_frame(self, type_: str, event: Raw) -> Raw:
        self.events[event["metadata"]["uid"]] = event
        self._send({"type": type_, "resource": "events", "kind": "Event", "object": event})
        return event

    def _send(self, frame: Raw) -> None:
        self.frames.append(frame)
        self.times.append(self.now)

    def _meta(self, name: str, fields: list[Raw] | None = None) -> Raw:
        return {
            "name": name, "namespace": self.namespace, "uid": self._uid(),
            "resourceVersion": self._next(), "creationTimestamp": stamp(self.now),
            "managedFields": fields or [entry("kube-scheduler", self.now, {})],
        }  # fmt: skip

    def _uid(self) -> str:
        return str(uuid.UUID(int=self.random.getrandbits(128), version=4))

    def _next(self) -> str:
        self.version += 1
        return str(self.version)

    def _word(self, length: int) -> str:
        return "".join(self.random.choice(_ALPHABET) for _ in range(length))
