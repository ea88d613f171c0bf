"""What tests of the exporter share: numbered spans, what became of them, and a run of it."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Concatenate, ParamSpec

import pytest

from event_tracer.core.span import Span
from event_tracer.export.delivery import Delivery
from event_tracer.export.exporter import Exporter
from event_tracer.export.otlp.client import Otlp, connect
from event_tracer.export.otlp.endpoint import resolve
from event_tracer.pipeline.outbox import Unacknowledged
from event_tracer.runtime.metrics import NullMetrics
from tests.doubles.otlp_http import Collector
from tests.scenarios.fields import SECOND
from tests.scenarios.inside import inside_both
from tests.scenarios.writer import START

P = ParamSpec("P")
_SERVICE = (("service.name", "kubelet"),)


def numbered(count: int, *, first: int = 1, filler: int = 0) -> list[Span]:
    """Event spans; each has its number for a name, an id and a resourceVersion."""
    return [_span(number, filler) for number in range(first, first + count)]


def _span(number: int, filler: int) -> Span:
    return Span(
        trace_id=(1 + number // 100).to_bytes(16),
        span_id=number.to_bytes(8),
        parent_id=b"",
        kind="event",
        name=str(number),
        resource=_SERVICE,
        start=START,
        end=START + number * SECOND,
        attributes=(("k8s.event.resource_version", str(number)), ("filler", "x" * filler)),
        version=number,
    )


def numbers(spans: Iterable[Any]) -> list[int]:
    """Which they are, ours or protobuf's, in order."""
    return sorted(int(span.name) for span in spans)


def each(count: int, *, but: Iterable[int] = ()) -> list[int]:
    """The numbers from 1, without some."""
    return [number for number in range(1, count + 1) if number not in set(but)]


@dataclass
class Counted(NullMetrics):
    """What an exporter counts."""

    spans: Counter[str] = field(default_factory=Counter)
    """By error.type."""
    under_way: int = 0
    most_under_way: int = 0
    operations: Counter[str] = field(default_factory=Counter)
    """Requests by error.type."""
    acknowledgements: int = 0
    operated: asyncio.Event = field(default_factory=asyncio.Event)

    def exported(self, count: int, error_type: str = "") -> None:
        self.spans[error_type] += count

    def inflight(self, delta: int) -> None:
        self.under_way += delta
        self.most_under_way = max(self.most_under_way, self.under_way)

    def operation(self, seconds: float, error_type: str = "") -> None:
        assert seconds >= 0
        self.operations[error_type] += 1
        self.operated.set()

    def acknowledged(self) -> None:
        self.acknowledgements += 1


class Out(Exporter):
    """An exporter that runs, and remembers what it let go."""

    def __init__(self, delivery: Delivery) -> None:
        self.counts = Counted()
        self.gone: list[Span] = []
        self._unacknowledged = Unacknowledged()
        super().__init__(delivery, metrics=self.counts, on_done=self._let_go)

    def _let_go(self, spans: Sequence[Span]) -> None:
        self.gone += spans
        self._unacknowledged.remove(spans)

    @property
    def size(self) -> int:
        """The spans that are not acknowledged."""
        return len(self._unacknowledged)

    @property
    def lowest_version(self) -> int:
        """The lowest resourceVersion of an Event whose span is not acknowledged; 0 without any."""
        return self._unacknowledged.lowest_versions.events

    def put(self, spans: Sequence[Span]) -> None:
        """Send spans."""
        self._unacknowledged.add(spans)
        super().put(spans)

    async def drained(self) -> None:
        """Return once everything is acknowledged."""
        while self.size:
            await self._unacknowledged.shrunk()

    async def send(self, spans: Sequence[Span]) -> None:
        """Put spans in and wait until nothing is left."""
        self.put(spans)
        await self.drained()

    async def asked(self, *, times: int) -> None:
        """Wait until so many more requests have ended, well or not."""
        wanted = self.counts.operations.total() + times
        while self.counts.operations.total() < wanted:
            self.counts.operated.clear()
            await self.counts.operated.wait()


@asynccontextmanager
async def exporting(delivery: Delivery) -> AsyncIterator[Out]:
    """An exporter that runs; an error of its own is the test's."""
    out = Out(delivery)
    task = asyncio.create_task(out.run(), name="exporter")
    try:
        yield out
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def with_collector(
    **variables: str,
) -> Callable[
    [Callable[Concatenate[Out, Collector, P], Coroutine[Any, Any, None]]], Callable[P, None]
]:
    """Give a test an exporter over HTTP, and the collector."""
    return inside_both(lambda: _collected(variables))


@asynccontextmanager
async def _collected(variables: dict[str, str]) -> AsyncIterator[tuple[Out, Collector]]:
    random.seed(0)
    async with Collector() as collector:
        named = {"PROTOCOL": "http/protobuf", "TRACES_ENDPOINT": collector.url, **variables}
        target = resolve({f"OTEL_EXPORTER_OTLP_{key}": text for key, text in named.items()})
        async with connect(target) as sender, exporting(Otlp(sender)) as out:
            yield out, collector


def reasons(caplog: pytest.LogCaptureFixture, message: str) -> Counter[str]:
    """Why a message was logged, and how often."""
    found = [record for record in caplog.records if record.getMessage() == message]
    return Counter(str(vars(record)["reason"]) for record in found)
