"""Trouble with TLS names its cause, over gRPC as over HTTP."""

import asyncio
from contextlib import AsyncExitStack

import grpc
import pytest

from event_tracer.export.otlp.client import Otlp, connect
from event_tracer.export.otlp.endpoint import resolve
from tests.doubles.certificates import Authority
from tests.doubles.otlp_grpc import GrpcServer
from tests.doubles.otlp_http import Collector
from tests.doubles.proxies import HttpProxy
from tests.doubles.tls import TlsFront
from tests.scenarios.exporting import numbered

GRPC, HTTP = "grpc", "http/protobuf"
P = "OTEL_EXPORTER_OTLP_"


def words(protocol: str, kind: str, authorities: tuple[Authority, Authority]) -> str:
    """Why a request fails: each kind of trouble with TLS."""
    own, other = authorities

    async def ask(port: int, variables: dict[str, str], scheme: str) -> str:
        where = {f"{P}ENDPOINT": f"{scheme}127.0.0.1:{port}", f"{P}PROTOCOL": protocol}
        async with connect(resolve(where | variables)) as sender:
            given = await Otlp(sender).deliver(numbered(1))
        assert not given.accepted
        return given.reason

    scheme = {"no TLS wanted": "http://", "no scheme": ""}.get(kind, "https://")
    trusted = own if kind != "another authority" else other
    variables = {f"{P}CERTIFICATE": str(trusted.certificate)} if "unknown" not in kind else {}

    async def over_http() -> str:
        async with Collector() as collector, TlsFront(own, to=collector.port) as front:
            if kind == "no client certificate":
                front.ask_for_certificates(own)
            port = collector.port if kind in ("no TLS there", "no scheme") else front.port
            return await ask(port, variables, scheme)

    if protocol == HTTP:
        return asyncio.run(over_http())
    pair = own.server
    credentials = grpc.ssl_server_credentials(
        [(pair.key.read_bytes(), pair.certificate.read_bytes())],
        root_certificates=own.certificate.read_bytes(),
        require_client_auth=kind == "no client certificate",
    )
    is_plain = kind in ("no TLS there", "no scheme")
    with GrpcServer(credentials=None if is_plain else credentials) as server:
        return asyncio.run(ask(server.port, variables, scheme))


@pytest.fixture(scope="module")
def authorities(tmp_path_factory: pytest.TempPathFactory) -> tuple[Authority, Authority]:
    """Two that know nothing of each other."""
    return Authority(tmp_path_factory.mktemp("own")), Authority(tmp_path_factory.mktemp("other"))


@pytest.mark.parametrize("protocol", [GRPC, HTTP])
@pytest.mark.parametrize(
    ("kind", "wanted"),
    [
        ("unknown authority", "certificate is not trusted (CERTIFICATE_VERIFY_FAILED: unable"),
        ("another authority", "certificate is not trusted (CERTIFICATE_VERIFY_FAILED: "),
        ("no TLS there", "no TLS there (WRONG_VERSION_NUMBER); without TLS the endpoint is http://"),
        ("no scheme", "no TLS there (WRONG_VERSION_NUMBER); without TLS the endpoint is http://"),
        ("no TLS wanted", "perhaps it wants TLS (https://) or a client's certificate"),
        ("no client certificate", "a client's certificate"),
    ],
)  # fmt: skip
def test_trouble_with_tls_names_its_cause(
    protocol: str, kind: str, wanted: str, authorities: tuple[Authority, Authority]
) -> None:
    """gRPC alone says "UNAVAILABLE: … OK" for each of them."""
    if (protocol, kind) == (HTTP, "no scheme"):
        pytest.skip("over HTTP a URL has one")
    said = words(protocol, kind, authorities)

    assert wanted in said
    assert not said.endswith("OK")


@pytest.mark.parametrize(
    ("of_proxy", "of_server", "wanted"),
    [
        (1, 0, "TLS: the proxy's certificate is not trusted"),
        (None, 0, "no TLS at the proxy (WRONG_VERSION_NUMBER); without TLS the proxy is http://"),
        (0, 1, "TLS: the server's certificate is not trusted"),
        (0, None, "no TLS there (WRONG_VERSION_NUMBER); without TLS the endpoint is http://"),
    ],
)
def test_it_is_told_whose_tls_fails(
    of_proxy: int | None, of_server: int | None, wanted: str,
    authorities: tuple[Authority, Authority],
) -> None:  # fmt: skip
    """A proxy's, or within that the collector's; the first authority is trusted."""

    async def ask() -> str:
        async with AsyncExitStack() as stack:
            to = (await stack.enter_async_context(Collector())).port
            if of_server is not None:
                front = TlsFront(authorities[of_server], to=to)
                to = (await stack.enter_async_context(front)).port
            to = (await stack.enter_async_context(HttpProxy(to=to))).port
            if of_proxy is not None:
                front = TlsFront(authorities[of_proxy], to=to)
                to = (await stack.enter_async_context(front)).port
            where = {f"{P}ENDPOINT": "https://otlp.example", f"{P}PROTOCOL": HTTP}
            trusted = {f"{P}CERTIFICATE": str(authorities[0].certificate)}
            proxied = {"HTTPS_PROXY": f"https://127.0.0.1:{to}"}
            sender = await stack.enter_async_context(connect(resolve(where | trusted | proxied)))
            return (await Otlp(sender).deliver(numbered(1))).reason

    assert wanted in asyncio.run(ask())
