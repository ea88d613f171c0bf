"""`--to otlp` against real OTLP servers, and what the SDK's own exporters send beside it."""

import asyncio
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

import grpc
import pytest
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.duration_pb2 import Duration
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpExporter
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from event_tracer.cli.main import FAILED, GOOD, main
from event_tracer.core.span import Span
from event_tracer.export.delivery import Answer
from event_tracer.export.otlp import client
from event_tracer.export.sdk import readable
from event_tracer.export.send import send_all
from tests.doubles.collectors import (
    Collector,
    HttpAnswer,
    each_span,
    grpc_collector,
    http_collector,
)
from tests.scenarios.folding import JSONL, RECORDINGS, article, frames_of, tell

VARIABLES = "OTEL_EXPORTER_OTLP_"
FILES = {name: f"{name}.jsonl" for name in JSONL} | {"article-events": "article-events.json"}


@pytest.fixture
def over_grpc(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    """A collector that the variables name, over gRPC."""
    with grpc_collector() as collector:
        monkeypatch.setenv(f"{VARIABLES}ENDPOINT", collector.url)
        yield collector


@pytest.fixture
def over_http(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    """A collector that the variables name, over HTTP."""
    with http_collector() as collector:
        monkeypatch.setenv(f"{VARIABLES}ENDPOINT", collector.url)
        monkeypatch.setenv(f"{VARIABLES}PROTOCOL", "http/protobuf")
        yield collector


def send(name: str = "redis-create") -> int:
    """Replay a recording to it."""
    return main(["replay", "--to", "otlp", str(RECORDINGS / FILES[name])])


def spans_of(name: str) -> list[Span]:
    """The spans of a recording."""
    return tell([article()] if name == "article-events" else frames_of(name))


def assert_as_the_sdk(name: str, collector: Collector, exporter: Any) -> None:
    """Send a recording and let the SDK's exporter send the same spans: the same arrives."""
    assert send(name) == GOOD
    ours, collector.requests = collector.spans, []
    exporter.export([readable(span) for span in spans_of(name)])
    exporter.shutdown()

    assert len(ours) == len(spans_of(name))
    assert ours == collector.spans


@pytest.mark.parametrize("name", FILES)
def test_over_grpc_arrives_what_the_sdk_would_send(name: str, over_grpc: Collector) -> None:
    """Every span arrives, equal in content to what OTLPSpanExporter sends for the same spans."""
    assert_as_the_sdk(name, over_grpc, GrpcExporter())


@pytest.mark.parametrize("name", FILES)
def test_over_http_arrives_what_the_sdk_would_send(name: str, over_http: Collector) -> None:
    """The same over HTTP, to the same path."""
    assert_as_the_sdk(name, over_http, HttpExporter())
    assert {call["path"] for call in over_http.metadata} == {"/v1/traces"}


@pytest.mark.parametrize("compression", ["gzip", "deflate"])
def test_requests_may_be_compressed(
    compression: str, over_http: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    """OTEL_EXPORTER_OTLP_COMPRESSION says how, and the collector is told."""
    monkeypatch.setenv(f"{VARIABLES}COMPRESSION", compression)

    assert send() == GOOD
    assert over_http.metadata[0]["content-encoding"] == compression
    assert len(over_http.spans) == 9


def test_grpc_may_be_compressed(over_grpc: Collector, monkeypatch: pytest.MonkeyPatch) -> None:
    """gzip is gRPC's own; the message that arrives is the same."""
    monkeypatch.setenv(f"{VARIABLES}COMPRESSION", "gzip")

    assert send() == GOOD
    assert len(over_grpc.spans) == 9


@pytest.mark.parametrize("protocol", ["grpc", "http/protobuf"])
def test_headers_are_sent(
    protocol: str, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    """OTEL_EXPORTER_OTLP_HEADERS go with every request, percent-decoded."""
    fixture = "over_grpc" if protocol == "grpc" else "over_http"
    collector: Collector = request.getfixturevalue(fixture)
    monkeypatch.setenv(f"{VARIABLES}HEADERS", "authorization=Bearer%20t0ken,x-tenant=shop")

    assert send() == GOOD
    sent = collector.metadata[0]
    assert (sent["authorization"], sent["x-tenant"]) == ("Bearer t0ken", "shop")


class Taking:
    """A collector that takes everything."""

    def __init__(self) -> None:
        self.requests: list[bytes] = []

    async def send(self, request: bytes) -> Answer:
        self.requests.append(request)
        return Answer(accepted=True)

    async def close(self) -> None: ...


def test_requests_stay_below_what_servers_take() -> None:
    """At most 512 spans and 3 MiB a request: a gRPC server takes 4 MiB, before compression."""
    spans = spans_of("changes") * 20
    heavy = [span.but(attributes=(("a", "x" * 100_000),)) for span in spans_of("redis-create") * 20]

    for trace in (spans, heavy):
        sender = Taking()
        asyncio.run(
            send_all([trace], client.Otlp(sender), target="", patience=0, on_wait=lambda why: None)
        )
        requests = [ExportTraceServiceRequest.FromString(body) for body in sender.requests]
        sent = [[span for _, _, span in each_span(request)] for request in requests]

        assert sorted(span.span_id for part in sent for span in part) == sorted(
            span.span_id for span in trace
        )
        assert all(len(part) <= 512 for part in sent)
        assert all(len(body) <= 3 << 20 for body in sender.requests)


def as_bytes(message: Any) -> bytes:
    """A protobuf message on the wire."""
    return bytes(message.SerializeToString())


def retry_info(context: Any) -> None:
    """RESOURCE_EXHAUSTED as OTLP wants it: with a RetryInfo in the status details."""
    detail = AnyMessage()
    detail.Pack(RetryInfo(retry_delay=Duration(nanos=1_000_000)))
    status = Status(code=grpc.StatusCode.RESOURCE_EXHAUSTED.value[0], details=[detail])
    context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
    context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "queue full")


def abort(code: grpc.StatusCode, details: str) -> Any:
    """An answer that fails."""
    return lambda context: context.abort(code, details)


def partly(**fields: Any) -> ExportTraceServiceResponse:
    """An answer with these fields of partial_success."""
    response = ExportTraceServiceResponse()
    for name, value in fields.items():
        setattr(response.partial_success, name, value)
    return response


def test_grpc_asks_again_where_the_specification_says_so(over_grpc: Collector) -> None:
    """UNAVAILABLE and a RESOURCE_EXHAUSTED with RetryInfo are retried, and nothing is lost."""
    over_grpc.answers = [abort(grpc.StatusCode.UNAVAILABLE, "starting"), retry_info]

    assert send() == GOOD
    assert len(over_grpc.requests) == 3
    assert len(over_grpc.spans) == 9


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "too large"), "RESOURCE_EXHAUSTED: too large"),
        (abort(grpc.StatusCode.INVALID_ARGUMENT, "bad"), "refused: INVALID_ARGUMENT: bad"),
        (abort(grpc.StatusCode.UNAUTHENTICATED, "who?"), "refused: UNAUTHENTICATED: who?"),
        (
            lambda _: partly(rejected_spans=2, error_message="old"),
            "rejected 2 of the spans: old",
        ),
    ],
)
def test_a_grpc_refusal_is_told(
    answer: Any, sentence: str, over_grpc: Collector, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 1 and a sentence; partial_success, which the SDK takes for success, as well."""
    over_grpc.answers = [answer]

    assert send() == FAILED
    assert sentence in capsys.readouterr().err
    assert len(over_grpc.requests) == 1


def test_http_asks_again_where_the_specification_says_so(over_http: Collector) -> None:
    """429, 502, 503 and 504 are retried, after the time the collector names."""
    over_http.answers = [
        HttpAnswer(status=status, headers={"retry-after": "0"}) for status in (429, 502, 503, 504)
    ]

    assert send() == GOOD
    assert len(over_http.requests) == 5


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (HttpAnswer(status=400, body=as_bytes(Status(message="bad"))), "400 Bad Request: bad"),
        (HttpAnswer(status=404, body=b"no page", type="text/plain"), "404 Not Found: no page"),
        (HttpAnswer(status=413), f"413 {HTTPStatus(413).phrase}"),
        (HttpAnswer(status=500), "500 Internal Server Error"),
        (HttpAnswer(status=301, headers={"location": "https://b/"}), "redirects (301) to https://b/"),
        (HttpAnswer(body=b"<html>login</html>", type="text/html"), "web page"),
        (HttpAnswer(body=as_bytes(partly(rejected_spans=1))), "rejected 1 of the spans"),
    ],
)  # fmt: skip
def test_an_http_refusal_is_told(
    answer: HttpAnswer, sentence: str, over_http: Collector, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 1 and a sentence, asked once; a redirect, which the SDK takes for success, too."""
    over_http.answers = [answer]

    assert send() == FAILED
    assert sentence in capsys.readouterr().err
    assert len(over_http.requests) == 1


def test_a_warning_is_passed_on(over_http: Collector, capsys: pytest.CaptureFixture[str]) -> None:
    """partial_success with nothing rejected is a warning of the collector's, and no failure."""
    over_http.answers = [HttpAnswer(body=as_bytes(partly(error_message="use v2")))]

    assert send() == GOOD
    assert "use v2" in capsys.readouterr().err


@pytest.mark.parametrize("protocol", ["grpc", "http/protobuf"])
def test_an_absent_collector_is_told(
    protocol: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nobody listens: exit code 1, and the sentence says where and which variable to set."""
    with http_collector() as gone:
        url = gone.url
    monkeypatch.setenv(f"{VARIABLES}ENDPOINT", url)
    monkeypatch.setenv(f"{VARIABLES}PROTOCOL", protocol)
    monkeypatch.setenv(f"{VARIABLES}TIMEOUT", "0.6")

    assert send() == FAILED
    told = capsys.readouterr().err.splitlines()[-1]
    assert url.removeprefix("http://") in told
    assert "OTEL_EXPORTER_OTLP_ENDPOINT" in told


def test_ids_are_those_of_the_spans(over_grpc: Collector) -> None:
    """What arrives is named by the core's own ids: no SDK in between makes others."""
    assert send() == GOOD
    sent = {(s.trace_id, s.span_id) for r in over_grpc.requests for _, _, s in each_span(r)}

    assert sent == {(span.trace_id, span.span_id) for span in spans_of("redis-create")}
