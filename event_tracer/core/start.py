"""When what an Event tells began: law 4 of an event span's start."""

from collections.abc import Callable

from event_tracer.core.event import Event
from event_tracer.core.recent import Recent
from event_tracer.core.tables import (
    CONTAINER_STEPS,
    CREATED,
    CREATED_KINDS,
    DURATION,
    INSTANT,
    STEPS,
)
from event_tracer.core.times import MICROSECOND, SECOND, is_whole_second, parse_duration

_MOST = 8
_PREDECESSORS = frozenset(reason for steps in STEPS.values() for reason in steps)
Key = tuple[str, str, str]  # identity, fieldPath, reason


class FirstTimes:
    """The first times (ns) of the Events that later ones may start from, by object."""

    def __init__(self) -> None:
        self._times: Recent[Key, tuple[int, ...]] = Recent()

    def learn(self, event: Event, *, identity: str, now: int) -> None:
        """Take in an Event's first time; the same whether this is its first frame or not."""
        if event.reason not in _PREDECESSORS or event.first_time is None:
            return
        for path in {event.involved.field_path, ""}:
            key = (identity, path, event.reason)
            times = {*(self._times.peek(key) or ()), event.first_time}
            self._times.put(key, tuple(sorted(times)[-_MOST:]), now=now)

    def newest(self, key: Key, *, until: int, now: int) -> int | None:
        """The newest first time at or before `until` (ns)."""
        times = self._times.get(key, now=now) or ()
        return max((time for time in times if time <= until), default=None)

    def expire(self, *, before: int) -> None:
        """Forget what was not used since `before`."""
        self._times.expire(before=before)


def start_of(
    event: Event, *, created: int | None, first_time: Callable[[str, str], int | None]
) -> int:
    """The start (ns) of an occurrence's span, 1 µs before its end where nothing tells more.

    `created` is the Unix second of the object's creation; `first_time(fieldPath, reason)`
    finds the newest predecessor.
    """
    began = _stated(event)
    if began is None and event.is_first and not _is_instant(event):
        began = _predecessor(event, created=created, first_time=first_time)
    instant = event.time - MICROSECOND
    return instant if began is None else min(began, instant)


def _is_instant(event: Event) -> bool:
    return event.reason in INSTANT and INSTANT[event.reason] in event.message


def _stated(event: Event) -> int | None:
    pattern = DURATION.get(event.reason)
    match = pattern.search(event.message) if pattern and not _is_instant(event) else None
    duration = parse_duration(match[2] or match[1]) if match else None
    return None if duration is None else event.time - duration


def _predecessor(
    event: Event, *, created: int | None, first_time: Callable[[str, str], int | None]
) -> int | None:
    path = event.involved.field_path if event.reason in CONTAINER_STEPS else ""
    times = []
    for reason in STEPS.get(event.reason, ()):
        if reason != CREATED:
            times.append(first_time(path, reason))
        elif created is not None and event.involved.kind == CREATED_KINDS[event.reason]:
            times.append(created * SECOND)
    known = [time for time in times if time is not None]
    if not known:
        return None
    # A whole second may have been any moment of it: only its end is surely past.
    began = max(known)
    return began + SECOND if is_whole_second(began) else began
