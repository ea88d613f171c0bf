"""Dated facts of objects, from the frames of their status: what outcome rests on (law 6).

Not compiled: pydantic validates a checkpoint by the hints of these classes. Seconds are Unix
seconds of the API's own; `gone` is ns of the watermark.
"""

from typing import NamedTuple

from event_tracer.core.condition_facts import ConditionsFacts
from event_tracer.core.conditions import Condition
from event_tracer.core.objects import ObjectMetadata
from event_tracer.core.rollout_state import RolloutState
from event_tracer.core.status import PodStatus, RolloutStatus, RunStatus, Termination

_MOST_READY = 16
_MOST_ENDS = 16
_MOST_STATES = 16
_MOST_COUNTS = 8
_NO_LOSS = frozenset({"PodCompleted", "PodFailed"})
_OVER = frozenset({"Succeeded", "Failed"})
_AVAILABLE = "NewReplicaSetAvailable"


class Readiness(NamedTuple):
    """A pod became ready, or was not any longer, in this second."""

    second: int
    is_ready: bool


class PodFacts(NamedTuple):
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

    def observe(self, meta: ObjectMetadata, status: PodStatus) -> "PodFacts":
        """These facts after a frame."""
        readiness, ends = self.readiness, self.ends
        found = readiness_of(meta, status)
        if found and found not in readiness:
            readiness = tuple(sorted((*readiness, found)))[-_MOST_READY:]
        for end in status.terminations:
            if all(not is_same_end(end, known) for known in ends):
                ends = (*ends, end)[-_MOST_ENDS:]
        over = self.over
        if over is None and status.phase in _OVER:
            over = _over(meta, status)
        disruption = status.disruption
        return PodFacts(
            created=meta.created,
            asked=first_asked(self, meta),
            gone=self.gone,
            over=over,
            failed=status.phase == "Failed",
            reason=status.reason,
            disrupted=disruption.transition if disruption and disruption.holds else None,
            readiness=readiness,
            ends=ends,
        )


def first_asked(facts: "PodFacts", meta: ObjectMetadata) -> int | None:
    """The second in which a pod was first asked to go.

    The kubelet's own last word, with a grace of 0, would move it on (status/status_manager.go).
    """
    known = [each for each in (facts.asked, meta.deletion_asked) if each is not None]
    return min(known, default=None)


def readiness_of(meta: ObjectMetadata, status: PodStatus) -> Readiness | None:
    """The pod's last change of readiness; None where it never was ready, or goes as it should."""
    ready, initialized = status.ready, status.initialized
    if ready is None or ready.transition is None:
        return None
    if ready.holds:
        return Readiness(ready.transition, True)
    # The first False is written with the pod's first status, before Initialized or with it
    # (pkg/kubelet/status/generate.go).
    begun = initialized.transition if initialized and initialized.holds else None
    is_loss = begun is not None and ready.transition > begun and ready.reason not in _NO_LOSS
    is_asked = meta.deletion_asked is not None and ready.transition >= meta.deletion_asked
    return Readiness(ready.transition, False) if is_loss and not is_asked else None


def is_same_end(one: Termination, other: Termination) -> bool:
    """Whether two frames show the same end of a container."""
    return one.container == other.container and one.container_id == other.container_id


def _over(meta: ObjectMetadata, status: PodStatus) -> int | None:
    finished = [end.finished for end in status.terminations if end.finished is not None]
    return max(finished, default=meta.written)


class ReadyCount(NamedTuple):
    """So many pods of a workload were ready in this second, of as many as it was to have."""

    second: int
    generation: int
    ready: int
    wanted: int


class RolloutFacts(NamedTuple):
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

    def observe(self, meta: ObjectMetadata, status: RolloutStatus) -> "RolloutFacts":
        """These facts after a frame."""
        generation, progressing = meta.generation or 0, status.progressing
        states, last = self.states, self.states[-1] if self.states else None
        # Before the controller has observed a generation, nothing is said of it.
        is_new = last is None or last[1:] != (generation, status.is_complete)
        if is_new and status.observed == generation:
            dated = completion_date(meta, status)
            if last is None and dated is not None and not status.is_complete:
                states = (RolloutState(dated, generation, True),)  # it was, and is no more
            second = self._second(meta, status)
            if last and second < last.second:
                second = last.second
            states = (*states, RolloutState(second, generation, status.is_complete))
        incomplete = self.incomplete
        if status.observed == generation and not status.is_complete:
            incomplete = max(incomplete, generation)
        is_late = progressing is not None and progressing.reason == "ProgressDeadlineExceeded"
        update = progressing.update if progressing else None
        is_there = progressing is not None and progressing.reason == _AVAILABLE
        return RolloutFacts(
            created=meta.created,
            asked=meta.deletion_asked,
            gone=self.gone,
            states=states[-_MOST_STATES:],
            progress=update,
            timed_out=update if is_late else self.timed_out,
            timed_out_message=(
                progressing.message if progressing and is_late else self.timed_out_message
            ),
            deadline=status.deadline,
            incomplete=incomplete,
            told=self.told,
            told_version=self.told_version,
            counts=self._counts(meta, status),
            first=self.first or generation,
            available=update if is_there else self.available,
        )

    def _counts(self, meta: ObjectMetadata, status: RolloutStatus) -> tuple[ReadyCount, ...]:
        found = ReadyCount(meta.written or 0, meta.generation or 0, status.ready, status.wanted)
        if self.counts and self.counts[-1][2:] == found[2:]:
            return self.counts
        return (*self.counts, found)[-_MOST_COUNTS:]

    def _second(self, meta: ObjectMetadata, status: RolloutStatus) -> int:
        if status.is_complete and (dated := completion_date(meta, status)) is not None:
            return dated
        if status.observed == (meta.generation or 0) and meta.status_second is not None:
            return meta.status_second
        return meta.written or 0


