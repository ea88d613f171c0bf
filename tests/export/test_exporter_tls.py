"""TLS with certificates on both sides, over gRPC and HTTP, by the standard variables."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import grpc
import pytest
from aiohttp import web

from event_tracer.export.delivery import ExportError
from event_tracer.export.otlp.client import Otlp, connect
from event_tracer.export.otlp.endpoint import Endpoint, resolve
from tests.doubles.certificates import Authority, be_strict
from tests.doubles.otlp_grpc import GrpcServer
from tests.doubles.otlp_http import Collector
from tests.scenarios.exporting import Out, each, exporting, numbered, numbers

_TIMEOUT = 30  # seconds for a test that hangs
GRPC, HTTP = "grpc", "http/protobuf"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Certificates."""
    return Authority(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Real time is dear."""
    for name, seconds in {"FIRST_PAUSE": 0.02, "LONGEST_PAUSE": 0.1}.items():
        monkeypatch.setattr(f"event_tracer.export.exporter._{name}", seconds)


@asynccontextmanager
async def server(protocol: str, authority: Authority) -> AsyncIterator[Collector | GrpcServer]:
    """A collector that wants a client's certificate."""
    if protocol == GRPC:
        pair = authority.server
        credentials = grpc.ssl_server_credentials(
            [(pair.key.read_bytes(), pair.certificate.read_bytes())],
            root_certificates=authority.certificate.read_bytes(),
            require_client_auth=True,
        )
        with GrpcServer(credentials=credentials) as made:
            yield made
        return
    collector = Collector()
    http = web.Server(collector.answer)
    context = authority.server_context()
    listening = await asyncio.get_running_loop().create_server(
        http, "127.0.0.1", 0, ssl=context, ssl_shutdown_timeout=1
    )
    collector.port = listening.sockets[0].getsockname()[1]
    try:
        yield collector
    finally:
        listening.close()
        await http.shutdown()


def target(protocol: str, port: int, **variables: str) -> Endpoint:
    """What the variables say."""
    named = {"PROTOCOL": protocol, "ENDPOINT": f"https://127.0.0.1:{port}", **variables}
    return resolve({f"OTEL_EXPORTER_OTLP_{key}": text for key, text in named.items()})


@pytest.mark.parametrize("protocol", [GRPC, HTTP])
def test_certificates_on_both_sides(protocol: str, authority: Authority) -> None:
    """CERTIFICATE is what to trust, CLIENT_KEY and CLIENT_CERTIFICATE who one is."""

    async def main() -> None:
        async with asyncio.timeout(_TIMEOUT), server(protocol, authority) as collector:
            there = target(protocol, collector.port, **authority.variables())
            async with connect(there) as sender, exporting(Otlp(sender)) as out:
                await out.send(numbered(1000))
            assert numbers(received.span for received in collector.spans) == each(1000)
            assert out.counts.operations == {"": 2}

    asyncio.run(main())


@pytest.mark.parametrize("protocol", [GRPC, HTTP])
def test_an_authority_need_not_be_more_than_that(
    protocol: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither key identifiers nor a Key Usage: Python 3.13 would refuse it, gRPC and Go do not."""
    bare = Authority(tmp_path, is_bare=True)
    be_strict(monkeypatch)

    async def main() -> None:
        async with asyncio.timeout(_TIMEOUT), server(protocol, bare) as collector:
            there = target(protocol, collector.port, **bare.variables())
            async with connect(there) as sender, exporting(Otlp(sender)) as out:
                await out.send(numbered(10))
            assert numbers(received.span for received in collector.spans) == each(10)

    asyncio.run(main())


@pytest.mark.parametrize("protocol", [GRPC, HTTP])
@pytest.mark.parametrize("missing", ["CERTIFICATE", "CLIENT"])
def test_without_them_nothing_is_taken_and_all_is_kept(
    protocol: str, missing: str, authority: Authority, caplog: pytest.LogCaptureFixture
) -> None:
    """An unknown authority, or a client without a certificate: told, kept, asked again."""
    variables = authority.variables()
    given = {name: text for name, text in variables.items() if not name.startswith(missing)}

    async def main() -> None:
        async with asyncio.timeout(_TIMEOUT), server(protocol, authority) as collector:
            there = target(protocol, collector.port, **given)
            async with connect(there) as sender, exporting(Otlp(sender)) as out:
                await _assert_kept(out)
            assert collector.spans == []

    asyncio.run(main())
    assert {record.getMessage() for record in caplog.records} >= {"the back end took nothing"}


async def _assert_kept(out: Out) -> None:
    out.put(numbered(10))
    await out.asked(times=4)
    assert (out.size, out.gone, out.counts.spans) == (10, [], {})


@pytest.mark.parametrize("protocol", [GRPC, HTTP])
@pytest.mark.parametrize("name", ["CERTIFICATE", "CLIENT_KEY", "CLIENT_CERTIFICATE"])
def test_a_certificate_that_is_not_there_is_told_at_once(
    protocol: str, name: str, authority: Authority
) -> None:
    """A wrong path is a mistake, which no waiting mends."""

    async def main() -> None:
        given = {**authority.variables(), name: "/nowhere/it.pem"}
        async with connect(target(protocol, 1, **given)):
            pass

    with pytest.raises(ExportError, match="No such file"):
        asyncio.run(main())


@pytest.mark.parametrize("name", ["CLIENT_KEY", "CLIENT_CERTIFICATE"])
def test_half_a_pair_is_told_at_once(name: str, authority: Authority) -> None:
    """gRPC itself would abort the process at the first request."""

    async def main() -> None:
        given = {name: authority.variables()[name]}
        async with connect(target(GRPC, 1, **given)):
            pass

    with pytest.raises(ExportError, match="need each other"):
        asyncio.run(main())
