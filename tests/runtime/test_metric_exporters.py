"""OTEL_METRICS_EXPORTER: where the bridge's own metrics go beside /metrics."""

import asyncio
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from aiohttp import web

from event_tracer.runtime.metric_exporters import TelemetryError
from tests.doubles.certificates import Authority
from tests.doubles.otlp_http import Collector
from tests.doubles.proxies import HttpProxy
from tests.doubles.tls import TlsFront
from tests.runtime.conftest import Make


def pairs(text: str) -> dict[str, str]:
    """NAME=value, by blanks."""
    return dict(word.split("=", 1) for word in text.split())


def pushing() -> set[threading.Thread]:
    """The threads that push metrics."""
    return {t for t in threading.enumerate() if t.name == "OtelPeriodicExportingMetricReader"}


@pytest.mark.parametrize(
    ("names", "count"),
    [("", 0), ("none", 0), ("prometheus", 0), ("console", 1), (" Console , prometheus,console", 1)],
)
def test_exporters_may_be_several(
    names: str, count: int, make: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    """By commas, in any case, each once; unset and "none" push nothing."""
    before = pushing()
    telemetry = make(OTEL_METRICS_EXPORTER=names)
    assert len(pushing() - before) == count
    telemetry.shutdown()

    assert pushing() <= before
    assert ("event_tracer.occurrences" in capsys.readouterr().out) is (count == 1)


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ("METRICS_EXPORTER=console,statsd", "OTEL_METRICS_EXPORTER names statsd; it knows"),
        ("EXPORTER_OTLP_PROTOCOL=json", "OTEL_EXPORTER_OTLP_PROTOCOL is json; it may be"),
        ("EXPORTER_OTLP_METRICS_PROTOCOL=udp", "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL is udp; it"),
        ("EXPORTER_OTLP_TIMEOUT=soon", "the metric exporter otlp does not start: .*soon"),
        ("EXPORTER_OTLP_COMPRESSION=br", "the metric exporter otlp does not start: .*COMPRESSION"),
        (
            "EXPORTER_OTLP_METRICS_CERTIFICATE=/nowhere/ca",
            "the metric exporter otlp does not start: OTEL_EXPORTER_OTLP_METRICS_CERTIFICATE names",
        ),
        (
            "EXPORTER_OTLP_CLIENT_KEY=/dev/null",
            "the metric exporter otlp does not start: OTEL_EXPORTER_OTLP_CLIENT_KEY and",
        ),
        ("METRIC_EXPORT_INTERVAL=0", "OTEL_METRIC_EXPORT_INTERVAL is no time above 0"),
    ],
)
def test_what_cannot_be_meant_is_refused(said: str, sentence: str, make: Make) -> None:
    """TelemetryError in one sentence, and no thread is left behind."""
    before = pushing()
    variables = {f"OTEL_{name}": value for name, value in pairs(said).items()}
    with pytest.raises(TelemetryError, match=f"^{sentence}"):
        make(**{"OTEL_METRICS_EXPORTER": "otlp"} | variables)

    assert pushing() <= before


@pytest.mark.parametrize("headers", ["", "authorization=Bearer x"])
def test_metrics_are_sent_with_the_login_that_was_given_or_none(
    headers: str, make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """requests, which the SDK sends them by, would prefer ~/.netrc to a header."""
    (tmp_path / ".netrc").write_text("default login a password secret")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")  # loopback is reached without it
    got: list[str | None] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append(self.headers["authorization"])
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    make(
        OTEL_METRICS_EXPORTER="otlp", OTEL_EXPORTER_OTLP_PROTOCOL="http/protobuf",
        OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{server.server_port}",
        OTEL_EXPORTER_OTLP_HEADERS=headers,
    ).shutdown()  # fmt: skip
    server.shutdown()
    server.server_close()
    thread.join()

    assert set(got) == {headers.partition("=")[2] or None}


def test_tls_takes_what_kubectl_takes(make: Make, tmp_path: Path) -> None:
    """An authority below another, and on Python 3.13 one without key identifiers."""
    authority = Authority(tmp_path, is_bare=True, is_below=True)
    seen: list[str] = []

    class Noting(Collector):
        async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
            seen.append(request.path)
            return web.Response()

    async def main() -> None:
        async with Noting() as collector, TlsFront(authority, to=collector.port) as front:
            telemetry = make(
                OTEL_METRICS_EXPORTER="otlp", OTEL_EXPORTER_OTLP_PROTOCOL="http/protobuf",
                OTEL_EXPORTER_OTLP_ENDPOINT=front.url, NO_PROXY="*",
                OTEL_EXPORTER_OTLP_CERTIFICATE=str(authority.certificate),
            )  # fmt: skip
            await asyncio.to_thread(telemetry.shutdown)

    asyncio.run(main())
    assert "/v1/metrics" in seen


@pytest.mark.parametrize("protocol", ["grpc", "http/protobuf"])
def test_a_proxy_in_upper_case_is_used(protocol: str, make: Make) -> None:
    """As for spans; gRPC itself reads those in lower case alone."""

    async def main() -> list[str]:
        async with Collector() as collector, HttpProxy(to=collector.port) as proxy:
            telemetry = make(
                OTEL_METRICS_EXPORTER="otlp", OTEL_EXPORTER_OTLP_PROTOCOL=protocol,
                OTEL_EXPORTER_OTLP_ENDPOINT="https://c.example:4317", HTTPS_PROXY=proxy.url,
                OTEL_EXPORTER_OTLP_TIMEOUT="1", NO_PROXY="",
            )  # fmt: skip
            await asyncio.to_thread(telemetry.shutdown)
            return [one.target for one in proxy.asked]

    assert "c.example:4317" in asyncio.run(main())


def test_a_disabled_sdk_is_told(make: Make, caplog: pytest.LogCaptureFixture) -> None:
    """/metrics is empty then, which alerts would take for an absent process."""
    telemetry = make(OTEL_SDK_DISABLED="true")

    assert any(message.startswith("OTEL_SDK_DISABLED is true: ") for message in caplog.messages)
    telemetry.shutdown()


def test_a_filter_of_exemplars_that_there_is_not_is_a_sentence(make: Make) -> None:
    """The SDK raises ValueError."""
    with pytest.raises(TelemetryError, match="Unknown exemplar filter 'bogus'"):
        make(OTEL_METRICS_EXEMPLAR_FILTER="bogus")
