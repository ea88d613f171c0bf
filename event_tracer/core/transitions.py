"""Status transitions as a source of occurrences (law 11): what Events never say.

One row for each transition is in `tables.TRANSITIONS`. A transition says only what every frame
that shows it says, so that it is the same whoever reads it, and whenever.
"""

from collections.abc import Iterator

from event_tracer.core.condition_facts import ConditionsFacts
from event_tracer.core.conditions import ConditionChange, ConditionsStatus
from event_tracer.core.event import ObjectReference, reference_to
from event_tracer.core.facts import Facts, PodFacts, RolloutFacts
from event_tracer.core.kinds import API_VERSIONS, CONTROLLERS
from event_tracer.core.objects import ObjectMetadata
from event_tracer.core.observed import completion_date, first_asked, is_known_end, readiness_of
from event_tracer.core.record import Record
from event_tracer.core.status import PodStatus, RolloutStatus, Termination
from event_tracer.core.tables import (
    CONDITION,
    CONDITIONS,
    NO_CONDITION,
    RANK,
    TRANSITIONS,
    TransitionRule,
)
from event_tracer.core.times import SECOND, end_of_second, start_of_second

_KUBELET = "kubelet"
_TOLD = frozenset({"Deployment", "StatefulSet", "DaemonSet"})
_OOM = "OOMKilled"
_STOPPED = frozenset({137, 143})  # 128 + SIGKILL, SIGTERM


class Transition(Record, frozen=True):
    """A transition of the object `about`. Times are ns; `key` is its own among the object's.

    `time` is `stated` with its place in the second (law 3). `word` refines the reason. An exit
    code is None where none is. `generation` is that whose completion it is. `condition` is the type
    of one of a custom kind.
    """

    key: str
    about: ObjectReference
    reason: str
    word: str
    message: str
    service: str
    stated: int
    time: int
    is_error: bool
    version: int
    started: int | None = None
    end: Termination | None = None
    node: str = ""
    generation: int | None = None
    condition: str = ""


def transitions_of(
    meta: ObjectMetadata, before: Facts, after: Facts, *, is_listed: bool
) -> list[Transition]:
    """The transitions that a frame is the first to show, by the facts before and after it.

    `is_listed`: it is of a LIST, which cannot say when it came to be so.
    """
    status = meta.status
    if isinstance(status, PodStatus) and isinstance(before, PodFacts):
        # Most frames of a pod change none of its facts, which hold all that its transitions tell.
        return [] if after is before else list(_of_pod(meta, status, before))
    if isinstance(status, RolloutStatus) and isinstance(before, RolloutFacts):
        assert isinstance(after, RolloutFacts)
        return list(_of_rollout(meta, status, before, after, is_listed=is_listed))
    if isinstance(status, ConditionsStatus) and isinstance(before, ConditionsFacts):
        return [_of_condition(meta, it) for it in status.changes if it not in before.changes]
    return []


def _of_pod(meta: ObjectMetadata, status: PodStatus, before: PodFacts) -> Iterator[Transition]:
    found = readiness_of(meta, status)
    if found and found not in before.readiness:
        reason = "Ready" if found.is_ready else "NotReady"
        key = f"{reason} {found.second}"
        yield _transition(meta, reason, key, found.second, node=status.node)
    for end in status.terminations:
        if not is_known_end(end, before.ends):
            yield from _termination(meta, status, end, before)
    disruption = status.disruption
    if disruption and disruption.holds and before.disrupted is None and disruption.transition:
        word, second = disruption.reason, disruption.transition
        key = f"DisruptionTarget {word} {second}"
        yield _transition(meta, "DisruptionTarget", key, second, word=word, node=status.node)


def _termination(
    meta: ObjectMetadata, status: PodStatus, end: Termination, before: PodFacts
) -> Iterator[Transition]:
    ready = status.ready.transition if status.ready else None
    finished = ready if end.finished is None else end.finished
    if finished is None:
        return
    # Once all its containers are dead a pod's grace is 0: nobody knows when it was asked to go.
    is_late = before.asked is None and meta.is_forced
    is_error = is_death(end, finished=finished, asked=first_asked(before, meta)) and not is_late
    signal = f", signal {end.signal}" if end.signal else ""
    name = end.container_id or str(finished)
    yield _transition(
        meta, "Terminated", f"Terminated {end.container} {name}", finished,
        word=end.reason, node=status.node,
        message=f"container {end.container}: {end.reason or 'ended'}, exit {end.exit_code}{signal}",
    ).but(
        is_error=is_error,
        started=None if end.started is None else (end.started + 1) * SECOND,
        end=end,
    )  # fmt: skip


def is_death(end: Termination, *, finished: int, asked: int | None) -> bool:
    """Whether an end of a container is an error (law 10): it went wrong, and was not asked for.

    `finished` and `asked` are the seconds of its end, and in which its pod was asked to go.
    """
    if end.exit_code == 0:
        return False
    # Nobody knows when a container ended whose pod is deleted before its state is known.
    if asked is not None and (end.finished is None or finished >= asked):
        return False
    return not (end.is_init and end.exit_code in _STOPPED and end.reason != _OOM)


def _of_rollout(
    meta: ObjectMetadata, status: RolloutStatus, before: RolloutFacts, after: RolloutFacts, *,
    is_listed: bool,
) -> Iterator[Transition]:  # fmt: skip
    if after.timed_out is not None and after.timed_out != before.timed_out:
        key = f"ProgressDeadlineExceeded {after.timed_out}"
        yield _transition(
            meta, "ProgressDeadlineExceeded", key, after.timed_out, message=after.timed_out_message
        )
    generation = meta.generation or 0
    if meta.kind not in _TOLD or generation <= before.told or status.observed != generation:
        return
    second = completion_date(meta, status)
    is_seen = status.is_complete and not is_listed and after.incomplete == generation
    if second is None and is_seen:
        second = meta.status_second
    if second is not None:
        key = f"RolloutComplete {generation}"
        yield _transition(meta, "RolloutComplete", key, second).but(generation=generation)


def _of_condition(meta: ObjectMetadata, change: ConditionChange) -> Transition:
    # No reason nor message: a controller may change both, and leave the time as it is.
    name = change.type if change.type in CONDITIONS else "Condition"
    rule = CONDITIONS.get(name, CONDITION) if change.is_true else NO_CONDITION
    key = f"{change.type} {change.is_true} {change.second}"
    made = _transition(
        meta, name if change.is_true else f"Not{name}", key, change.second, rule=rule,
        message=f"{change.type} is {change.is_true}",
    )  # fmt: skip
    about = made.about.but(api_version=meta.api_version)
    return made.but(about=about, service=meta.group, condition=change.type)


def _transition(
    meta: ObjectMetadata, reason: str, key: str, second: int, *, word: str = "",
    message: str = "", node: str = "", rule: TransitionRule | None = None,
) -> Transition:  # fmt: skip
    rule = rule or TRANSITIONS[reason]
    place = end_of_second if rule.ends else start_of_second
    return Transition(
        key=key,
        about=reference_to(
            meta.kind, meta.namespace, meta.name, meta.uid, API_VERSIONS.get(meta.kind, "")
        ),
        reason=reason,
        word=word if word in rule.words else "",
        message=message or rule.message,
        service=CONTROLLERS.get(meta.kind, _KUBELET),
        stated=second * SECOND,
        time=place(second, rank=rule.rank or RANK[reason]),
        is_error=rule.is_error,
        version=meta.resource_version,
        node=node,
    )  # fmt: skip
