"""What a collector is told of whoever sends: what was given, by the way that was given."""

import asyncio
import re
from base64 import b64encode
from dataclasses import replace
from pathlib import Path
from typing import Any

import grpc
import pytest

from event_tracer.cli.main import GOOD, main
from event_tracer.export.delivery import Answer
from event_tracer.export.otlp.client import Otlp, connect
from event_tracer.export.otlp.endpoint import EndpointError, resolve
from tests.doubles.certificates import Authority
from tests.doubles.collectors import grpc_collector, http_collector
from tests.doubles.otlp_grpc import GrpcServer
from tests.doubles.otlp_http import Collector
from tests.doubles.proxies import HttpProxy, Through
from tests.doubles.tls import TlsFront
from tests.scenarios.exporting import numbered
from tests.scenarios.folding import RECORDINGS

GRPC, HTTP = "grpc", "http/protobuf"
P = "OTEL_EXPORTER_OTLP_"
BASIC = f"Basic {b64encode(b'user:pass word').decode()}"


def answer(variables: dict[str, str]) -> Answer:
    """The answer to some spans."""

    async def ask() -> Answer:
        async with connect(resolve(variables)) as sender:
            return await Otlp(sender).deliver(numbered(1))

    return asyncio.run(ask())


# -- logins


@pytest.mark.parametrize(
    "text", ["default login me password secret", "machine 127.0.0.1 login me password secret"]
)
@pytest.mark.parametrize(
    ("headers", "userinfo", "wanted"),
    [
        ("", "", None),
        ("authorization=Bearer x", "", "Bearer x"),
        ("", "user:pass%20word@", BASIC),
        ("Authorization=Bearer x", "user:pass%20word@", "Bearer x"),
    ],
)
def test_the_login_is_what_was_given_or_none(
    headers: str, userinfo: str, wanted: str | None, text: str, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """~/.netrc is of other programs; a header counts before the URL's login, as in Go."""
    (tmp_path / ".netrc").write_text(text)
    (tmp_path / ".netrc").chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv(f"{P}PROTOCOL", HTTP)
    monkeypatch.setenv(f"{P}HEADERS", headers)
    with http_collector() as collector:
        url = collector.url.replace("://", f"://{userinfo}")
        monkeypatch.setenv(f"{P}ENDPOINT", url)
        assert main(["replay", "--to", "otlp", str(RECORDINGS / "redis-create.jsonl")]) == GOOD
        assert {sent.get("authorization") for sent in collector.metadata} == {wanted}


@pytest.mark.parametrize("protocol", [GRPC, HTTP])
@pytest.mark.parametrize(
    "headers",
    ["x-bin=abc", "x-bin=%01", "a!b=c", "a=é", "a=%C3%A9", "a=%0A", "content-length=5",
     "transfer-encoding=chunked", "Connection=close", "expect=x", "a:b", "=", "%20=x", "%00=x",
     "te=x", "a=b=c", "host=x", ":authority=x", "grpc-timeout=1S", "a%20b=c", "a,b=c"],
)  # fmt: skip
def test_a_header_is_sent_or_a_sentence(protocol: str, headers: str) -> None:
    """Never a traceback of whichever library takes it, and never its value in the sentence."""
    opened = grpc_collector if protocol == GRPC else http_collector
    with opened() as collector:
        variables = {
            f"{P}ENDPOINT": collector.url,
            f"{P}PROTOCOL": protocol,
            f"{P}HEADERS": headers,
        }
        try:
            given = answer(variables)
        except EndpointError as error:
            told = str(error)
        else:
            told = "" if given.accepted else given.reason
        assert len(collector.requests) == (not told)
    assert not told or re.match(f"{P}HEADERS: (entry 1|[a-z-]+ cannot)", told)


def test_a_binary_header_goes_as_bytes() -> None:
    """gRPC takes no string for a name that ends in -bin."""
    with GrpcServer() as server:
        variables = {f"{P}ENDPOINT": f"http://{server.address}", f"{P}HEADERS": "x-bin=abc"}
        assert answer(variables).accepted
        sent: Any = server.metadata[0]
        assert sent["x-bin"] == b"abc"


@pytest.mark.parametrize("protocol", [GRPC, HTTP])
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PROTOCOL", "http/json"), ("PROTOCOL", "GRPC"), ("COMPRESSION", "zstd"),
        ("TIMEOUT", "10s"), ("TIMEOUT", "nan"), ("TIMEOUT", "inf"), ("TIMEOUT", "-1"),
        ("ENDPOINT", "http://"), ("ENDPOINT", "http://[::1"), ("ENDPOINT", "http://c:port"),
        ("ENDPOINT", "https://:4317"), ("ENDPOINT", "http://c:99999"), ("HEADERS", "token"),
    ],
)  # fmt: skip
def test_a_value_that_cannot_be_is_a_sentence_and_exit_code_2(
    protocol: str, name: str, value: str, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    """It names the variable; a traceback is no sentence."""
    monkeypatch.setenv(f"{P}PROTOCOL", protocol)
    monkeypatch.setenv(f"{P}{name}", value)
    with pytest.raises(SystemExit, match="2"):
        main(["replay", "--to", "otlp", str(RECORDINGS / "redis-create.jsonl")])

    assert f"error: {P}{name}" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["PROTOCOL", "ENDPOINT", "COMPRESSION", "TIMEOUT"])
