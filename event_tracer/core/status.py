"""Status of pods, workloads and runs, as far as laws 6 and 11 read it.

Not compiled: msgspec reads a checkpoint by the hints of these classes. Seconds are Unix
seconds: the API writes whole ones, cut.
"""

from event_tracer.core.conditions import Condition, ConditionsStatus
from event_tracer.core.record import Record, SavedRecord
from event_tracer.core.times import SECOND


class Termination(SavedRecord, frozen=True):
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


class PodStatus(Record, frozen=True):
    """Status of a pod."""

    phase: str
    reason: str
    node: str
    ready: Condition | None
    initialized: Condition | None
    disruption: Condition | None
    terminations: tuple[Termination, ...]


class RolloutStatus(Record, frozen=True):
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


class RunStatus(Record, frozen=True):
    """Status of a Job; `end` is its Complete or Failed condition, once it holds."""

    end: Condition | None
    failed: bool


Status = PodStatus | RolloutStatus | RunStatus | ConditionsStatus
WITH_STATUS = frozenset({"Pod", "ReplicaSet", "Deployment", "StatefulSet", "DaemonSet", "Job"})
"""The kinds whose status is read (law 11); a CronJob's says nothing that its Jobs do not."""
