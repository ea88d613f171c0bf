"""The queue of spans to a back end: a span leaves it when it was acknowledged, never before."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from itertools import chain
from typing import Protocol

from event_tracer.core.event import lowest_version
from event_tracer.core.span import Span
from event_tracer.export.delivery import Answer, Delivery
from event_tracer.export.retries import Batch, Retries
from event_tracer.runtime.backoff import Backoff
from event_tracer.runtime.tasks import happened

_BATCH = 512
_LINGER = 0.25  # seconds for a batch to grow
_IN_FLIGHT = 4
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 30.0  # seconds

logger = logging.getLogger(__name__)
OnDone = Callable[[Sequence[Span]], None]


class Counts(Protocol):
    """Where an exporter counts."""

    def exported(self, count: int, error_type: str = "") -> None:
        """Spans were acknowledged, or refused for good for that reason."""

    def inflight(self, delta: int) -> None:
        """So many more spans are under way."""

    def operation(self, seconds: float, error_type: str = "") -> None:
        """One request took so long."""

    def acknowledged(self) -> None:
        """The back end took something."""


class Exporter:
    """Delivers what is put into it, some batches at a time, for ever.

    What is not taken waits aside and holds nobody up; one worker serves only what was never tried.
    `on_done` is told of spans that are acknowledged or refused for good.
    """

    def __init__(self, delivery: Delivery, *, counts: Counts, on_done: OnDone) -> None:
        self._delivery = delivery
        self._counts = counts
        self._on_done = on_done
        self._queue: deque[Span] = deque()
        self._clock = asyncio.get_running_loop().time
        self._aside = Retries(clock=self._clock, first=_FIRST_PAUSE, longest=_LONGEST_PAUSE)
        self._under_way: dict[int, Sequence[Span]] = {}  # by worker
        self._size = 0  # of all three
        self.has_delivered = False
        self._filled = asyncio.Event()
        self._taken = asyncio.Event()
        self._changed = asyncio.Event()
        self._awaited = asyncio.Event()

    @property
    def size(self) -> int:
        """The spans that are not acknowledged."""
        return self._size

    @property
    def lowest_version(self) -> int:
        """The lowest resourceVersion of an Event whose batch is not acknowledged; 0 if none is."""
        spans = chain(self._queue, self._aside.spans, *self._under_way.values())
        return lowest_version(span.version for span in spans)

    def refused(self) -> tuple[int, float]:
        """How many spans it does not take while it takes others, and for how many seconds.

        Any thread may ask.
        """
        return self._aside.refused()

    def put(self, spans: Sequence[Span]) -> None:
        """Take spans."""
        self._queue.extend(spans)
        self._size += len(spans)
        if spans:
            self._filled.set()

    async def drained(self) -> None:
        """Return once everything is acknowledged; until then no batch waits to grow."""
        while self._size:
            self._awaited.set()
            self._changed.clear()
            await self._changed.wait()
        self._awaited.clear()

    async def run(self) -> None:
        """Deliver until cancelled."""
        async with asyncio.TaskGroup() as group:
            for number in range(_IN_FLIGHT):
                group.create_task(self._work(number), name=f"export {number}")

    async def _work(self, number: int) -> None:
        backoff = Backoff(first=_FIRST_PAUSE, longest=_LONGEST_PAUSE)
        while True:
            batch = await (self._next() if number else self._fresh())
            self._under_way[number] = batch.spans
            answer = await self._try(batch)
            del self._under_way[number]
            if self._aside.is_silent:
                self._taken.clear()
                await happened(self._taken, within=backoff.pause(after=answer.after))
            else:
                backoff.reset()

    async def _fresh(self) -> Batch:
        """Spans that were never tried."""
        while True:
            while not self._queue:
                self._filled.clear()
                await self._filled.wait()
            if batch := await self._grown():
                return batch

    async def _next(self) -> Batch:
        """What is due, else spans that were never tried."""
        while True:
            if batch := self._aside.pop():
                return batch
            if not self._queue:
                self._filled.clear()
                await happened(self._filled, within=self._aside.wait)
            elif batch := await self._grown():
                return batch

    async def _grown(self) -> Batch | None:
        """As many as go together, unless others take them meanwhile."""
        if len(self._queue) < _BATCH:
            await happened(self._awaited, within=_LINGER)
        spans = [self._queue.popleft() for _ in range(min(_BATCH, len(self._queue)))]
        return self._aside.fresh(spans) if spans else None

    async def _try(self, batch: Batch) -> Answer:
        spans = self._aside.trial(batch)
        answer = await self._answer(spans)
        if answer.accepted:
            self._aside.taken(batch, spans)
            self._taken.set()
            self._accepted(spans, answer)
        elif answer.refused and len(spans) == 1:
            self._aside.gone(batch, spans)
            self._refused(spans[0], answer)
        elif answer.refused:
            self._aside.halve(batch)
        else:
            self._failed(batch, spans, answer)
        self._filled.set()  # what waits may be due earlier than it was
        return answer

    async def _answer(self, spans: Sequence[Span]) -> Answer:
        begun = self._clock()
        self._counts.inflight(len(spans))
        answer = await self._delivery.deliver(spans)
        self._counts.inflight(-len(spans))
        failed = "" if answer.accepted else answer.reason.partition(":")[0]
        self._counts.operation(self._clock() - begun, failed)
        return answer

    def _failed(self, batch: Batch, spans: Sequence[Span], answer: Answer) -> None:
        is_searched = batch.is_part or batch.is_alone  # by hundreds of requests
        logger.log(
            logging.DEBUG if is_searched else logging.WARNING,
            "the back end took nothing", extra={"reason": answer.reason, "spans": len(spans)},
        )  # fmt: skip
        if self._aside.failed(batch, after=answer.after):
            logger.warning(
                "the back end does not take a span, while it takes others; it is tried again",
                extra=_about(spans[0], answer),
            )

    def _accepted(self, spans: Sequence[Span], answer: Answer) -> None:
        self.has_delivered = True
        self._counts.acknowledged()
        self._counts.exported(len(spans) - answer.rejected)
        if answer.rejected:
            # Such spans must not be sent again (OTLP specification, "Partial Success").
            self._counts.exported(answer.rejected, "rejected")
        if answer.rejected or answer.reason:
            logger.warning(
                "the back end rejected spans" if answer.rejected else "the back end warns",
                extra={"rejected": answer.rejected, "reason": answer.reason},
            )
        self._done(spans)

    def _refused(self, span: Span, answer: Answer) -> None:
        self._counts.exported(1, "refused")
        logger.error(
            "the back end refuses a span, which is dropped",
            extra=_about(span, answer),
        )
        self._done([span])

    def _done(self, spans: Sequence[Span]) -> None:
        self._size -= len(spans)
        self._on_done(spans)
        self._changed.set()


def _about(span: Span, answer: Answer) -> dict[str, str]:
    return {
        "reason": answer.reason, "span": span.name, "trace_id": span.trace_id.hex(),
        "span_id": span.span_id.hex(),
    }  # fmt: skip