def completion_date(meta: ObjectMetadata, status: RolloutStatus) -> int | None:
    """The second in which Progressing says that this generation was complete, if it does."""
    progressing = status.progressing
    if progressing is None or progressing.reason != _AVAILABLE:
        return None
    changed = [each.second for each in meta.writes if each.spec]
    if progressing.update is None or None in changed:
        return None  # a scale is not dated itself, and does not touch Progressing
    began = max([each for each in changed if each is not None], default=meta.created or 0)
    return progressing.update if progressing.update >= began else None


class RunFacts(NamedTuple):
    """A Job's; `end` is the second of its end."""

    created: int | None
    asked: int | None = None
    gone: int | None = None
    end: int | None = None
    failed: bool = False
    reason: str = ""
    message: str = ""

    def observe(self, meta: ObjectMetadata, status: RunStatus) -> "RunFacts":
        """These facts after a frame."""
        end: Condition | None = status.end
        return RunFacts(
            created=meta.created,
            asked=meta.deletion_asked,
            gone=self.gone,
            end=end.transition if end else None,
            failed=status.failed,
            reason=end.reason if end else "",
            message=end.message if end else "",
        )


Staged = RolloutFacts | ConditionsFacts
"""Facts of what rolls out, state by state."""
STAGED = (RolloutFacts, ConditionsFacts)
Facts = PodFacts | RunFacts | Staged


def joined(earlier: Facts, now: Facts) -> Facts:
    """Facts of this run, with what only an earlier one has seen."""
    if isinstance(earlier, PodFacts) and isinstance(now, PodFacts):
        ends = [each for each in earlier.ends if not any(is_same_end(each, it) for it in now.ends)]
        readiness = sorted({*earlier.readiness, *now.readiness})
        return now._replace(
            readiness=tuple(readiness)[-_MOST_READY:], ends=(*ends, *now.ends)[-_MOST_ENDS:]
        )
    if isinstance(earlier, RolloutFacts) and isinstance(now, RolloutFacts):
        late = now if now.timed_out is not None else earlier
        return now._replace(
            states=_joined_states(earlier.states, now.states),
            counts=_joined_counts(earlier.counts, now.counts), first=earlier.first,
            timed_out=late.timed_out, timed_out_message=late.timed_out_message,
        )  # fmt: skip
    if isinstance(earlier, ConditionsFacts) and isinstance(now, ConditionsFacts):
        states = _joined_states(earlier.states, now.states)
        return now._replace(states=states).after(earlier)
    return now


def _joined_states(
    earlier: tuple[RolloutState, ...], now: tuple[RolloutState, ...]
) -> tuple[RolloutState, ...]:
    """States in order; what goes on from the one run to the other keeps its earlier second."""
    if not now or not earlier:
        return now or earlier
    first = now[0]
    before = [each for each in earlier if each.generation <= first.generation]
    goes_on = bool(before) and before[-1][1:] == first[1:]
    return (*before, *now[goes_on:])[-_MOST_STATES:]


def _joined_counts(
    earlier: tuple[ReadyCount, ...], now: tuple[ReadyCount, ...]
) -> tuple[ReadyCount, ...]:
    if now and earlier and earlier[-1][2:] == now[0][2:]:
        now = now[1:]
    return (*earlier, *now)[-_MOST_COUNTS:]


class SavedStatuses(NamedTuple):
    """Facts by identity, as a checkpoint keeps them."""

    pods: tuple[tuple[str, PodFacts], ...] = ()
    rollouts: tuple[tuple[str, RolloutFacts], ...] = ()
    runs: tuple[tuple[str, RunFacts], ...] = ()
    customs: tuple[tuple[str, ConditionsFacts], ...] = ()
