"""The dated changes of intent of one root, from the frames of its metadata.

managedFields tell who wrote which fields in which second (metav1.ManagedFieldsEntry), but not
for writes through `/scale` nor for what takes a field away, as resuming does, and `generation`
rises for annotations too (pkg/registry/apps/deployment/strategy.go); hence the care in `history`.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from event_tracer.core.tables import AUTOSCALERS

FOLLOWS = 600
"""Seconds after a change of a root within which what follows from it belongs to it.

The autoscaler's scale does, and its operator's change of a workload that the root owns.
"""
HOUR = 3600
NOBODY = "kubernetes"
"""The manager of a change that nobody signed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change of intent, in the Unix second of its writing.

    `workload` is the identity of the owned workload that was changed, empty for the root itself.
    """

    second: int
    verb: str
    manager: str
    generation: int | None = None
    workload: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ControllerAction:
    """A Unix second in which the root's controller acted on its state as of `resource_version`."""

    resource_version: int
    second: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingChange:
    """A change that no write dates: an Event or a status write, the earlier one, is to date it."""

    change: Change  # its second is without meaning
    resource_version: int
    status_second: int  # the status write before it
    seen: int  # the watermark (ns) when it was read
    by_event: int | None = None
    by_status: int | None = None

    @property
    def dated(self) -> Change | None:
        """The change, as far as it can be dated by now: both witnesses came after it."""
        seconds = [second for second in (self.by_event, self.by_status) if second is not None]
        return replace(self.change, second=min(seconds)) if seconds else None

    def observe_event(self, actions: "tuple[ControllerAction, ...]") -> "PendingChange":
        """This change with the first of these times that followed it."""
        seconds = [
            item.second for item in actions if item.resource_version >= self.resource_version
        ]
        known = [] if self.by_event is None else [self.by_event]
        return replace(self, by_event=min([*known, *seconds], default=None))


def newest(changes: tuple[Change, ...], second: int) -> Change | None:
    """The newest change at or before Unix `second`; the oldest where all are later."""
    earlier = [change for change in changes if change.second <= second]
    return earlier[-1] if earlier else changes[0] if changes else None


def is_autoscaled(change: Change) -> bool:
    """Whether an autoscaler made a change."""
    return change.verb == "Scale" and change.manager in AUTOSCALERS


def without_answers(changes: Iterable[Change]) -> tuple[Change, ...]:
    """Without an autoscaler's scales soon after another change, in whatever order they came."""
    kept: list[Change] = []
    for each in changes:
        if not (kept and is_autoscaled(each) and each.second - kept[-1].second < FOLLOWS):
            kept.append(each)
    return tuple(kept)


def until_generation(
    changes: tuple[Change, ...], workload: str, generation: int
) -> tuple[Change, ...]:
    """`changes` without those that led to a later generation of `workload`, or of the root."""
    return tuple(
        each
        for each in changes
        if each.workload != workload or each.generation is None or each.generation <= generation
    )


def hours_since(change: Change, second: int) -> int:
    """Whole hours from `change` to Unix `second`: a story lasts one."""
    return max(0, (second - change.second) // HOUR)
