"""A cluster in simulated time: workloads whose pods fare as they are told to.

The frames are those of a real 1.34 (tests/recordings/status): whole objects, Events by recorders
that count, combine and drop, conditions with whole seconds, managedFields with the writes' times.
Controllers, scheduler and kubelet are programs; nothing of the tracer is used to make them.
"""

from collections.abc import Sequence
from typing import Any

from tests.scenarios.fields import Raw
from tests.scenarios.simulated.api import START, Api, resource_of
from tests.scenarios.simulated.deployments import Deployments, ReplicaSets
from tests.scenarios.simulated.jobs import Jobs
from tests.scenarios.simulated.kubelet import Kubelet, Lives
from tests.scenarios.simulated.life import HEALTHY, HOPELESS, NEVER, Life
from tests.scenarios.simulated.recorder import Recorder
from tests.scenarios.simulated.sets import DaemonSets, StatefulSets

_APPLY = "kubectl-client-side-apply"
_RESTARTED: Raw = {
    "f:spec": {
        "f:template": {
            "f:metadata": {"f:annotations": {".": {}, "f:kubectl.kubernetes.io/restartedAt": {}}}
        }
    }
}
_TEMPLATE: Raw = {"f:spec": {"f:template": {"f:spec": {"f:containers": {}}}}}


class Rollouts:
    """A cluster and what its users do to it. Times are seconds since the beginning."""

    def __init__(self, *, seed: int = 0, nodes: int = 1, namespace: str = "shop") -> None:
        self.api = Api(seed=seed, namespace=namespace)
        self._recorder = Recorder(self.api)
        self._lives: Lives = {}
        self._images = 0
        self._kubelet = Kubelet(self.api, self._recorder, self._lives)
        self._deployments = Deployments(self.api, self._recorder)
        self.replica_sets = ReplicaSets(self.api, self._recorder)
        self._stateful_sets = StatefulSets(self.api, self._recorder)
        self._daemon_sets = DaemonSets(self.api, self._recorder)
        self._daemon_sets.nodes = nodes
        self._jobs = Jobs(self.api, self._recorder)
        self.completed: dict[tuple[str, int], float] = {}
        self.api.watchers.append(self._note)

    @property
    def frames(self) -> list[Raw]:
        """All raw frames so far."""
        return self.api.frames

    def run(self, until: float) -> None:
        """Let it go on until then."""
        self.api.run(until)

    @staticmethod
    def second(elapsed: float) -> float:
        """Unix seconds."""
        return START / 1e9 + elapsed

    # -- what users do

    def deployment(
        self, name: str = "web", *lives: Life,
        replicas: int = 1, deadline: int = 600, min_ready: int = 0,
    ) -> Raw:  # fmt: skip
        """kubectl apply of a new one."""
        spec = {
            "replicas": replicas, "template": self._template(name, lives), "paused": False,
            "minReadySeconds": min_ready, "progressDeadlineSeconds": deadline,
            "strategy": {"type": "RollingUpdate"},
        }  # fmt: skip
        return self.api.create("deployments", name, spec=spec, manager=_APPLY)

    def stateful_set(
        self, name: str = "db", *lives: Life,
        replicas: int = 3, partition: int = 0, on_delete: bool = False,
        owner: Raw | None = None, manager: str = _APPLY,
    ) -> Raw:  # fmt: skip
        """A new one."""
        rolling = {"type": "RollingUpdate", "rollingUpdate": {"partition": partition}}
        spec = {
            "replicas": replicas, "template": self._template(name, lives),
            "updateStrategy": {"type": "OnDelete"} if on_delete else rolling,
        }  # fmt: skip
        return self.api.create(
            "statefulsets", name, spec=spec, manager=manager, owner=owner, status={"replicas": 0}
        )

    def daemon_set(self, name: str = "agent", *lives: Life) -> Raw:
        """A new one."""
        spec = {
            "template": self._template(name, lives),
            "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1}},
        }
        status = {
            "currentNumberScheduled": 0, "numberMisscheduled": 0, "desiredNumberScheduled": 0,
            "numberReady": 0,
        }  # fmt: skip
        return self.api.create("daemonsets", name, spec=spec, manager=_APPLY, status=status)

    def job(
        self, name: str = "work", *lives: Life,
        completions: int = 1, parallelism: int = 1, limit: int = 6,
    ) -> Raw:  # fmt: skip
        """A new one; the n-th life is that of its n-th try."""
        template = self._template(name, lives)
        template["spec"]["restartPolicy"] = "Never"
        spec = {
            "parallelism": parallelism, "completions": completions, "backoffLimit": limit,
            "suspend": False, "template": template,
        }  # fmt: skip
        return self.api.create("jobs", name, spec=spec, manager=_APPLY)

    def database(self, name: str = "orders") -> Raw:
        """A custom resource, whose operator does the rest."""
        return self.api.create("databases", name, spec={"size": 1}, manager=_APPLY)

    def update(self, item: Raw, *lives: Life, manager: str = "kubectl-set") -> None:
        """Another image."""
        template = self._template(item["metadata"]["name"], lives, like=item)
        self.api.patch(item, {"template": template}, manager=manager, fields=_TEMPLATE)

    def undo(self, item: Raw) -> None:
        """kubectl rollout undo: the template of the ReplicaSet before."""
        sets = self.api.owned("replicasets", item)
        older = [each for each in sets if each["spec"]["template"] != item["spec"]["template"]]
        if older:
            template = max(older, key=_revision)["spec"]["template"]
            self.api.patch(item, {"template": template}, manager="kubectl", fields=_TEMPLATE)

    def pause(self, item: Raw) -> None:
        """kubectl rollout pause."""
        paused: Raw = {"f:spec": {"f:paused": {}}}
        self.api.patch(item, {"paused": True}, manager="kubectl-rollout", fields=paused)

    def resume(self, item: Raw) -> None:
        """kubectl rollout resume, which leaves no trace in managedFields."""
        meta = item["metadata"]
        meta["managedFields"] = [
            each for each in meta["managedFields"] if each["manager"] != "kubectl-rollout"
        ]
        self.api.resume(item)

    def restart(self, item: Raw) -> None:
        """kubectl rollout restart."""
        template = dict(item["spec"]["template"])
        template["metadata"] = {"annotations": {"restartedAt": str(self.api.now)}}
        self.api.patch(item, {"template": template}, manager="kubectl-rollout", fields=_RESTARTED)

    def scale(self, item: Raw, replicas: int, *, manager: str = "kubectl") -> None:
        """kubectl scale, or the autoscaler."""
        self.api.patch(item, {"replicas": replicas}, manager=manager, subresource="scale")

    def autoscaler(self, item: Raw) -> Raw:
        """An HPA of it."""
        meta = item["metadata"]
        target = {"kind": item["kind"], "name": meta["name"], "apiVersion": item["apiVersion"]}
        spec = {"scaleTargetRef": target}
        return self.api.create("horizontalpodautoscalers", meta["name"], spec=spec, manager=_APPLY)

    def autoscale(self, autoscaler: Raw, item: Raw, replicas: int) -> None:
        """The autoscaler scales, and says so (podautoscaler/horizontal.go)."""
        self.scale(item, replicas, manager="kube-controller-manager")
        text = f"New size: {replicas}; reason: cpu resource utilization above target"
        self._recorder.event(autoscaler, "SuccessfulRescale", "horizontal-pod-autoscaler", text)

    def delete(self, pod: Raw) -> None:
        """kubectl delete pod."""
        self.api.ask_to_go(pod, grace=pod["spec"]["terminationGracePeriodSeconds"])

    def evict(self, pod: Raw, *, reason: str = "EvictionByEvictionAPI") -> None:
        """kubectl drain, or whoever gives this reason."""
        self.api.disrupt(pod, reason)
        self.delete(pod)

    def pods(self, item: Raw) -> list[Raw]:
        """Those of a workload, the oldest first."""
        found = self.api.owned("pods", item)
        for each in self.api.owned("replicasets", item):
            found += self.api.owned("pods", each)
        return found

    # -- inside

    def _template(self, name: str, lives: Sequence[Life], like: Raw | None = None) -> Raw:
        self._images += 1
        image = f"registry.example.com/{name}:{self._images}"
        self._lives[image] = lives or (HEALTHY,)
        life = self._lives[image][0]
        container: Raw = {"name": name, "image": image}
        if life.ready is not None:
            container["readinessProbe"] = {"exec": {"command": ["true"]}, "periodSeconds": 1}
        spec: Raw = {
            "containers": [container], "restartPolicy": "Always",
            "terminationGracePeriodSeconds": life.grace,
        }  # fmt: skip
        if like:
            spec["restartPolicy"] = like["spec"]["template"]["spec"]["restartPolicy"]
        if life.init:
            spec["initContainers"] = [
                {"name": f"init-{n}", "image": image} for n, _ in enumerate(life.init)
            ]
        if life.gate is not None:
            spec["readinessGates"] = [{"conditionType": "example.com/gate"}]
        return {"metadata": {"labels": {"app": name}}, "spec": spec}

    def _note(self, resource: str, item: Raw) -> None:
        """Keep when each generation was complete for the first time, by kubectl's rules."""
        rule = _COMPLETE.get(resource)
        generation = item["metadata"]["generation"]
        observed = item["status"].get("observedGeneration", 0)
        if rule and observed >= generation and rule(item["spec"], item["status"]):
            key = (f"{item['kind']} {item['metadata']['name']}", generation)
            self.completed.setdefault(key, self.api.elapsed)


