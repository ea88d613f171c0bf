"""What one look has of a Deployment: its first frame, its ReplicaSets, the steps of its scaling.

Seconds are Unix seconds.
"""

from collections.abc import Iterator
from typing import NamedTuple

from event_tracer.core.conditions import Condition
from event_tracer.core.event import Event
from event_tracer.core.objects import ObjectMetadata, Write
from event_tracer.core.status import RolloutStatus
from event_tracer.core.tables import COMBINED, SCALED
from event_tracer.core.times import second_of


class Sight(NamedTuple):
    """The first frame of a workload, of what happened up to the second `until`.

    `is_answered`: its controller has observed the newest of its changes.
    """

    created: int
    until: int
    is_answered: bool
    generation: int | None
    revision: int
    writes: tuple[Write, ...]
    progressing: Condition | None
    is_paused: bool


class Template(NamedTuple):
    """A ReplicaSet or a ControllerRevision, which keeps a template.

    `revisions` are those of its Deployment, none of a ControllerRevision, whose number is in no
    metadata. `pods` it is to have, None where nobody says.
    """

    name: str
    created: int
    revisions: tuple[int, ...]
    pods: int | None


class Scaling(NamedTuple):
    """A ReplicaSet was scaled at `time` (ns); `hides`: so were others, of which nothing is left."""

    time: int
    name: str
    before: int
    after: int
    hides: bool

    @property
    def second(self) -> int:
        """That of its time."""
        return second_of(self.time)


def sight_of(meta: ObjectMetadata, *, now: int) -> Sight | None:
    """The first frame of a workload, at `now` (ns of the watermark)."""
    if meta.created is None:
        return None
    until = second_of(now) if not meta.writes and meta.written is not None else meta.written
    status = meta.status if isinstance(meta.status, RolloutStatus) else None
    return Sight(
        created=meta.created,
        until=meta.created if until is None else until,
        is_answered=status is None or status.observed >= (meta.generation or 0),
        generation=meta.generation,
        revision=max(meta.revisions, default=0),
        writes=tuple(each for each in meta.writes if each.spec),
        progressing=status.progressing if status else None,
        is_paused=meta.is_paused,
    )


def template_of(meta: ObjectMetadata) -> Template | None:
    """The template that an object keeps; None of a ReplicaSet that no Deployment has numbered."""
    is_numbered = bool(meta.revisions) or meta.kind == "ControllerRevision"
    if meta.created is None or not is_numbered:
        return None
    pods = meta.status.wanted if isinstance(meta.status, RolloutStatus) else None
    return Template(meta.name, meta.created, meta.revisions, pods)


def scalings_of(event: Event) -> Iterator[Scaling]:
    """The steps that a ScalingReplicaSet states: its first, and where it came again its last."""
    if event.reason != "ScalingReplicaSet":
        return
    match = SCALED.match(event.message.removeprefix(COMBINED))
    if match is None:
        return
    is_combined = event.message.startswith(COMBINED)
    hides = is_combined and event.count > 1  # its message is that of the last alone
    first = event.time if event.first_time is None else event.first_time
    before, after = match["before"] or match["from"], match["after"] or match["to"]
    for time in {event.time} if is_combined else {event.time, first}:
        yield Scaling(time, match["name"], int(before), int(after), hides)
