"""What is wrong with an endpoint is said of the variable that says it, and shows no secret."""

import asyncio
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import grpc
import pytest

from event_tracer.cli.main import FAILED, main
from event_tracer.export.delivery import Answer
from event_tracer.export.otlp.client import Otlp, connect
from event_tracer.export.otlp.endpoint import EndpointError, resolve
from tests.doubles.certificates import Authority
from tests.doubles.collectors import grpc_collector, http_collector
from tests.doubles.otlp_http import Collector
from tests.doubles.proxies import HttpProxy, Through
from tests.doubles.tls import TlsFront
from tests.scenarios.exporting import numbered
from tests.scenarios.folding import RECORDINGS

GRPC, HTTP = "grpc", "http/protobuf"
P = "OTEL_EXPORTER_OTLP_"
RECORDING = str(RECORDINGS / "redis-create.jsonl")


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("TIMEOUT", "soon"), ("COMPRESSION", "br"), ("PROTOCOL", "http/json"), ("HEADERS", "x"),
        ("ENDPOINT", "http://c:x"), ("ENDPOINT", "https://"), ("CLIENT_KEY", "-----BEGIN KEY"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("signal", ["", "TRACES_"])
def test_the_variable_that_counts_is_named(signal: str, word: str, value: str) -> None:
    """Of the signal, where it wins over the general one."""
    general = {f"{P}{word}": "grpc" if word == "PROTOCOL" else ""}
    with pytest.raises(EndpointError, match=f"^{P}{signal}{word}\\b"):
        resolve({**general, f"{P}{signal}{word}": value})


@pytest.mark.parametrize("protocol", [GRPC, HTTP])
@pytest.mark.parametrize(
    "name", [f"{P}ENDPOINT", f"{P}TRACES_ENDPOINT", "HTTPS_PROXY", "HTTP_PROXY"]
)
@pytest.mark.parametrize(
    "url",
    [
        "http://u:secret/x@c:4318", "http://u:secret@h\u2100st:4318", "u:secret@c:port",
        "u:secret@a b:4318", "http://u:secret@a..b:4318", "ftp://u:secret@c:1",
        "unix://u:secret@c", "http://u:secret@[::1",
    ],
)  # fmt: skip
def test_no_sentence_shows_a_password(
    url: str, name: str, protocol: str, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    """Neither urlsplit's words, which hold what follows a slash, nor gRPC's do."""
    monkeypatch.setenv(f"{P}ENDPOINT", "http://collector.invalid:1")
    monkeypatch.setenv(f"{P}PROTOCOL", protocol)
    monkeypatch.setenv(f"{P}TIMEOUT", "1")
    for each in ("HTTPS_PROXY", "HTTP_PROXY"):
        monkeypatch.delenv(each, raising=False)
    monkeypatch.setenv(name, url)
    with suppress(SystemExit):
        main(["replay", "--to", "otlp", RECORDING])
    told = capsys.readouterr()

    assert told.err.splitlines()[-1].startswith(("event-tracer: ", "event-tracer replay: "))
    assert "secret" not in told.out + told.err


@pytest.mark.parametrize("protocol", [GRPC, HTTP])
@pytest.mark.parametrize("host", ["a..b", f"{'x' * 70}.y", ".x", "a b", '"c"'])
def test_a_host_that_is_none_is_a_sentence(host: str, protocol: str) -> None:
    """Not socket's UnicodeError amid a request."""
    for url in (f"http://{host}:4318", f"http://u:p@{host}"):
        with pytest.raises(EndpointError, match=f"^{P}ENDPOINT is no URL"):
            resolve({f"{P}ENDPOINT": url, f"{P}PROTOCOL": protocol})


@pytest.mark.parametrize(
    "target",
    [
        "collector", "collector:4317", "[::1]:4317", "dns:///c:1", "unix:/run/x", "unix:///run/x",
        "ipv4:10.0.0.1:4317", "passthrough:///c:1",
    ],
)  # fmt: skip
def test_a_target_of_grpc_is_left_as_it_is(target: str) -> None:
    """Its own schemes, too (grpc, naming.md)."""
    assert resolve({f"{P}ENDPOINT": target}).target == target


@pytest.mark.parametrize("target", ['"http://c:4317"', "a b:4317", "u:p@c:4317", "unix:u@x"])
def test_a_target_that_is_none_is_a_sentence(target: str) -> None:
    """Quotes, for one, that a file of variables for Docker keeps."""
    with pytest.raises(EndpointError, match=f"^{P}ENDPOINT "):
        resolve({f"{P}ENDPOINT": target})


def test_a_socket_of_this_machine_has_no_tls(tmp_path: Path) -> None:
    """Unless that is said."""
    url = f"unix:{tmp_path}/socket"
    server = grpc.server(ThreadPoolExecutor(1))
    export = grpc.unary_unary_rpc_method_handler(lambda request, context: b"")
    name = "opentelemetry.proto.collector.trace.v1.TraceService"
    handler = grpc.method_handlers_generic_handler(name, {"Export": export})
    server.add_generic_rpc_handlers((handler,))
    server.add_insecure_port(url)
    server.start()

    async def ask(**more: str) -> Answer:
        async with connect(resolve({f"{P}ENDPOINT": url, f"{P}TIMEOUT": "5", **more})) as sender:
            return await Otlp(sender).deliver(numbered(1))

    given = asyncio.run(ask())
    assert given.accepted, given.reason
    assert not resolve({f"{P}ENDPOINT": url, f"{P}INSECURE": "false"}).insecure
    server.stop(None)


def test_a_query_is_not_shown() -> None:
    """Some back ends take a key by it."""
    url = "http://c:4318/v1/traces?key=secret"
    found = resolve({f"{P}TRACES_ENDPOINT": url, f"{P}PROTOCOL": HTTP})

    assert (found.target, str(found)) == (url, "http://c:4318/v1/traces (HTTP)")


@pytest.mark.parametrize("end", ["?key=secret", "#part"])
def test_a_base_has_no_query(end: str) -> None:
    """The signal's path would be a part of it."""
    with pytest.raises(EndpointError, match=f"^{P}ENDPOINT has a query") as caught:
        resolve({f"{P}ENDPOINT": f"http://c:4318{end}", f"{P}PROTOCOL": HTTP})
    assert "secret" not in str(caught.value)


def test_the_key_of_a_client_needs_its_certificate(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Over HTTP as over gRPC; it would be shown to nobody."""
    monkeypatch.setenv(f"{P}ENDPOINT", "https://127.0.0.1:9")
    monkeypatch.setenv(f"{P}CLIENT_KEY", "/nowhere/key")
    for protocol in (GRPC, HTTP):
        monkeypatch.setenv(f"{P}PROTOCOL", protocol)
        assert main(["replay", "--to", "otlp", RECORDING]) == FAILED
        told = capsys.readouterr().err
        assert f"cannot use {P}CLIENT_KEY: it and _CLIENT_CERTIFICATE need each other" in told


@pytest.mark.parametrize(
    ("protocol", "words"),
    [
        (GRPC, "what answers is no gRPC; for HTTP OTEL_EXPORTER_OTLP_PROTOCOL is http/protobuf"),
        (HTTP, "what answers is no HTTP; for gRPC OTEL_EXPORTER_OTLP_PROTOCOL is grpc"),
    ],
)
def test_the_other_protocols_port_is_told(protocol: str, words: str) -> None:
    """4317 and 4318 are mixed up more than anything else."""
    opened = http_collector if protocol == GRPC else grpc_collector

    async def ask(url: str) -> Answer:
        variables = {f"{P}ENDPOINT": url, f"{P}PROTOCOL": protocol}
        async with connect(resolve(variables)) as sender:
            return await Otlp(sender).deliver(numbered(1))

    with opened() as collector:
        given = asyncio.run(ask(collector.url))
    assert not given.accepted
    assert words in given.reason


def test_a_proxy_of_grpc_is_named() -> None:
    """It is away, not the collector, of which nobody has heard."""

    async def ask() -> Answer:
        variables = {f"{P}ENDPOINT": "http://c.example:1", "HTTPS_PROXY": "http://u:p@127.0.0.1:9"}
        async with connect(resolve(variables)) as sender:
            return await Otlp(sender).deliver(numbered(1))

    given = asyncio.run(ask())
    assert given.reason == "UNAVAILABLE: through the proxy 127.0.0.1:9: Connection refused"


# -- what is for the collector, and what for a proxy


def through_proxy(authority: Authority, userinfo: str) -> tuple[Answer, Through]:
    """The answer of a collector behind TLS and a proxy, and what that was asked."""

    async def ask() -> tuple[Answer, Through]:
        async with (
            Collector() as collector, TlsFront(authority, to=collector.port) as front,
            HttpProxy(to=front.port) as proxy,
        ):  # fmt: skip
            variables = {
                f"{P}ENDPOINT": "https://127.0.0.1:4318", f"{P}PROTOCOL": HTTP,
                f"{P}HEADERS": "authorization=Bearer secret,api-key=secret",
                f"{P}CERTIFICATE": str(authority.certificate), f"{P}TIMEOUT": "5",
            }  # fmt: skip
            url = proxy.url.replace("://", f"://{userinfo}")
            target = replace(resolve(variables), proxy=url)  # loopback is never proxied
            async with connect(target) as sender:
                given = await Otlp(sender).deliver(numbered(1))
            assert collector.requests[0].headers["authorization"] == "Bearer secret"
            return given, proxy.asked[0]

    return asyncio.run(ask())


@pytest.mark.parametrize(
    ("userinfo", "login"),
    [
        ("", None),
        ("u:p@", b"u:p"),
        ("u@", b"u:"),
        ("u:%E2%82%AC@", "u:€".encode()),
        ("a%3Ab:p@", b"a:b:p"),
    ],
)
def test_a_proxy_is_told_its_own_login_alone(
    userinfo: str, login: bytes | None, tmp_path: Path
) -> None:
    """And none of the collector's headers, which are secrets between the two ends of TLS."""
    given, asked = through_proxy(Authority(tmp_path), userinfo)

    assert given.accepted, given.reason
    assert "secret" not in str(asked.headers)
    assert "api-key" not in asked.headers
    wanted = f"Basic {b64encode(login).decode()}" if login else None
    assert asked.headers.get("proxy-authorization") == wanted


def test_an_authority_below_another_is_trusted(tmp_path: Path) -> None:
    """As by Go and gRPC: whoever is named need not be a root."""
    authority = Authority(tmp_path, is_below=True)

    async def ask() -> Answer:
        async with Collector() as collector, TlsFront(authority, to=collector.port) as front:
            variables = {
                f"{P}ENDPOINT": front.url, f"{P}PROTOCOL": HTTP,
                f"{P}CERTIFICATE": str(authority.certificate),
            }  # fmt: skip
            async with connect(resolve(variables)) as sender:
                return await Otlp(sender).deliver(numbered(1))

    given = asyncio.run(ask())
    assert given.accepted, given.reason
