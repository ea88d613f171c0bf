"""Errors told as repeated of which not each time was seen: intervals, from a time to the last.

A LIST has no more than the last of them, a recorder that combines leaves some out.
"""

from collections.abc import Callable, Collection
from typing import NamedTuple

from event_tracer.core.errors import ADVICE
from event_tracer.core.event import Event
from event_tracer.core.expiring import GenerationalCache
from event_tracer.core.times import UNUSED

LastSeen = Callable[[str], tuple[int, int]]
"""The highest count of an Event that was seen, by key, and its time (ns): 0 where not known."""


class Repeat(NamedTuple):
    """An Event came more often from `first` to `last` (ns) than was seen."""

    first: int
    last: int


class Repeats:
    """The repeated errors of objects, by identity."""

    def __init__(self, last_seen: LastSeen) -> None:
        self._last_seen = last_seen
        self._known: GenerationalCache[str, dict[str, Repeat]] = GenerationalCache(keep=UNUSED)

    def learn(self, event: Event, *, identity: str) -> None:
        """Take in an observation of an Event, before it counts as seen."""
        first = event.first_time
        is_told_again = event.count > 1 and event.is_error and event.reason not in ADVICE
        if not is_told_again or first is None or first >= event.time:
            return
        seen, time = self._last_seen(event.key)
        if seen and event.count <= seen + 1:
            return
        first = time or first
        # Of two times the Event itself tells both.
        found = Repeat(first, event.time if seen or event.count > 2 else first)
        known = self._known.get(identity) or {}
        before = known.get(event.key)
        if before and before.last >= found.first:
            found = Repeat(before.first, max(before.last, found.last))
        self._known.put(identity, {**known, event.key: found})

    def get(self, identity: str) -> Collection[Repeat]:
        """Those of one object."""
        known = self._known.peek(identity)
        return known.values() if known else ()

    def expire(self, *, now: int) -> None:
        """Forget what was not used for longer than an Event lives."""
        self._known.expire(now=now)
