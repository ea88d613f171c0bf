"""The steps that Events alone tell of: a pod's start, a claim's provisioning, a run (law 6)."""

from event_tracer.core.chain import is_run
from event_tracer.core.event import ObjectReference
from event_tracer.core.occurrence import Child, Occurrence
from event_tracer.core.ranks import ENDING, RUN_BEGUN, RUN_ENDED
from event_tracer.core.record import Record
from event_tracer.core.tables import (
    CHILD_DONE,
    CHILD_WAITING,
    CLAIM_DONE,
    CLAIM_WAITING,
    POD_BORN,
    POD_DONE,
    POD_WAITING,
)

Words = frozenset[str]


class Step(Record, frozen=True):
    """Word of an Event that a step of `name` is under way, or need not be waited for."""

    name: str
    is_waiting: bool
    is_born: bool


def step_of(occurrence: Occurrence) -> Step | None:
    """The start of the pod, or the claim, that an occurrence is about or names; a run's course."""
    reason = occurrence.reason
    about, waiting, done = _awaited(occurrence)
    is_waiting = reason in waiting
    if about is None or not (is_waiting or reason in done) or _is_aside(occurrence):
        return None
    name = f"{about.kind} {about.namespace}/{about.name}"
    return Step(name=name, is_waiting=is_waiting, is_born=reason in POD_BORN)


def _awaited(occurrence: Occurrence) -> tuple[ObjectReference | Child | None, Words, Words]:
    """What an occurrence may say the course of, and the reasons that it goes on and is over."""
    about, child = occurrence.about, occurrence.child
    if about.kind == "PersistentVolumeClaim":
        return about, CLAIM_WAITING, CLAIM_DONE
    if about.kind == "Pod":
        return about, POD_WAITING, POD_DONE
    if about.kind in ENDING or (is_run(about.kind) and about.kind != "Job"):
        return about, RUN_BEGUN, RUN_ENDED
    return child if child and child.kind == "Pod" else None, CHILD_WAITING, CHILD_DONE


def _is_aside(occurrence: Occurrence) -> bool:
    # An init container that has started leaves the pod's own still to come.
    path = occurrence.about.field_path
    return occurrence.reason == "Started" and path.startswith(("spec.init", "spec.ephemeral"))
