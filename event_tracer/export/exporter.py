"""The queue of spans to a back end: a span leaves it when it was acknowledged, never before."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence

from event_tracer.core.span import Span
from event_tracer.export.delivery import Answer, Delivery
from event_tracer.export.retries import Batch, Retries
from event_tracer.runtime.backoff import Backoff
from event_tracer.runtime.metrics import Metrics
from event_tracer.runtime.tasks import happened

BATCH = 512
"""The most spans that go together."""
_IN_FLIGHT = 4
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 30.0  # seconds

logger = logging.getLogger(__name__)
OnDone = Callable[[Sequence[Span]], None]


class Exporter:
    """Delivers what is put into it, some batches at a time, for ever.

    What is not taken waits aside and holds nobody up; one worker serves only what was never tried,
    and wakes the others where that or a retry is more than it can do. `on_done` is told of spans
    that are acknowledged or refused for good.
    """

    def __init__(self, delivery: Delivery, *, metrics: Metrics, on_done: OnDone) -> None:
        self._delivery = delivery
        self._metrics = metrics
        self._on_done = on_done
        self._queue: deque[Span] = deque()
        self._clock = asyncio.get_running_loop().time
        self._aside = Retries(clock=self._clock, first=_FIRST_PAUSE, longest=_LONGEST_PAUSE)
        self.has_delivered = False
        self._filled = asyncio.Event()  # for the first worker
        self._is_busy = False  # that one
        self._needed = asyncio.Event()  # for the others
        self._taken = asyncio.Event()

    def refused(self) -> tuple[int, float]:
        """The number of spans not taken while others are, and for how many seconds.

        Any thread may ask.
        """
        return self._aside.refused()

    def put(self, spans: Sequence[Span]) -> None:
        """Take spans; they are sent at once, as far as a worker is free."""
        if spans:
            self._queue.extend(spans)
            self._filled.set()
            if self._is_busy:
                self._needed.set()

    async def run(self) -> None:
        """Deliver until cancelled."""
        async with asyncio.TaskGroup() as group:
            for number in range(_IN_FLIGHT):
                group.create_task(self._work(number), name=f"export {number}")

    async def _work(self, number: int) -> None:
        backoff = Backoff(first=_FIRST_PAUSE, longest=_LONGEST_PAUSE)
        while True:
            batch = await (self._next() if number else self._fresh())
            answer = await self._try(batch)
            if self._aside.is_outage:
                self._taken.clear()
                await happened(self._taken, within=backoff.pause(after=answer.after))
            else:
                backoff.reset()

    async def _fresh(self) -> Batch:
        """Spans that were never tried."""
        self._is_busy = False
        while not self._queue:
            self._filled.clear()
            await self._filled.wait()
        self._is_busy = True
        batch = self._untried()
        if self._queue:
            self._needed.set()
        return batch

    async def _next(self) -> Batch:
        """A batch that is due, else spans that were never tried and for which nobody is free."""
        while True:
            if batch := self._aside.pop():
                return batch
            if self._queue and self._is_busy:
                return self._untried()
            self._needed.clear()
            await happened(self._needed, within=self._aside.wait)

    def _untried(self) -> Batch:
        """As many as go together."""
        spans = [self._queue.popleft() for _ in range(min(BATCH, len(self._queue)))]
        return self._aside.new_batch(spans)

    async def _try(self, batch: Batch) -> Answer:
        spans = self._aside.spans_to_send(batch)
        answer = await self._answer(spans)
        if answer.accepted:
            self._aside.taken(batch, spans)
            self._taken.set()
            self._accepted(spans, answer)
        elif answer.refused and len(spans) == 1:
            self._aside.finished(batch, spans)
            self._refused(spans[0], answer)
        elif answer.refused:
            self._aside.halve(batch)
        else:
            self._failed(batch, spans, answer)
        if self._aside.wait is not None:
            self._needed.set()  # what waits may be due earlier than it was
        return answer

    async def _answer(self, spans: Sequence[Span]) -> Answer:
        begun = self._clock()
        self._metrics.inflight(len(spans))
        answer = await self._delivery.deliver(spans)
        self._metrics.inflight(-len(spans))
        failed = "" if answer.accepted else answer.reason.partition(":")[0]
        self._metrics.operation(self._clock() - begun, failed)
        return answer

    def _failed(self, batch: Batch, spans: Sequence[Span], answer: Answer) -> None:
        is_searched = batch.is_half or batch.is_faulty  # by hundreds of requests
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
        self._metrics.acknowledged()
        self._metrics.exported(len(spans) - answer.rejected)
        if answer.rejected:
            # Such spans must not be sent again (OTLP specification, "Partial Success").
            self._metrics.exported(answer.rejected, "rejected")
        if answer.rejected or answer.reason:
            logger.warning(
                "the back end rejected spans" if answer.rejected else "the back end warns",
                extra={"rejected": answer.rejected, "reason": answer.reason},
            )
        self._on_done(spans)

    def _refused(self, span: Span, answer: Answer) -> None:
        self._metrics.exported(1, "refused")
        logger.error(
            "the back end refuses a span, which is dropped",
            extra=_about(span, answer),
        )
        self._on_done([span])


def _about(span: Span, answer: Answer) -> dict[str, str]:
    return {
        "reason": answer.reason, "span": span.name, "trace_id": span.trace_id.hex(),
        "span_id": span.span_id.hex(),
    }  # fmt: skip
