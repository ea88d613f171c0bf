"""Object spans: what each covers, when it is sealed, and how it ended."""

import heapq
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from pydantic import ConfigDict

from event_tracer.core.changes import Change
from event_tracer.core.event import ObjectReference
from event_tracer.core.expiring import Recent
from event_tracer.core.histories import Story
from event_tracer.core.mapping import Place, Verdict
from event_tracer.core.objects import Chain
from event_tracer.core.occurrence import Child, Occurrence
from event_tracer.core.span import Span
from event_tracer.core.tables import CHILD_DONE, CHILD_WAITING, POD_BORN, POD_DONE, POD_WAITING
from event_tracer.core.times import SECOND, second_of

SETTLE = 30 * SECOND
"""The silence, in the events' own times (ns), after which an object has settled."""
HOLD = 120 * SECOND
"""The longest that an object span waits for silence, in the events' own times (ns)."""

BYTES_AS_TEXT = ConfigDict(ser_json_bytes="base64", val_json_bytes="base64")

Told = tuple[int, bytes]  # time, span id: a total order of occurrences
Previous = Callable[[Story], bytes | None]
_MOST_SENT = 50_000


@dataclass(slots=True, kw_only=True)
class Unsettled:
    """An object span that may still grow, in place. Times in ns.

    `pods` has, by `namespace/name`, when each was born and when it needed no more waiting for;
    -1 is never. A StatefulSet's pod may be born again. `wanted` tells whether any event span
    under it leaves.
    """

    trace_id: bytes
    span_id: bytes
    parent_id: bytes
    chain: Chain
    change: Change
    hours: int
    previous_trace_id: bytes | None
    start: int
    first: int
    newest: Told
    error: str | None = None
    pods: dict[str, tuple[int, int]] = field(default_factory=dict)
    wanted: bool = False
    _copy: "Unsettled | None" = field(default=None, init=False, repr=False, compare=False)

    @property
    def deadline(self) -> int:
        """The last time (ns) that can still belong to this span."""
        return min(self.newest[0] + SETTLE, self.first + HOLD)

    def cover(self, told: Span, *, pod: "Pod | None", wanted: bool) -> None:
        """Let one more occurrence count, unless it came too late to."""
        self._copy = None
        self.wanted = self.wanted or wanted
        end, first, newest = told.end, self.first, self.newest[0]
        if end > newest + SETTLE or end > first + HOLD:  # the deadline
            return
        if end < first - SETTLE or end < newest - HOLD:  # as far off on the other side
            return
        if told.start < self.start:
            self.start = told.start
        if end < first:
            self.first = end
        at = (end, told.span_id)
        if at >= self.newest:
            self.newest, self.error = at, told.error
        if pod:
            self._note(pod, end)

    def _note(self, pod: "Pod", time: int) -> None:
        born, done = self.pods.get(pod.name, (-1, -1))
        if not pod.is_waiting:
            done = max(done, time)
        elif pod.is_born or born < 0:
            born = max(born, time)
        self.pods[pod.name] = (born, done)

    def copy(self) -> "Unsettled":
        """What it is now; the same object as long as it does not grow."""
        if self._copy is None:
            self._copy = replace(self, pods=dict(self.pods))
        return self._copy

    def verdict(self) -> Verdict:
        """How it ended, and when."""
        is_waiting = any(born > done for born, done in self.pods.values())
        outcome = "failed" if self.error is not None else "pending" if is_waiting else "settled"
        return Verdict(
            trace_id=self.trace_id,
            span_id=self.span_id,
            parent_id=self.parent_id,
            chain=self.chain,
            start=self._begin(),
            end=self.newest[0],
            outcome=outcome,
            error=self.error,
            change=self.change,
            hours=self.hours,
            previous_trace_id=self.previous_trace_id,
        )

    def _begin(self) -> int:
        changed = self.change.second * SECOND
        follows = 0 <= self.first - changed <= SETTLE
        is_root = len(self.chain) == 1 and self.hours == 0
        # The first Event of the change's own second tells the moment better than the second.
        if not is_root or not follows or second_of(self.first) == self.change.second:
            return self.start
        return min(self.start, changed)


