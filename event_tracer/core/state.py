"""The fold's part of the checkpoint: a restart goes on as if nothing had happened (law 9)."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from event_tracer.core.chain import KubeObject
from event_tracer.core.changes import Change
from event_tracer.core.facts import SavedStatuses
from event_tracer.core.histories import Saved
from event_tracer.core.open_span import OpenObjectSpan, Position
from event_tracer.core.saved_story import SavedStory
from event_tracer.core.seen import Counts
from event_tracer.core.span import object_span_id

Row = tuple[
    bytes, tuple[int, ...], int, int, str, bytes | None, int, int, Position, bool,
]  # fmt: skip
"""The fields of an OpenObjectSpan in their order; of chain and change the places in the tables.

The span's id and its parent's are those of trace and chain.
"""


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
    unsettled: tuple[OpenObjectSpan, ...]
    stories: tuple[SavedStory, ...]
    statuses: SavedStatuses
    sent: tuple[bytes, ...]
    tombstones: tuple[KubeObject, ...] = ()
    counts: Counts = ()
    ends: Counts = ()


class Packed(NamedTuple):
    """Open object spans as a checkpoint has them: each object and change once.

    A pod's chain names its ReplicaSet and Deployment, as do those of its thousand siblings.
    """

    objects: tuple[KubeObject, ...] = ()
    changes: tuple[Change, ...] = ()
    rows: tuple[Row, ...] = ()


NONE = Packed()


def pack(items: Iterable[OpenObjectSpan]) -> Packed:
    """Object spans → tables."""
    # By id(): to hash a chain costs more than all the rest.
    objects: dict[int, tuple[int, KubeObject]] = {}
    changes: dict[int, tuple[int, Change]] = {}
    rows = tuple(
        [
            (
                item.trace_id,
                tuple([objects.setdefault(id(it), (len(objects), it))[0] for it in item.chain]),
                changes.setdefault(id(item.change), (len(changes), item.change))[0], item.hours,
                item.run, item.previous_trace_id, item.start, item.first, item.last,
                item.is_exported,
            )
            for item in items
        ]
    )  # fmt: skip
    return Packed(
        tuple([each for _, each in objects.values()]),
        tuple([each for _, each in changes.values()]),
        rows,
    )


def unpack(packed: Packed) -> tuple[OpenObjectSpan, ...]:
    """Tables → object spans. Raises IndexError where a place is empty."""
    return tuple(_unsettled(packed, *row) for row in packed.rows)


def _unsettled(
    packed: Packed, trace: bytes, places: tuple[int, ...], change: int, hours: int, run: str,
    previous: bytes | None, start: int, first: int, last: Position, is_exported: bool,
) -> OpenObjectSpan:  # fmt: skip
    chain = tuple(packed.objects[place] for place in places)
    ids = [object_span_id(trace=trace, identity=item.identity) for item in chain[:2]]
    return OpenObjectSpan(
        trace_id=trace, span_id=ids[0], parent_id=ids[1] if ids[1:] else b"", chain=chain,
        change=packed.changes[change], hours=hours, run=run, previous_trace_id=previous,
        start=start, first=first, last=last, is_exported=is_exported,
    )  # fmt: skip
