"""What the fold saves, so that a restart goes on as if nothing had happened."""

from dataclasses import dataclass

from event_tracer.core.histories import Saved
from event_tracer.core.object_spans import Unsettled
from event_tracer.core.objects import KubeObject
from event_tracer.core.seen import Counts


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What a restart needs beside a LIST: law 9's part of the checkpoint that the core knows.

    `clock` is how far Events had been read, in ns; `sent` has the ids of the object spans that
    have left, the oldest first;
    `gone` are objects deleted of late, `counts` those of repeated Events.
    """

    clock: int
    cluster_uid: str
    histories: Saved
    unsettled: tuple[Unsettled, ...]
    sent: tuple[bytes, ...]
    gone: tuple[KubeObject, ...] = ()
    counts: Counts = ()
