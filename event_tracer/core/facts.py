"""Dated facts of objects, from the frames of their status: what outcome rests on (law 6).

Not compiled: msgspec reads a checkpoint by the hints of these classes. Seconds are Unix
seconds of the API's own; `gone` is ns of the watermark.
"""

from typing import NamedTuple

from event_tracer.core.condition_facts import ConditionsFacts
from event_tracer.core.record import SavedRecord
from event_tracer.core.rollout_state import RolloutState
from event_tracer.core.status import Termination


class Readiness(SavedRecord, frozen=True):
    """A pod became ready, or was not any longer, in this second."""

    second: int
    is_ready: bool


class PodFacts(SavedRecord, frozen=True):
    """A pod's. It was `asked` to go, is `over` (`failed` or not), was `disrupted`, or is `gone`."""

    created: int | None
    asked: int | None = None
    gone: int | None = None
    over: int | None = None
    failed: bool = False
    reason: str = ""
    disrupted: int | None = None
    readiness: tuple[Readiness, ...] = ()
    ends: tuple[Termination, ...] = ()


class ReadyCount(SavedRecord, frozen=True):
    """So many pods of a workload were ready in this second, of as many as it was to have."""

    second: int
    generation: int
    ready: int
    wanted: int

    @property
    def told(self) -> tuple[int, int]:
        """What it says but for when, and of which generation."""
        return self.ready, self.wanted


class RolloutFacts(SavedRecord, frozen=True):
    """A workload's. `states` and `counts` are the oldest first.

    `progress` is the second of Progressing's last update, `timed_out` that of
    ProgressDeadlineExceeded; `deadline` is in seconds. `incomplete` is the generation that was seen
    as observed and not complete; `told` the highest whose completion needs no telling any more,
    since the frame of `told_version`. `first` is the generation of the first frame: of those before
    nothing was seen. `available` is the second in which Progressing last said that all was there.
    """

    created: int | None
    asked: int | None = None
    gone: int | None = None
    states: tuple[RolloutState, ...] = ()
    progress: int | None = None
    timed_out: int | None = None
    timed_out_message: str = ""
    deadline: int | None = None
    incomplete: int = 0
    told: int = 0
    told_version: int = 0
    counts: tuple[ReadyCount, ...] = ()
    first: int = 0
    available: int | None = None


class RunFacts(SavedRecord, frozen=True):
    """A Job's; `end` is the second of its end."""

    created: int | None
    asked: int | None = None
    gone: int | None = None
    end: int | None = None
    failed: bool = False
    reason: str = ""
    message: str = ""


Staged = RolloutFacts | ConditionsFacts
"""Facts of what rolls out, state by state."""
STAGED = (RolloutFacts, ConditionsFacts)
Facts = PodFacts | RunFacts | Staged


class SavedStatuses(NamedTuple):
    """Facts by identity, as a checkpoint keeps them."""

    pods: tuple[tuple[str, PodFacts], ...] = ()
    rollouts: tuple[tuple[str, RolloutFacts], ...] = ()
    runs: tuple[tuple[str, RunFacts], ...] = ()
    customs: tuple[tuple[str, ConditionsFacts], ...] = ()
