"""The queue of spans to a back end: a span leaves it when it was acknowledged, never before."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from itertools import chain
from typing import Protocol

from event_tracer.core.event import lowest_version
from event_tracer.core.span import Span
from event_tracer.export.delivery import Answer
from event_tracer.runtime.backoff import Backoff

_BATCH = 512
_LINGER = 0.25  # seconds for a batch to grow
_IN_FLIGHT = 4
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 30.0  # seconds

logger = logging.getLogger(__name__)
OnDone = Callable[[Sequence[Span]], None]


class Delivery(Protocol):
    """One way to a back end."""

    async def deliver(self, spans: Sequence[Span]) -> Answer:
        """Hand over a batch, once."""


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

    `on_done` is told of spans that are acknowledged or refused for good.
    """

    def __init__(self, delivery: Delivery, *, counts: Counts, on_done: OnDone) -> None:
        self._delivery = delivery
        self._counts = counts
        self._on_done = on_done
        self._queue: deque[Span] = deque()
        self._under_way: dict[int, Sequence[Span]] = {}  # by worker
        self._size = 0  # of both, less what is done of a batch
        self.has_delivered = False
        self._filled = asyncio.Event()
        self._changed = asyncio.Event()

    @property
    def size(self) -> int:
        """The spans that are not acknowledged."""
        return self._size

    @property
    def lowest_version(self) -> int:
        """The lowest resourceVersion of an Event whose batch is not acknowledged; 0 if none is."""
        spans = chain(self._queue, *self._under_way.values())
        return lowest_version(span.version for span in spans)

    def put(self, spans: Sequence[Span]) -> None:
        """Take spans."""
        self._queue.extend(spans)
        self._size += len(spans)
        if spans:
            self._filled.set()

    async def drained(self) -> None:
        """Return once everything is acknowledged."""
        while self._size:
            self._changed.clear()
            await self._changed.wait()

    async def run(self) -> None:
        """Deliver until cancelled."""
        async with asyncio.TaskGroup() as group:
            for number in range(_IN_FLIGHT):
                group.create_task(self._work(number), name=f"export {number}")

    async def _work(self, number: int) -> None:
        while True:
            await self._filled.wait()
            if len(self._queue) < _BATCH:
                await asyncio.sleep(_LINGER)
            batch = [self._queue.popleft() for _ in range(min(_BATCH, len(self._queue)))]
            if not self._queue:
                self._filled.clear()
            if batch:
                self._under_way[number] = batch
                self._counts.inflight(len(batch))
                await self._deliver(batch)
                self._counts.inflight(-len(batch))
                del self._under_way[number]

    async def _deliver(self, batch: Sequence[Span]) -> None:
        answer = await self._answer(batch)
        if answer.accepted:
            self._accepted(batch, answer)
        elif len(batch) == 1:
            self._refused(batch[0], answer)
        else:
            middle = len(batch) // 2
            await self._deliver(batch[:middle])
            await self._deliver(batch[middle:])

    async def _answer(self, batch: Sequence[Span]) -> Answer:
        """The final answer to a batch: taken, or refused for what is in it."""
        backoff = Backoff(first=_FIRST_PAUSE, longest=_LONGEST_PAUSE)
        clock = asyncio.get_running_loop().time
        while True:
            begun = clock()
            answer = await self._delivery.deliver(batch)
            failed = "" if answer.accepted else answer.reason.partition(":")[0]
            self._counts.operation(clock() - begun, failed)
            if answer.accepted or answer.refused:
                return answer
            logger.warning(
                "the back end took nothing", extra={"reason": answer.reason, "spans": len(batch)}
            )
            await asyncio.sleep(backoff.pause(after=answer.after))

    def _accepted(self, batch: Sequence[Span], answer: Answer) -> None:
        self.has_delivered = True
        self._counts.acknowledged()
        self._counts.exported(len(batch) - answer.rejected)
        if answer.rejected:
            # Such spans must not be sent again (OTLP specification, "Partial Success").
            self._counts.exported(answer.rejected, "rejected")
        if answer.rejected or answer.reason:
            logger.warning(
                "the back end rejected spans" if answer.rejected else "the back end warns",
                extra={"rejected": answer.rejected, "reason": answer.reason},
            )
        self._done(batch)

    def _refused(self, span: Span, answer: Answer) -> None:
        self._counts.exported(1, "refused")
        logger.error(
            "the back end refuses a span, which is dropped",
            extra={
                "reason": answer.reason, "span": span.name, "trace_id": span.trace_id.hex(),
                "span_id": span.span_id.hex(),
            },
        )  # fmt: skip
        self._done([span])

    def _done(self, spans: Sequence[Span]) -> None:
        self._size -= len(spans)
        self._on_done(spans)
        self._changed.set()
