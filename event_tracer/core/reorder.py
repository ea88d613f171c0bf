"""The reorder buffer: occurrences wait a moment for what explains them (law 7)."""

from collections import deque
from collections.abc import Iterator
from itertools import chain
from operator import attrgetter

from event_tracer.core.occurrence import Occurrence
from event_tracer.core.versions import LowestVersions, lowest_versions

_NEVER = 2**63
_ORDER = attrgetter("time", "key", "count")


class ReorderBuffer:
    """Occurrences in order of arrival; those that are due leave in order of their times.

    Arrivals are ns of the watermark. At most `most` leave at once: a LIST has them by the ten
    thousand, and each becomes a span that takes twice its memory.
    """

    def __init__(self, *, most: int = _NEVER) -> None:
        self._most = most
        self._waiting: deque[Occurrence] = deque()
        self._arrivals: deque[int] = deque()  # of those that wait
        # A monotonic queue: the earliest times of those that wait, each with all behind it.
        self._earliest: deque[int] = deque()
        self._due: deque[Occurrence] = deque()  # in order of their times

    def __len__(self) -> int:
        return len(self._waiting) + len(self._due)

    @property
    def has_due(self) -> bool:
        """Whether more are due than have left."""
        return bool(self._due)

    def add(self, occurrence: Occurrence, *, now: int) -> None:
        """Let an occurrence wait from `now` on."""
        self._waiting.append(occurrence)
        self._arrivals.append(now)
        while self._earliest and self._earliest[-1] > occurrence.time:
            self._earliest.pop()
        self._earliest.append(occurrence.time)

    def pop_due(self, *, before: int) -> list[Occurrence]:
        """Take out those that arrived before `before`, in order of their times."""
        if not self._due:
            if not self._arrivals or self._arrivals[0] >= before:
                return []
            self._due.extend(sorted(self._arrived(before), key=_ORDER))
        return [self._due.popleft() for _ in range(min(self._most, len(self._due)))]

    def _arrived(self, before: int) -> Iterator[Occurrence]:
        while self._arrivals and self._arrivals[0] < before:
            self._arrivals.popleft()
            taken = self._waiting.popleft()
            if taken.time == self._earliest[0]:
                self._earliest.popleft()
            yield taken

    @property
    def earliest(self) -> int:
        """The earliest time (ns) of any; later than all times where there are none."""
        earliest = self._earliest[0] if self._earliest else _NEVER
        return min(earliest, self._due[0].time) if self._due else earliest

    @property
    def earliest_status(self) -> int | None:
        """The earliest time (ns) of a transition; None where there is none."""
        both = chain(self._due, self._waiting)
        return min((item.time for item in both if item.is_status), default=None)

    @property
    def lowest_versions(self) -> LowestVersions:
        """The lowest resourceVersions of any."""
        return lowest_versions(chain(self._due, self._waiting))
