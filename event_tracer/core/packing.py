"""Object spans that are not settled, as a checkpoint has them: each object and change once.

A pod's chain names its ReplicaSet and Deployment, as do those of its thousand siblings.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from event_tracer.core.changes import Change
from event_tracer.core.kubeobject import KubeObject
from event_tracer.core.settle import BYTES_AS_TEXT, Told, Unsettled

T = TypeVar("T")
Row = tuple[
    bytes, bytes, bytes, tuple[int, ...], int, int, bytes | None, int, int, Told, str | None,
    dict[str, tuple[int, int]], bool,
]  # fmt: skip
"""An Unsettled's fields in their order; of chain and change the places in the tables."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Packed:
    """Many of them."""

    __pydantic_config__ = BYTES_AS_TEXT

    objects: tuple[KubeObject, ...] = ()
    changes: tuple[Change, ...] = ()
    rows: tuple[Row, ...] = ()


class _Table(Generic[T]):
    """Different things, each in its place."""

    def __init__(self) -> None:
        self.places: dict[T, int] = {}

    def place(self, item: T) -> int:
        return self.places.setdefault(item, len(self.places))


def pack(items: Iterable[Unsettled]) -> Packed:
    """Object spans → tables."""
    objects, changes = _Table[KubeObject](), _Table[Change]()
    rows = tuple(
        (
            item.trace_id, item.span_id, item.parent_id,
            tuple(objects.place(each) for each in item.chain), changes.place(item.change),
            item.hours, item.previous_trace_id, item.start, item.first, item.newest, item.error,
            item.pods, item.wanted,
        )
        for item in items
    )  # fmt: skip
    return Packed(objects=tuple(objects.places), changes=tuple(changes.places), rows=rows)


def unpack(packed: Packed) -> tuple[Unsettled, ...]:
    """Tables → object spans. Raises IndexError where a place is empty."""
    return tuple(
        Unsettled(
            trace_id=trace, span_id=span, parent_id=parent,
            chain=tuple(packed.objects[place] for place in chain), change=packed.changes[change],
            hours=hours, previous_trace_id=previous, start=start, first=first, newest=newest,
            error=error, pods=pods, wanted=wanted,
        )
        for trace, span, parent, chain, change, hours, previous, start, first, newest, error, pods,
        wanted in packed.rows
    )  # fmt: skip
