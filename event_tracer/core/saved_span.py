"""Object spans under way as a checkpoint keeps them: each object and change once. Times are ns."""

from collections.abc import Iterable
from typing import NamedTuple, TypeVar

from event_tracer.core.chain import Chain, KubeObject
from event_tracer.core.changes import Change
from event_tracer.core.record import Record
from event_tracer.core.span import object_span_id

Position = tuple[int, bytes]  # time (ns), span id: a total order of occurrences
_Trace = bytes | None
T = TypeVar("T")


class SavedSpan(Record, frozen=True):
    """An object span under way, as of a moment: what OpenObjectSpan has, but what follows of it."""

    span_id: bytes
    trace_id: bytes
    chain: "Chain"
    change: Change
    hours: int
    run: str
    previous_trace_id: "_Trace"
    start: int
    first: int
    last: "Position"
    is_exported: bool


Row = tuple[
    bytes, tuple[int, ...], int, int, str, _Trace, int, int, Position, bool,
]  # fmt: skip
"""The fields of a SavedSpan from its trace on; of chain and change the places in the tables.

The span's id is that of trace and chain.
"""


class Packed(NamedTuple):
    """Saved spans as they are written.

    A pod's chain names its ReplicaSet and Deployment, as do those of its thousand siblings.
    """

    objects: "tuple[KubeObject, ...]" = ()
    changes: "tuple[Change, ...]" = ()
    rows: "tuple[Row, ...]" = ()


NONE = Packed()


def pack(items: Iterable[SavedSpan]) -> Packed:
    """Saved spans → tables."""
    objects: list[KubeObject] = []
    changes: list[Change] = []
    # By id(): to hash a chain costs more than all the rest.
    of_objects: dict[int, int] = {}
    of_changes: dict[int, int] = {}
    rows: list[Row] = []
    for item in items:
        chain = tuple([_place(it, objects, of_objects) for it in item.chain])
        change = _place(item.change, changes, of_changes)
        rows.append((
            item.trace_id, chain, change, item.hours, item.run, item.previous_trace_id,
            item.start, item.first, item.last, item.is_exported,
        ))  # fmt: skip
    return Packed(tuple(objects), tuple(changes), tuple(rows))


def _place(item: T, table: list[T], places: dict[int, int]) -> int:
    place = places.get(id(item))
    if place is None:
        place = places[id(item)] = len(table)
        table.append(item)
    return place


def unpack(packed: Packed) -> tuple[SavedSpan, ...]:
    """Tables → saved spans. Raises IndexError where a place is empty."""
    return tuple([_saved_span(packed, row) for row in packed.rows])


def _saved_span(packed: Packed, row: Row) -> SavedSpan:
    trace, places, change, hours, run, previous, start, first, last, is_exported = row
    chain = tuple([packed.objects[place] for place in places])
    return SavedSpan(
        span_id=object_span_id(trace=trace, identity=chain[0].identity), trace_id=trace,
        chain=chain, change=packed.changes[change], hours=hours, run=run,
        previous_trace_id=previous, start=start, first=first, last=last, is_exported=is_exported,
    )  # fmt: skip
