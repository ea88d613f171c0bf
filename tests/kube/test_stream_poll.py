"""A stream is read at intervals: an API server writes each frame of thousands by itself."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from kubernetes_asyncio.client import ApiClient, Configuration

from event_tracer.kube.client import Api
from event_tracer.kube.stream import PollInterval
from tests.doubles.certificates import Authority
from tests.doubles.tls import TlsFront
from tests.scenarios.watching import Bench, on_bench

EVERY = 0.5
LARGE = b'{"type":"ADDED","object":{"metadata":{"name":"large"},"message":"%s"}}' % (b"x" * 100_000)


async def write(bench: Bench, count: int) -> list[str]:
    """Events, a tenth of a second apart; their names."""
    names = [f"event-{number}" for number in range(count)]
    for name in names:
        bench.write(name)
        await asyncio.sleep(0.1)
    return names


@pytest.mark.parametrize("late", [0.0, 0.05])
@on_bench
async def test_a_stream_is_looked_at_when_it_is_time(bench: Bench, late: float) -> None:
    """What has come by then is read together, in order."""
    bench.told.looks = PollInterval(every=EVERY, late=late)
    await bench.watch()
    await asyncio.sleep(late + 0.03)
    names = await write(bench, 30)
    await asyncio.sleep(EVERY)

    assert bench.told.frames == names
    looks = sorted(set(bench.told.times[1:]))
    assert [look % EVERY for look in looks] == pytest.approx([late] * len(looks), abs=1e-6)
    assert len(looks) == 6


def test_a_timer_that_is_a_little_early_is_not_set_again() -> None:
    """By rounding, as 4096.06 is in a double: the next look is that of the next half second."""
    interval = PollInterval(every=EVERY, late=0.06)

    assert interval.pause(4096.0599999999995) == pytest.approx(EVERY)
    assert interval.pause(4096.06) == pytest.approx(EVERY)


@on_bench
async def test_after_much_there_is_no_pause(bench: Bench) -> None:
    """A burst is more than one look takes in: the rest of it is waiting already."""
    bench.told.looks = PollInterval(every=EVERY)
    await bench.watch()
    await asyncio.sleep(0.03)
    bench.write("before")
    bench.server.inject("events", LARGE)
    await asyncio.sleep(EVERY)
    bench.write("after")
    await asyncio.sleep(0.05)

    assert bench.told.frames == ["before", "large", "after"]


@on_bench
async def test_each_frame_at_once_where_that_is_asked_for(bench: Bench) -> None:
    """A recording has the order in which all came."""
    await bench.watch()
    began = asyncio.get_running_loop().time()
    await write(bench, 5)

    expected = [began + number / 10 for number in range(5)]
    assert bench.told.times == pytest.approx(expected, abs=0.02)


@pytest.mark.parametrize(
    "end",
    [
        lambda bench: bench.server.close_watches(),
        lambda bench: bench.server.abort_watches(),
        lambda bench: bench.server.cut_connections(),
    ],
    ids=["closed", "aborted", "a reset connection"],
)
@on_bench
async def test_an_end_while_nobody_looks_is_seen(
    bench: Bench, end: Callable[[Bench], None]
) -> None:
    """What was said before it is read, and the next watch brings the rest."""
    bench.told.looks = PollInterval(every=EVERY)
    await bench.watch()
    await asyncio.sleep(0.03)
    bench.write("before")
    await asyncio.sleep(0.1)
    end(bench)
    await asyncio.sleep(5)
    bench.write("after")
    await asyncio.sleep(60)

    assert bench.told.frames == ["before", "after"]
    assert len(bench.told.causes) == 1


@on_bench
async def test_all_of_it_holds_over_tls(bench: Bench, tmp_path: Path) -> None:
    """As every API server speaks it."""
    authority = Authority(tmp_path)
    async with TlsFront(authority, to=bench.server.port) as front:

        async def connect() -> ApiClient:
            made = Configuration(host=front.url)
            made.ssl_ca_cert = str(authority.certificate)
            return ApiClient(made)

        bench.told.looks = PollInterval(every=EVERY)
        bench.api = Api(connect)
        await bench.watch()
        names = await write(bench, 20)
        await asyncio.sleep(EVERY)

        assert bench.told.frames == names
        assert len(set(bench.told.times)) <= 6
        front.cut()
        await asyncio.sleep(5)
        bench.write("after")
        await asyncio.sleep(60)
        assert bench.told.frames == [*names, "after"]
