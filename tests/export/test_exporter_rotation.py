"""Certificates of an endpoint that change while spans are sent: nobody starts anything anew."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import grpc
import pytest

from event_tracer.export.otlp.client import Otlp, connect
from event_tracer.export.otlp.endpoint import Endpoint, resolve
from tests.doubles.certificates import Authority
from tests.doubles.listener import Listener
from tests.doubles.otlp_grpc import GrpcServer
from tests.doubles.otlp_http import Collector
from tests.doubles.tls import TlsFront
from tests.scenarios.exporting import Out, each, exporting, numbered, numbers

_TIMEOUT = 30  # seconds in which delivery goes on
GRPC, HTTP = "grpc", "http/protobuf"
Rotate = Callable[[Authority], Awaitable[None]]
Test = Callable[[Out, Path, Rotate], Awaitable[None]]
FILES = {"CERTIFICATE": "ca.crt", "CLIENT_KEY": "tls.key", "CLIENT_CERTIFICATE": "tls.crt"}


@pytest.fixture(scope="module")
def authorities(tmp_path_factory: pytest.TempPathFactory) -> tuple[Authority, Authority]:
    """An old one, and the one that follows it."""
    return Authority(tmp_path_factory.mktemp("old")), Authority(tmp_path_factory.mktemp("new"))


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Real time is dear."""
    for name, seconds in {"FIRST_PAUSE": 0.1, "LONGEST_PAUSE": 0.5}.items():
        monkeypatch.setattr(f"event_tracer.export.exporter._{name}", seconds)


def write(folder: Path, authority: Authority, *, client: Authority | None = None) -> None:
    """The three files, each replaced at once, as cert-manager's and the kubelet's are."""
    own = client or authority
    contents = (authority.certificate, own.client.key, own.client.certificate)
    for name, source in zip(FILES.values(), contents, strict=True):
        shutil.copy(source, folder / f"{name}.new")
        (folder / f"{name}.new").replace(folder / name)


def _endpoint(protocol: str, port: int, folder: Path) -> Endpoint:
    files = {name: str(folder / file) for name, file in FILES.items()}
    named = {"PROTOCOL": protocol, "ENDPOINT": f"https://127.0.0.1:{port}", **files}
    return resolve({f"OTEL_EXPORTER_OTLP_{key}": text for key, text in named.items()})


def _credentials(authority: Authority) -> grpc.ServerCredentials:
    pair = authority.server
    return grpc.ssl_server_credentials(
        [(pair.key.read_bytes(), pair.certificate.read_bytes())],
        root_certificates=authority.certificate.read_bytes(), require_client_auth=True,
    )  # fmt: skip


@asynccontextmanager
async def _over_grpc(first: Authority) -> AsyncIterator[tuple[GrpcServer, int, Rotate]]:
    with GrpcServer(credentials=_credentials(first)) as server:

        async def rotate(authority: Authority) -> None:
            await asyncio.to_thread(server.stop)
            server._credentials = _credentials(authority)
            server.start()

        yield server, server.port, rotate


@asynccontextmanager
async def _over_http(first: Authority) -> AsyncIterator[tuple[Collector, int, Rotate]]:
    async with Collector() as collector, TlsFront(first, to=collector.port) as front:
        front.ask_for_certificates(first)

        async def rotate(authority: Authority) -> None:
            front.use(authority)
            front.ask_for_certificates(authority)
            front.cut()

        yield collector, front.port, rotate


def deliver(protocol: str, first: Authority, folder: Path, test: Test, *, count: int) -> None:
    """Run a test of an exporter to a server that has a certificate of the first; all arrives."""

    async def main() -> None:
        write(folder, first)
        opened = _over_grpc if protocol == GRPC else _over_http
        async with opened(first) as (server, port, rotate):
            endpoint = _endpoint(protocol, port, folder)
            async with connect(endpoint) as sender, exporting(Otlp(sender)) as out:
                await out.send(numbered(1))
                async with asyncio.timeout(_TIMEOUT):
                    await test(out, folder, rotate)
            assert isinstance(server, GrpcServer | Listener)
            assert numbers(received.span for received in server.spans) == each(count)

    asyncio.run(main())


@pytest.mark.parametrize("protocol", [GRPC, HTTP])
@pytest.mark.parametrize("order", ["server first", "files first"])
def test_all_of_them_may_be_rotated(
    protocol: str, order: str, authorities: tuple[Authority, Authority], tmp_path: Path
) -> None:
    """Authority, certificate and key; whichever side is first, sending goes on."""
    old, new = authorities

    async def test(out: Out, folder: Path, rotate: Rotate) -> None:
        if order == "files first":
            write(folder, new)
        await rotate(new)
        out.put(numbered(10, first=2))
        if order == "server first":
            await out.asked(times=3)
            assert len(out.gone) == 1
            write(folder, new)
        await out.drained()

    deliver(protocol, old, tmp_path, test, count=11)


@pytest.mark.parametrize("protocol", [GRPC, HTTP])
@pytest.mark.parametrize("half", ["one of a pair", "cut", "gone"])
def test_half_of_a_rotation_keeps_the_last_whole_one(
    protocol: str, half: str, authorities: tuple[Authority, Authority], tmp_path: Path
) -> None:
    """A key without its certificate, a file half written or away: what works goes on working."""
    old, new = authorities

    async def test(out: Out, folder: Path, rotate: Rotate) -> None:
        if half == "one of a pair":
            shutil.copy(new.client.key, folder / "tls.key")
        elif half == "cut":
            text = (folder / "tls.crt").read_bytes()
            (folder / "tls.crt").write_bytes(text[: len(text) // 2])
        else:
            (folder / "ca.crt").unlink()
        await out.send(numbered(5, first=2))
        await rotate(old)
        await out.send(numbered(5, first=7))
        write(folder, new)
        await rotate(new)
        await out.send(numbered(5, first=12))

    deliver(protocol, old, tmp_path, test, count=16)
