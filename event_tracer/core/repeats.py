"""Errors that a LIST shows as repeated: each is an interval, from its first time to its last."""

from collections.abc import Collection
from typing import NamedTuple

from event_tracer.core.event import Event
from event_tracer.core.expiring import GenerationalCache
from event_tracer.core.times import UNUSED


class Repeat(NamedTuple):
    """An Event that came more than once from `first` to `last` (ns)."""

    first: int
    last: int


class Repeats:
    """The repeated errors of objects, by identity."""

    def __init__(self) -> None:
        self._known: GenerationalCache[str, dict[str, Repeat]] = GenerationalCache(keep=UNUSED)

    def learn(self, event: Event, *, identity: str) -> None:
        """Take in an observation of an Event."""
        first = event.first_time
        if event.count > 1 and event.is_error and first is not None and first < event.time:
            known = self._known.get(identity) or {}
            self._known.put(identity, {**known, event.key: Repeat(first, event.time)})

    def get(self, identity: str) -> Collection[Repeat]:
        """Those of one object."""
        known = self._known.peek(identity)
        return known.values() if known else ()

    def expire(self, *, now: int) -> None:
        """Forget what was not used for longer than an Event lives."""
        self._known.expire(now=now)
