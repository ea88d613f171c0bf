"""The equipment of the tests of the daemon: virtual time, an API server's faults, a collector."""

import asyncio
import gzip
import itertools
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp
import pytest
from aiohttp.http_exceptions import LineTooLong
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from tests.doubles import otlp_http as otlp
from tests.doubles.apiserver import faults
from tests.doubles.apiserver.client import EVENTS, Client, names, with_server
from tests.doubles.apiserver.faults import Answer
from tests.doubles.otlp_http import Collector
from tests.doubles.virtual_time import Stuck, run
from tests.scenarios.inside import inside_both

# -- virtual time


def test_an_hour_of_sleep_takes_no_time() -> None:
    """The clock jumps to the next timer."""

    async def main() -> float:
        loop = asyncio.get_running_loop()
        since = loop.time()
        await asyncio.gather(*(asyncio.sleep(hour * 3600) for hour in (1, 2, 3)))
        return loop.time() - since

    began = time.monotonic()
    assert run(main()) == pytest.approx(3 * 3600)
    assert time.monotonic() - began < 2


def test_a_thread_is_not_outrun() -> None:
    """While a thread works, the clock stands."""

    def work() -> str:
        time.sleep(0.1)
        return "done"

    async def main() -> str:
        async with asyncio.timeout(0.01):
            return await asyncio.to_thread(work)

    assert run(main()) == "done"


def test_a_full_socket_is_not_outrun() -> None:
    """Megabytes through a socket take no virtual time."""

    async def main() -> int:
        async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"x" * 50_000_000)
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        async with server, asyncio.timeout(0.01):
            size = len(await reader.read())
        writer.close()
        await writer.wait_closed()
        return size

    assert run(main()) == 50_000_000


def test_what_does_not_end_is_told() -> None:
    """Neither too much virtual nor real time, nor a deadlock, hangs a test; it says where."""

    async def forever(pause: float) -> None:
        for _ in itertools.count():
            await asyncio.sleep(pause)

    with pytest.raises(Stuck, match="10 virtual seconds") as stuck:
        run(forever(1), limit=10)
    assert "test_doubles.py" in stuck.value.__notes__[0]
    with pytest.raises(Stuck, match=r"0\.1 real seconds"):
        run(forever(0), guard=0.1)
    with pytest.raises(Stuck, match="deadlock"):
        run(asyncio.Event().wait())


# -- faults


@pytest.mark.parametrize(
    ("answer", "code", "type_", "retry"),
    [
        (faults.UNAUTHORIZED, 401, "application/json", None),
        (faults.EXPIRED, 410, "application/json", None),
        (faults.throttle(7), 429, "text/plain", "7"),
        (faults.UNAVAILABLE, 503, "application/json", "1"),
        (faults.BAD_GATEWAY, 502, "text/html", None),
        (faults.LOGIN_PAGE, 200, "text/html", None),
        (faults.empty, 200, "application/json", None),
    ],
)
@with_server
async def test_answers_that_are_none(
    client: Client, answer: Answer, code: int, type_: str, retry: str | None
) -> None:
    """As often as told, for one resource and verb, with the server's date; then all is well."""
    client.server.fail(answer, resource="events", verb="list", times=1)
    assert names(await client.get("/api/v1/pods"))
    async with client.session.get(client.server.url + EVENTS) as response:
        assert (response.status, response.content_type) == (code, type_)
        assert response.headers.get("Retry-After") == retry
        date = parsedate_to_datetime(response.headers["Date"]).timestamp()
        assert date == pytest.approx(client.server.now(), abs=1)
    assert names(await client.get(EVENTS))


@with_server
async def test_a_cut_watch(client: Client) -> None:
    """After n whole lines half of one: an abort is an error, an end is not."""
    client.server.cut("events", after=2)
    async with client.watch(EVENTS, 1) as lines:
        with pytest.raises(aiohttp.ClientError):
            await lines.read()
    client.server.cut("events", after=2, clean=True)
    async with client.watch(EVENTS, 1) as lines:
        *whole, half = (await lines.read()).split(b"\n")
    assert [json.loads(line)["type"] for line in whole] == ["ADDED"] * 2
    with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
        json.loads(half)


@with_server
async def test_odd_lines_and_silence(client: Client) -> None:
    """Lines that are none come as they are; a hung watch says nothing, one closed ends."""
    server = client.server
    odd = (faults.NO_JSON, faults.UNKNOWN_TYPE, faults.NO_METADATA)
    async with client.watch(EVENTS, server.revision) as lines:
        for line in odd:
            server.inject("events", line)
            assert await lines.readline() == line + b"\n"
        server.close_watches()
        assert await lines.readline() == b""
    server.inject("events", faults.OVERLONG)
    async with client.watch(EVENTS, server.revision) as lines:
        with pytest.raises(LineTooLong):
            await lines.readline()
    async with client.watch(EVENTS, server.revision, timeoutSeconds=5) as lines:
        server.silence("events")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(lines.readline(), 1000)


