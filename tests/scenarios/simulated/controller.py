"""What the controllers of kube-controller-manager share: a queue, and what pods say."""

from collections.abc import Iterable, Mapping
from typing import ClassVar

from event_tracer.core.times import parse_timestamp
from tests.scenarios.fields import SECOND, Raw, stamp
from tests.scenarios.simulated.api import KINDS, Api, controller_of
from tests.scenarios.simulated.recorder import Recorder


class Controller:
    """Reconciles objects of its resource a moment after they or what they own has changed."""

    resource: ClassVar[str]
    name: ClassVar[str]

    def __init__(self, api: Api, recorder: Recorder) -> None:
        self.api = api
        self.recorder = recorder
        self._queued: set[str] = set()
        api.watchers.append(self._seen)

    def reconcile(self, item: Raw) -> None:
        """Bring what is closer to what is wanted."""
        raise NotImplementedError

    def event(self, item: Raw, reason: str, message: str, *, type_: str = "Normal") -> None:
        """An Event about one of its objects."""
        self.recorder.event(item, reason, self.name, message, type_=type_)

    def later(self, item: Raw, seconds: float) -> None:
        """Look at it again then."""
        self.api.after(seconds, lambda: self._run(item["metadata"]["name"]))

    def create_pod(
        self, owner: Raw, name: str = "", labels: Mapping[str, str] | None = None
    ) -> Raw:
        """A pod of the owner's template."""
        base = owner["metadata"]["name"]
        return self.api.create(
            "pods", name or f"{base}-{self.api.word(5)}",
            spec=dict(owner["spec"]["template"]["spec"]), owner=owner,
            status={"phase": "Pending", "qosClass": "BestEffort"}, labels=labels,
            generate_name=f"{base}-",
        )  # fmt: skip

    def delete_pod(self, pod: Raw) -> None:
        """DELETE with the pod's own grace."""
        self.api.ask_to_go(pod, grace=pod["spec"]["terminationGracePeriodSeconds"])

    def _seen(self, resource: str, item: Raw) -> None:
        owner = controller_of(item)
        if resource == self.resource:
            self._enqueue(item["metadata"]["name"])
        elif owner and owner["kind"] == KINDS[self.resource][0]:
            self._enqueue(owner["name"])

    def _enqueue(self, name: str) -> None:
        if name not in self._queued:
            self._queued.add(name)
            self.api.after(self.api.jitter(0.003, 0.012), lambda: self._run(name))

    def _run(self, name: str) -> None:
        self._queued.discard(name)
        item = self.api.get(self.resource, name)
        if item and "deletionTimestamp" not in item["metadata"]:
            self.reconcile(item)


def is_active(pod: Raw) -> bool:
    """Whether it was not asked to go and is not over."""
    over = pod["status"].get("phase") in ("Succeeded", "Failed")
    return "deletionTimestamp" not in pod["metadata"] and not over


def is_ready(pod: Raw) -> bool:
    """Whether its Ready condition holds."""
    return ready_since(pod) is not None


def ready_since(pod: Raw) -> int | None:
    """When it became ready, in ns."""
    for each in pod["status"].get("conditions", ()):
        if each["type"] == "Ready" and each["status"] == "True":
            return parse_timestamp(each["lastTransitionTime"])
    return None


def are_available(pods: Iterable[Raw], *, now: int, seconds: int) -> int:
    """Pods that have been ready for so long."""
    times = [ready_since(pod) for pod in pods]
    return sum(time is not None and time + seconds * SECOND <= now for time in times)


def present(status: Raw) -> Raw:
    """A status as Go's omitempty writes it."""
    return {key: value for key, value in status.items() if value or key in _ALWAYS}


_ALWAYS = frozenset({
    "replicas", "availableReplicas", "collisionCount", "currentNumberScheduled",
    "desiredNumberScheduled", "numberMisscheduled", "numberReady", "terminating", "ready",
    "uncountedTerminatedPods",
})  # fmt: skip


def condition(kind: str, status: str, reason: str, message: str, now: int, old: Raw | None) -> Raw:
    """A workload's condition; lastTransitionTime moves with the status alone."""
    since = old["lastTransitionTime"] if old and old["status"] == status else stamp(now)
    return {
        "type": kind, "status": status, "lastUpdateTime": stamp(now),
        "lastTransitionTime": since, "reason": reason, "message": message,
    }  # fmt: skip
