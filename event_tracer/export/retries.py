"""Batches that the back end has not taken: each waits by itself, and whose fault it is decides how.

Nothing is taken at all: it is the back end's, and all wait for it as they are. Others are taken:
it is the batch's own, which is halved until what is at fault waits alone.
"""

import heapq
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import count

from event_tracer.core.span import Span
from event_tracer.runtime.backoff import Backoff

_FAIR, _BUSY = 2, 8  # attempts before it is its own fault; where a pause is asked for, it is busy
_IN_VAIN = 8  # attempts after which one span asks for all
_SILENCE = 100  # failures in a row that are the back end's, whatever was taken before
_ALONE = 10  # times as long does a span pause that is known to be at fault


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Spans that go together. `taken` is how many requests were taken when it was made."""

    spans: Sequence[Span]
    backoff: Backoff
    taken: int
    since: float = 0.0
    """The time of the first failure, its own or that of what it is a part of."""
    failures: int = 0
    is_part: bool = False
    """Of one that was halved."""
    is_alone: bool = False
    """A span that is at fault itself."""
    is_asked: bool = False
    """The back end said how long to wait."""


class Retries:
    """Batches that wait to be tried again; `clock` gives the seconds of their due times."""

    def __init__(self, *, clock: Callable[[], float], first: float, longest: float) -> None:
        self._clock = clock
        self._first, self._longest = first, longest
        self._heap: list[tuple[float, int, Batch]] = []
        self._number = count()
        self._taken = 0
        self._in_vain = 0  # failures since something was taken, but of spans at fault
        self._refused: dict[int, float] = {}  # since when, by the id of a span that waits alone

    @property
    def is_silent(self) -> bool:
        """Nothing is taken, whoever asks."""
        return self._in_vain > _SILENCE

    @property
    def wait(self) -> float | None:
        """The seconds until something is due; None: nothing waits."""
        return max(0.0, self._heap[0][0] - self._clock()) if self._heap else None

    def refused(self) -> tuple[int, float]:
        """The number of spans at fault, and for how many seconds the first of them has been.

        Any thread may ask.
        """
        since = tuple(self._refused.values())
        return len(since), self._clock() - min(since) if since else 0.0

    def fresh(self, spans: Sequence[Span]) -> Batch:
        """A batch that was never tried."""
        backoff = Backoff(first=self._first, longest=self._longest)
        return Batch(spans=spans, backoff=backoff, taken=self._taken)

    def pop(self) -> Batch | None:
        """One that is due."""
        return heapq.heappop(self._heap)[2] if self.wait == 0 else None

    def trial(self, batch: Batch) -> Sequence[Span]:
        """The spans of a batch to send: one alone, when whole batches were tried in vain.

        So a back end that is away differs from batches each of which has a bad span.
        """
        if self._in_vain and self._in_vain + batch.failures > _IN_VAIN:
            return [random.choice(batch.spans)]
        return batch.spans

    def failed(self, batch: Batch, *, after: float | None) -> bool:
        """Nothing of it was taken: it waits, or its halves do not; whether a span was found out."""
        self._in_vain += not batch.is_alone
        batch = replace(
            batch,
            failures=batch.failures + 1,
            since=batch.since or self._clock(),
            is_asked=after is not None,
        )
        is_found = False
        if self._is_at_fault(batch):
            if len(batch.spans) > 1:
                self.halve(batch)
                return False
            is_found = not batch.is_alone
            batch = self._set_alone(batch)
        self._push(batch, batch.backoff.pause(after=after))
        return is_found

    def halve(self, batch: Batch) -> None:
        """Its halves are due at once."""
        middle = len(batch.spans) // 2
        for part in (batch.spans[:middle], batch.spans[middle:]):
            half = replace(self.fresh(part), taken=batch.taken, since=batch.since, is_part=True)
            self._push(half, 0.0)

    def taken(self, batch: Batch, spans: Sequence[Span]) -> None:
        """These of a batch were taken: the others are due at once, and who waits need not long."""
        self._taken += 1
        if batch.is_alone or self._in_vain:
            self._hasten(also_alone=batch.is_alone)
        self._in_vain = 0
        self.gone(batch, spans)

    def gone(self, batch: Batch, spans: Sequence[Span]) -> None:
        """These of a batch are done with; the others are due at once."""
        self._refused.pop(id(spans[0]), None)
        if len(spans) < len(batch.spans):
            left = list(batch.spans)
            left.remove(spans[0])
            self._push(replace(batch, spans=left), 0.0)

    def _is_at_fault(self, batch: Batch) -> bool:
        patience = _BUSY if batch.is_asked else _FAIR
        return batch.failures >= patience and self._taken > batch.taken and not self.is_silent

    def _set_alone(self, batch: Batch) -> Batch:
        if batch.is_alone:
            return batch
        self._refused[id(batch.spans[0])] = batch.since
        backoff = Backoff(first=self._first * _ALONE, longest=self._longest * _ALONE)
        return replace(batch, is_alone=True, backoff=backoff)

    def _push(self, batch: Batch, pause: float) -> None:
        heapq.heappush(self._heap, (self._clock() + pause, next(self._number), batch))

    def _hasten(self, *, also_alone: bool) -> None:
        soon = self._clock() + self._first
        self._heap = [
            (due, number, batch)
            if batch.is_asked or (batch.is_alone and not also_alone)
            else (min(due, soon - random.uniform(0, self._first)), number, batch)
            for due, number, batch in self._heap
        ]
        heapq.heapify(self._heap)
