"""Law 9 over gRPC: the same, against a real server in real time."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration

from event_tracer.export.otlp.client import Otlp, connect
from event_tracer.export.otlp.endpoint import resolve
from tests.doubles.otlp_grpc import GrpcServer, ask_again, partial, poison, refuse
from tests.scenarios.exporting import Out, each, exporting, numbered, numbers, reasons

Code = grpc.StatusCode
Test = Callable[[Out], Awaitable[None]]
_TIMEOUT = 30  # seconds for a test that hangs
_LARGE = 3000  # bytes of a span; 60 of them are more than any limit that nobody would set


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Real time is dear."""
    for name, seconds in {"FIRST_PAUSE": 0.02, "LONGEST_PAUSE": 0.1}.items():
        monkeypatch.setattr(f"event_tracer.export.exporter._{name}", seconds)


@pytest.fixture
def server() -> Iterator[GrpcServer]:
    """A collector."""
    with GrpcServer() as made:
        yield made


def deliver(test: Test, server: GrpcServer, **variables: str) -> None:
    """Run a test of an exporter to that server."""

    async def main() -> None:
        named = {"ENDPOINT": f"http://{server.address}", **variables}
        target = resolve({f"OTEL_EXPORTER_OTLP_{key}": text for key, text in named.items()})
        async with (
            asyncio.timeout(_TIMEOUT),
            connect(target) as sender,
            exporting(Otlp(sender)) as out,
        ):
            await test(out)

    asyncio.run(main())


def send(server: GrpcServer, *, count: int, filler: int = 0, **variables: str) -> Out:
    """Deliver that many spans to it, to the end."""
    outs: list[Out] = []

    async def test(out: Out) -> None:
        outs.append(out)
        await out.send(numbered(count, filler=filler))
        assert (numbers(out.gone), out.lowest_version) == (each(count), 0)

    deliver(test, server, **variables)
    return outs[0]


def arrived(server: GrpcServer) -> list[int]:
    """The numbers of the spans that it took."""
    return numbers(received.span for received in server.spans)


@pytest.mark.parametrize(
    "code",
    [
        Code.UNAVAILABLE, Code.CANCELLED, Code.DEADLINE_EXCEEDED, Code.ABORTED, Code.OUT_OF_RANGE,
        Code.DATA_LOSS, Code.UNAUTHENTICATED, Code.PERMISSION_DENIED, Code.INTERNAL, Code.UNKNOWN,
        Code.UNIMPLEMENTED,
    ],
)  # fmt: skip
def test_everything_arrives_once_through_trouble(
    code: grpc.StatusCode, server: GrpcServer, caplog: pytest.LogCaptureFixture
) -> None:
    """What is not refused for its content is asked again, told and counted."""
    server.answers = [refuse(code, "not now")] * 6
    out = send(server, count=1300)

    assert arrived(server) == each(1300)
    assert reasons(caplog, "the back end took nothing") == {f"{code.name}: not now": 6}
    assert out.counts.operations == {code.name: 6, "": 3}
    assert out.counts.spans == {"": 1300}


def test_retry_info_is_honoured(server: GrpcServer) -> None:
    """RESOURCE_EXHAUSTED with RetryInfo: the pause that it asks for, not that of the backoff."""
    pause = 0.4
    server.answers = [ask_again(Duration(nanos=int(pause * 1e9)))] * 2
    send(server, count=10)

    assert arrived(server) == each(10)
    first, second, third = server.times
    assert min(second - first, third - second) >= pause


def test_retry_info_means_busy_however_large_the_request(server: GrpcServer) -> None:
    """Only without RetryInfo may RESOURCE_EXHAUSTED mean a limit of size: nothing is halved."""
    server.answers = [ask_again(Duration(nanos=1_000_000))]
    send(server, count=60, filler=_LARGE)

    assert arrived(server) == each(60)
    assert [len(list_of(request)) for request in server.requests] == [60, 60]


def list_of(request: object) -> list[int]:
    """The numbers of a request's spans."""
    groups = request.resource_spans  # type: ignore[attr-defined]
    return numbers(span for group in groups for scope in group.scope_spans for span in scope.spans)


def test_a_server_with_a_lower_limit_gets_smaller_requests() -> None:
    """gRPC says RESOURCE_EXHAUSTED without RetryInfo: a large request is halved."""
    with GrpcServer(most_bytes=100_000) as server:
        out = send(server, count=200, filler=_LARGE)

        assert arrived(server) == each(200)
        assert max(request.ByteSize() for request in server.requests) <= 100_000
        assert out.counts.spans == {"": 200}


