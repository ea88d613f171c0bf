"""A cluster on paper whose objects have a status, as a real kubelet and controllers write it."""

from tests.scenarios.cluster import MS, Cluster
from tests.scenarios.fields import SECOND, STATUS, Raw, entry, stamp

_IMAGE = "docker.io/library/busybox:1.35"


class StatusCluster(Cluster):
    """Pods become ready, die and start again; rollouts complete."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._starts: dict[str, int] = {}
        """When each pod's container began (ns)."""

    def scale(self, name: str, *, manager: str = "kubectl", events: bool = True) -> None:
        """One replica more."""
        deployment = self.objects["deployments", name]
        deployment["spec"] = {**deployment["spec"], "replicas": deployment["spec"]["replicas"] + 1}
        super().scale(name, manager=manager, events=events)
        # Progressing stays as it was (deployment/progress.go).
        self._complete(name, self._newest_replica_set(name), deployment["status"]["conditions"])

    def die(self, pod: Raw, *, code: int = 1, reason: str = "Error", after: int = SECOND) -> None:
        """Its container ends, and starts again `after` so many ns."""
        container = pod["status"]["containerStatuses"][0]
        ended = {"terminated": self._end(pod, code=code, reason=reason)}
        self._set_status(pod, container | {"state": ended}, is_ready=False)
        self.wait(after)
        restarts = container["restartCount"] + 1
        self._run(pod, container | {"lastState": ended, "restartCount": restarts})

    def lose_readiness(self, pod: Raw, *, lasting: int) -> None:
        """Its probe fails for so many ns."""
        container = pod["status"]["containerStatuses"][0]
        self._set_status(pod, container, is_ready=False)
        self.wait(lasting)
        self._set_status(pod, container, is_ready=True)

    # -- inside

    def _rollout(self, name: str, replicas: int, *, replica_set: str = "") -> None:
        spec = {"replicas": replicas, "progressDeadlineSeconds": 600}
        self.objects["deployments", name] |= {"spec": spec, "status": {}}
        super()._rollout(name, replicas, replica_set=replica_set)
        made = self.objects.get(("replicasets", replica_set)) or self._newest_replica_set(name)
        second = stamp(self.now)
        progressing = {
            "type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable",
            "lastUpdateTime": second, "lastTransitionTime": second,
        }  # fmt: skip
        self._complete(name, made, [progressing])

    def _status(self, name: str) -> None:
        """The controller observes the newest generation."""
        deployment = self.objects["deployments", name]
        observed = {"observedGeneration": deployment["metadata"]["generation"]}
        deployment["status"] = {**deployment["status"], **observed}
        super()._status(name)

    def _complete(self, name: str, replica_set: Raw, conditions: list[Raw]) -> None:
        """The controllers note that all pods are ready."""
        deployment = self.objects["deployments", name]
        count = deployment["spec"]["replicas"]
        replica_set |= {
            "spec": {"replicas": count},
            "status": {"replicas": count, "readyReplicas": count, "observedGeneration": 1},
        }
        self._note("kube-controller-manager", "replicasets", replica_set)
        numbers = ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas")
        deployment["status"] = {
            **deployment["status"], "conditions": conditions, **dict.fromkeys(numbers, count),
        }  # fmt: skip
        self._note("kube-controller-manager", "deployments", deployment)

    def _pod(self, owner: Raw) -> None:
        super()._pod(owner)
        pod = self.pods[-1]
        pod["spec"] = {"nodeName": "node-1"}
        waiting = {"waiting": {"reason": "ContainerCreating"}}
        container = {"name": "web", "image": _IMAGE, "restartCount": 0, "state": waiting}
        self._set_status(pod, container, is_ready=False)
        self.wait(self.random.randint(100, 4000) * MS)
        self._run(pod, container)

    def _run(self, pod: Raw, container: Raw) -> None:
        name = pod["metadata"]["name"]
        self._starts[name] = self.now
        state = {"running": {"startedAt": stamp(self.now)}}
        made = f"containerd://{self.random.getrandbits(256):064x}"
        self._set_status(pod, container | {"state": state, "containerID": made}, is_ready=True)

    def _end(self, pod: Raw, *, code: int, reason: str) -> Raw:
        (container,) = pod["status"]["containerStatuses"]
        return {
            "exitCode": code, "reason": reason, "containerID": container["containerID"],
            "startedAt": stamp(self._starts[pod["metadata"]["name"]]),
            "finishedAt": stamp(self.now),
        }  # fmt: skip

    def _set_status(self, pod: Raw, container: Raw, *, is_ready: bool) -> None:
        created, last = pod["metadata"]["creationTimestamp"], pod.get("status")
        status, second = str(is_ready), stamp(self.now)
        if last and last["conditions"][1]["status"] == status:
            second = last["conditions"][1]["lastTransitionTime"]
        initialized = {"type": "Initialized", "status": "True", "lastTransitionTime": created}
        ready = {"type": "Ready", "status": status, "lastTransitionTime": second}
        if last is None:
            ready["lastTransitionTime"] = created
        pod["status"] = {
            "phase": "Running" if "containerID" in container else "Pending",
            "conditions": [initialized, ready], "containerStatuses": [container],
        }  # fmt: skip
        self._note("kubelet", "pods", pod)

    def _note(self, manager: str, resource: str, item: Raw) -> None:
        """A write to the status."""
        meta = item["metadata"]
        others = [each for each in meta["managedFields"] if each.get("subresource") != "status"]
        made = entry(manager, self.now, STATUS, subresource="status")
        meta["managedFields"] = [*others, made]
        self._frame("MODIFIED", resource, meta["name"])

    def _kill_all(self, name: str) -> None:
        for pod in self.pods:
            if pod["metadata"]["name"].startswith(f"{name}-"):
                self._ask_to_go(pod)
        super()._kill_all(name)

    def _ask_to_go(self, pod: Raw) -> None:
        grace = 30
        asked = {"deletionTimestamp": stamp(self.now + grace * SECOND)}
        pod["metadata"] |= asked | {"deletionGracePeriodSeconds": grace}
        self._frame("MODIFIED", "pods", pod["metadata"]["name"])
        self.wait(self.random.randint(20, 1500) * MS)
        (container,) = pod["status"]["containerStatuses"]
        ended = {"terminated": self._end(pod, code=137, reason="Error")}
        self._set_status(pod, container | {"state": ended}, is_ready=False)
