"""Law 9: a connection that a middlebox has forgotten is left for a new one, over both protocols."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest

from event_tracer.export.otlp.client import Otlp, connect
from event_tracer.export.otlp.endpoint import resolve
from tests.doubles.middlebox import Middlebox
from tests.doubles.otlp_grpc import GrpcServer
from tests.doubles.otlp_http import Collector
from tests.scenarios.exporting import Out, each, exporting, numbered, numbers

_TIMEOUT = 1.0  # seconds of a request
_GUARD = 60  # seconds for a test that hangs
Test = Callable[[Out, Middlebox], Awaitable[None]]


@pytest.fixture
def server() -> Iterator[GrpcServer]:
    """A collector."""
    with GrpcServer() as made:
        yield made


async def through(port: int, protocol: str, test: Test) -> None:
    """Run a test of an exporter to that port, with a middlebox in between."""
    async with asyncio.timeout(_GUARD), Middlebox(to=port) as box:
        named = {
            "ENDPOINT": f"http://127.0.0.1:{box.port}", "PROTOCOL": protocol,
            "TIMEOUT": str(_TIMEOUT),
        }  # fmt: skip
        target = resolve({f"OTEL_EXPORTER_OTLP_{key}": text for key, text in named.items()})
        async with connect(target) as sender, exporting(Otlp(sender)) as out:
            await test(out, box)


def forgetting(*, acknowledges: bool) -> Test:
    """All that is sent after a connection was forgotten arrives on a second one, soon."""

    async def test(out: Out, box: Middlebox) -> None:
        await out.send(numbered(10))
        box.forget(acknowledges=acknowledges)
        await out.send(numbered(10, first=11))
        late = out.counts.operations.total() - out.counts.operations[""]

        assert late <= 3
        assert box.connections == 2

    return test


@pytest.mark.parametrize("acknowledges", [True, False])
def test_a_forgotten_connection_is_left_over_grpc(acknowledges: bool, server: GrpcServer) -> None:
    """Two requests in a row without an answer: the third goes another way."""
    asyncio.run(through(server.port, "grpc", forgetting(acknowledges=acknowledges)))

    assert numbers(received.span for received in server.spans) == each(20)


def test_an_idle_connection_is_let_go(server: GrpcServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """One does for what is sent without a pause; after one what follows has another."""
    idle = 1.0
    monkeypatch.setattr("event_tracer.export.otlp.grpc._IDLE", idle)

    async def test(out: Out, box: Middlebox) -> None:
        await out.send(numbered(600))
        await out.send(numbered(10, first=601))
        assert box.connections == 1
        await asyncio.sleep(2 * idle)
        await out.send(numbered(10, first=611))
        assert box.connections == 2

    asyncio.run(through(server.port, "grpc", test))

    assert numbers(received.span for received in server.spans) == each(620)


def test_what_is_under_way_is_not_cut_off(server: GrpcServer) -> None:
    """A slow answer on the connection that is left still counts."""
    may_answer = threading.Event()

    def never(_: Any, context: Any) -> None:
        while context.is_active():
            may_answer.wait(0.01)
        context.cancel()

    def late(_: Any, __: Any) -> None:
        may_answer.wait(_GUARD)

    async def main() -> None:
        variables = {"ENDPOINT": f"http://{server.address}", "TIMEOUT": "3"}
        target = resolve({f"OTEL_EXPORTER_OTLP_{key}": text for key, text in variables.items()})
        async with asyncio.timeout(_GUARD), connect(target) as sender:
            server.answers = [never, never, late]
            assert not (await sender.send(b"")).accepted
            second = asyncio.create_task(sender.send(b""))
            await asyncio.sleep(2)
            third = asyncio.create_task(sender.send(b""))
            assert not (await second).accepted
            fourth = await sender.send(b"")
            may_answer.set()
            assert (fourth.accepted, (await third).accepted) == (True, True)

    asyncio.run(main())
    first, _, third, fourth = server.peers
    assert first == third != fourth


@pytest.mark.parametrize("acknowledges", [True, False])
def test_a_forgotten_connection_is_left_over_http(acknowledges: bool) -> None:
    """After one request without an answer its connection is used no more."""

    async def main() -> None:
        async with Collector() as collector:
            await through(collector.port, "http/protobuf", forgetting(acknowledges=acknowledges))
            assert numbers(received.span for received in collector.spans) == each(20)

    asyncio.run(main())