def test_a_small_request_is_not_too_large(server: GrpcServer) -> None:
    """The same answer to a small request means that the server is busy: it is asked again."""
    server.answers = [refuse(Code.RESOURCE_EXHAUSTED, "busy")] * 3
    send(server, count=20)

    assert arrived(server) == each(20)
    assert [len(list_of(request)) for request in server.requests] == [20] * 4


def test_one_bad_span_is_found_and_let_go(
    server: GrpcServer, caplog: pytest.LogCaptureFixture
) -> None:
    """INVALID_ARGUMENT: halved down to the span at fault, which is told and counted."""
    server.answer = poison("300")
    out = send(server, count=700)

    assert arrived(server) == each(700, but=[300])
    assert out.counts.spans == {"": 699, "refused": 1}
    found = reasons(caplog, "the back end refuses a span, which is dropped")
    assert found == {"INVALID_ARGUMENT: 300 is bad": 1}


@pytest.mark.parametrize(
    "code", [Code.INTERNAL, Code.FAILED_PRECONDITION, Code.UNKNOWN, Code.UNAVAILABLE]
)
def test_what_is_never_taken_holds_up_no_other(code: grpc.StatusCode, server: GrpcServer) -> None:
    """Whatever the code: twenty spans, one in every batch, wait alone until they are taken."""
    bad = range(7, 5000, 250)
    server.answer = poison(*map(str, bad), code=code)

    async def test(out: Out) -> None:
        out.put(numbered(5000))
        while out.size > len(bad) or out.refused()[0] < len(bad):
            await out.asked(times=1)
        assert (numbers(out.gone), out.lowest_version) == (each(5000, but=bad), bad[0])
        server.answer = lambda *_: None
        await out.drained()

    deliver(test, server)
    assert arrived(server) == each(5000)


def test_partial_success_is_told_and_not_sent_again(
    server: GrpcServer, caplog: pytest.LogCaptureFixture
) -> None:
    """Such spans MUST NOT be sent again (OTLP, "Partial Success")."""
    server.answers = [partial(2, "too old")]
    out = send(server, count=10)

    assert len(server.requests) == 1
    assert out.counts.spans == {"": 8, "rejected": 2}
    assert reasons(caplog, "the back end rejected spans") == {"too old": 1}


def test_the_server_dies_and_comes_back(
    server: GrpcServer, caplog: pytest.LogCaptureFixture
) -> None:
    """On the same port: nothing leaves in between, nothing is lost, nothing comes twice."""

    async def test(out: Out) -> None:
        await out.send(numbered(600))
        server.stop()
        out.put(numbered(700, first=601))
        await out.asked(times=6)
        assert (out.size, len(out.gone)) == (700, 600)
        server.start()
        await out.drained()

    deliver(test, server)
    assert arrived(server) == each(1300)
    assert {text.partition(":")[0] for text in reasons(caplog, "the back end took nothing")} == {
        "UNAVAILABLE"
    }


def test_what_is_sent_again_is_the_same(server: GrpcServer) -> None:
    """Byte for byte: whether the server had taken it is not known."""
    server.answers = [refuse(Code.UNAVAILABLE)]
    send(server, count=100)

    first, second = server.requests
    assert first.SerializeToString() == second.SerializeToString()


def test_no_answer_in_time_is_asked_again(
    server: GrpcServer, caplog: pytest.LogCaptureFixture
) -> None:
    """OTEL_EXPORTER_OTLP_TIMEOUT ends a request that hangs."""

    def hang(_: object, context: grpc.ServicerContext) -> None:
        while context.is_active():
            time.sleep(0.01)
        context.abort(Code.INTERNAL, "nobody hears this")

    server.answers = [hang]
    send(server, count=10, TIMEOUT="0.3")

    assert arrived(server) == each(10)
    first, second = server.times
    assert second - first < 5
    (reason,) = reasons(caplog, "the back end took nothing")
    assert reason.startswith("DEADLINE_EXCEEDED")


def test_headers_and_compression(server: GrpcServer) -> None:
    """OTEL_EXPORTER_OTLP_HEADERS and _COMPRESSION hold for every request."""
    headers = "authorization=Bearer%20t0ken,x-tenant=shop"
    send(server, count=1300, COMPRESSION="gzip", HEADERS=headers)

    assert arrived(server) == each(1300)
    assert len(server.metadata) == 3
    for sent in server.metadata:
        assert (sent["authorization"], sent["x-tenant"]) == ("Bearer t0ken", "shop")
