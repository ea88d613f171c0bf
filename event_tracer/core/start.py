"""When what an Event tells began: law 4 of an event span's start."""

from functools import lru_cache
from typing import NamedTuple

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
    UNUSED,
    in_range,
    is_whole_second,
    parse_duration,
)

_MOST = 256
_PREDECESSORS = {reason: reason for steps in STEPS.values() for reason in steps}


class First(NamedTuple):
    """When (ns) an Event of this reason and fieldPath happened first."""

    time: int
    reason: str
    path: str


class FirstTimes:
    """The first times of the Events that later ones may start from, by object."""

    def __init__(self) -> None:
        self._known: Recent[str, tuple[First, ...]] = Recent(keep=UNUSED)
        self._has_names = False

    def learn(self, event: Event, *, identity: str) -> None:
        """Take in an Event's first time; the same whether this is its first frame or not."""
        reason, time = _PREDECESSORS.get(event.reason), event.first_time
        if reason is None or time is None:
            return
        self._has_names = self._has_names or "/" in identity
        known = self._known.get(identity) or ()
        first = First(time, reason, _same(event.involved.field_path))
        if first not in known:
            self._known.put(identity, (*known[1 - _MOST :], first))

    def newest(self, item: KubeObject, path: str, reason: str, *, until: int) -> int | None:
        """The newest first time of `reason` on `item` at or before `until` (ns).

        An empty `path` means the Events of all its containers.
        """
        known = self._known.get(item.identity) or ()
        if self._has_names:
            # An object's uid may have come to light after the first of its Events.
            known += self._known.get(f"{item.kind}/{item.namespace}/{item.name}") or ()
        return max(
            (
                first.time
                for first in known
                if first.reason == reason and first.time <= until and path in ("", first.path)
            ),
            default=None,
        )

    def expire(self, *, now: int) -> None:
        """Forget what was not used for longer than an Event lives."""
        self._known.expire(now=now)


@lru_cache(maxsize=1024)
def _same(text: str) -> str:
    """One string for all that are equal: thousands of pods have containers of one name."""
    return text


def start_of(event: Event, *, item: KubeObject, firsts: FirstTimes) -> int:
    """The start (ns) of the span of an occurrence about `item`.

    It is 1 µs before its end where nothing tells more.
    """
    began = _stated(event)
    if began is None and event.is_first and event.reason in STEPS and not _is_instant(event):
        began = _predecessor(event, item=item, firsts=firsts)
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


def _predecessor(event: Event, *, item: KubeObject, firsts: FirstTimes) -> int | None:
    path = event.involved.field_path if event.reason in CONTAINER_STEPS else ""
    times = []
    for reason in STEPS[event.reason]:
        if reason != CREATED:
            times.append(firsts.newest(item, path, reason, until=event.time))
        elif item.created is not None and event.involved.kind == CREATED_KINDS[event.reason]:
            times.append(item.created * SECOND)
    known = [time for time in times if time is not None]
    if not known:
        return None
    # A whole second may have been any moment of it: only its end is surely past.
    began = max(known)
    return began + SECOND if is_whole_second(began) else began
