"""Start time of an event span (law 4)."""

from functools import lru_cache
from typing import NamedTuple

from event_tracer.core.chain import KubeObject
from event_tracer.core.event import Event
from event_tracer.core.expiring import GenerationalCache
from event_tracer.core.occurrence import Occurrence
from event_tracer.core.tables import (
    CONTAINER_STEPS,
    CREATED,
    CREATED_KINDS,
    STEPS,
)
from event_tracer.core.times import (
    MICROSECOND,
    SECOND,
    UNUSED,
    is_whole_second,
)

_MOST = 256
_PREDECESSORS = {reason: reason for steps in STEPS.values() for reason in steps}


class First(NamedTuple):
    """The time (ns) at which an Event of this reason and fieldPath happened first."""

    time: int
    reason: str
    path: str


class FirstTimes:
    """The first times of the Events that later ones may start from, by object."""

    def __init__(self) -> None:
        self._known: GenerationalCache[str, tuple[First, ...]] = GenerationalCache(keep=UNUSED)
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


def start_of(
    occurrence: Occurrence, *, stated: int | None, since: int, item: KubeObject, firsts: FirstTimes
) -> int:
    """Start time (ns) of the span of an occurrence about `item` (law 4).

    It is what its source has `stated`, else the first time of what it followed on, else 1 µs before
    its end, as where it began before its story, at `since`.
    """
    began = stated
    if began is None and occurrence.is_first and occurrence.reason in STEPS:
        began = _predecessor(occurrence, item=item, firsts=firsts)
    instant = occurrence.time - MICROSECOND
    return instant if began is None or began < since else min(began, instant)


def _predecessor(occurrence: Occurrence, *, item: KubeObject, firsts: FirstTimes) -> int | None:
    path = occurrence.about.field_path if occurrence.reason in CONTAINER_STEPS else ""
    times = []
    for reason in STEPS[occurrence.reason]:
        if reason != CREATED:
            times.append(firsts.newest(item, path, reason, until=occurrence.time))
        elif item.created is not None and occurrence.about.kind == CREATED_KINDS[occurrence.reason]:
            times.append(item.created * SECOND)
    known = [time for time in times if time is not None]
    if not known:
        return None
    # A whole second may have been any moment of it: only its end is surely past.
    began = max(known)
    return began + SECOND if is_whole_second(began) else began