def _first(span: Span, place: Place, depth: int, *, previous: bytes | None) -> Unsettled:
    """The object span at `depth` of the chain above `span`, its first."""
    return Unsettled(
        trace_id=place.trace_id,
        span_id=place.span_ids[depth],
        parent_id=place.span_ids[depth + 1] if place.span_ids[depth + 1 :] else b"",
        chain=place.chain[depth:],
        change=place.story.change,
        hours=place.story.hours,
        previous_trace_id=previous,
        start=span.start,
        first=span.end,
        newest=(span.end, span.span_id),
    )


class Pod(NamedTuple):
    """What one Event says of the pod `namespace/name`: to wait for it, or not to any more."""

    name: str
    is_waiting: bool
    is_born: bool


def pod_of(occurrence: Occurrence) -> Pod | None:
    """The pod that an occurrence is about or names in its message."""
    about: ObjectReference | Child | None = occurrence.about
    reason, child = occurrence.reason, occurrence.child
    waiting, done = POD_WAITING, POD_DONE
    if occurrence.about.kind != "Pod":
        about = child if child and child.kind == "Pod" else None
        waiting, done = CHILD_WAITING, CHILD_DONE
    is_waiting = reason in waiting
    if about is None or not (is_waiting or reason in done) or _is_aside(occurrence):
        return None
    name = f"{about.namespace}/{about.name}"
    return Pod(name=name, is_waiting=is_waiting, is_born=reason in POD_BORN)


def _is_aside(occurrence: Occurrence) -> bool:
    # An init container that has started leaves the pod's own still to come.
    path = occurrence.about.field_path
    return occurrence.reason == "Started" and path.startswith(("spec.init", "spec.ephemeral"))


class Settling:
    """The object spans that are not sealed yet, the one due next in front, and those that are.

    A restart begins with those that are `unsettled` and the ids of those that were `sent`.
    """

    def __init__(self, unsettled: Iterable[Unsettled] = (), sent: Iterable[bytes] = ()) -> None:
        self._open: dict[bytes, Unsettled] = {}
        self._due: list[tuple[int, bytes]] = []
        self._sent: Recent[bytes, bool] = Recent(most=_MOST_SENT)
        for item in unsettled:
            self._begin(item.copy())
        for span_id in sent:
            self._sent.put(span_id, True)

    def __iter__(self) -> Iterator[Unsettled]:
        """What is open; each may grow with the next occurrence."""
        return iter(self._open.values())

    @property
    def sent(self) -> tuple[bytes, ...]:
        """The ids of the object spans sealed last, the oldest first."""
        return tuple(span_id for span_id, _ in self._sent)[-_MOST_SENT:]

    def cover(
        self, span: Span, place: Place, *, pod: "Pod | None", wanted: bool, previous: Previous
    ) -> None:
        """Let one more occurrence count for its object and all above it, but what is sealed.

        `previous` gives the trace of the story before one, where it is known.
        """
        for depth, span_id in enumerate(place.span_ids):
            unsettled = self._open.pop(span_id, None)
            if unsettled is not None:
                # What grew last stands last: a checkpoint's parts of what is silent stay whole.
                self._open[span_id] = unsettled
            elif self._sent.get(span_id):
                continue
            else:
                is_root = depth + 1 == len(place.span_ids)
                before = previous(place.story) if is_root else None
                unsettled = _first(span, place, depth, previous=before)
                self._begin(unsettled)
            unsettled.cover(span, pod=pod, wanted=wanted)

    def sealed(self, *, before: int) -> Iterator[Verdict]:
        """Take out what can no longer grow, its deadline being before `before` (ns)."""
        while self._due and self._due[0][0] < before:
            _, span_id = heapq.heappop(self._due)
            item = self._open[span_id]
            if item.deadline >= before:
                heapq.heappush(self._due, (item.deadline, span_id))
                continue
            del self._open[span_id]
            if item.wanted:
                self._sent.put(span_id, True)
                yield item.verdict()

    def _begin(self, item: Unsettled) -> None:
        self._open[item.span_id] = item
        heapq.heappush(self._due, (item.deadline, item.span_id))
