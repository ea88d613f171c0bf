"""How one object stands by its dated facts alone, and when an error about it is undone (law 6).

Times are ns; one that never comes is NEVER.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from types import MappingProxyType
from typing import NamedTuple

from event_tracer.core.causes import words_of
from event_tracer.core.condition_facts import ConditionsFacts
from event_tracer.core.errors import Kind, Standing
from event_tracer.core.facts import Facts, PodFacts, Readiness, RolloutFacts, RunFacts
from event_tracer.core.record import Record
from event_tracer.core.saved_story import Member
from event_tracer.core.times import SECOND
from event_tracer.core.verdict import Cause

NEVER = 2**63
_LEAST_LIFE = 30 * SECOND


class Kill(NamedTuple):
    """The kubelet killed a container at `time` (ns), as its `probe` had failed."""

    time: int
    probe: str


class End(Record, frozen=True):
    """When an object span ends, by a newer change if it `is_replaced`; if it `is_open`, not yet."""

    time: int
    is_replaced: bool = False
    is_open: bool = False


def left_at(facts: Facts) -> int | None:
    """When an object was asked to go, or went."""
    asked = None if facts.asked is None else end_of(facts.asked)
    known = [each for each in (asked, facts.gone) if each is not None]
    if isinstance(facts, PodFacts) and facts.disrupted is not None:
        known.append(end_of(facts.disrupted))
    return min(known, default=None)


def has_ended(facts: RunFacts, at: int) -> bool:
    """Whether a run has ended by `at`, well or not."""
    return facts.end is not None and end_of(facts.end) <= at


def is_over_at(facts: PodFacts, at: int) -> bool:
    """Whether a pod has succeeded or failed by `at`."""
    return facts.over is not None and end_of(facts.over) <= at


def pod_closing(facts: PodFacts) -> int:
    """The time at which a pod was first ready, or over."""
    known = [end_of(each.second) for each in facts.readiness[:1]]
    if facts.over is not None:
        known.append(end_of(facts.over))
    return min(known, default=NEVER)


def readiness_at(facts: PodFacts, at: int) -> Readiness | None:
    """A pod's readiness at `at`, as far as it is known."""
    found = None
    for each in facts.readiness:
        if (end_of(each.second) if each.is_ready else start_of(each.second)) <= at:
            found = each
    return found


def undone_in_pod(error: Standing, facts: PodFacts) -> int:
    """The time from which an error about a pod stands no more, by the pod's facts."""
    left = left_at(facts)
    return min(_undone_in_life(error, facts), NEVER if left is None else left)


def _undone_in_life(error: Standing, facts: PodFacts) -> int:
    over = NEVER if facts.over is None else end_of(facts.over)
    undone = _undone_alive(error, facts)
    if undone < over:
        return undone
    return NEVER if facts.failed else over  # it will not be ready again


def _undone_alive(error: Standing, facts: PodFacts) -> int:
    if error.kind in (Kind.DEATH, Kind.BACK_OFF):
        return _survived(error, facts)
    for since, until in _ready_intervals(facts):
        if until > error.last:
            return max(since, error.last)
    return NEVER


def _survived(error: Standing, facts: PodFacts) -> int:
    """When a death counts no more: its container has lived on for long enough, the pod ready."""
    ready = [each for each in _ready_intervals(facts) if each[1] > error.last]
    if not ready and not error.is_init:
        return NEVER
    ends = [each for each in facts.ends if each.container == error.container]
    if error.is_init:
        done = (each.finished for each in ends if each.exit_code == 0)
        return min((end_of(each) for each in done if each is not None), default=NEVER)
    known = ((end_of(each.finished), each.lived) for each in ends if each.finished is not None)
    later = sorted((time, lived) for time, lived in known if time > error.last)
    lives = [(error.last, error.lived), *later]
    for (last, lived), (until, _) in pairwise([*lives, (NEVER, 0)]):
        needed = max(_LEAST_LIFE, 2 * max(error.lived, lived))
        for since, lost in ready:
            if max(since, last) + needed <= min(lost, until):
                return max(since, last) + needed
    return NEVER


def _ready_intervals(facts: PodFacts) -> list[tuple[int, int]]:
    """The intervals in which a pod was ready, the oldest first."""
    since, found = None, []
    for each in facts.readiness:
        if each.is_ready:
            since = end_of(each.second) if since is None else since
        elif since is not None:
            found.append((since, start_of(each.second)))
            since = None
    return found if since is None else [*found, (since, NEVER)]


def status_failure(
    member: Member, facts: Facts, *, at: int, since: int, is_late: bool
) -> Cause | None:
    """The cause where status itself says at `at` that an object has failed, `since` that second."""
    about = f"{member.kind} {member.name}"
    if isinstance(facts, ConditionsFacts):
        for each in facts.failures:
            is_over = each.until is not None and end_of(each.until) <= at
            if each.second >= since and start_of(each.second) <= at and not is_over:
                return Cause(each.reason, each.message, about)
    if isinstance(facts, RolloutFacts) and is_late:
        return Cause("ProgressDeadlineExceeded", facts.timed_out_message, about)
    if isinstance(facts, RunFacts) and facts.failed and has_ended(facts, at):
        return Cause(facts.reason, facts.message, about)
    is_over = isinstance(facts, PodFacts) and facts.failed and is_over_at(facts, at)
    if isinstance(facts, PodFacts) and is_over and left_at(facts) is None:
        text = f"the pod failed: {facts.reason}" if facts.reason else "the pod failed"
        return Cause(facts.reason or "Failed", text, about)
    return None


def cause_of(
    standing: Sequence[Standing], *, kills: Mapping[tuple[str, str], Kill] = MappingProxyType({})
) -> Cause | None:
    """The most telling of the errors that stand, of one kind the newest.

    `kills` are the newest for which a probe was the reason, by object and container.
    """
    best = min(standing, key=lambda each: (each.kind, -each.last, each.identity), default=None)
    if best is None:
        return None
    same = {each.identity for each in standing if each.kind is best.kind}
    kill = kills.get((best.identity, best.container))
    is_killed = kill is not None and kill.time >= best.last - best.lived - SECOND
    words = words_of(best, probe=kill.probe if kill and is_killed else "")
    return Cause(best.name, words, best.about, len(same) - 1)


def start_of(second: int) -> int:
    """The time of what begins in Unix `second`."""
    return second * SECOND


def end_of(second: int) -> int:
    """The time by which that has ended what ends in Unix `second` (law 3)."""
    return (second + 1) * SECOND
