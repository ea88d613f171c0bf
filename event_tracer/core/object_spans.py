"""Object spans: the occurrences that each covers, when it is sealed, and its outcome (law 6)."""

import heapq
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from pydantic import ConfigDict

from event_tracer.core.chain import Chain
from event_tracer.core.changes import Change
from event_tracer.core.event import ObjectReference
from event_tracer.core.expiring import GenerationalCache
from event_tracer.core.histories import Placement, Story
from event_tracer.core.mapping import SealedObject
from event_tracer.core.occurrence import Child, Occurrence
from event_tracer.core.span import Span
from event_tracer.core.tables import CHILD_DONE, CHILD_WAITING, POD_BORN, POD_DONE, POD_WAITING
from event_tracer.core.times import SECOND, second_of

SESSION_GAP = 30 * SECOND
"""The session gap: silence, in the occurrences' own times (ns), after which an object settled."""
LONGEST_SESSION = 120 * SECOND
"""The longest session: an object span waits no longer for silence, in the same times (ns)."""

BYTES_AS_TEXT = ConfigDict(ser_json_bytes="base64", val_json_bytes="base64")

Position = tuple[int, bytes]  # time (ns), span id: a total order of occurrences
Previous = Callable[[Story], bytes | None]
_MOST_SENT = 50_000


@dataclass(slots=True, kw_only=True)
class OpenObjectSpan:
    """An object span that may still grow, in place. Times in ns.

    `pods` has, by `namespace/name`, when each was born and when it needed no more waiting for;
    -1 is never. A StatefulSet's pod may be born again. `is_exported` tells whether any event
    span under it is.
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
    last: Position
    error: str | None = None
    pods: dict[str, tuple[int, int]] = field(default_factory=dict)
    is_exported: bool = False
    _copy: "OpenObjectSpan | None" = field(default=None, init=False, repr=False, compare=False)

    @property
    def deadline(self) -> int:
        """The last time (ns) that can still belong to this span."""
        return min(self.last[0] + SESSION_GAP, self.first + LONGEST_SESSION)

    def extend(self, span: Span, *, pod: "Pod | None", is_exported: bool) -> None:
        """Cover one more event span, unless it is too far off."""
        self._copy = None
        self.is_exported = self.is_exported or is_exported
        end, first, last = span.end, self.first, self.last[0]
        if end > last + SESSION_GAP or end > first + LONGEST_SESSION:  # the deadline
            return
        if (
            end < first - SESSION_GAP or end < last - LONGEST_SESSION
        ):  # as far off on the other side
            return
        if span.start < self.start:
            self.start = span.start
        if end < first:
            self.first = end
        position = (end, span.span_id)
        if position >= self.last:
            self.last, self.error = position, span.error
        if pod:
            self._note(pod, end)

    def _note(self, pod: "Pod", time: int) -> None:
        born, done = self.pods.get(pod.name, (-1, -1))
        if not pod.is_waiting:
            done = max(done, time)
        elif pod.is_born or born < 0:
            born = max(born, time)
        self.pods[pod.name] = (born, done)

    def snapshot(self) -> "OpenObjectSpan":
        """A copy as of now; the same one as long as this does not grow."""
        if self._copy is None:
            self._copy = replace(self, pods=dict(self.pods))
        return self._copy

    def seal(self) -> SealedObject:
        """All that its span says, as of now."""
        is_waiting = any(born > done for born, done in self.pods.values())
        outcome = "failed" if self.error is not None else "pending" if is_waiting else "settled"
        return SealedObject(
            trace_id=self.trace_id,
            span_id=self.span_id,
            parent_id=self.parent_id,
            chain=self.chain,
            start=self._begin(),
            end=self.last[0],
            outcome=outcome,
            error=self.error,
            change=self.change,
            hours=self.hours,
            previous_trace_id=self.previous_trace_id,
        )

    def _begin(self) -> int:
        changed = self.change.second * SECOND
        follows = 0 <= self.first - changed <= SESSION_GAP
        is_root = len(self.chain) == 1 and self.hours == 0
        # The first Event of the change's own second tells the moment better than the second.
        if not is_root or not follows or second_of(self.first) == self.change.second:
            return self.start
        return min(self.start, changed)


def _first(
    span: Span, placement: Placement, depth: int, *, previous: bytes | None
) -> OpenObjectSpan:
    """The object span at `depth` of the chain above `span`, its first."""
    return OpenObjectSpan(
        trace_id=placement.trace_id,
        span_id=placement.span_ids[depth],
        parent_id=placement.span_ids[depth + 1] if placement.span_ids[depth + 1 :] else b"",
        chain=placement.chain[depth:],
        change=placement.story.change,
        hours=placement.story.hours,
        previous_trace_id=previous,
        start=span.start,
        first=span.end,
        last=(span.end, span.span_id),
    )


class Pod(NamedTuple):
    """Word of the pod `namespace/name`: that it is on its way, or need not be waited for."""

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


class OpenObjectSpans:
    """The object spans that are not sealed yet, and the ids of those that were sealed last.

    A restart begins with the `unsettled` ones and the ids that were `sent`.
    """

    def __init__(
        self, unsettled: Iterable[OpenObjectSpan] = (), sent: Iterable[bytes] = ()
    ) -> None:
        self._open: dict[bytes, OpenObjectSpan] = {}
        self._due: list[tuple[int, bytes]] = []
        self._sent: GenerationalCache[bytes, bool] = GenerationalCache(most=_MOST_SENT)
        for item in unsettled:
            self._begin(item.snapshot())
        for span_id in sent:
            self._sent.put(span_id, True)

    def __iter__(self) -> Iterator[OpenObjectSpan]:
        """The open spans; each may grow with the next occurrence."""
        return iter(self._open.values())

    @property
    def sent(self) -> tuple[bytes, ...]:
        """The ids of the object spans sealed last, the oldest first."""
        return tuple(span_id for span_id, _ in self._sent)[-_MOST_SENT:]

    def extend(
        self,
        span: Span,
        placement: Placement,
        *,
        pod: "Pod | None",
        is_exported: bool,
        previous: Previous,
    ) -> None:
        """Cover an event span by its object's span and all above it, but what is sealed.

        `previous` gives the trace of the story before one, where it is known.
        """
        for depth, span_id in enumerate(placement.span_ids):
            unsettled = self._open.pop(span_id, None)
            if unsettled is not None:
                # What grew last stands last: a checkpoint's parts of what is silent stay whole.
                self._open[span_id] = unsettled
            elif self._sent.get(span_id):
                continue
            else:
                is_root = depth + 1 == len(placement.span_ids)
                before = previous(placement.story) if is_root else None
                unsettled = _first(span, placement, depth, previous=before)
                self._begin(unsettled)
            unsettled.extend(span, pod=pod, is_exported=is_exported)

    def pop_sealed(self, *, before: int) -> Iterator[SealedObject]:
        """Take out what can no longer grow, its deadline being before `before` (ns)."""
        while self._due and self._due[0][0] < before:
            _, span_id = heapq.heappop(self._due)
            item = self._open[span_id]
            if item.deadline >= before:
                heapq.heappush(self._due, (item.deadline, span_id))
                continue
            del self._open[span_id]
            if item.is_exported:
                self._sent.put(span_id, True)
                yield item.seal()

    def _begin(self, item: OpenObjectSpan) -> None:
        self._open[item.span_id] = item
        heapq.heappush(self._due, (item.deadline, item.span_id))
