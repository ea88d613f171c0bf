"""The statefulset and the daemonset controller (pkg/controller/{statefulset,daemon})."""

import hashlib
from typing import ClassVar

from tests.scenarios.fields import Raw
from tests.scenarios.simulated.controller import Controller, is_active, is_ready, present

_REVISION = "controller-revision-hash"


def _revision(item: Raw) -> str:
    digest = hashlib.blake2b(repr(item["spec"]["template"]).encode(), digest_size=5).hexdigest()
    return f"{item['metadata']['name']}-{digest}"


class StatefulSets(Controller):
    """One pod after the other, OrderedReady."""

    resource: ClassVar[str] = "statefulsets"
    name: ClassVar[str] = "statefulset-controller"

    def reconcile(self, item: Raw) -> None:
        """One step, then its status."""
        pods = {pod["metadata"]["name"]: pod for pod in self.api.owned("pods", item)}
        if self._grow(item, pods):
            self._update(item, pods)
        self._tell(item)

    def _grow(self, item: Raw, pods: dict[str, Raw]) -> bool:
        """Whether all that are wanted are ready; else the next one was made or waited for."""
        name, wanted = item["metadata"]["name"], item["spec"]["replicas"]
        for ordinal in range(wanted):
            pod = pods.get(f"{name}-{ordinal}")
            if pod is None:
                self._create(item, ordinal)
                return False
            if not is_active(pod) or not is_ready(pod):
                return False
        extra = sorted(set(pods) - {f"{name}-{ordinal}" for ordinal in range(wanted)}, reverse=True)
        for each in extra:
            if is_active(pods[each]):
                self._delete(item, pods[each])
            return False
        return True

    def _create(self, item: Raw, ordinal: int) -> None:
        strategy, status = item["spec"]["updateStrategy"], item["status"]
        partition = (strategy.get("rollingUpdate") or {}).get("partition", 0)
        current = status.get("currentRevision") or _revision(item)
        is_new = ordinal >= partition or strategy["type"] == "OnDelete"
        labels = {_REVISION: _revision(item) if is_new else current}
        pod = self.create_pod(item, f"{item['metadata']['name']}-{ordinal}", labels)
        self._say(item, "SuccessfulCreate", "create", pod)

    def _delete(self, item: Raw, pod: Raw) -> None:
        self.delete_pod(pod)
        self._say(item, "SuccessfulDelete", "delete", pod)

    def _say(self, item: Raw, reason: str, verb: str, pod: Raw) -> None:
        names = (pod["metadata"]["name"], item["metadata"]["name"])
        self.event(item, reason, f"{verb} Pod {names[0]} in StatefulSet {names[1]} successful")

    def _update(self, item: Raw, pods: dict[str, Raw]) -> None:
        strategy = item["spec"]["updateStrategy"]
        if strategy["type"] == "OnDelete":
            return
        partition = (strategy.get("rollingUpdate") or {}).get("partition", 0)
        for ordinal in range(item["spec"]["replicas"] - 1, partition - 1, -1):
            pod = pods[f"{item['metadata']['name']}-{ordinal}"]
            if pod["metadata"]["labels"][_REVISION] != _revision(item):
                self._delete(item, pod)
                return

    def _tell(self, item: Raw) -> None:
        pods = self.api.owned("pods", item)
        update = _revision(item)
        current = item["status"].get("currentRevision") or update

        def of(revision: str) -> int:
            return sum(pod["metadata"]["labels"][_REVISION] == revision for pod in pods)

        ready = sum(is_active(pod) and is_ready(pod) for pod in pods)
        if of(update) == ready == item["spec"]["replicas"]:
            current = update
        status = {
            "observedGeneration": item["metadata"]["generation"], "replicas": len(pods),
            "readyReplicas": ready, "currentReplicas": of(current), "updatedReplicas": of(update),
            "currentRevision": current, "updateRevision": update, "collisionCount": 0,
            "availableReplicas": ready,
        }  # fmt: skip
        self.api.write_status(item, present(status))


class DaemonSets(Controller):
    """A pod on each of `nodes` nodes, one replaced after the other."""

    resource: ClassVar[str] = "daemonsets"
    name: ClassVar[str] = "daemonset-controller"
    nodes = 1

    def reconcile(self, item: Raw) -> None:
        """One step, then its status."""
        pods = [pod for pod in self.api.owned("pods", item) if is_active(pod)]
        going = len(self.api.owned("pods", item)) - len(pods)
        self._tell(item, pods)
        missing = self.nodes - len(pods) - going
        for _ in range(missing):
            pod = self.create_pod(item, labels={_REVISION: _revision(item)})
            self.event(item, "SuccessfulCreate", f"Created pod: {pod['metadata']['name']}")
        old = [pod for pod in pods if pod["metadata"]["labels"][_REVISION] != _revision(item)]
        may = missing <= 0 and not going and all(map(is_ready, pods))
        if old and may and item["spec"]["updateStrategy"]["type"] == "RollingUpdate":
            self.delete_pod(old[0])
            self.event(item, "SuccessfulDelete", f"Deleted pod: {old[0]['metadata']['name']}")

    def _tell(self, item: Raw, pods: list[Raw]) -> None:
        ready = sum(map(is_ready, pods))
        updated = sum(pod["metadata"]["labels"][_REVISION] == _revision(item) for pod in pods)
        status = {
            "observedGeneration": item["metadata"]["generation"],
            "currentNumberScheduled": len(pods), "numberMisscheduled": 0,
            "desiredNumberScheduled": self.nodes, "numberReady": ready,
            "updatedNumberScheduled": updated, "numberAvailable": ready,
            "numberUnavailable": self.nodes - ready,
        }  # fmt: skip
        self.api.write_status(item, present(status))
