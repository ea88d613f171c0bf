"""Facts of an object after one more frame of its status (laws 6 and 11).

Apart from the classes in facts.py, so that it is compiled, as those cannot be. Seconds are Unix
seconds of the API's own.
"""

from operator import attrgetter

from event_tracer.core.condition_facts import ConditionsFacts
from event_tracer.core.conditions import ConditionsStatus
from event_tracer.core.facts import (
    Facts,
    PodFacts,
    Readiness,
    ReadyCount,
    RolloutFacts,
    RunFacts,
)
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
_SECOND = attrgetter("second")


def observed(before: Facts, meta: ObjectMetadata) -> Facts | None:
    """Facts after a frame; the same object where it tells a pod's anew, None of another kind."""
    status = meta.status
    if isinstance(before, PodFacts) and isinstance(status, PodStatus):
        return _pod(before, meta, status)
    if isinstance(before, RolloutFacts) and isinstance(status, RolloutStatus):
        return _rollout(before, meta, status)
    if isinstance(before, RunFacts) and isinstance(status, RunStatus):
        return _run(before, meta, status)
    if isinstance(before, ConditionsFacts) and isinstance(status, ConditionsStatus):
        return before.observe(meta, status)
    return None


def _pod(before: PodFacts, meta: ObjectMetadata, status: PodStatus) -> PodFacts:
    readiness, ends = before.readiness, before.ends
    found = readiness_of(meta, status)
    if found and (not readiness or readiness[-1] != found):
        readiness = _in_order((*(each for each in readiness if each != found), found))
    for end in status.terminations:
        if not is_known_end(end, ends):
            ends = (*ends, end)[-_MOST_ENDS:]
    over = before.over
    if over is None and status.phase in _OVER:
        over = _over(meta, status)
    disruption = status.disruption
    disrupted = disruption.transition if disruption and disruption.holds else None
    # By position, in the order of the fields: once for each frame of a pod.
    after = PodFacts(
        meta.created, first_asked(before, meta), before.gone, over, status.phase == "Failed",
        status.reason, disrupted, readiness, ends,
    )  # fmt: skip
    return before if after == before else after


def _in_order(turns: tuple[Readiness, ...]) -> tuple[Readiness, ...]:
    """By their seconds; within one they stay as they are, what the newest frame shows at the end.

    A container that dies at once has its pod ready and not ready any longer within one second.
    """
    return tuple(sorted(turns, key=_SECOND))[-_MOST_READY:]


def first_asked(facts: PodFacts, meta: ObjectMetadata) -> int | None:
    """The second in which a pod was first asked to go.

    The kubelet's own last word, with a grace of 0, would move it on (status/status_manager.go).
    """
    before, now = facts.asked, meta.deletion_asked
    return now if before is None else before if now is None else min(before, now)


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


def is_known_end(end: Termination, known: tuple[Termination, ...]) -> bool:
    """Whether one of the known ends of containers is the same, though another frame showed it."""
    container, container_id = end.container, end.container_id
    return any(each.container == container and each.container_id == container_id for each in known)


def _over(meta: ObjectMetadata, status: PodStatus) -> int | None:
    finished = [end.finished for end in status.terminations if end.finished is not None]
    return max(finished, default=meta.written)


