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

    def __init__(self, saved: Iterable[tuple[str, int]] = ()) -> None:
        self._met: Recent[str, tuple[tuple[int, int], ...]] = Recent(most=_MOST_EVENTS)
        self._saved = dict(saved)

    def meet(self, event: Event, *, now: int) -> bool:
        """Take in one observation; whether it is an occurrence: its (count, time) is new."""
        key, occurrence = event.key, (event.count, event.time)
        met = self._met.peek(key) or ()
        if occurrence in met:
            return False
        kept = (*met[1 - _MOST_COUNTS :], occurrence) if met else (occurrence,)
        self._met.put(key, kept, now=now)
        return True

    def forget(self, event: Event) -> None:
        """The Event is gone."""
        self._met.drop(event.key)
        self._saved.pop(event.key, None)

    def hidden(self, event: Event, *, since: int) -> int:
        """How many occurrences its count tells of that nobody watched, from `since` (ns) on."""
        met = self._met.peek(event.key)
        before = max(count for count, _ in met) if met else self._saved.get(event.key)
        if before is None:
            began = event.time if event.first_time is None else event.first_time
            before = 1 if began < since else 0
        return max(0, event.count - before - 1)

    def counts(self) -> Counts:
        """The counts above one: what `hidden` needs after a restart."""
        now = {key: max(count for count, _ in met) for key, met in self._met}
        risen = {key: count for key, count in {**self._saved, **now}.items() if count > 1}
        return tuple(risen.items())[-_MOST_SAVED:]

    def expire(self, *, before: int) -> None:
        """Forget what was not met since `before` (ns)."""
        self._met.expire(before=before)
