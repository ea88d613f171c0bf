"""The deployment and the replicaset controller (pkg/controller/{deployment,replicaset})."""

import hashlib
import math
from typing import ClassVar

from event_tracer.core.times import parse_timestamp
from tests.scenarios.fields import SECOND, Raw
from tests.scenarios.simulated.controller import (
    Controller,
    are_available,
    condition,
    is_active,
    is_ready,
    present,
)

_REVISION = "deployment.kubernetes.io/revision"
_HISTORY = "deployment.kubernetes.io/revision-history"
_EXCEEDED = "exceeded quota: q, requested: pods=1, used: pods=1, limited: pods=1"


class ReplicaSets(Controller):
    """Pods for each ReplicaSet; `refusals` are how many creations a quota refuses."""

    resource: ClassVar[str] = "replicasets"
    name: ClassVar[str] = "replicaset-controller"
    refusals = 0

    def reconcile(self, item: Raw) -> None:
        """Create or delete, then tell."""
        pods = self.api.owned("pods", item)
        active = [pod for pod in pods if is_active(pod)]
        failure = self._scale(item, active)
        self._tell(item, [pod for pod in self.api.owned("pods", item) if is_active(pod)], failure)

    def _scale(self, item: Raw, active: list[Raw]) -> str:
        wanted = item["spec"]["replicas"]
        for _ in range(wanted - len(active)):
            if self.refusals > 0:
                self.refusals -= 1
                name = f"{item['metadata']['name']}-{self.api.word(5)}"
                text = f'Error creating: pods "{name}" is forbidden: {_EXCEEDED}'
                self.event(item, "FailedCreate", text, type_="Warning")
                self.later(item, 5)
                return text
            pod = self.create_pod(item)
            self.event(item, "SuccessfulCreate", f"Created pod: {pod['metadata']['name']}")
        for pod in sorted(active, key=is_ready)[: max(0, len(active) - wanted)]:
            self.delete_pod(pod)
            self.event(item, "SuccessfulDelete", f"Deleted pod: {pod['metadata']['name']}")
        return ""

    def _tell(self, item: Raw, active: list[Raw], failure: str) -> None:
        ready = sum(map(is_ready, active))
        wait = item["spec"]["minReadySeconds"]
        available = are_available(active, now=self.api.now, seconds=wait)
        if available < ready:
            self.later(item, 1)
        status = present(
            {
                "replicas": len(active), "fullyLabeledReplicas": len(active),
                "readyReplicas": ready, "availableReplicas": available,
                "observedGeneration": item["metadata"]["generation"],
            }
        )  # fmt: skip
        if failure:
            old = next(iter(item["status"].get("conditions", ())), None)
            made = condition("ReplicaFailure", "True", "FailedCreate", failure, self.api.now, old)
            del made["lastUpdateTime"]
            status["conditions"] = [old or made]
        self.api.write_status(item, status)


