"""Outcome of an object, and what its span says when it is sealed.

Not compiled: msgspec reads a checkpoint by the hints of classes that hold these.
"""

from typing import NamedTuple

from event_tracer.core.chain import Chain
from event_tracer.core.changes import Change
from event_tracer.core.record import Record


class Cause(NamedTuple):
    """Cause of a failure: the reason, in words, and the object as `Kind name`.

    `others` are as many objects more of which the same kind of error stands.
    """

    reason: str
    message: str
    about: str
    others: int = 0

    def text(self, *, of: str) -> str:
        """The words and, unless it is the object `of` itself, the object."""
        if self.about == of:
            return self.message
        more = f" and {self.others} more" if self.others else ""
        return f"{self.message} ({lower_kind(self.about)}{more})"


class Verdict(Record, frozen=True):
    """Outcome of an object at some time, with its cause where it failed.

    `hindrance` is an error that stands and may yet resolve itself, of what is under way.
    """

    outcome: str
    cause: Cause | None = None
    hindrance: Cause | None = None


class SealedObject(Record, frozen=True):
    """Content of an object span when it is sealed; times in ns, `completed_after` in s.

    `ready` is like `2/3`, of a workload; `progress` how far a root has come that is under way.
    """

    trace_id: bytes
    span_id: bytes
    parent_id: bytes
    chain: Chain
    start: int
    end: int
    verdict: Verdict
    completed_after: int | None
    ready: str
    progress: str
    change: Change
    hours: int
    previous_trace_id: bytes | None


def lower_kind(about: str) -> str:
    """`Kind name` with the kind as it stands in a sentence: `pod web-1`, but `ReplicaSet web`."""
    kind, space, name = about.partition(" ")
    return f"{kind.lower() if kind == kind.capitalize() else kind}{space}{name}"
