"""Law 9: how much is under way, when a span leaves, and what the queue tells those who fill it."""

import asyncio
import threading
import time
from collections.abc import Sequence
from typing import Any

import pytest
from aiohttp import web
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from event_tracer.export.sdk import Sdk
from event_tracer.runtime.backoff import retry_after
from tests.doubles import otlp_http as otlp
from tests.doubles import virtual_time
from tests.doubles.otlp_http import Collector, Sent
from tests.scenarios.exporting import Out, each, exporting, numbered, numbers, with_collector


def clock() -> float:
    """The loop's time."""
    return asyncio.get_running_loop().time()


def one_after_the_other() -> otlp.Answer:
    """Accept; each request takes a second longer than the one before."""
    seconds = iter(range(1, 1000))

    async def answer(collector: Collector, sent: Sent) -> web.StreamResponse:
        await asyncio.sleep(next(seconds))
        return collector.accept(sent)

    return answer


# -- requests


@pytest.mark.parametrize(("count", "filler"), [(3000, 0), (300, 100_000), (3, 3_200_000)])
@with_collector()
async def test_requests_stay_below_what_servers_take(
    out: Out, collector: Collector, count: int, filler: int
) -> None:
    """At most 512 spans, and below the 4 MiB that a gRPC server takes, before compression."""
    await out.send(numbered(count, filler=filler))

    assert numbers(received.span for received in collector.spans) == each(count)
    assert max(len(request.spans) for request in collector.requests) <= 512
    assert max(request.size for request in collector.requests) < 4 << 20
    assert out.counts.spans == {"": count}


@with_collector()
async def test_several_requests_are_in_flight(out: Out, collector: Collector) -> None:
    """A slow collector is asked some things at a time, not one after the other, nor all at once."""
    collector.respond(otlp.slow(5))
    begun = clock()
    await out.send(numbered(16 * 512))

    assert clock() - begun < 16 * 5 / 2
    assert 512 < out.counts.most_under_way < 16 * 512
    assert out.counts.under_way == 0


@pytest.mark.parametrize("status", [200, 202, 204])
@with_collector()
async def test_every_good_status_is_an_acknowledgement(
    out: Out, collector: Collector, status: int
) -> None:
    """OTLP says 200; gateways that only queue say 202 or 204, as other exporters let them."""

    async def answer(collector: Collector, sent: Sent) -> web.StreamResponse:
        collector.accept(sent)
        return web.Response(status=status)

    collector.respond(answer)
    await out.send(numbered(10))

    assert len(collector.requests) == 1
    assert out.counts.spans == {"": 10}


# -- the queue


@with_collector()
async def test_a_span_leaves_only_when_it_is_acknowledged(out: Out, collector: Collector) -> None:
    """While the answer is awaited all is held, the lowest resourceVersion too."""
    collector.respond(otlp.slow(5))
    out.put(numbered(100, first=7))
    await asyncio.sleep(4)
    assert len(collector.requests) == 1
    assert (out.size, out.lowest_version, out.gone) == (100, 7, [])
    assert (out.has_delivered, out.counts.acknowledgements) == (False, 0)
    await out.drained()

    assert (out.size, out.lowest_version) == (0, 0)
    assert out.gone == numbered(100, first=7)
    assert (out.has_delivered, out.counts.acknowledgements) == (True, 1)


@with_collector()
async def test_the_lowest_version_is_that_of_what_is_left(out: Out, collector: Collector) -> None:
    """It rises only with the oldest of them, in whatever order they are acknowledged."""
    rule = collector.respond(otlp.poison(otlp.named("600"), code=503))
    out.put(numbered(1536))
    await asyncio.sleep(60)
    assert numbers(out.gone) == each(1536, but=[600])
    assert out.lowest_version == 600
    out.put(numbered(1, first=5))
    assert out.lowest_version == 5
    rule.times = 0
    await out.drained()

    assert out.lowest_version == 0


@with_collector()
async def test_all_who_wait_are_told(out: Out, collector: Collector) -> None:
    """Several may wait for the end at the same time."""
    collector.respond(one_after_the_other())
    out.put(numbered(2048))
    await asyncio.gather(*(out.drained() for _ in range(3)))
    assert out.size == 0


@with_collector()
async def test_a_refused_span_is_let_go(out: Out, collector: Collector) -> None:
    """What is dropped does not count as unacknowledged for ever."""
    collector.respond(otlp.poison(lambda _: True))
    out.put(numbered(64))
    await out.drained()

    assert numbers(out.gone) == each(64)
    assert (out.has_delivered, out.lowest_version, collector.spans) == (False, 0, [])


# -- any exporter of the SDK


class Recorder(SpanExporter):
    """Takes a moment; fails, or raises, as often as it is told."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.names: list[str] = []
        self.at_once = 0
        self._lock = threading.Lock()

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        if not self._lock.acquire(blocking=False):
            self.at_once += 1
            return SpanExportResult.FAILURE
        try:
            time.sleep(0.01)
            if self.answers:
                return self._answer(self.answers.pop(0))
            self.names += [span.name for span in spans]
            return SpanExportResult.SUCCESS
        finally:
            self._lock.release()

    def _answer(self, answer: Any) -> SpanExportResult:
        if isinstance(answer, Exception):
            raise answer
        return SpanExportResult(answer)


def send_to(exporter: Recorder, *, count: int) -> None:
    """Deliver that many spans to it."""

    async def main() -> None:
        async with exporting(Sdk([exporter])) as out:
            await out.send(numbered(count))

    virtual_time.run(main())


def test_an_sdk_exporter_is_called_once_at_a_time() -> None:
    """OpenTelemetry, "Export(batch)": never concurrently for the same exporter."""
    exporter = Recorder()
    send_to(exporter, count=3000)

    assert exporter.at_once == 0
    assert sorted(map(int, exporter.names)) == each(3000)


def test_a_failing_sdk_exporter_is_asked_again(caplog: pytest.LogCaptureFixture) -> None:
    """SpanExportResult tells no more than that; an exception is a failure too."""
    exporter = Recorder(SpanExportResult.FAILURE, ValueError("no"), SpanExportResult.FAILURE)
    send_to(exporter, count=10)

    assert sorted(map(int, exporter.names)) == each(10)
    told = [vars(record)["reason"] for record in caplog.records]
    assert told == ["Recorder could not deliver", "Recorder: no", "Recorder could not deliver"]


def test_retry_after_is_read_as_http_says() -> None:
    """Seconds or a date (RFC 9110, 10.2.3); what is neither asks for nothing."""
    assert retry_after("7") == 7
    assert retry_after("Wed, 21 Oct 2015 07:28:00 GMT") == 0
    assert retry_after("Fri, 31 Dec 2100 23:59:59 GMT") > retry_after("7")  # type: ignore[operator]
    assert [retry_after(text) for text in (None, "", "soon", "-1", "²")] == [None] * 5
