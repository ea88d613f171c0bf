"""Requests to an API server: what counts as an answer, and its clock."""

import asyncio
import gc
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from email.utils import formatdate
from pathlib import Path
from time import time

import pytest
from aiohttp import web

from event_tracer.core.times import SECOND
from event_tracer.kube.client import ApiError, retry_forever, status_error
from event_tracer.runtime.backoff import retry_after
from tests.doubles.apiserver import faults
from tests.doubles.apiserver.client import EVENTS, event
from tests.doubles.apiserver.faults import Answer
from tests.doubles.apiserver.server import ApiServer
from tests.doubles.kubeconfigs import Counted, api_of, kubeconfig
from tests.doubles.listener import drop
from tests.scenarios.inside import inside_both

WATCH = {"watch": "true", "resourceVersion": "1"}


@asynccontextmanager
async def _api(tmp_path: Path) -> AsyncIterator[tuple[Counted, ApiServer]]:
    async with ApiServer() as server, api_of(kubeconfig(tmp_path / "config", server.url)) as api:
        yield api, server


with_api = inside_both(_api)


async def error_of(asking: Awaitable[object]) -> ApiError:
    """The error that a request ends in."""
    with pytest.raises(ApiError) as caught:
        await asking
    return caught.value


def body(text: str, *, kind: str = "application/json") -> Answer:
    """200 with this."""

    async def answer(_: web.BaseRequest) -> web.StreamResponse:
        return web.Response(text=text, content_type=kind)

    return answer


async def _begun(request: web.BaseRequest) -> web.StreamResponse:
    made = web.StreamResponse(headers={"Content-Type": "application/json"})
    await made.prepare(request)
    await made.write(b'{"kind":')
    return made


async def _half(request: web.BaseRequest) -> web.StreamResponse:
    await _begun(request)
    return await faults.hang(request)


async def _broken_off(request: web.BaseRequest) -> web.StreamResponse:
    made = await _begun(request)
    await asyncio.sleep(0.1)
    drop(request)
    return made


# -- what is no answer

BAD: dict[str, tuple[Answer, int, str]] = {
    "a page instead of an answer": (faults.LOGIN_PAGE, 502, "a web page came"),
    "a page with an error": (faults.BAD_GATEWAY, 502, "502 Bad Gateway: a web page"),
    "no JSON": (body("upstream connect error"), 502, "not JSON"),
    "nothing": (faults.empty, 502, "not JSON"),
    "JSON that is no object": (body("[1, 2]"), 502, "no object"),
    "a Status": (faults.BROKEN, 500, "500 Internal Server Error: etcdserver: leader changed"),
    "an error that is a JSON list": (faults.refuse(500), 500, "told to say 500"),
    "text": (faults.throttle(3), 429, "429 Too Many Requests: Too many requests, please try"),
    "a reset": (faults.lose, 0, "disconnected"),
    "a half": (_broken_off, 0, "the connection was closed in the middle of the answer"),
}


@pytest.mark.parametrize(("answer", "status", "text"), BAD.values(), ids=BAD)
@with_api
async def test_what_is_no_good_answer_is_an_error(
    api: Counted, server: ApiServer, answer: Answer, status: int, text: str
) -> None:
    """Proxies' pages, half answers and refusals: one sort of error, with a sentence."""
    server.fail(answer)
    error = await error_of(api.get("/version"))

    assert error.status == status
    assert text in str(error)
    assert "<" not in str(error)


@pytest.mark.parametrize("code", [403, 404, 405])
@with_api
async def test_refusals_are_known(api: Counted, server: ApiServer, code: int) -> None:
    """Asking again soon is of no use; anything else is worth another try."""
    server.fail(faults.refuse(code, reason="x"), times=1)
    assert (await error_of(api.get("/version"))).is_refusal
    server.fail(faults.UNAVAILABLE, times=1)
    assert not (await error_of(api.get("/version"))).is_refusal


@with_api
async def test_a_pause_that_is_asked_for_is_known(api: Counted, server: ApiServer) -> None:
    """Retry-After of a plain text as well as of a Status; none where none is said."""
    pauses = []
    for answer in (faults.throttle(7), faults.UNAVAILABLE, faults.BROKEN):
        server.fail(answer, times=1)
        pauses.append((await error_of(api.get("/version"))).retry_after)

    assert pauses == [7.0, 1.0, None]


def test_a_pause_until_a_date_is_known() -> None:
    """RFC 9110 allows a date; nonsense is no pause, the past is over."""
    later = retry_after(formatdate(time() + 100, usegmt=True))

    assert later is not None
    assert 50 < later <= 100
    assert retry_after(formatdate(time() - 100, usegmt=True)) == 0
    assert [retry_after(text) for text in (None, "", "soon", "-1", "²")] == [None] * 5


