"""The pauses of a watch after errors, throttling and refusals."""

import asyncio

import pytest

from event_tracer.kube.resources import EVENTS, PODS, Resource
from tests.doubles.apiserver import faults
from tests.doubles.apiserver.faults import Answer, Forbidden
from tests.scenarios.watching import Bench, gaps, on_bench, says

ASKED = 37
SAID = (
    b'{"type":"ERROR","object":{"kind":"Status","code":429,"reason":"TooManyRequests",'
    b'"details":{"retryAfterSeconds":37}}}'
)
ASKS: dict[str, Answer] = {
    "429 as text": faults.throttle(ASKED),
    "503": faults.refuse(503, retry_after=ASKED),
    "429 in the stream": says(SAID),
}


@pytest.mark.parametrize("verb", ["list", "watch"])
@pytest.mark.parametrize("name", ["429 as text", "503"])
@on_bench
async def test_retry_after_is_honoured(bench: Bench, name: str, verb: str) -> None:
    """Never earlier than asked, and not much later: at the first LIST and at a WATCH."""
    bench.server.fail(ASKS[name], verb=verb, times=4)
    await bench.watch()
    await asyncio.sleep(5 * ASKED)

    asked = [one for one in bench.server.requests if one.verb == verb]
    refused = gaps(asked)[:4]
    assert len(refused) == 4
    assert all(ASKED <= gap <= ASKED + 2 for gap in refused)
    assert len(bench.server.watches) == 1


@on_bench
async def test_retry_after_in_a_stream_is_honoured(bench: Bench) -> None:
    """An ERROR frame's details say it; the probe comes no earlier either."""
    bench.server.fail(ASKS["429 in the stream"], verb="watch", times=1)
    await bench.watch()
    await asyncio.sleep(2 * ASKED)

    _, refused, probe, _ = bench.server.requests
    assert ASKED <= probe.time - refused.time <= ASKED + 2


@on_bench
async def test_a_probe_that_is_throttled_waits_as_long_as_it_is_told(bench: Bench) -> None:
    """A server that stops throttles all: nothing else is asked meanwhile."""
    await bench.watch()
    start = len(bench.server.requests)
    bench.server.fail(faults.throttle(ASKED), times=3)
    bench.server.close_watches()
    await asyncio.sleep(4 * ASKED)

    between = gaps(bench.since(start, "list"))
    assert len(between) == 3
    assert all(gap >= ASKED for gap in between)


@on_bench
async def test_a_pause_of_hours_is_not_waited_for(bench: Bench) -> None:
    """After five minutes the server may have changed its mind."""
    bench.server.fail(faults.throttle(86_400), times=1)
    await bench.watch()
    await asyncio.sleep(310)

    assert gaps(bench.since(0, "list"))[0] >= 300
    assert len(bench.server.watches) == 1


# -- refusals


@pytest.mark.parametrize("answer", [faults.FORBIDDEN, faults.NOT_FOUND], ids=["403", "404"])
@on_bench
async def test_what_was_never_allowed_is_denied_at_once(
    bench: Bench, answer: Answer, caplog: pytest.LogCaptureFixture
) -> None:
    """Others need not wait for it; it is said once, and asked for with pauses up to 300 s."""
    bench.server.fail(answer)
    watch = await bench.watch(PODS)
    assert watch.is_denied
    assert bench.told.standings == [(False, True)]
    await asyncio.sleep(4 * 3600)

    between = gaps(bench.since(0, "list"))
    assert between[:8] == sorted(between[:8])
    assert all(200 < gap < 400 for gap in between[-10:])
    assert bench.told.standings == [(False, True)]
    told = [record.message for record in caplog.records]
    assert told.count("not allowed or not there") == 1


@on_bench
async def test_a_right_that_comes_is_used(bench: Bench) -> None:
    """The watch is no longer denied once it has caught up."""
    bench.server.forbidden.append(Forbidden(resource="pods"))
    watch = await bench.watch(PODS)
    bench.write("web", resource="pods")
    await asyncio.sleep(1000)
    bench.server.forbidden.clear()
    await asyncio.sleep(400)

    assert bench.told.names == ["web"]
    assert (watch.is_live, watch.is_denied) == (True, False)
    assert bench.told.standings[0] == (False, True)
    assert bench.told.standings[-1] == (True, False)


@pytest.mark.parametrize("verb", ["list", "watch", "*"])
@pytest.mark.parametrize("resource", [EVENTS, PODS], ids=["events", "pods"])
@on_bench
async def test_a_refusal_of_what_was_allowed_counts_after_a_minute(
    bench: Bench, resource: Resource, verb: str
) -> None:
    """RBAC may be in the middle of an upgrade: before that it is an error like others."""
    watch = await bench.watch(resource)
    bench.server.forbidden.append(Forbidden(resource=resource.plural, verb=verb))
    bench.server.close_watches()
    await asyncio.sleep(55)
    assert not watch.is_denied
    await asyncio.sleep(60)

    assert (watch.is_live, watch.is_denied) == (False, True)
    bench.server.forbidden.clear()
    await asyncio.sleep(120)
    assert (watch.is_live, watch.is_denied) == (True, False)


@on_bench
async def test_what_was_denied_is_behind_while_it_catches_up(bench: Bench) -> None:
    """Once a frame has come it is allowed; live only after the silence that follows."""
    known = bench.write("one")
    bench.server.forbidden.append(Forbidden(resource="events"))
    watch = await bench.watch(version=str(known))
    assert not watch.is_denied  # an earlier run has read it
    await asyncio.sleep(90)
    assert watch.is_denied
    bench.write("two")
    bench.server.forbidden.clear()
    await asyncio.sleep(120)

    assert bench.told.frames == ["two"]
    assert bench.told.standings == [(False, True), (False, False), (True, False)]


@on_bench
async def test_short_refusals_do_not_add_up(bench: Bench) -> None:
    """Half a minute, twice, with a success between: never denied."""
    watch = await bench.watch()
    for _ in range(3):
        bench.server.forbidden.append(Forbidden(resource="events"))
        bench.server.close_watches()
        await asyncio.sleep(35)
        bench.server.forbidden.clear()
        await asyncio.sleep(60)
        assert watch.is_live

    assert (False, True) not in bench.told.standings