def _revision(item: Raw) -> int:
    return int(item["metadata"]["annotations"]["deployment.kubernetes.io/revision"])


def is_complete(item: Raw) -> bool:
    """kubectl's word on a workload (polymorphichelpers/rollout_status.go)."""
    observed = item["status"].get("observedGeneration", 0)
    rule = _COMPLETE[resource_of(item)]
    return bool(observed >= item["metadata"]["generation"] and rule(item["spec"], item["status"]))


def _deployment(spec: Raw, status: Raw) -> bool:
    updated = status.get("updatedReplicas", 0)
    return bool(
        updated >= spec["replicas"]
        and status.get("replicas", 0) <= updated
        and status.get("availableReplicas", 0) >= updated
    )


def _stateful_set(spec: Raw, status: Raw) -> bool:
    ready, strategy = status.get("readyReplicas", 0), spec["updateStrategy"]
    if strategy["type"] == "OnDelete":
        return bool(ready >= spec["replicas"])
    updated = (
        status.get("updatedReplicas", 0)
        >= spec["replicas"] - strategy["rollingUpdate"]["partition"]
    )
    return bool(ready >= spec["replicas"] and updated)


def _daemon_set(spec: Raw, status: Raw) -> bool:
    wanted = status["desiredNumberScheduled"]
    keys = ("updatedNumberScheduled", "numberAvailable")
    return all(status.get(key, 0) >= wanted for key in keys)


_COMPLETE: dict[str, Any] = {
    "deployments": _deployment, "statefulsets": _stateful_set, "daemonsets": _daemon_set,
}  # fmt: skip

__all__ = ["HEALTHY", "HOPELESS", "NEVER", "START", "Life", "Rollouts", "is_complete"]
