"""Occurrences seen before, so that none is sent twice; and the span of a gap in what was seen."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from event_tracer.core.expiring import GenerationalCache
from event_tracer.core.frame import Listing
from event_tracer.core.occurrence import Occurrence
from event_tracer.core.span import Attributes, Span, gap_ids
from event_tracer.core.status import Termination
from event_tracer.core.times import MICROSECOND, SECOND, UNUSED

SERVICE = "event-tracer"
_HIDDEN = "event_tracer.gap.occurrences"
_MOST_EVENTS = 200_000
_MOST_COUNTS = 64
_MOST_ENDS = 20_000
_MOST_SAVED = 5_000
_TIME_BITS = 64
_BASE = 1_600_000_000 * SECOND  # ns since the epoch, of 2020: 60 bits more or less are 36 years

Counts = tuple[tuple[str, int], ...]


class Hidden(NamedTuple):
    """Occurrences that a gap hid, as far as counts tell; `by` so many Events or containers."""

    occurrences: int = 0
    by: int = 0


class Seen:
    """Occurrences seen, by their key; `saved` are counts that an earlier run saw, `ends` likewise.

    Of a container the last end is numbered by all before it.
    """

    def __init__(
        self, saved: Iterable[tuple[str, int]] = (), ends: Iterable[tuple[str, int]] = ()
    ) -> None:
        # An Event is remembered for an hour, and most happen once: their bytes count here.
        self._observed: GenerationalCache[int, int | tuple[int, ...]] = GenerationalCache(
            keep=UNUSED, most=_MOST_EVENTS
        )
        self._risen: GenerationalCache[str, int] = GenerationalCache(
            keep=UNUSED, most=_MOST_SAVED
        )  # counts above one
        for key, count in saved:
            self._risen.put(key, count)
        # Of containers that have ended, by `uid/container`: most never do.
        self._ends: GenerationalCache[str, int] = GenerationalCache(most=_MOST_ENDS)
        for key, count in ends:
            self._ends.put(key, count)
        self._hidden: dict[str, list[int]] = {}  # by namespace, of each container

    def observe(self, occurrence: Occurrence) -> bool:
        """Note an occurrence; True if its (count, time) is new."""
        key, count = occurrence.key, occurrence.count
        short, new = _short(key), _state(count, occurrence.time)
        seen = self._observed.peek(short)
        if seen is None:
            self._observed.put(short, new)
        else:
            all_seen = seen if isinstance(seen, tuple) else (seen,)
            if new in all_seen:
                return False
            self._observed.put(short, (*all_seen[1 - _MOST_COUNTS :], new))
        if count > 1:
            self._risen.put(key, max(count, self._risen.peek(key) or 0))
        return True

    def last(self, key: str) -> tuple[int, int]:
        """The highest count of an Event that was seen, and its time (ns); 0 where not known."""
        seen = self._observed.peek(_short(key))
        newest = max(seen, default=None) if isinstance(seen, tuple) else seen
        count, time = (0, 0) if newest is None else _count_and_time(newest)
        risen = self._risen.peek(key) or 0
        return (count, time) if count >= risen else (risen, 0)

    def forget(self, key: str) -> None:
        """Forget an Event that is gone."""
        self._observed.drop(_short(key))
        self._risen.drop(key)

    def observe_ends(
        self, ends: Iterable[Termination], *, pod: tuple[str, str], deleted: bool, in_gap: bool
    ) -> None:
        """Note the ends of a pod's containers that can still be read, of each the earlier first.

        `pod` is its namespace and uid. `in_gap`: those before them that nobody watched are hidden
        by that gap.
        """
        namespace, uid = pod
        for end in ends:
            key = f"{uid}/{end.container}"
            before = self._ends.get(key) or 0
            if in_gap and end.ordinal > before + 1:
                self._hidden.setdefault(namespace, []).append(end.ordinal - before - 1)
            if deleted:
                self._ends.drop(key)
            elif end.ordinal > before:
                self._ends.put(key, end.ordinal)

    def take_hidden_ends(self, namespace: str) -> Hidden:
        """The ends that a gap in `namespace` (empty: in all) has hidden, once."""
        names = [name for name in self._hidden if namespace in ("", name)]
        counts = [count for name in names for count in self._hidden.pop(name)]
        return Hidden(occurrences=sum(counts), by=len(counts))

    def hidden_events(self, latest: Iterable[Occurrence], *, since: int) -> Hidden:
        """The occurrences that by the counts of these nobody watched, from `since` (ns) on."""
        counts = [count for each in latest if (count := self._hidden_by(each, since=since))]
        return Hidden(occurrences=sum(counts), by=len(counts))

    def _hidden_by(self, occurrence: Occurrence, *, since: int) -> int:
        """The number of occurrences that by its count nobody watched, from `since` (ns) on."""
        seen = self._observed.peek(_short(occurrence.key))
        before = self._risen.peek(occurrence.key) or (None if seen is None else 1)
        if before is None:
            first = occurrence.first_time
            before = 1 if (occurrence.time if first is None else first) < since else 0
        return max(0, occurrence.count - before - 1)

    def counts(self) -> Counts:
        """The counts above one: what tells after a restart what is hidden."""
        return tuple(self._risen)[-_MOST_SAVED:]

    def ends(self) -> Counts:
        """The numbers of containers' last ends: as `counts`."""
        return tuple(self._ends)[-_MOST_SAVED:]

    def expire(self, *, now: int) -> None:
        """Forget what was not met for longer than an Event lives."""
        self._observed.expire(now=now)
        self._risen.expire(now=now)


