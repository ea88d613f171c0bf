"""Occurrences that wait a moment for what explains them."""

from collections import deque
from collections.abc import Iterator
from operator import itemgetter
from typing import NamedTuple

from event_tracer.core.event import Event, parse_resource_version
from event_tracer.core.lineage import Child

_NEVER = 2**63


class Occurrence(NamedTuple):
    """One that waits since `arrived` (ns); `child` is what its message names."""

    arrived: int
    time: int
    key: str
    count: int  # type: ignore[assignment]  # tuple.count is not missed
    event: Event
    child: Child | None

    @property
    def version(self) -> int:
        """Its resourceVersion; 0 where it has none."""
        return parse_resource_version(self.event.resource_version) or 0


_BY_TIME = itemgetter(1, 2, 3)


class Waiting:
    """In order of arrival. Times are ns of the fold's clock, but for an occurrence's own.

    Of those whose time has come at most `most` are let go at once: a LIST has them by the
    ten thousand, and each becomes a span that takes twice its memory.
    """

    def __init__(self, *, most: int = _NEVER) -> None:
        self._most = most
        self._items: deque[Occurrence] = deque()
        self._earliest: deque[int] = deque()  # of any suffix of the items: never falling
        self._due: deque[Occurrence] = deque()  # in order of their times

    def __len__(self) -> int:
        return len(self._items) + len(self._due)

    @property
    def is_due(self) -> bool:
        """Whether there are more whose time has come."""
        return bool(self._due)

    def add(self, event: Event, child: Child | None, *, now: int) -> None:
        """Let an occurrence wait from `now` on."""
        self._items.append(Occurrence(now, event.time, event.key, event.count, event, child))
        while self._earliest and self._earliest[-1] > event.time:
            self._earliest.pop()
        self._earliest.append(event.time)

    def ready(self, *, before: int) -> list[Occurrence]:
        """Take out those that arrived before `before`, in order of their times."""
        if not self._due:
            if not self._items or self._items[0].arrived >= before:
                return []
            self._due.extend(sorted(self._arrived(before), key=_BY_TIME))
        return [self._due.popleft() for _ in range(min(self._most, len(self._due)))]

    def _arrived(self, before: int) -> Iterator[Occurrence]:
        while self._items and self._items[0].arrived < before:
            taken = self._items.popleft()
            if taken.time == self._earliest[0]:
                self._earliest.popleft()
            yield taken

    @property
    def earliest(self) -> int:
        """The earliest time (ns) of any; later than all times where there are none."""
        earliest = self._earliest[0] if self._earliest else _NEVER
        return min(earliest, self._due[0].time) if self._due else earliest

    @property
    def lowest_version(self) -> int | None:
        """The lowest resourceVersion of any."""
        return min((item.version for item in (*self._due, *self._items)), default=None)
