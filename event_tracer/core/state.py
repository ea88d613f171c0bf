"""The fold's part of the checkpoint: a restart goes on as if nothing had happened (law 9)."""

from dataclasses import dataclass

from event_tracer.core.chain import KubeObject
from event_tracer.core.facts import SavedStatuses
from event_tracer.core.histories import Saved
from event_tracer.core.saved_span import SavedSpan
from event_tracer.core.saved_story import SavedStory
from event_tracer.core.seen import Counts


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """All that a restart of the fold needs beside a LIST.

    `watermark` (ns) is how far occurrences have left; `stories` are those of the `unsettled` object
    spans, `statuses` the facts of the objects in them; `sent` has the ids of the object spans that
    have left, the oldest first; `tombstones` are objects deleted of late, `counts` those of
    repeated Events, `ends` the numbers of containers' last ends.
    """

    watermark: int
    cluster_uid: str
    histories: Saved
    unsettled: tuple[SavedSpan, ...]
    stories: tuple[SavedStory, ...]
    statuses: SavedStatuses
    sent: tuple[bytes, ...]
    tombstones: tuple[KubeObject, ...] = ()
    counts: Counts = ()
    ends: Counts = ()