def _rollout(before: RolloutFacts, meta: ObjectMetadata, status: RolloutStatus) -> RolloutFacts:
    generation, progressing = meta.generation or 0, status.progressing
    states, last = before.states, before.states[-1] if before.states else None
    # Before the controller has observed a generation, nothing is said of it.
    is_new = last is None or last.told != (generation, status.is_complete)
    if is_new and status.observed == generation:
        dated = completion_date(meta, status)
        if last is None and dated is not None and not status.is_complete:
            states = (RolloutState(dated, generation, True),)  # it was, and is no more
        second = _rollout_second(meta, status, states)
        if last and second < last.second:
            second = last.second
        states = (*states, RolloutState(second, generation, status.is_complete))
    incomplete = before.incomplete
    if status.observed == generation and not status.is_complete:
        incomplete = max(incomplete, generation)
    is_late = progressing is not None and progressing.reason == "ProgressDeadlineExceeded"
    update = progressing.update if progressing else None
    is_there = progressing is not None and progressing.reason == _AVAILABLE
    return RolloutFacts(
        created=meta.created,
        asked=meta.deletion_asked,
        gone=before.gone,
        states=states[-_MOST_STATES:],
        progress=update,
        timed_out=update if is_late else before.timed_out,
        timed_out_message=(
            progressing.message if progressing and is_late else before.timed_out_message
        ),
        deadline=status.deadline,
        incomplete=incomplete,
        told=before.told,
        told_version=before.told_version,
        counts=_counts(before, meta, status),
        first=before.first or generation,
        available=update if is_there else before.available,
    )


def _counts(
    before: RolloutFacts, meta: ObjectMetadata, status: RolloutStatus
) -> tuple[ReadyCount, ...]:
    found = ReadyCount(meta.written or 0, meta.generation or 0, status.ready, status.wanted)
    if before.counts and before.counts[-1].told == found.told:
        return before.counts
    return (*before.counts, found)[-_MOST_COUNTS:]


def _rollout_second(
    meta: ObjectMetadata, status: RolloutStatus, states: tuple[RolloutState, ...]
) -> int:
    # Progressing tells a generation's first completion alone: the controller leaves it as it is
    # when pods are lost and come back (deployment/progress.go, isCompleteDeployment).
    is_again = any(each.is_complete and each.generation == meta.generation for each in states)
    if status.is_complete and not is_again:
        dated = completion_date(meta, status)
        if dated is not None:
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


def _run(before: RunFacts, meta: ObjectMetadata, status: RunStatus) -> RunFacts:
    end = status.end
    return RunFacts(
        created=meta.created,
        asked=meta.deletion_asked,
        gone=before.gone,
        end=end.transition if end else None,
        failed=status.failed,
        reason=end.reason if end else "",
        message=end.message if end else "",
    )


def joined(earlier: Facts, now: Facts) -> Facts:
    """Facts of this run, with what only an earlier one has seen."""
    if isinstance(earlier, PodFacts) and isinstance(now, PodFacts):
        ends = [each for each in earlier.ends if not is_known_end(each, now.ends)]
        before = tuple(each for each in earlier.readiness if each not in now.readiness)
        return now.but(
            readiness=_in_order((*before, *now.readiness)), ends=(*ends, *now.ends)[-_MOST_ENDS:]
        )
    if isinstance(earlier, RolloutFacts) and isinstance(now, RolloutFacts):
        late = now if now.timed_out is not None else earlier
        return now.but(
            states=_joined_states(earlier.states, now.states),
            counts=_joined_counts(earlier.counts, now.counts), first=earlier.first,
            timed_out=late.timed_out, timed_out_message=late.timed_out_message,
        )  # fmt: skip
    if isinstance(earlier, ConditionsFacts) and isinstance(now, ConditionsFacts):
        states = _joined_states(earlier.states, now.states)
        return now.but(states=states).after(earlier)
    return now


def _joined_states(
    earlier: tuple[RolloutState, ...], now: tuple[RolloutState, ...]
) -> tuple[RolloutState, ...]:
    """States in order; what goes on from the one run to the other keeps its earlier second."""
    if not now or not earlier:
        return now or earlier
    first = now[0]
    before = [each for each in earlier if each.generation <= first.generation]
    goes_on = bool(before) and before[-1].told == first.told
    return (*before, *now[goes_on:])[-_MOST_STATES:]


def _joined_counts(
    earlier: tuple[ReadyCount, ...], now: tuple[ReadyCount, ...]
) -> tuple[ReadyCount, ...]:
    if now and earlier and earlier[-1].told == now[0].told:
        now = now[1:]
    return (*earlier, *now)[-_MOST_COUNTS:]
