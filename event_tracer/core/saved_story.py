"""A story under way as a checkpoint keeps it. Times are ns."""

from typing import NamedTuple

from event_tracer.core.errors import Standing
from event_tracer.core.record import SavedRecord


class Doing(SavedRecord, frozen=True):
    """What a pod does since a time (ns), in words: an Event began it, and none has ended it."""

    since: int
    words: str


class Member(SavedRecord, frozen=True):
    """An object of a story since `since`, and those above it by identity, the nearest first."""

    kind: str
    name: str
    above: "tuple[str, ...]"
    since: int


class Awaited(SavedRecord, frozen=True):
    """A step that Events alone tell of: when it began and was done (-1: never)."""

    began: int
    done: int
    above: "tuple[str, ...]"

    @property
    def is_open(self) -> bool:
        """Whether it has begun and is not done."""
        return self.began > self.done


class SavedStory(NamedTuple):
    """A story as a checkpoint keeps it.

    Its members are those of the spans that are open, and those about which an error stands.
    """

    trace_id: bytes
    progress: int
    errors: "tuple[Standing, ...]"
    awaited: "tuple[tuple[str, Awaited], ...]"
    members: "tuple[tuple[str, Member], ...]" = ()
    kills: "tuple[tuple[str, str, int, str], ...]" = ()
    doing: "tuple[tuple[str, Doing], ...]" = ()
