"""Law 9: a span leaves only when it is acknowledged, and everything arrives, once."""

import asyncio
from itertools import pairwise

import pytest
from aiohttp import web

from tests.doubles import otlp_http as otlp
from tests.doubles.otlp_http import Answer, Collector, Sent
from tests.scenarios.exporting import Out, each, numbered, numbers, reasons, with_collector

TROUBLE: dict[str, tuple[Answer, str]] = {
    "503": (otlp.refuse(503), "503 Service Unavailable"),
    "429": (otlp.refuse(429, retry_after="7"), "429 Too Many Requests"),
    "301": (otlp.refuse(301, location="/elsewhere"), "it redirects (301) to /elsewhere"),
    "401": (otlp.refuse(401), "401 Unauthorized"),
    "404": (otlp.refuse(404), "404 Not Found"),
    "500": (otlp.refuse(500), "500 Internal Server Error"),
    "nothing": (otlp.hang, "no answer in time"),
    "400 by no collector": (
        lambda *_: _plain(),
        "400 Bad Request: Client sent an HTTP request to an HTTPS server.",
    ),
    "a web page": (lambda *_: _page(), "it answered with a web page, so it is no collector"),
}
POISON = otlp.named("300")


async def _plain() -> web.StreamResponse:
    text = "Client sent an HTTP request to an HTTPS server.\n"  # Go's net/http
    return web.Response(status=400, text=text)


async def _page() -> web.StreamResponse:
    return web.Response(text="<html>login</html>", content_type="text/html")


def pauses(requests: list[Sent]) -> list[float]:
    """The seconds between requests."""
    return [after.time - before.time for before, after in pairwise(requests)]


@pytest.mark.parametrize("name", TROUBLE)
@with_collector()
async def test_everything_arrives_once_through_trouble(
    out: Out, collector: Collector, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    """What took nothing is asked again, whatever it said; each time is told and counted."""
    answer, reason = TROUBLE[name]
    rule = collector.respond(answer, times=6)
    await out.send(numbered(1300))

    assert rule.times == 0
    assert numbers(received.span for received in collector.spans) == each(1300)
    assert numbers(out.gone) == each(1300)
    assert out.counts.spans == {"": 1300}
    assert reasons(caplog, "the back end took nothing") == {reason: 6}
    assert out.counts.operations == {reason.partition(":")[0]: 6, "": 3}


@pytest.mark.parametrize("name", TROUBLE)
@with_collector()
async def test_it_is_asked_for_ever(out: Out, collector: Collector, name: str) -> None:
    """After an hour of refusal it is still asked, and all is delivered."""
    timeout, longest = 11, 30 * 1.2  # aiohttp rounds up to whole seconds
    collector.respond(TROUBLE[name][0])
    out.put(numbered(1))
    await asyncio.sleep(3600)
    collector.heal()
    assert (out.size, out.gone) == (1, [])
    await out.drained()

    found = pauses(collector.requests)
    assert max(found) <= longest + timeout
    assert len(found) >= 3600 / (longest + timeout)
    assert numbers(received.span for received in collector.spans) == [1]


@with_collector()
async def test_pauses_grow_and_differ(out: Out, collector: Collector) -> None:
    """Jittered backoff: half a second at first, thirty in the end, never the same twice."""
    collector.respond(otlp.refuse(503), times=12)
    await out.send(numbered(1))

    found = pauses(collector.requests)
    for number, pause in enumerate(found):
        assert 0.79 <= pause / min(0.5 * 2**number, 30) <= 1.21
    assert len({round(pause, 3) for pause in found}) == len(found)


@with_collector()
async def test_retry_after_is_honoured(out: Out, collector: Collector) -> None:
    """The pause that the collector asks for is kept: not shorter, and not that of the backoff."""
    collector.respond(otlp.refuse(429, retry_after="70"), times=3)
    await out.send(numbered(1))

    assert all(70 <= pause < 71 for pause in pauses(collector.requests))
    assert len(collector.requests) == 4


@with_collector()
async def test_nobody_is_waited_for_for_ever(out: Out, collector: Collector) -> None:
    """A Retry-After of years is a mistake of somebody's: it is asked again within a day."""
    collector.respond(otlp.refuse(503, retry_after="9" * 400), times=1)
    await out.send(numbered(1))

    assert pauses(collector.requests)[0] > 60


@with_collector()
async def test_the_collector_goes_down_and_comes_back(
    out: Out, collector: Collector, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing leaves while it is away, nothing is lost, nothing comes twice."""
    await out.send(numbered(600))
    await collector.stop()
    out.put(numbered(1400, first=601))
    await asyncio.sleep(1000)
    assert (out.size, len(out.gone)) == (1400, 600)
    await collector.start()
    await out.drained()

    assert numbers(received.span for received in collector.spans) == each(2000)
    assert set(reasons(caplog, "the back end took nothing")) == {"Connection refused"}


@with_collector()
async def test_a_lost_acknowledgement_sends_the_same_bytes(out: Out, collector: Collector) -> None:
    """Sent again, byte for byte, so that a back end can merge the two."""
    collector.respond(otlp.lose, times=1)
    await out.send(numbered(200))

    first, second = collector.requests
    assert first.message.SerializeToString() == second.message.SerializeToString()
    assert len(collector.spans) == 400
    assert [len(contents) for contents in collector.contents().values()] == [1] * 200
    assert (numbers(out.gone), out.counts.spans) == (each(200), {"": 200})


@with_collector()
async def test_one_batch_in_trouble_holds_up_no_other(out: Out, collector: Collector) -> None:
    """It is halved down to the span that is at fault, which waits by itself."""
    rule = collector.respond(otlp.poison(POISON, code=500))
    out.put(numbered(5000))
    await asyncio.sleep(100)
    assert (out.size, out.lowest_version) == (1, 300)
    assert numbers(out.gone) == each(5000, but=[300])
    rule.times = 0
    await out.drained()

    assert numbers(received.span for received in collector.spans) == each(5000)
