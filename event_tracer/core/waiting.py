"""Occurrences that wait a moment for what explains them."""

from collections import deque
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
    """In order of arrival. Times are ns of the fold's clock, but for an occurrence's own."""

    def __init__(self) -> None:
        self._items: deque[Occurrence] = deque()
        self._earliest = _NEVER

    def __len__(self) -> int:
        return len(self._items)

    def add(self, event: Event, child: Child | None, *, now: int) -> None:
        """Let an occurrence wait from `now` on."""
        self._items.append(Occurrence(now, event.time, event.key, event.count, event, child))
        self._earliest = min(self._earliest, event.time)

    def ready(self, *, before: int) -> list[Occurrence]:
        """Take out those that arrived before `before`, in order of their times."""
        items, taken = self._items, []
        while items and items[0].arrived < before:
            taken.append(items.popleft())
        if taken:
            self._earliest = min((item.time for item in items), default=_NEVER)
        return sorted(taken, key=_BY_TIME)

    @property
    def earliest(self) -> int:
        """The earliest time (ns) of any; later than all times where there are none."""
        return self._earliest

    @property
    def lowest_version(self) -> int | None:
        """The lowest resourceVersion of any."""
        return min((item.version for item in self._items), default=None)
