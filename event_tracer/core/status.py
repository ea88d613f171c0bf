"""Status of pods, workloads and runs, as far as laws 6 and 11 read it.

Not compiled: pydantic validates a checkpoint by the hints of these classes. Seconds are Unix
seconds: the API writes whole ones, cut.
"""

from collections.abc import Iterator
from typing import NamedTuple

from event_tracer.core import api_types
from event_tracer.core.conditions import Condition, ConditionsStatus, conditions_of, second_in
from event_tracer.core.times import SECOND


class Termination(NamedTuple):
    """An end of a container. `ordinal` is 1 for its first one.

    Neither id nor times are known where its node had gone (kubelet_pods.go).
    """

    container: str
    is_init: bool
    container_id: str
    reason: str
    exit_code: int
    signal: int
    started: int | None
    finished: int | None
    image: str
    ordinal: int

    @property
    def lived(self) -> int:
        """Time that the container ran, in ns of whole seconds."""
        if self.started is None or self.finished is None:
            return 0
        return max(0, self.finished - self.started) * SECOND


class PodStatus(NamedTuple):
    """Status of a pod."""

    phase: str
    reason: str
    node: str
    ready: Condition | None
    initialized: Condition | None
    disruption: Condition | None
    terminations: tuple[Termination, ...]


class RolloutStatus(NamedTuple):
    """Status of a Deployment, StatefulSet, DaemonSet or ReplicaSet.

    `is_complete` is kubectl's rule (rollout_status.go, `kubectl rollout status`), of a ReplicaSet
    that as many pods are ready as it is to have. `deadline` is in seconds.
    """

    observed: int
    is_complete: bool
    progressing: Condition | None
    deadline: int | None
    paused: bool
    ready: int
    wanted: int


class RunStatus(NamedTuple):
    """Status of a Job; `end` is its Complete or Failed condition, once it holds."""

    end: Condition | None
    failed: bool


Status = PodStatus | RolloutStatus | RunStatus | ConditionsStatus
WITH_STATUS = frozenset({"Pod", "ReplicaSet", "Deployment", "StatefulSet", "DaemonSet", "Job"})
"""The kinds whose status is read (law 11); a CronJob's says nothing that its Jobs do not."""


_OF_POD = frozenset({"Ready", "Initialized", "DisruptionTarget"})
_OF_ROLLOUT = frozenset({"Progressing"})
_OF_RUN = frozenset({"Complete", "Failed"})


def status_of(
    kind: str, *, spec: api_types.Spec, status: api_types.Status, generation: int
) -> Status | None:
    """Status of an object of `kind`; None where its kind has none that is read."""
    if kind == "Pod":
        return _pod(spec, status)
    if kind == "Job":
        return _run(status)
    is_complete = _IS_COMPLETE.get(kind)
    if is_complete is None:
        return None
    wanted, ready = _numbers(kind, spec, status)
    observed = status.get("observedGeneration") or 0
    return RolloutStatus(
        observed=observed,
        is_complete=generation <= observed and is_complete(spec, status, wanted),
        progressing=conditions_of(status.get("conditions"), _OF_ROLLOUT).get("Progressing"),
        deadline=spec.get("progressDeadlineSeconds") if kind == "Deployment" else None,
        paused=bool(spec.get("paused")),
        ready=ready,
        wanted=wanted,
    )


def _pod(spec: api_types.Spec, status: api_types.Status) -> PodStatus:
    conditions = conditions_of(status.get("conditions"), _OF_POD)
    containers = [
        *((each, True) for each in status.get("initContainerStatuses") or ()),
        *((each, False) for each in status.get("containerStatuses") or ()),
    ]
    return PodStatus(
        phase=status.get("phase") or "",
        reason=status.get("reason") or "",
        node=spec.get("nodeName") or "",
        ready=conditions.get("Ready"),
        initialized=conditions.get("Initialized"),
        disruption=conditions.get("DisruptionTarget"),
        terminations=tuple(
            end for each, is_init in containers for end in _terminations(each, is_init=is_init)
        ),
    )


def _terminations(container: api_types.ContainerStatus, *, is_init: bool) -> Iterator[Termination]:
    # restartCount counts the restarts before the container that is the state, or that was last
    # where none runs yet (kubelet_pods.go, convertToAPIContainerStatuses).
    restarts, state = container.get("restartCount") or 0, container.get("state") or {}
    last = container.get("lastState") or {}
    for each, ordinal in ((last, restarts + bool(state.get("waiting"))), (state, restarts + 1)):
        end = each.get("terminated")
        if not end:
            continue
        yield Termination(
            container=container.get("name") or "",
            is_init=is_init,
            container_id=end.get("containerID") or "",
            reason=end.get("reason") or "",
            exit_code=end.get("exitCode") or 0,
            signal=end.get("signal") or 0,
            started=_past(end.get("startedAt")),
            finished=_past(end.get("finishedAt")),
            image=container.get("image") or "",
            ordinal=ordinal,
        )


def _numbers(kind: str, spec: api_types.Spec, status: api_types.Status) -> tuple[int, int]:
    """Pods that a workload is to have, and those that are ready."""
    if kind == "DaemonSet":
        return status.get("desiredNumberScheduled") or 0, status.get("numberReady") or 0
    replicas = spec.get("replicas")
    return 1 if replicas is None else replicas, status.get("readyReplicas") or 0


def _is_deployment_complete(spec: api_types.Spec, status: api_types.Status, wanted: int) -> bool:
    updated = status.get("updatedReplicas") or 0
    return (
        updated >= wanted
        and (status.get("replicas") or 0) <= updated
        and (status.get("availableReplicas") or 0) >= updated
    )


def _is_stateful_set_complete(spec: api_types.Spec, status: api_types.Status, wanted: int) -> bool:
    ready, strategy = status.get("readyReplicas") or 0, spec.get("updateStrategy") or {}
    if strategy.get("type") == "OnDelete":  # an error to kubectl: no rollout goes on by itself
        return ready >= wanted
    partition = (strategy.get("rollingUpdate") or {}).get("partition") or 0
    return ready >= wanted and (status.get("updatedReplicas") or 0) >= wanted - partition


def _is_daemon_set_complete(spec: api_types.Spec, status: api_types.Status, wanted: int) -> bool:
    strategy = spec.get("updateStrategy") or {}
    updated = status.get("updatedNumberScheduled") or 0
    is_on_delete = strategy.get("type") == "OnDelete"
    available = status.get("numberAvailable") or 0
    return (is_on_delete or updated >= wanted) and available >= wanted


def _is_replica_set_complete(spec: api_types.Spec, status: api_types.Status, wanted: int) -> bool:
    return (status.get("replicas") or 0) == wanted == (status.get("readyReplicas") or 0)


_IS_COMPLETE = {
    "Deployment": _is_deployment_complete,
    "StatefulSet": _is_stateful_set_complete,
    "DaemonSet": _is_daemon_set_complete,
    "ReplicaSet": _is_replica_set_complete,
}


def _run(status: api_types.Status) -> RunStatus:
    conditions = conditions_of(status.get("conditions"), _OF_RUN)
    for name in ("Complete", "Failed"):
        end = conditions.get(name)
        if end and end.holds:
            return RunStatus(end=end, failed=name == "Failed")
    return RunStatus(end=None, failed=False)


def _past(stamp: str | None) -> int | None:
    # A container that never ran has the zero time, which is 1970 in the runtime's answer.
    return second_in(stamp) or None
