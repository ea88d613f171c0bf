"""When what an Event tells began: law 4 of an event span's start."""

from event_tracer.core.event import Event
from event_tracer.core.kubeobject import KubeObject
from event_tracer.core.recent import Recent
from event_tracer.core.tables import (
    CONTAINER_STEPS,
    CREATED,
    CREATED_KINDS,
    DURATION,
    INSTANT,
    STEPS,
)
from event_tracer.core.times import (
    MICROSECOND,
    SECOND,
    in_range,
    is_whole_second,
    parse_duration,
)

_MOST = 8
_PREDECESSORS = frozenset(reason for steps in STEPS.values() for reason in steps)
Key = tuple[str, str, str]  # identity, fieldPath, reason


class FirstTimes:
    """The first times (ns) of the Events that later ones may start from, by object."""

    def __init__(self) -> None:
        self._times: Recent[Key, tuple[int, ...]] = Recent()
        self._has_names = False

    def learn(self, event: Event, *, identity: str, now: int) -> None:
        """Take in an Event's first time; the same whether this is its first frame or not."""
        if event.reason not in _PREDECESSORS or event.first_time is None:
            return
        for path in {event.involved.field_path, ""}:
            key = (identity, path, event.reason)
            self._has_names = self._has_names or "/" in identity
            times = self._times.peek(key) or ()
            if event.first_time not in times:
                times = tuple(sorted((*times, event.first_time))[-_MOST:])
            self._times.put(key, times, now=now)

    def newest(
        self, item: KubeObject, path: str, reason: str, *, until: int, now: int
    ) -> int | None:
        """The newest first time of `reason` on `item` at or before `until` (ns)."""
        times = self._times.get((item.identity, path, reason), now=now) or ()
        if self._has_names:
            # An object's uid may have come to light after the first of its Events.
            name = f"{item.kind}/{item.namespace}/{item.name}"
            times += self._times.get((name, path, reason), now=now) or ()
        return max((time for time in times if time <= until), default=None)

    def expire(self, *, before: int) -> None:
        """Forget what was not used since `before`."""
        self._times.expire(before=before)


def start_of(event: Event, *, item: KubeObject, firsts: FirstTimes, now: int) -> int:
    """The start (ns) of the span of an occurrence about `item`.

    It is 1 µs before its end where nothing tells more.
    """
    began = _stated(event)
    if began is None and event.is_first and event.reason in STEPS and not _is_instant(event):
        began = _predecessor(event, item=item, firsts=firsts, now=now)
    instant = event.time - MICROSECOND
    return instant if began is None else min(began, instant)


def _is_instant(event: Event) -> bool:
    return event.reason in INSTANT and INSTANT[event.reason] in event.message


def _stated(event: Event) -> int | None:
    pattern = DURATION.get(event.reason)
    if pattern is None or _is_instant(event):
        return None
    match = pattern.search(event.message)
    duration = parse_duration(match[2] or match[1]) if match else None
    began = None if duration is None else event.time - duration
    return began if began is not None and in_range(began) else None


def _predecessor(event: Event, *, item: KubeObject, firsts: FirstTimes, now: int) -> int | None:
    path = event.involved.field_path if event.reason in CONTAINER_STEPS else ""
    times = []
    for reason in STEPS[event.reason]:
        if reason != CREATED:
            times.append(firsts.newest(item, path, reason, until=event.time, now=now))
        elif item.created is not None and event.involved.kind == CREATED_KINDS[event.reason]:
            times.append(item.created * SECOND)
    known = [time for time in times if time is not None]
    if not known:
        return None
    # A whole second may have been any moment of it: only its end is surely past.
    began = max(known)
    return began + SECOND if is_whole_second(began) else began