def test_a_newline_at_the_end_is_nothing(name: str) -> None:
    """A Secret made by `echo` has one."""
    values = {"PROTOCOL": HTTP, "ENDPOINT": "http://c:4318", "COMPRESSION": "gzip", "TIMEOUT": "5"}
    plain = {f"{P}{key}": text for key, text in values.items()}

    assert resolve({**plain, f"{P}{name}": f" {values[name]}\n"}) == resolve(plain)


# -- proxies


def through_proxy(protocol: str, host: str, **variables: str) -> tuple[Answer, list[Through]]:
    """The answer to some spans for a host that only a proxy reaches, and what that was asked."""

    async def ask(port: int) -> tuple[Answer, list[Through]]:
        async with HttpProxy(to=port) as proxy:
            url = proxy.url.replace("://", "://user:pass%20word@")
            given = {"HTTP_PROXY": url, "HTTPS_PROXY": url, f"{P}TIMEOUT": "2"}
            where = {f"{P}ENDPOINT": f"http://{host}:4317", f"{P}PROTOCOL": protocol}
            target = resolve(given | where | variables)
            async with connect(target) as sender:
                return await Otlp(sender).deliver(numbered(1)), list(proxy.asked)

    async def over_http() -> tuple[Answer, list[Through]]:
        async with Collector() as collector:
            return await ask(collector.port)

    if protocol == HTTP:
        return asyncio.run(over_http())
    with GrpcServer() as server:
        return asyncio.run(ask(server.port))


@pytest.mark.parametrize("protocol", [GRPC, HTTP])
def test_a_proxy_is_used_with_its_own_login(protocol: str) -> None:
    """A tunnel for gRPC; over HTTP without TLS the whole URL."""
    given, asked = through_proxy(protocol, "collector.example")

    assert given.accepted, given.reason
    assert [one.method for one in asked] == ["CONNECT" if protocol == GRPC else "POST"]
    assert "collector.example:4317" in asked[0].target
    assert asked[0].headers["proxy-authorization"].strip() == BASIC


@pytest.mark.parametrize("protocol", [GRPC, HTTP])
@pytest.mark.parametrize(
    ("no_proxy", "host", "is_proxied"),
    [
        ("", "127.0.0.1", False), ("", "localhost", False), ("10.96.0.0/12", "10.96.0.1", False),
        ("10.0.0.0/8", "192.0.2.1", True), (".example", "c.example", False),
        ("*.example", "c.example", False), ("example", "notexample", True),
        ("c.example:4317", "c.example", False), ("c.example:443", "c.example", True),
        ("*", "c.example", False),
    ],
)  # fmt: skip
def test_no_proxy_counts_alike(
    protocol: str, no_proxy: str, host: str, is_proxied: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As Go has it, also where gRPC itself, which sees the variable too, would think otherwise."""
    monkeypatch.setenv("no_proxy", no_proxy)
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    target = resolve({
        "HTTP_PROXY": "http://p:1", "HTTPS_PROXY": "http://p:1", "NO_PROXY": no_proxy,
        f"{P}ENDPOINT": f"http://{host}:4317", f"{P}PROTOCOL": protocol,
    })  # fmt: skip
    assert bool(target.proxy) is is_proxied
    if is_proxied:
        given, asked = through_proxy(protocol, host, NO_PROXY=no_proxy)
        assert given.accepted, given.reason
        assert len(asked) == 1


@pytest.mark.parametrize("protocol", [GRPC, HTTP])
def test_tls_goes_through_a_tunnel(protocol: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The certificate is the collector's, whose name is verified, not the proxy's."""
    authority = Authority(tmp_path_factory.mktemp("authority"))
    pair = authority.server
    credentials = grpc.ssl_server_credentials(
        [(pair.key.read_bytes(), pair.certificate.read_bytes())]
    )

    async def ask(port: int) -> None:
        async with HttpProxy(to=port) as proxy:
            for host, is_trusted in (("192.0.2.7", False), ("127.0.0.1", True)):
                variables = {
                    f"{P}ENDPOINT": f"https://{host}:4317", f"{P}PROTOCOL": protocol,
                    f"{P}CERTIFICATE": str(authority.certificate), f"{P}TIMEOUT": "5",
                    "HTTPS_PROXY": proxy.url,
                }  # fmt: skip
                target = resolve(variables)
                if is_trusted:  # loopback, which is in the certificate, is else never proxied
                    target = replace(target, proxy=proxy.url)
                async with connect(target) as sender:
                    given = await Otlp(sender).deliver(numbered(1))
                assert given.accepted is is_trusted, given.reason
                words = "mismatch" if protocol == HTTP else "certificate is for another name"
                assert is_trusted or words in given.reason
                assert proxy.asked[-1].target == f"{host}:4317"

    async def over_http() -> None:
        async with Collector() as collector, TlsFront(authority, to=collector.port) as front:
            await ask(front.port)

    if protocol == HTTP:
        asyncio.run(over_http())
    else:
        with GrpcServer(credentials=credentials) as server:
            asyncio.run(ask(server.port))
