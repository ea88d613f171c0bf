"""A cluster on paper: it writes the frames that a real one writes, in the same order.

Field for field after captures of Kubernetes 1.34 (tests/recordings), with a clock and a
randomness of its own, so that the same calls give the same frames.
"""

from tests.scenarios.fields import (
    PAUSED,
    REPLICAS,
    RESTART,
    SECOND,
    SPEC,
    STATUS,
    TEMPLATE,
    VOLUME,
    Raw,
    entry,
    stamp,
)
from tests.scenarios.writer import Writer

MS = 1_000_000


class Cluster(Writer):
    """Deployments that live, one life after another."""

    # -- the workload's life

    def apply(
        self, name: str, *, replicas: int = 1, manager: str = "kubectl-client-side-apply"
    ) -> None:
        """kubectl apply of a new Deployment."""
        self._new("deployments", "Deployment", name, fields=[entry(manager, self.now, SPEC)])
        self._rollout(name, replicas)

    def update(
        self,
        name: str,
        *,
        replicas: int = 1,
        manager: str = "kubectl-client-side-apply",
        operation: str = "Update",
    ) -> None:
        """A new template."""
        self._write(name, entry(manager, self.now, SPEC, operation=operation))
        self._rollout(name, replicas)

    def claim(self, name: str) -> Raw:
        """A PersistentVolumeClaim, which has no generation."""
        made = [entry("kubectl-client-side-apply", self.now, SPEC)]
        self._new("persistentvolumeclaims", "PersistentVolumeClaim", name, fields=made)
        return self.bind(name)

    def bind(self, name: str) -> Raw:
        """The controller writes the volume's name into a claim's spec."""
        item = self.objects["persistentvolumeclaims", name]
        item["metadata"].pop("generation", None)
        item["metadata"]["managedFields"] += [entry("kube-controller-manager", self.now, VOLUME)]
        self._frame("MODIFIED", "persistentvolumeclaims", name)
        return item

    def edit(self, name: str) -> None:
        """kubectl edit of the template, overtaken by the next change."""
        self._write(name, entry("kubectl-edit", self.now, TEMPLATE))

    def roll_back(self, name: str, *, replicas: int = 1) -> None:
        """kubectl rollout undo: an old ReplicaSet comes back."""
        self._write(name, entry("kubectl", self.now, TEMPLATE))
        first = next(iter(self._replica_sets(name)))
        self._rollout(name, replicas, replica_set=first["metadata"]["name"])

    def restart(self, name: str, *, replicas: int = 1) -> None:
        """kubectl rollout restart."""
        self._write(name, entry("kubectl-rollout", self.now, RESTART))
        self._rollout(name, replicas)

    def pause(self, name: str) -> None:
        """kubectl rollout pause and, some seconds later, resume, which takes its entry away."""
        self._write(name, entry("kubectl-rollout", self.now, PAUSED))
        self.wait(3 * MS)
        self._status(name)
        self.wait(7 * SECOND)
        meta = self.objects["deployments", name]["metadata"]
        left = [each for each in meta["managedFields"] if each["fieldsV1"] != PAUSED]
        meta |= {"managedFields": left, "generation": meta["generation"] + 1}
        self._frame("MODIFIED", "deployments", name)
        self._scaled(name)

    def scale(self, name: str, *, manager: str = "kubectl", events: bool = True) -> None:
        """A write through /scale: its managedFields entry has no time."""
        self._write(name, entry(manager, None, REPLICAS, subresource="scale"))
        self._scaled(name, events=events)

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

    def replace_pod(self, name: str, owner: Raw) -> None:
        """One goes, and its ReplicaSet makes another."""
        self._frame("DELETED", "pods", name)
        self._pod(owner)

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

    # -- inside

    def _scaled(self, name: str, *, events: bool = True) -> None:
        """The controller's answer to a write that has no date."""
        deployment, replica_set = self.objects["deployments", name], self._newest_replica_set(name)
        self.wait(4 * MS)
        if events:
            self.event(
                deployment, "ScalingReplicaSet", "deployment-controller",
                f"Scaled up replica set {replica_set['metadata']['name']} from 1 to 2",
            )  # fmt: skip
        self.wait(2 * MS)
        self._status(name)
        self._pod(replica_set)

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
        return self._replica_sets(name)[-1]

    def _replica_sets(self, name: str) -> list[Raw]:
        """Those of a Deployment, the oldest first."""
        of_name = (key for key in self.objects if key[1].startswith(f"{name}-"))
        return [self.objects[key] for key in of_name if key[0] == "replicasets"]

    def _write(self, name: str, made: Raw) -> Raw:
        """One more entry of managedFields and a rise of generation."""
        item = self.objects["deployments", name]
        meta = item["metadata"]
        key = (made["manager"], made["operation"], made.get("subresource"))
        others = [
            e
            for e in meta["managedFields"]
            if (e["manager"], e["operation"], e.get("subresource")) != key
        ]
        meta |= {"managedFields": [*others, made], "generation": meta["generation"] + 1}
        self._frame("MODIFIED", "deployments", name)
        return item

    def _status(self, name: str) -> None:
        meta = self.objects["deployments", name]["metadata"]
        others = [e for e in meta["managedFields"] if e.get("subresource") != "status"]
        made = entry("kube-controller-manager", self.now, STATUS, subresource="status")
        meta["managedFields"] = [*others, made]
        self._frame("MODIFIED", "deployments", name)