def test_a_status_of_nonsense_is_an_error_all_the_same() -> None:
    """Neither the types nor the fields of a Status can be relied on."""
    odd = status_error({"code": "x", "reason": 5, "message": None, "details": [1]})

    assert (odd.status, odd.reason, odd.retry_after) == (500, "5", None)
    assert str(status_error({})) == "an error without a message"
    assert status_error({"code": 500, "reason": "Expired"}).status == 410
    assert status_error({"details": {"retryAfterSeconds": 3}}).retry_after == 3.0


# -- how long it takes


@pytest.mark.parametrize(("answer", "most"), [(faults.hang, 30), (_half, 60)], ids=["head", "body"])
@with_api
async def test_a_server_that_says_nothing_is_an_error(
    api: Counted, server: ApiServer, answer: Answer, most: int
) -> None:
    """30 s for a head, a minute in all."""
    server.fail(answer)
    begun = _now()
    await error_of(api.get("/version"))

    assert _now() - begun == pytest.approx(most, abs=1)


@with_api
async def test_a_stream_may_last_but_not_be_silent(api: Counted, server: ApiServer) -> None:
    """`idle_timeout` counts from the last byte; the minute of other answers does not."""

    async def write() -> None:
        for number in range(10):
            await asyncio.sleep(20)
            server.write(event(f"event-{number}"))

    writing = asyncio.create_task(write())
    read: list[bytes] = []
    begun = _now()

    async def watch() -> None:
        async with api.open(EVENTS, query=WATCH, idle_timeout=30) as response:
            async for line in response.content:
                read.append(line)

    await error_of(watch())
    await writing

    assert len(read) == 10
    assert _now() - begun == pytest.approx(230, abs=1)


@with_api
async def test_a_server_that_is_away_is_asked_until_it_is_back(
    api: Counted, server: ApiServer
) -> None:
    """`retry_forever` gives the answer in the end; the error before names the address."""
    await server.stop()
    error = await error_of(api.get("/version"))
    assert error.status == 0
    assert str(server.port) in str(error)
    asking = asyncio.create_task(retry_forever(lambda: api.get("/version")))
    await asyncio.sleep(600)
    await server.start()
    await asyncio.sleep(40)

    assert asking.done()
    assert (await asking)["gitVersion"]
    assert len(server.requests) == 1


@with_api
async def test_persistence_waits_as_long_as_it_is_told(api: Counted, server: ApiServer) -> None:
    """Retry-After, and growing pauses without it: no storm."""
    server.fail(faults.throttle(40), times=2)
    await retry_forever(lambda: api.get("/version"))
    times = [asked.time for asked in server.requests]
    assert all(times[n + 1] - times[n] >= 40 for n in range(2))

    server.fail(faults.BROKEN)
    asking = asyncio.create_task(retry_forever(lambda: api.get("/version")))
    await asyncio.sleep(3600)
    asking.cancel()
    assert 100 < len(server.requests) < 200


# -- the clock


@with_api
async def test_its_clock_is_that_of_the_date_headers(api: Counted, server: ApiServer) -> None:
    """Never ahead, less than a second behind, and never backwards."""
    assert api.now is None
    before = 0
    for _ in range(200):
        await api.get("/version")
        now, true = api.now, int(server.now() * SECOND)
        assert now is not None
        assert true - 1.001 * SECOND < now <= true + 1000
        assert now >= before
        before = now
        await asyncio.sleep(0.37)


@with_api
async def test_it_goes_on_between_answers_and_learns(api: Counted, server: ApiServer) -> None:
    """Many answers at odd moments tell more than a second; silence loses nothing."""
    for _ in range(100):
        await api.get("/version")
        await asyncio.sleep(0.37)
    await asyncio.sleep(3600)

    assert api.now == pytest.approx(server.now() * SECOND, abs=0.05 * SECOND)


@pytest.mark.parametrize("step", [3600, -3600])
@with_api
async def test_a_clock_that_is_set_is_followed(api: Counted, server: ApiServer, step: int) -> None:
    """NTP may set an API server's clock: the newest answer counts, refusals too."""
    await api.get("/version")
    clock = server.now
    server.now = lambda: clock() + step
    server.fail(faults.UNAVAILABLE, times=1)
    await error_of(api.get("/version"))

    assert api.now == pytest.approx(server.now() * SECOND, abs=1.001 * SECOND)


# -- the end


def test_close_lets_go_of_all_connections(tmp_path: Path) -> None:
    """Of those that are idle, and of those that are read: the server sees them go."""

    @inside_both(lambda: _api(tmp_path))
    async def test(api: Counted, server: ApiServer) -> None:
        async def read() -> None:
            async with api.open(EVENTS, query=WATCH, idle_timeout=100) as response:
                await response.content.read()

        reading = asyncio.create_task(read())
        await api.get("/version")
        await asyncio.sleep(1)
        assert len(server.watches) == 1
        await api.close()
        await asyncio.sleep(1)

        assert server.watches == []
        reading.cancel()

    test()
    gc.collect()  # a session that was left open would be told of now, as an error


def _now() -> float:
    return asyncio.get_running_loop().time()
