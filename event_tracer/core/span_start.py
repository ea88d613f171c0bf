"""Start time of an event span (law 4)."""

from functools import lru_cache

from event_tracer.core.chain import KubeObject
from event_tracer.core.event import Event
from event_tracer.core.expiring import GenerationalCache
from event_tracer.core.occurrence import Occurrence
from event_tracer.core.record import Record
from event_tracer.core.tables import (
    BEGUN,
    CONTAINER_STEPS,
    CREATED,
    CREATED_KINDS,
    EARLIEST_STEPS,
    ENDED,
    OTHERS_STEPS,
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


@lru_cache(maxsize=1024)
def _predecessor_named(reason: str) -> str | None:
    """`reason`, one string for all, where another may have begun with it."""
    return _PREDECESSORS.get(reason) or (reason if reason.endswith(BEGUN) else None)


@lru_cache(maxsize=1024)
def _steps(reason: str, kind: str) -> tuple[str, ...]:
    """The reasons that one about a `kind` begins with: by the table, else by its own words."""
    if reason in STEPS:
        return () if kind == "Pod" and reason in OTHERS_STEPS else STEPS[reason]
    ended = ENDED.fullmatch(reason)
    return tuple(ended["what"] + begun for begun in BEGUN) if ended else ()


class First(Record, frozen=True):
    """The time (ns) at which an Event of this reason and fieldPath happened first.

    What starts from it starts at `end`: that of its second, where no more is known.
    """

    time: int
    reason: str
    path: str
    end: int


class FirstTimes:
    """The first times of the Events that later ones may start from, by object."""

    def __init__(self) -> None:
        self._known: GenerationalCache[str, tuple[First, ...]] = GenerationalCache(keep=UNUSED)
        self._has_names = False

    def learn(self, event: Event, *, identity: str) -> None:
        """Take in an Event's first time; the same whether this is its first frame or not."""
        reason, time = _predecessor_named(event.reason), event.first_time
        if reason is None or time is None:
            return
        self._has_names = self._has_names or "/" in identity
        known = self._known.get(identity) or ()
        # metav1.MicroTime writes its fraction also where that is zero, metav1.Time none.
        is_exact = "." in (event.first_timestamp or event.event_time)
        end = time if is_exact else surely_past(time)
        first = First(time, reason, _same(event.involved.field_path), end)
        if first not in known:
            self._known.put(identity, (*known[1 - _MOST :], first))

    def of(self, item: KubeObject, path: str, reason: str, *, until: int) -> list[First]:
        """The first times of `reason` on `item` at or before `until` (ns).

        An empty `path` means the Events of all its containers.
        """
        known = self._known.get(item.identity) or ()
        if self._has_names:
            # An object's uid may have come to light after the first of its Events.
            known += self._known.get(f"{item.kind}/{item.namespace}/{item.name}") or ()
        return [
            first
            for first in known
            if first.reason == reason and first.time <= until and path in ("", first.path)
        ]

    def expire(self, *, now: int) -> None:
        """Forget what was not used for longer than an Event lives."""
        self._known.expire(now=now)


@lru_cache(maxsize=1024)
def _same(text: str) -> str:
    """One string for all that are equal: thousands of pods have containers of one name."""
    return text


def surely_past(time: int) -> int:
    """The time (ns) by which that has begun that began at `time`: a whole second is all of it."""
    return time + SECOND if is_whole_second(time) else time


def start_of(
    occurrence: Occurrence, *, name: str, stated: int | None, since: int, item: KubeObject,
    firsts: FirstTimes,
) -> int:  # fmt: skip
    """Start time (ns) of the span, called `name`, of an occurrence about `item` (law 4).

    It is what its source has `stated`, else the first time of what it followed on, else 1 µs before
    its end, as where it began before its story, at `since`, or is longer than its object is old.
    """
    began = stated
    step = name if name in STEPS else occurrence.reason
    if began is None and occurrence.is_first and _steps(step, occurrence.about.kind):
        began = _predecessor(occurrence, step, item=item, firsts=firsts)
    if stated is not None and item.created is not None:
        # Of a time of whole seconds the end may be a second later than it says.
        since = max(since, item.created * SECOND - SECOND)
    instant = occurrence.time - MICROSECOND
    return instant if began is None or began < since else min(began, instant)


def _predecessor(
    occurrence: Occurrence, step: str, *, item: KubeObject, firsts: FirstTimes
) -> int | None:
    path = occurrence.about.field_path if step in CONTAINER_STEPS else ""
    known: list[tuple[int, int]] = []
    for reason in _steps(step, occurrence.about.kind):
        if reason != CREATED:
            found = firsts.of(item, path, reason, until=occurrence.time)
            known += [(first.time, first.end) for first in found]
        elif item.created is not None and occurrence.about.kind == CREATED_KINDS[step]:
            created = item.created * SECOND
            known.append((created, surely_past(created)))
    if not known:
        return None
    is_earliest = step in EARLIEST_STEPS
    return min(end for _, end in known) if is_earliest else max(known)[1]
