"""Object spans: what each covers, when it is sealed, and how it ended."""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from pydantic import ConfigDict

from event_tracer.core.changes import Change
from event_tracer.core.event import Event
from event_tracer.core.lineage import Chain, Child
from event_tracer.core.mapping import Verdict
from event_tracer.core.span import Span
from event_tracer.core.tables import CHILD_DONE, CHILD_WAITING, POD_DONE, POD_WAITING
from event_tracer.core.times import SECOND, second_of

SETTLE = 30 * SECOND
"""The silence, in the events' own times (ns), after which an object has settled."""
HOLD = 120 * SECOND
"""The longest that an object span waits for silence, in the events' own times (ns)."""

BYTES_AS_TEXT = ConfigDict(ser_json_bytes="base64", val_json_bytes="base64")

Told = tuple[int, bytes]  # time, span id: a total order of occurrences


@dataclass(slots=True, kw_only=True)
class Unsettled:
    """An object span that may still grow, in place. Times in ns; pods are `namespace/name`.

    `wanted` tells whether any event span under it leaves.
    """

    __pydantic_config__ = BYTES_AS_TEXT

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
    waiting: frozenset[str] = frozenset()
    done: frozenset[str] = frozenset()
    wanted: bool = False

    @property
    def deadline(self) -> int:
        """The last time (ns) that can still belong to this span."""
        return min(self.newest[0] + SETTLE, self.first + HOLD)

    def cover(self, told: Span, *, error: str | None, pods: "Pods", wanted: bool) -> None:
        """Let one more occurrence count, unless it came too late to."""
        self.wanted = self.wanted or wanted
        if told.end > self.deadline:
            return
        self.start = min(self.start, told.start)
        self.first = min(self.first, told.end)
        at = (told.end, told.span_id)
        if at >= self.newest:
            self.newest, self.error = at, error
        if pods is not NO_PODS:
            self.done |= pods.done
            self.waiting = (self.waiting | pods.waiting) - self.done

    def verdict(self) -> Verdict:
        """How it ended, and when."""
        outcome = "failed" if self.error else "pending" if self.waiting else "settled"
        return Verdict(
            span_id=self.span_id,
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Pods:
    """What one Event says of pods: which to wait for, and which not."""

    waiting: frozenset[str] = frozenset()
    done: frozenset[str] = frozenset()


NO_PODS = Pods()


def pods_of(event: Event, child: Child | None) -> Pods:
    """The pods that an Event is about or names in its message."""
    if event.involved.kind == "Pod":
        name = frozenset({f"{event.involved.namespace}/{event.involved.name}"})
        if event.reason in POD_WAITING:
            return Pods(waiting=name)
        return Pods(done=name) if event.reason in POD_DONE else NO_PODS
    if child and child.kind == "Pod":
        name = frozenset({f"{child.namespace}/{child.name}"})
        if event.reason in CHILD_WAITING:
            return Pods(waiting=name)
        return Pods(done=name) if event.reason in CHILD_DONE else NO_PODS
    return NO_PODS


@dataclass(slots=True)
class Settling:
    """The object spans that are not sealed yet, the one due next in front."""

    _open: dict[bytes, Unsettled] = field(default_factory=dict)
    _due: list[tuple[int, bytes]] = field(default_factory=list)

    def __contains__(self, span_id: bytes) -> bool:
        return span_id in self._open

    def __iter__(self) -> Iterator[Unsettled]:
        """What is open, as of now."""
        return (replace(item) for item in self._open.values())

    def open(self, item: Unsettled) -> None:
        """Begin an object span."""
        self._open[item.span_id] = item
        heapq.heappush(self._due, (item.deadline, item.span_id))

    def cover(
        self, span_id: bytes, told: Span, *, error: str | None, pods: Pods, wanted: bool
    ) -> None:
        """Let an occurrence count for the object span `span_id`."""
        self._open[span_id].cover(told, error=error, pods=pods, wanted=wanted)

    def sealed(self, *, before: int) -> Iterator[Unsettled]:
        """Take out what can no longer grow: whose deadline is before `before` (ns)."""
        while self._due and self._due[0][0] < before:
            _, span_id = heapq.heappop(self._due)
            item = self._open[span_id]
            if item.deadline < before:
                yield self._open.pop(span_id)
            else:
                heapq.heappush(self._due, (item.deadline, span_id))