@with_server
async def test_an_api_server_that_is_away(client: Client) -> None:
    """Stopped, it refuses; started, it is where it was; late and lost answers."""
    loop, url = asyncio.get_running_loop(), client.server.url
    since = loop.time()
    async with client.watch(EVENTS, client.server.revision) as lines:
        await client.server.stop()
        with pytest.raises(aiohttp.ClientError):
            await lines.readline()
    with pytest.raises(aiohttp.ClientConnectorError):
        await client.get(EVENTS)
    await client.server.start()
    assert loop.time() == since
    assert client.server.url == url
    client.server.fail(faults.slow(30), verb="list", times=1)
    assert names(await client.get(EVENTS))
    assert loop.time() - since == pytest.approx(30, abs=1)
    client.server.fail(faults.lose, verb="get")
    with pytest.raises(aiohttp.ClientError):
        await client.get("/api/v1/namespaces/kube-system")


# -- the collector


def batch(*spans: str) -> bytes:
    """An export request with spans of these names."""
    request = ExportTraceServiceRequest()
    group = request.resource_spans.add()
    group.resource.attributes.add(key="service.name").value.string_value = "kubelet"
    for name in spans:
        made = group.scope_spans.add().spans.add(name=name, trace_id=b"t", span_id=name.encode())
        made.attributes.add(key="n").value.int_value = len(name)
    return request.SerializeToString()


@asynccontextmanager
async def _posted() -> AsyncIterator[tuple[Collector, Any]]:
    async with Collector() as collector, aiohttp.ClientSession() as session:

        async def post(data: bytes, **headers: str) -> tuple[int, Any]:
            asked: Any = {"data": data, "headers": headers, "allow_redirects": False}
            async with session.post(collector.url, **asked) as response:
                body = await response.read()
                return response.status, ExportTraceServiceResponse.FromString(body)

        yield collector, post


with_collector = inside_both(_posted)
"""Give a test a collector, and what posts to it."""


@with_collector
async def test_a_collector_takes_spans(collector: Collector, post: Any) -> None:
    """Plain or compressed; one id with two contents shows."""
    data = batch("a", "b")
    assert (await post(data))[0] == 200
    packed = gzip.compress(data)
    assert (await post(packed, **{"Content-Encoding": "gzip"}))[0] == 200
    assert [received.span.name for received in collector.spans] == ["a", "b"] * 2
    assert collector.spans[0].resource == {"service.name": "kubelet"}
    assert [len(said) for said in collector.contents().values()] == [1, 1]
    await post(data.replace(b"kubelet", b"kubeadm"))
    assert [len(said) for said in collector.contents().values()] == [2, 2]


@with_collector
async def test_a_collector_refuses(collector: Collector, post: Any) -> None:
    """By status, by a span in it, by size, in part, for as long as told."""
    collector.respond(otlp.refuse(503), times=1)
    collector.respond(otlp.refuse(301, location="/"), times=1)
    assert [(await post(batch("a")))[0] for _ in range(3)] == [503, 301, 200]
    collector.respond(otlp.poison(otlp.named("bad")))
    collector.respond(otlp.poison(otlp.having("n", 4), code=429))
    collector.respond(otlp.too_large(300))
    wanted = {"ab": 200, "bad": 400, "poor": 429, "x" * 300: 413}
    assert {name: (await post(batch("a", name)))[0] for name in wanted} == wanted
    collector.respond(otlp.partial(1))
    code, said = await post(batch("c", "d"))
    assert (code, said.partial_success.rejected_spans) == (200, 1)
    assert [received.span.name for received in collector.spans] == ["a", "a", "ab", "c"]
    assert [sent.status for sent in collector.requests][:3] == [503, 301, 200]


@with_collector
async def test_a_collector_that_is_away(collector: Collector, post: Any) -> None:
    """An acknowledgement lost, none at all, one late, and no collector."""
    collector.respond(otlp.lose, times=1)
    with pytest.raises(aiohttp.ClientError):
        await post(batch("a"))
    assert len(collector.spans) == 1
    collector.respond(otlp.hang, times=1)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(post(batch("b")), 10)
    collector.respond(otlp.slow(5), times=1)
    assert (await post(batch("c")))[0] == 200
    await collector.stop()
    with pytest.raises(aiohttp.ClientConnectorError):
        await post(batch("d"))
    await collector.start()
    assert (await post(batch("e")))[0] == 200
    assert [received.span.name for received in collector.spans] == ["a", "c", "e"]
