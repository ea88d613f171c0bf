"""Batches that the back end has not taken, each with a due time of its own (law 9).

While nothing at all is taken, the back end is at fault: batches stay whole, and wait. While others
are taken, the batch itself is at fault: it is halved, down to the span, which then waits alone.
"""

import heapq
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import count

from event_tracer.core.span import Span
from event_tracer.runtime.backoff import Backoff

_ATTEMPTS = 2  # failures after which a batch is at fault, while others are taken
_ATTEMPTS_WITH_PAUSE = 8  # the same where the back end asked for pauses: it may just be busy
_PROBE_AFTER = 8  # failures in a row after which one span of a batch is sent instead of all
_OUTAGE_AFTER = 100  # failures in a row that are an outage, whatever was taken before
_FAULTY_FACTOR = 10  # a span known to be at fault pauses this many times as long


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Spans that go together. `taken` is the number of requests taken before it was made."""

    spans: Sequence[Span]
    backoff: Backoff
    taken: int
    since: float = 0.0
    """The time of its first failure, or that of the batch that it was halved out of."""
    failures: int = 0
    is_half: bool = False
    """Halved out of a larger one."""
    is_faulty: bool = False
    """One span, which is known to be at fault."""
    has_pause: bool = False
    """The back end asked for a pause."""


class Retries:
    """Batches that wait to be tried again; `clock` gives the seconds of their due times."""

    def __init__(self, *, clock: Callable[[], float], first: float, longest: float) -> None:
        self._clock = clock
        self._first, self._longest = first, longest
        self._heap: list[tuple[float, int, Batch]] = []
        self._number = count()
        self._taken = 0
        self._failures = 0  # in a row, but for those of spans at fault
        self._refused: dict[int, float] = {}  # id() of a span at fault → time of its first failure

    @property
    def is_outage(self) -> bool:
        """Whether the back end takes nothing at all."""
        return self._failures > _OUTAGE_AFTER

    @property
    def wait(self) -> float | None:
        """Seconds until a batch is due; None where none waits."""
        return max(0.0, self._heap[0][0] - self._clock()) if self._heap else None

    def refused(self) -> tuple[int, float]:
        """The number of spans at fault, and for how many seconds the first of them has been.

        Any thread may ask.
        """
        since = tuple(self._refused.values())
        return len(since), self._clock() - min(since) if since else 0.0

    def new_batch(self, spans: Sequence[Span]) -> Batch:
        """A new batch of spans that were never tried."""
        backoff = Backoff(first=self._first, longest=self._longest)
        return Batch(spans=spans, backoff=backoff, taken=self._taken)

    def pop(self) -> Batch | None:
        """Take out a batch that is due, if one is."""
        return heapq.heappop(self._heap)[2] if self.wait == 0 else None

    def spans_to_send(self, batch: Batch) -> Sequence[Span]:
        """The spans of a batch to send: one alone, after many failures in a row.

        An outage refuses it too; where each batch just has a bad span, most single spans are taken.
        """
        if self._failures and self._failures + batch.failures > _PROBE_AFTER:
            return [random.choice(batch.spans)]
        return batch.spans

    def failed(self, batch: Batch, *, after: float | None) -> bool:
        """Note a failure: the batch waits, or is halved. Returns True for a span newly at fault."""
        self._failures += not batch.is_faulty
        batch = replace(
            batch,
            failures=batch.failures + 1,
            since=batch.since or self._clock(),
            has_pause=after is not None,
        )
        is_new_fault = False
        if self._is_at_fault(batch):
            if len(batch.spans) > 1:
                self.halve(batch)
                return False
            is_new_fault = not batch.is_faulty
            batch = self._mark_faulty(batch)
        self._push(batch, batch.backoff.pause(after=after))
        return is_new_fault

    def halve(self, batch: Batch) -> None:
        """Make two batches of one, both due at once."""
        middle = len(batch.spans) // 2
        for part in (batch.spans[:middle], batch.spans[middle:]):
            half = replace(self.new_batch(part), taken=batch.taken, since=batch.since, is_half=True)
            self._push(half, 0.0)

    def taken(self, batch: Batch, spans: Sequence[Span]) -> None:
        """Note that these spans of a batch were taken: its rest is due at once, others soon."""
        self._taken += 1
        if batch.is_faulty or self._failures:
            # Who takes again what it did not, a span at fault or anything, may have been mended.
            self._bring_forward(also_faulty=batch.is_faulty or self.is_outage)
        self._failures = 0
        self.finished(batch, spans)

    def finished(self, batch: Batch, spans: Sequence[Span]) -> None:
        """Drop these spans of a batch; the rest is due at once."""
        self._refused.pop(id(spans[0]), None)
        if len(spans) < len(batch.spans):
            left = list(batch.spans)
            left.remove(spans[0])
            self._push(replace(batch, spans=left), 0.0)

    def _is_at_fault(self, batch: Batch) -> bool:
        patience = _ATTEMPTS_WITH_PAUSE if batch.has_pause else _ATTEMPTS
        return batch.failures >= patience and self._taken > batch.taken and not self.is_outage

    def _mark_faulty(self, batch: Batch) -> Batch:
        if batch.is_faulty:
            return batch
        self._refused[id(batch.spans[0])] = batch.since
        backoff = Backoff(
            first=self._first * _FAULTY_FACTOR, longest=self._longest * _FAULTY_FACTOR
        )
        return replace(batch, is_faulty=True, backoff=backoff)

    def _push(self, batch: Batch, pause: float) -> None:
        heapq.heappush(self._heap, (self._clock() + pause, next(self._number), batch))

    def _bring_forward(self, *, also_faulty: bool) -> None:
        soon = self._clock() + self._first
        self._heap = [
            (due, number, batch)
            if batch.has_pause or (batch.is_faulty and not also_faulty)
            else (min(due, soon - random.uniform(0, self._first)), number, batch)
            for due, number, batch in self._heap
        ]
        heapq.heapify(self._heap)
