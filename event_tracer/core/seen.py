"""Which occurrences have been met: what keeps one from being told twice."""

from collections.abc import Iterable

from event_tracer.core.event import Event
from event_tracer.core.recent import Recent

_MOST_EVENTS = 200_000
_MOST_COUNTS = 64
_MOST_SAVED = 5_000

Counts = tuple[tuple[str, int], ...]


class Seen:
    """The occurrences of each Event by its key; `saved` are counts that an earlier run met."""

    def __init__(self, saved: Iterable[tuple[str, int]] = (), *, now: int = 0) -> None:
        self._met: Recent[str, tuple[tuple[int, int], ...]] = Recent(most=_MOST_EVENTS)
        self._risen: Recent[str, int] = Recent(most=_MOST_SAVED)  # counts above one
        for key, count in saved:
            self._risen.put(key, count, now=now)

    def meet(self, event: Event, *, now: int) -> bool:
        """Take in one observation; whether it is an occurrence: its (count, time) is new."""
        key, occurrence = event.key, (event.count, event.time)
        met = self._met.peek(key) or ()
        if occurrence in met:
            return False
        kept = (*met[1 - _MOST_COUNTS :], occurrence) if met else (occurrence,)
        self._met.put(key, kept, now=now)
        if event.count > 1:
            self._risen.put(key, max(event.count, self._risen.peek(key) or 0), now=now)
        return True

    def forget(self, event: Event) -> None:
        """The Event is gone."""
        self._met.drop(event.key)
        self._risen.drop(event.key)

    def hidden(self, event: Event, *, since: int) -> int:
        """How many occurrences its count tells of that nobody watched, from `since` (ns) on."""
        met = self._met.peek(event.key)
        before = self._risen.peek(event.key) or (1 if met else None)
        if before is None:
            began = event.time if event.first_time is None else event.first_time
            before = 1 if began < since else 0
        return max(0, event.count - before - 1)

    def counts(self) -> Counts:
        """The counts above one: what `hidden` needs after a restart."""
        return tuple(self._risen)

    def expire(self, *, before: int) -> None:
        """Forget what was not met since `before` (ns)."""
        self._met.expire(before=before)
        self._risen.expire(before=before)
