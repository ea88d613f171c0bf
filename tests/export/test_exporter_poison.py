"""Law 9: what the back end never takes, of whatever status, holds up nothing else."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence

import pytest

from event_tracer.core.span import Span
from event_tracer.export.delivery import Answer
from tests.doubles import otlp_http as otlp
from tests.doubles import virtual_time
from tests.doubles.otlp_http import Collector
from tests.scenarios.exporting import (
    Out,
    each,
    exporting,
    numbered,
    numbers,
    reasons,
    with_collector,
)

COUNT = 5000
CODES = {
    "500": (500, "application/x-protobuf"),
    "503": (503, "application/x-protobuf"),
    "400 with text": (400, "text/plain"),
}


def spread(bad: int) -> list[int]:
    """So many numbers, far from each other: twenty are in every batch."""
    return list(range(7, COUNT, COUNT // bad))


async def all_but(out: Out, bad: Sequence[int]) -> None:
    """Within 100 s all others are acknowledged, and what stays is known to be at fault."""
    out.put(numbered(COUNT))
    await asyncio.sleep(100)
    assert numbers(out.gone) == each(COUNT, but=bad)
    assert (out.size, out.lowest_version) == (len(bad), bad[0])
    count, age = out.refused()
    assert count == len(bad)
    assert 90 < age <= 100


@pytest.mark.parametrize("name", CODES)
@pytest.mark.parametrize("bad", [spread(1), spread(4), spread(5), spread(20), each(20)])
@with_collector()
async def test_all_others_arrive(out: Out, collector: Collector, name: str, bad: list[int]) -> None:
    """1 to 20 spans, one in every batch or all in the first; healed, they arrive too, once."""
    code, type_ = CODES[name]
    is_bad = otlp.named(*map(str, bad))
    collector.respond(otlp.poison(is_bad, code=code, type_=type_))
    await all_but(out, bad)
    collector.heal()
    await out.drained()

    assert numbers(received.span for received in collector.spans) == each(COUNT)
    assert (out.refused(), out.lowest_version) == ((0, 0.0), 0)
    assert out.counts.spans == {"": COUNT}


@with_collector()
async def test_a_span_that_is_refused_for_an_hour_is_asked_for_seldom(
    out: Out, collector: Collector
) -> None:
    """Alone, after a pause that grows to minutes: it costs next to nothing."""
    collector.respond(otlp.poison(otlp.named("7"), code=500))
    out.put(numbered(10))
    await asyncio.sleep(3600)
    before = len(collector.requests)
    await asyncio.sleep(3600)

    asked = collector.requests[before:]
    assert 3600 / 360 <= len(asked) <= 3600 / 240
    assert {len(sent.spans) for sent in asked} == {1}
    assert out.refused()[0] == 1


@with_collector()
async def test_what_is_new_passes_what_waits(out: Out, collector: Collector) -> None:
    """However many there are that wait, one worker serves only what was never tried."""
    collector.respond(otlp.poison(lambda span: int(span.name) % 2 == 0, code=503))
    out.put(numbered(200))
    await asyncio.sleep(600)
    for number in range(100):
        out.put(numbered(1, first=10_001 + 2 * number))
        await asyncio.sleep(1)
        assert out.gone[-1].version == 10_001 + 2 * number

    assert out.size == 100


@pytest.mark.parametrize("lasts", range(1800, 2100, 60))
@with_collector()
async def test_after_an_outage_what_was_at_fault_is_tried_soon(
    out: Out, collector: Collector, lasts: int
) -> None:
    """Who takes anything again may have been mended: no span waits for its own five minutes."""
    collector.respond(otlp.poison(otlp.named("7"), code=503))
    out.put(numbered(10))
    await asyncio.sleep(3600)
    assert out.refused()[0] == 1
    collector.respond(otlp.poison(lambda _: True, code=503))
    out.put(numbered(20 * 512, first=100))
    await asyncio.sleep(lasts)
    collector.heal()
    await asyncio.sleep(60)

    assert (out.size, out.refused()) == (0, (0, 0.0))


# -- a back end that is away


class BackEnd:
    """Takes nothing until it is up, and what it is told to take then."""

    def __init__(self) -> None:
        self.is_up = False
        self.after: float | None = None
        self.chance = 1.0
        self.sizes: list[int] = []

    async def deliver(self, spans: Sequence[Span]) -> Answer:
        """Each request takes a hundredth of a second."""
        self.sizes.append(len(spans))
        await asyncio.sleep(0.01)
        is_taken = self.is_up and random.random() < self.chance
        return Answer(accepted=is_taken, after=self.after, reason="UNAVAILABLE: no")


def with_back_end(test: Callable[[Out, BackEnd], Awaitable[None]]) -> None:
    """Run a test of an exporter in simulated time."""

    async def main() -> None:
        random.seed(0)
        back_end = BackEnd()
        async with exporting(back_end) as out:
            await test(out, back_end)

    virtual_time.run(main())


def test_an_outage_is_nobodys_fault() -> None:
    """Nothing is taken: no batch is halved, few requests are made; back, all comes at once."""

    async def test(out: Out, back_end: BackEnd) -> None:
        out.put(numbered(20 * 512))
        await asyncio.sleep(3600)
        assert out.refused() == (0, 0.0)
        before = len(back_end.sizes)
        await asyncio.sleep(3600)
        assert len(back_end.sizes) - before < 3600 / 5
        back_end.is_up, before = True, len(back_end.sizes)
        await asyncio.sleep(40)

        assert out.size == 0
        assert len(back_end.sizes) - before <= 20 + 4
        assert out.counts.spans == {"": 20 * 512}

    with_back_end(test)


def test_a_back_end_that_takes_every_other_request_gets_no_more_than_it_must() -> None:
    """Whom chance alone hits is hardly ever halved: batches do not fall to pieces."""

    async def test(out: Out, back_end: BackEnd) -> None:
        back_end.is_up, back_end.chance = True, 0.5
        await out.send(numbered(100 * 512))

        assert len(back_end.sizes) < 100 * 8
        assert numbers(out.gone) == each(100 * 512)

    with_back_end(test)


def test_who_asks_for_patience_gets_it() -> None:
    """A pause asked for means busy: it is kept, and a batch is halved only after many."""

    async def test(out: Out, back_end: BackEnd) -> None:
        back_end.is_up, back_end.chance, back_end.after = True, 0.5, 2.0
        await out.send(numbered(100 * 512))

        assert len(back_end.sizes) < 100 * 3
        assert numbers(out.gone) == each(100 * 512)

    with_back_end(test)


@with_collector()
async def test_a_batch_by_itself_is_searched_too(out: Out, collector: Collector) -> None:
    """Where nothing else is sent, one of its spans tells that the back end takes others."""
    collector.respond(otlp.poison(otlp.named("7"), code=500))
    out.put(numbered(100))
    await asyncio.sleep(100)

    assert numbers(out.gone) == each(100, but=[7])


def test_a_drained_exporter_does_not_wait_for_more() -> None:
    """At the end nothing more comes, so no batch waits to grow."""

    async def test(out: Out, back_end: BackEnd) -> None:
        back_end.is_up = True
        clock = asyncio.get_running_loop().time
        begun = clock()
        await out.send(numbered(10))

        assert clock() - begun < 0.1

    with_back_end(test)


@with_collector()
async def test_a_span_at_fault_is_told(
    out: Out, collector: Collector, caplog: pytest.LogCaptureFixture
) -> None:
    """By its ids and the back end's reason, once; the search for it is told to nobody."""
    collector.respond(otlp.poison(otlp.named("7"), code=500))
    out.put(numbered(2000))
    await asyncio.sleep(1000)

    (told,) = [vars(each) for each in caplog.records if hasattr(each, "span_id")]
    assert (told["span"], told["reason"]) == ("7", "500 Internal Server Error")
    assert reasons(caplog, "the back end took nothing").total() < 6