# CPython keeps 30 bits of a number in a digit of four bytes: a key, and the state of a first
# occurrence, take 32 bytes instead of 48 (longobject.c, obmalloc.c), of 500,000 Events 16 MB less.
def _short(key: str) -> int:
    return hash(key) >> 4  # of this process alone (PYTHONHASHSEED): what is saved has the key


def _state(count: int, time: int) -> int:
    """A count and its time (ns) as one number, in their order."""
    return (count - 1 << _TIME_BITS) + time - _BASE


def _count_and_time(state: int) -> tuple[int, int]:
    return (state + _BASE >> _TIME_BITS) + 1, state + _BASE & (1 << _TIME_BITS) - 1


def gap_span(
    hidden: Hidden, *, listing: Listing, since: int, until: int, cluster_uid: str,
    resource: Attributes,
) -> Span:  # fmt: skip
    """A trace of its own for a watch that had expired, with what it missed from `since` to `until`.

    Times are ns.
    """
    place = f"{listing.namespace}/{listing.resource}"
    trace_id, span_id = gap_ids(
        cluster_uid=cluster_uid, cause=listing.cause, place=place, since=since, until=until
    )
    return Span(
        trace_id=trace_id,
        span_id=span_id,
        parent_id=b"",
        kind="gap",
        name="gap",
        resource=resource,
        start=min(since, until - MICROSECOND),
        end=until,
        attributes=tuple(_pairs(hidden, listing)),
    )


def _pairs(hidden: Hidden, listing: Listing) -> Iterator[tuple[str, str | int]]:
    yield "event_tracer.gap.cause", listing.cause
    yield "event_tracer.gap.resource", listing.resource
    if listing.namespace:
        yield "k8s.namespace.name", listing.namespace
    if hidden.occurrences:
        counted = "events" if listing.resource == "events" else "containers"
        yield _HIDDEN, hidden.occurrences
        yield f"event_tracer.gap.{counted}", hidden.by


def hidden_by(span: Span) -> int:
    """The number of occurrences that a gap span says are hidden; 0 for any other span."""
    return next((v for k, v in span.attributes if k == _HIDDEN and isinstance(v, int)), 0)
