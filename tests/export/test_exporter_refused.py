"""Law 9: what a collector refuses for what is in it is found, told and let go, and nothing else."""

import asyncio
import logging
import random
from typing import Any

import pytest
from aiohttp import web

from event_tracer.core.span import Span
from tests.doubles import otlp_http as otlp
from tests.doubles.otlp_http import Collector, Sent
from tests.scenarios.exporting import Out, each, numbered, numbers, reasons, with_collector

POISON = otlp.named("300")


@pytest.mark.parametrize("code", [400, 422])
@with_collector()
async def test_one_bad_span_is_found_and_let_go(
    out: Out, collector: Collector, code: int, caplog: pytest.LogCaptureFixture
) -> None:
    """A batch that will never be taken is halved down to the span at fault: told, counted."""
    collector.respond(otlp.poison(POISON, code=code))
    await out.send(numbered(700))

    assert numbers(received.span for received in collector.spans) == each(700, but=[300])
    assert numbers(out.gone) == each(700)
    assert (out.size, out.lowest_version) == (0, 0)
    assert out.counts.spans == {"": 699, "refused": 1}
    assert _refusals(caplog) == [("300", (4).to_bytes(16).hex(), (300).to_bytes(8).hex())]


def _refusals(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str, str]]:
    found = [vars(record) for record in caplog.records if record.levelno == logging.ERROR]
    return [(each["span"], each["trace_id"], each["span_id"]) for each in found]


@pytest.mark.parametrize("share", [2, 7, 100])
@with_collector()
async def test_every_bad_span_is_found(out: Out, collector: Collector, share: int) -> None:
    """However many there are: each is dropped by itself, and none with it."""
    bad = list(range(share, 601, share))
    collector.respond(otlp.poison(lambda span: int(span.name) in bad))
    await out.send(numbered(600))

    assert numbers(received.span for received in collector.spans) == each(600, but=bad)
    assert out.counts.spans == {"": 600 - len(bad), "refused": len(bad)}


@with_collector()
async def test_trouble_amid_halving_changes_nothing(out: Out, collector: Collector) -> None:
    """The halves of a refused batch are delivered as persistently as a whole one."""

    async def flaky(collector: Collector, sent: Sent) -> Any:
        return await otlp.refuse(503)(collector, sent) if random.random() < 0.4 else None

    collector.respond(flaky)
    collector.respond(otlp.poison(POISON))
    await out.send(numbered(512))

    assert numbers(received.span for received in collector.spans) == each(512, but=[300])
    assert out.counts.operations["503 Service Unavailable"] > 1


@with_collector()
async def test_a_request_too_large_is_halved(out: Out, collector: Collector) -> None:
    """413: smaller requests; only a span too large by itself is dropped."""
    collector.respond(otlp.too_large(20_000))
    await out.send([*numbered(399), *numbered(1, first=400, filler=30_000)])

    assert numbers(received.span for received in collector.spans) == each(399)
    assert out.counts.spans == {"": 399, "refused": 1}


@with_collector()
async def test_partial_success_is_told_and_not_sent_again(
    out: Out, collector: Collector, caplog: pytest.LogCaptureFixture
) -> None:
    """Such spans MUST NOT be sent again (OTLP, "Partial Success"): counted, logged, let go."""
    collector.respond(otlp.partial(2, "too old"), times=1)
    await out.send(numbered(10))
    await asyncio.sleep(100)

    assert out.counts.spans == {"": 8, "rejected": 2}
    assert len(collector.requests) == 1
    assert (out.size, numbers(out.gone)) == (0, each(10))
    assert reasons(caplog, "the back end rejected spans") == {"too old": 1}


@with_collector()
async def test_a_warning_is_told(
    out: Out, collector: Collector, caplog: pytest.LogCaptureFixture
) -> None:
    """partial_success that rejects nothing is a warning; all count as delivered."""
    collector.respond(otlp.partial(0, "use v2"))
    await out.send(numbered(10))

    assert out.counts.spans == {"": 10}
    assert reasons(caplog, "the back end warns") == {"use v2": 1}


@with_collector()
async def test_partial_success_may_come_in_pieces(
    out: Out, collector: Collector, caplog: pytest.LogCaptureFixture
) -> None:
    """TCP may cut an answer anywhere: the whole of it is read."""

    async def answer(collector: Collector, sent: Sent) -> web.StreamResponse:
        body = collector.accept(sent, rejected=3, message="old" * 999).body
        assert isinstance(body, bytes)
        return await _in_pieces(body, sent)

    collector.respond(answer)
    await out.send(numbered(10))

    assert out.counts.spans == {"": 7, "rejected": 3}


async def _in_pieces(body: bytes, sent: Sent) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "application/x-protobuf"})
    await response.prepare(sent.http)
    for piece in (body[:1], body[1:10], body[10:]):
        await response.write(piece)
        await asyncio.sleep(1)
    return response


@with_collector()
async def test_error_types_are_few(out: Out, collector: Collector) -> None:
    """error.type is a metric's attribute: no size, no address, however many there are."""
    for size in range(20):
        await out.send([span for _ in range(64) for span in _large(90_000 + size)])

    assert out.counts.operations.keys() == {"", "too large"}


def _large(filler: int) -> list[Span]:
    return numbered(1, filler=filler)
