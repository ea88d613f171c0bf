"""Steps that Events alone tell of: the start of a pod, the provisioning of a claim (law 6)."""

from typing import NamedTuple

from event_tracer.core.event import ObjectReference
from event_tracer.core.occurrence import Child, Occurrence
from event_tracer.core.tables import (
    CHILD_DONE,
    CHILD_WAITING,
    CLAIM_DONE,
    CLAIM_WAITING,
    POD_BORN,
    POD_DONE,
    POD_WAITING,
)


class Step(NamedTuple):
    """Word of an Event that a step of `name` is under way, or need not be waited for."""

    name: str
    is_waiting: bool
    is_born: bool


def step_of(occurrence: Occurrence) -> Step | None:
    """The start of the pod, or the claim, that an occurrence is about or names in its message."""
    about: ObjectReference | Child | None = occurrence.about
    reason, child = occurrence.reason, occurrence.child
    waiting, done = POD_WAITING, POD_DONE
    if about and about.kind == "PersistentVolumeClaim":
        waiting, done = CLAIM_WAITING, CLAIM_DONE
    elif occurrence.about.kind != "Pod":
        about = child if child and child.kind == "Pod" else None
        waiting, done = CHILD_WAITING, CHILD_DONE
    is_waiting = reason in waiting
    if about is None or not (is_waiting or reason in done) or _is_aside(occurrence):
        return None
    name = f"{about.kind} {about.namespace}/{about.name}"
    return Step(name=name, is_waiting=is_waiting, is_born=reason in POD_BORN)


def _is_aside(occurrence: Occurrence) -> bool:
    # An init container that has started leaves the pod's own still to come.
    path = occurrence.about.field_path
    return occurrence.reason == "Started" and path.startswith(("spec.init", "spec.ephemeral"))
