"""A checkpoint as bytes, in parts: one that is as it was the last time is not made again.

Most of a checkpoint stays from second to second: objects that wait in silence, roots that nobody
touches. A part is a line of JSON in a gzip member of its own (RFC 1952, 2.2), the head the first
of them. Where a part ends is up to its items, so what comes and goes elsewhere leaves it as it is.
"""

import gzip
import zlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from operator import attrgetter, itemgetter
from typing import Any, NamedTuple, TypeVar

from pydantic import ConfigDict, TypeAdapter, ValidationError

from event_tracer.core.histories import Saved
from event_tracer.core.object_spans import BYTES_AS_TEXT
from event_tracer.core.objects import KubeObject
from event_tracer.core.seen import Counts
from event_tracer.core.span import Span
from event_tracer.core.state import NONE, Packed, State, pack, unpack
from event_tracer.pipeline.checkpoint import VERSION, Checkpoint, CheckpointError

MOST_BYTES = 700 * 1024
"""Of a checkpoint as it is stored: etcd takes 1.5 MiB, a ConfigMap 1 MiB."""
_ITEMS = 64  # of a part, on the average
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Head:
    """What is no sequence; so many `parts` follow. `state` has its watermark and cluster_uid."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    version: int = VERSION
    cluster_uid: str = ""
    events: Mapping[str, str] = field(default_factory=dict)
    objects: Mapping[str, str] = field(default_factory=dict)
    state: tuple[int, str] | None = None
    parts: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """Some items of one sequence."""

    __pydantic_config__ = ConfigDict({**BYTES_AS_TEXT, "extra": "forbid"})

    histories: Saved = ()
    sent: tuple[bytes, ...] = ()
    gone: tuple[KubeObject, ...] = ()
    spans: tuple[Span, ...] = ()
    unsettled: Packed = NONE
    counts: Counts = ()


_HEAD, _PART = TypeAdapter(_Head), TypeAdapter(_Part)
# What names an item of each sequence.
_NAMES: Mapping[str, Callable[[Any], str | bytes]] = {
    "histories": itemgetter(0), "sent": bytes, "gone": attrgetter("identity"),
    "spans": attrgetter("span_id"), "unsettled": attrgetter("span_id"), "counts": itemgetter(0),
}  # fmt: skip
# What goes first where there is no room for all, of each the oldest; what is counted then.
_GOES = (("sent", "gone"), ("spans",), ("unsettled", "counts"))
_COUNTED = frozenset({"sent", "spans", "unsettled"})


class _Made(NamedTuple):
    """A part, and the items that it was made of."""

    items: Sequence[Any]
    data: bytes


Parts = Mapping[str, deque[_Made]]


class Dumper:
    """Checkpoints → bytes of at most `most`, one after the other."""

    def __init__(self, *, most: int = MOST_BYTES) -> None:
        self._most = most
        self._made: dict[tuple[str, str | bytes], _Made] = {}  # by sequence and first item

    def dump(self, checkpoint: Checkpoint) -> tuple[bytes, int]:
        """Checkpoint → bytes, and how many ids and spans were left out for want of room.

        The oldest ids of sent object spans go first, with the objects deleted longest ago; then
        the object spans that wait for an acknowledgement, then those that are not settled.
        """
        known, self._made = self._made, {}
        items = _sequences(checkpoint)
        parts = {name: deque(self._parts(name, items[name], known)) for name in _NAMES}
        left_out = self._fit(checkpoint, parts)
        data = [made.data for of_one in parts.values() for made in of_one]
        return _head(checkpoint, parts=len(data)) + b"".join(data), left_out

    def _parts(
        self, name: str, items: Sequence[Any], known: Mapping[tuple[str, str | bytes], _Made]
    ) -> Iterator[_Made]:
        name_of = _NAMES[name]
        for some in _cut(items, name_of):
            key = (name, name_of(some[0]))
            made = known.get(key)
            if made is None or made.items != some:
                made = _Made(some, _part(name, some))
            self._made[key] = made
            yield made

    def _fit(self, checkpoint: Checkpoint, parts: Parts) -> int:
        whole = {name: len(of_one) or 1 for name, of_one in parts.items()}
        size = sum(len(made.data) for of_one in parts.values() for made in of_one)
        left_out = 0
        for names in _GOES:
            while any(parts[name] for name in names):
                count = sum(map(len, parts.values()))
                if size + len(_head(checkpoint, parts=count)) <= self._most:
                    return left_out
                name = max(names, key=lambda name: len(parts[name]) / whole[name])
                dropped = parts[name].popleft()
                size -= len(dropped.data)
                left_out += len(dropped.items) if name in _COUNTED else 0
        return left_out


def _sequences(checkpoint: Checkpoint) -> Mapping[str, Sequence[Any]]:
    state = checkpoint.state
    if state is None:
        return {**dict.fromkeys(_NAMES, ()), "spans": checkpoint.spans}
    return {
        "histories": state.histories, "sent": state.sent, "gone": state.tombstones,
        "spans": checkpoint.spans, "unsettled": state.unsettled, "counts": state.counts,
    }  # fmt: skip


def _cut(items: Sequence[Any], name_of: Callable[[Any], str | bytes]) -> Iterator[Sequence[Any]]:
    start = 0
    for end, item in enumerate(items, start=1):
        name = name_of(item)
        if zlib.crc32(name if isinstance(name, bytes) else name.encode()) % _ITEMS == 0:
            yield items[start:end]
            start = end
    if start < len(items):
        yield items[start:]


def _part(name: str, items: Sequence[Any]) -> bytes:
    content: Any = pack(items) if name == "unsettled" else items
    return _line(_PART.dump_json(_Part(**{name: content}), exclude_defaults=True))


def _head(checkpoint: Checkpoint, *, parts: int) -> bytes:
    state = checkpoint.state
    head = _Head(
        version=checkpoint.version,
        cluster_uid=checkpoint.cluster_uid,
        events=checkpoint.events,
        objects=checkpoint.objects,
        state=(state.watermark, state.cluster_uid) if state else None,
        parts=parts,
    )
    return _line(_HEAD.dump_json(head))


def _line(json: bytes) -> bytes:
    return gzip.compress(json + b"\n", compresslevel=1, mtime=0)


def load(data: bytes) -> Checkpoint:
    """bytes → Checkpoint. Raises CheckpointError where they are none."""
    try:
        return _load(data)
    except (OSError, EOFError, zlib.error, ValidationError, IndexError) as error:
        raise CheckpointError(f"not a checkpoint: {str(error).splitlines()[0]}") from None


def _load(data: bytes) -> Checkpoint:
    first, *rest = gzip.decompress(data).splitlines() or [b""]
    head = _HEAD.validate_json(first)
    if head.version != VERSION:
        raise CheckpointError(f"a checkpoint of version {head.version}, not {VERSION}")
    if head.parts != len(rest):
        raise CheckpointError(f"not a checkpoint: {len(rest)} parts where {head.parts} were")
    parts = [_PART.validate_json(line) for line in rest]
    return Checkpoint(
        version=head.version,
        cluster_uid=head.cluster_uid,
        events=head.events,
        objects=head.objects,
        spans=_joined(part.spans for part in parts),
        state=_state(*head.state, parts) if head.state else None,
    )


def _state(watermark: int, cluster_uid: str, parts: Sequence[_Part]) -> State:
    return State(
        watermark=watermark,
        cluster_uid=cluster_uid,
        histories=_joined(part.histories for part in parts),
        unsettled=_joined(unpack(part.unsettled) for part in parts),
        sent=_joined(part.sent for part in parts),
        tombstones=_joined(part.gone for part in parts),
        counts=_joined(part.counts for part in parts),
    )


def _joined(some: Iterable[tuple[T, ...]]) -> tuple[T, ...]:
    return tuple(chain.from_iterable(some))