class Deployments(Controller):
    """Rolling updates with a surge of a quarter, as by default."""

    resource: ClassVar[str] = "deployments"
    name: ClassVar[str] = "deployment-controller"

    def reconcile(self, item: Raw) -> None:
        """One step of its rollout, then its status."""
        sets = self.api.owned("replicasets", item)
        current = next((each for each in sets if _template(each) == _template(item)), None)
        if item["spec"]["paused"]:
            self._note_pause(item, "DeploymentPaused", "Deployment is paused")
            self._tell(item, sets, current)
            return
        if self._progressing(item).get("reason") == "DeploymentPaused":
            self._note_pause(item, "DeploymentResumed", "Deployment is resumed")
        if current is None:
            self._new_set(item, sets)
            return
        self._renumber(item, current, sets)
        self._step(item, current, [each for each in sets if each is not current])
        self._tell(item, self.api.owned("replicasets", item), current)

    def _note_pause(self, item: Raw, reason: str, message: str) -> None:
        old = self._progressing(item)
        if old.get("reason") == reason:
            return
        made = condition("Progressing", "Unknown", reason, message, self.api.now, old or None)
        self._write_progressing(item, made)

    def _new_set(self, item: Raw, sets: list[Raw]) -> None:
        spec, meta = item["spec"], item["metadata"]
        name = f"{meta['name']}-{_hash(item)}"
        total = sum(each["spec"]["replicas"] for each in sets)
        replicas = min(spec["replicas"], spec["replicas"] + self._surge(item) - total)
        replicas = max(0, replicas) if sets else spec["replicas"]
        revision = str(max(map(_revision, sets), default=0) + 1)
        meta.setdefault("annotations", {})[_REVISION] = revision
        made = {key: spec[key] for key in ("template", "minReadySeconds")} | {"replicas": replicas}
        self.api.create(
            "replicasets", name, spec=made, owner=item, status={"replicas": 0},
            annotations={_REVISION: revision},
        )  # fmt: skip
        text = f'Created new replica set "{name}"'
        old = self._progressing(item) or None
        made = condition("Progressing", "True", "NewReplicaSetCreated", text, self.api.now, old)
        self._write_progressing(item, made)
        if replicas:
            self.event(
                item, "ScalingReplicaSet", f"Scaled up replica set {name} from 0 to {replicas}"
            )

    def _renumber(self, item: Raw, current: Raw, sets: list[Raw]) -> None:
        """SetNewReplicaSetAnnotations: a template that comes again is the newest revision."""
        newest = max(map(_revision, sets))
        if _revision(current) == newest:
            return
        annotations = current["metadata"]["annotations"]
        before = [annotations[_HISTORY]] if _HISTORY in annotations else []
        history = ",".join([*before, annotations[_REVISION]])
        renumbered = {_REVISION: str(newest + 1), _HISTORY: history}
        item["metadata"]["annotations"][_REVISION] = str(newest + 1)
        self.api.patch(current, {}, annotations=renumbered)

    def _step(self, item: Raw, current: Raw, old: list[Raw]) -> None:
        wanted = item["spec"]["replicas"]
        alive = [each for each in old if each["spec"]["replicas"]]
        if not alive:
            self._scale(item, current, wanted)
            return
        total = current["spec"]["replicas"] + sum(each["spec"]["replicas"] for each in alive)
        room = wanted + self._surge(item) - total
        if room > 0 and current["spec"]["replicas"] < wanted:
            self._scale(item, current, min(wanted, current["spec"]["replicas"] + room))
            return
        least = item["spec"]["replicas"] - self._unavailable(item)
        lacking = current["spec"]["replicas"] - current["status"].get("availableReplicas", 0)
        if total - least - lacking > 0:
            self._clean_up(item, alive, total - least - lacking)
            available = sum(
                each["status"].get("availableReplicas", 0) for each in (current, *alive)
            )
            self._shrink(item, alive, available - least)

    def _clean_up(self, item: Raw, old: list[Raw], most: int) -> None:
        """cleanupUnhealthyReplicas of deployment/rolling.go."""
        for each in old:
            broken = each["spec"]["replicas"] - each["status"].get("availableReplicas", 0)
            less = max(0, min(most, broken))
            most -= less
            self._scale(item, each, each["spec"]["replicas"] - less)

    def _shrink(self, item: Raw, old: list[Raw], most: int) -> None:
        for each in old:
            less = max(0, min(most, each["spec"]["replicas"]))
            most -= less
            self._scale(item, each, each["spec"]["replicas"] - less)

    def _scale(self, item: Raw, replica_set: Raw, wanted: int) -> None:
        was = replica_set["spec"]["replicas"]
        if was == wanted:
            return
        self.api.patch(replica_set, {"replicas": wanted})
        way, name = "up" if wanted > was else "down", replica_set["metadata"]["name"]
        text = f"Scaled {way} replica set {name} from {was} to {wanted}"
        self.event(item, "ScalingReplicaSet", text)

    def _surge(self, item: Raw) -> int:
        return math.ceil(int(item["spec"]["replicas"]) / 4)

    def _unavailable(self, item: Raw) -> int:
        return int(item["spec"]["replicas"]) // 4

    # -- status

    def _progressing(self, item: Raw) -> Raw:
        return self._condition(item, "Progressing")

    def _condition(self, item: Raw, kind: str) -> Raw:
        conditions: list[Raw] = item["status"].get("conditions", [])
        return next((each for each in conditions if each["type"] == kind), {})

    def _write_progressing(self, item: Raw, made: Raw) -> None:
        others = [
            each for each in item["status"].get("conditions", ()) if each["type"] != "Progressing"
        ]
        self.api.write_status(item, {**item["status"], "conditions": [*others, made]})

    def _tell(self, item: Raw, sets: list[Raw], current: Raw | None) -> None:
        status = self._numbers(item, sets, current)
        available = status.get("availableReplicas", 0)
        enough = available >= item["spec"]["replicas"] - self._unavailable(item)
        word = "MinimumReplicas" + ("Available" if enough else "Unavailable")
        old = self._condition(item, "Available")
        kept = self._progressing(item)
        progressing = self._next_progressing(item, status, kept, current)
        if old.get("reason") != word:
            old = condition("Available", str(enough), word, word, self.api.now, old or None)
        made = [old, progressing or kept]
        status["conditions"] = [each for each in made if each]
        self.api.write_status(item, status)

    def _numbers(self, item: Raw, sets: list[Raw], current: Raw | None) -> Raw:
        def total(key: str) -> int:
            return sum(each["status"].get(key, 0) for each in sets)

        wanted = sum(each["spec"]["replicas"] for each in sets)
        updated = current["status"].get("replicas", 0) if current else 0
        available = total("availableReplicas")
        status = {
            "observedGeneration": item["metadata"]["generation"], "replicas": total("replicas"),
            "updatedReplicas": updated, "readyReplicas": total("readyReplicas"),
            "availableReplicas": available, "unavailableReplicas": max(0, wanted - available),
        }  # fmt: skip
        return {key: value for key, value in status.items() if value}

    def _next_progressing(
        self, item: Raw, status: Raw, old: Raw, current: Raw | None
    ) -> Raw | None:
        """syncRolloutStatus of deployment/progress.go."""
        updated = status.get("updatedReplicas", 0)
        is_told = old.get("reason") == "NewReplicaSetAvailable"
        if item["spec"]["paused"] or current is None:
            return None
        if is_told and status.get("replicas", 0) == updated:
            return None
        name = current["metadata"]["name"]
        if self._is_complete(item, status):
            text = f'ReplicaSet "{name}" has successfully progressed.'
            return self._made("True", "NewReplicaSetAvailable", text, old)
        if self._has_progressed(item["status"], status):
            text = f'ReplicaSet "{name}" is progressing.'
            return self._made("True", "ReplicaSetUpdated", text, old)
        due = (parse_timestamp(old["lastUpdateTime"]) or 0) + item["spec"][
            "progressDeadlineSeconds"
        ] * SECOND
        if old["reason"] == "ProgressDeadlineExceeded":
            return None
        if self.api.now > due:
            text = f'ReplicaSet "{name}" has timed out progressing.'
            return self._made("False", "ProgressDeadlineExceeded", text, old)
        self.later(item, (due - self.api.now) / SECOND + 1)
        return None

    def _made(self, status: str, reason: str, text: str, old: Raw) -> Raw:
        return condition("Progressing", status, reason, text, self.api.now, old or None)

    def _is_complete(self, item: Raw, status: Raw) -> bool:
        wanted = item["spec"]["replicas"]
        keys = ("replicas", "updatedReplicas", "availableReplicas")
        return all(status.get(key, 0) == wanted for key in keys)

    def _has_progressed(self, old: Raw, new: Raw) -> bool:
        def less(status: Raw) -> int:
            return int(status.get("replicas", 0)) - int(status.get("updatedReplicas", 0))

        keys = ("updatedReplicas", "readyReplicas", "availableReplicas")
        return less(new) < less(old) or any(new.get(key, 0) > old.get(key, 0) for key in keys)


def _revision(item: Raw) -> int:
    return int(item["metadata"]["annotations"][_REVISION])


def _template(item: Raw) -> object:
    return item["spec"]["template"]


def _hash(item: Raw) -> str:
    letters = "bcdfghjklmnpqrstvwxz2456789"
    digest = hashlib.blake2b(repr(_template(item)).encode(), digest_size=10).digest()
    return "".join(letters[byte % len(letters)] for byte in digest)
