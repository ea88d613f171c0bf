"""Status as the API writes it → what is read of it.

Apart from the classes in status.py and conditions.py, so that it is compiled, as those cannot be:
a pod's status of each frame in 3 µs of CPU where it took 9.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from event_tracer.core import api_types
from event_tracer.core.conditions import Condition, ConditionsStatus
from event_tracer.core.status import PodStatus, RolloutStatus, RunStatus, Status, Termination
from event_tracer.core.times import parse_timestamp, second_of
from event_tracer.core.wire import number_of

_OF_ROLLOUT = frozenset({"Progressing"})
_OF_RUN = frozenset({"Complete", "Failed"})
_NO_CONDITIONS: Final[list[api_types.Condition]] = []
_NO_CONTAINERS: Final[list[api_types.ContainerStatus]] = []
_NO_END: Final = api_types.Terminated()
_NO_STRATEGY: Final = api_types.Strategy()


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
    observed = status.observedGeneration or 0
    return RolloutStatus(
        observed=observed,
        is_complete=generation <= observed and is_complete(spec, status, wanted),
        progressing=_conditions_of(status.conditions, _OF_ROLLOUT).get("Progressing"),
        deadline=spec.progressDeadlineSeconds if kind == "Deployment" else None,
        paused=bool(spec.paused),
        ready=ready,
        wanted=wanted,
    )


def _pod(spec: api_types.Spec, status: api_types.Status) -> PodStatus:
    ready: Condition | None = None
    initialized: Condition | None = None
    disruption: Condition | None = None
    for each in status.conditions or _NO_CONDITIONS:
        name = each.type
        if name == "Ready":
            ready = _condition(each)
        elif name == "Initialized":
            initialized = _condition(each)
        elif name == "DisruptionTarget":
            disruption = _condition(each)
    ends: list[Termination] = []
    for container in status.initContainerStatuses or _NO_CONTAINERS:
        _add_terminations(ends, container, is_init=True)
    for container in status.containerStatuses or _NO_CONTAINERS:
        _add_terminations(ends, container, is_init=False)
    # By position, in the order of the fields: once for each frame of a pod.
    return PodStatus(
        status.phase or "", status.reason or "", spec.nodeName or "", ready, initialized,
        disruption, tuple(ends),
    )  # fmt: skip


def _add_terminations(
    ends: list[Termination], container: api_types.ContainerStatus, *, is_init: bool
) -> None:
    # restartCount counts the restarts before the container that is the state, or that was last
    # where none runs yet (kubelet_pods.go, convertToAPIContainerStatuses).
    state, last_state = container.state, container.lastState
    end = state.terminated if state else None
    last = last_state.terminated if last_state else None
    if last is not None and last != _NO_END:
        waiting = state.waiting if state else None
        is_waiting = waiting is not None and waiting.reason is not None
        ordinal = (container.restartCount or 0) + is_waiting
        ends.append(_termination(container, last, is_init=is_init, ordinal=ordinal))
    if end is not None and end != _NO_END:
        ordinal = (container.restartCount or 0) + 1
        ends.append(_termination(container, end, is_init=is_init, ordinal=ordinal))


def _termination(
    container: api_types.ContainerStatus, end: api_types.Terminated, *, is_init: bool, ordinal: int
) -> Termination:
    return Termination(
        container.name or "", is_init, end.containerID or "", end.reason or "", end.exitCode or 0,
        end.signal or 0, _past(end.startedAt), _past(end.finishedAt), container.image or "",
        ordinal,
    )  # fmt: skip


def _numbers(kind: str, spec: api_types.Spec, status: api_types.Status) -> tuple[int, int]:
    """Pods that a workload is to have, and those that are ready."""
    if kind == "DaemonSet":
        return status.desiredNumberScheduled or 0, status.numberReady or 0
    replicas = spec.replicas
    return 1 if replicas is None else replicas, status.readyReplicas or 0


def _is_deployment_complete(spec: api_types.Spec, status: api_types.Status, wanted: int) -> bool:
    updated = status.updatedReplicas or 0
    return (
        updated >= wanted
        and (status.replicas or 0) <= updated
        and (status.availableReplicas or 0) >= updated
    )


def _is_stateful_set_complete(spec: api_types.Spec, status: api_types.Status, wanted: int) -> bool:
    ready, strategy = status.readyReplicas or 0, spec.updateStrategy or _NO_STRATEGY
    if strategy.type == "OnDelete":  # an error to kubectl: no rollout goes on by itself
        return ready >= wanted
    partition = (strategy.rollingUpdate.partition or 0) if strategy.rollingUpdate else 0
    return ready >= wanted and (status.updatedReplicas or 0) >= wanted - partition


def _is_daemon_set_complete(spec: api_types.Spec, status: api_types.Status, wanted: int) -> bool:
    strategy = spec.updateStrategy or _NO_STRATEGY
    updated = status.updatedNumberScheduled or 0
    is_on_delete = strategy.type == "OnDelete"
    available = status.numberAvailable or 0
    return (is_on_delete or updated >= wanted) and available >= wanted


def _is_replica_set_complete(spec: api_types.Spec, status: api_types.Status, wanted: int) -> bool:
    return (status.replicas or 0) == wanted == (status.readyReplicas or 0)


_IS_COMPLETE = {
    "Deployment": _is_deployment_complete,
    "StatefulSet": _is_stateful_set_complete,
    "DaemonSet": _is_daemon_set_complete,
    "ReplicaSet": _is_replica_set_complete,
}


def _run(status: api_types.Status) -> RunStatus:
    conditions = _conditions_of(status.conditions, _OF_RUN)
    for name in ("Complete", "Failed"):
        end = conditions.get(name)
        if end and end.holds:
            return RunStatus(end=end, failed=name == "Failed")
    return RunStatus(end=None, failed=False)


def _past(stamp: str | None) -> int | None:
    # A container that never ran has the zero time, which is 1970 in the runtime's answer.
    return _second_in(stamp) or None


def custom_status(status: api_types.CustomStatus) -> ConditionsStatus:
    """Status of an object of a custom kind, as it was read."""
    return ConditionsStatus(
        observed=number_of(status.observedGeneration),
        conditions=tuple(
            (each.type or "", _condition(each, number_of(each.observedGeneration)))
            for each in status.conditions or ()
        ),
    )


def _conditions_of(
    conditions: Iterable[api_types.Condition] | None, types: frozenset[str]
) -> Mapping[str, Condition]:
    """The conditions of these types, by type."""
    found: dict[str, Condition] = {}
    for each in conditions or ():
        name = each.type
        if name and name in types:
            found[name] = _condition(each)
    return found


def _condition(item: api_types.Condition, observed: int | None = None) -> Condition:
    # By position, in the order of the fields: a pod's once for each frame.
    return Condition(
        item.status or "", item.reason or "", item.message or "",
        _second_in(item.lastTransitionTime), _second_in(item.lastUpdateTime),
        observed,
    )  # fmt: skip


def _second_in(stamp: str | None) -> int | None:
    """The Unix second of a timestamp; None where it is none."""
    time = parse_timestamp(stamp)
    return None if time is None else second_of(time)
