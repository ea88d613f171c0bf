"""The bridge's own metrics, as Prometheus reads them and as a collector gets them."""

import socket
from collections.abc import Callable, Iterator
from concurrent import futures
from contextlib import contextmanager
from typing import Any

import grpc
import pytest
from opentelemetry import metrics
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2 as messages
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2_grpc as service
from prometheus_client.parser import text_string_to_metric_families

from event_tracer.runtime.telemetry import Telemetry
from tests.runtime.conftest import Make

COMPONENT = {
    "otel_component_type": "otlp_grpc_span_exporter",
    "otel_component_name": "otlp_grpc_span_exporter/0",
}


def read(telemetry: Telemetry) -> dict[str, dict[frozenset[tuple[str, str]], float]]:
    """Values by name and labels, without empty labels, as Prometheus sees them."""
    found: dict[str, dict[frozenset[tuple[str, str]], float]] = {}
    families = list(text_string_to_metric_families(telemetry.text().decode()))
    assert len(families) == len({family.name for family in families})  # Prometheus refuses twins
    for family in families:
        for sample in family.samples:
            labels = frozenset((name, value) for name, value in sample.labels.items() if value)
            found.setdefault(sample.name, {})[labels] = sample.value
    return found


def pairs(text: str) -> dict[str, str]:
    """NAME=value, by blanks."""
    return dict(word.split("=", 1) for word in text.split())


def value(telemetry: Telemetry, name: str, **labels: str) -> float:
    """One value."""
    return read(telemetry)[name][frozenset(labels.items())]


@pytest.mark.parametrize(
    ("tell", "name", "labels", "after"),
    [
        (lambda t: t.received("ADDED"), "events_received_total", {"type": "ADDED"}, 1),
        (lambda t: t.occurrence(), "occurrences_total", {}, 1),
        (lambda t: t.dropped("malformed"), "frames_dropped_total", {"reason": "malformed"}, 1),
        (lambda t: t.filtered("kind"), "events_filtered_total", {"rule": "kind"}, 1),
        (lambda t: t.looked_up("absent"), "owner_lookups_total", {"result": "absent"}, 1),
        (lambda t: t.gap(7), "gaps_total", {}, 1),
        (lambda t: t.gap(7), "gap_occurrences_total", {}, 7),
        (lambda t: t.checkpoint(True), "checkpoint_writes_total", {"result": "ok"}, 1),
        (lambda t: t.checkpoint(False), "checkpoint_writes_total", {"result": "failed"}, 1),
        (lambda t: t.ids_dropped(3), "checkpoint_ids_dropped_total", {}, 3),
    ],
)
def test_counters_count_from_zero(
    tell: Callable[[Telemetry], None], name: str, labels: dict[str, str], after: float, make: Make
) -> None:
    """Each is there as 0 before anything happened: Prometheus sees no rise from nothing."""
    telemetry = make()
    assert value(telemetry, f"event_tracer_{name}", **labels) == 0

    tell(telemetry)
    tell(telemetry)
    assert value(telemetry, f"event_tracer_{name}", **labels) == 2 * after


def test_words_nobody_knew_are_counted_too(make: Make) -> None:
    """A new reason is a new series; watches are known once they are restarted."""
    telemetry = make()
    telemetry.dropped("odd")
    telemetry.restarted("pods", "expired")

    assert value(telemetry, "event_tracer_frames_dropped_total", reason="odd") == 1
    labels = {"resource": "pods", "cause": "expired"}
    assert value(telemetry, "event_tracer_watch_restarts_total", **labels) == 1


def test_export_is_told_as_the_semantic_conventions_do(make: Make) -> None:
    """otel.sdk.exporter.*: error.type only where spans were lost."""
    telemetry = make()
    exported = "otel_sdk_exporter_span_exported_total"
    assert value(telemetry, exported, **COMPONENT) == 0
    telemetry.exported(5)
    telemetry.exported(2, "rejected")
    telemetry.inflight(7)
    telemetry.inflight(-4)
    telemetry.operation(0.2)
    telemetry.operation(3, "UNAVAILABLE")

    duration = "otel_sdk_exporter_operation_duration_seconds"
    assert value(telemetry, exported, **COMPONENT) == 5
    assert value(telemetry, exported, error_type="rejected", **COMPONENT) == 2
    assert value(telemetry, "otel_sdk_exporter_span_inflight", **COMPONENT) == 3
    assert value(telemetry, f"{duration}_bucket", le="0.25", **COMPONENT) == 1
    assert value(telemetry, f"{duration}_sum", error_type="UNAVAILABLE", **COMPONENT) == 3


def test_the_age_of_the_last_acknowledgement_rises(make: Make) -> None:
    """Since the start while there was none; an alert needs no more than a threshold."""
    now = 100.0
    telemetry = make(clock=lambda: now)
    name = "event_tracer_export_last_acknowledgement_age_seconds"
    now = 130
    before = value(telemetry, name)
    telemetry.acknowledged()
    now = 131.5

    assert (before, value(telemetry, name)) == (30, 1.5)


def test_the_queue_is_read_when_it_is_asked_for(make: Make) -> None:
    """0 until there is one, then what it says at that moment; also what of it is refused."""
    telemetry, waiting = make(), [1, 2]
    names = ("queue_size", "refused_size", "refused_age_seconds")
    found = [value(telemetry, f"event_tracer_export_{name}") for name in names]
    telemetry.watch_queue(waiting.__len__)
    telemetry.watch_refused(lambda: (len(waiting), 61.5))
    waiting.append(3)

    early = "event_tracer_object_spans_sealed_early"
    assert [*found, value(telemetry, early)] == [0, 0, 0, 0]
    telemetry.watch_sealed_early(lambda: 4)
    assert value(telemetry, early) == 4
    assert [value(telemetry, f"event_tracer_export_{name}") for name in names] == [3, 3, 61.5]


def test_lag_has_buckets_from_a_tenth_of_a_second_to_an_hour(make: Make) -> None:
    """A clock that is behind the emitter's counts as no lag."""
    telemetry = make()
    for seconds in (-5, 0.3, 45, 7200):
        telemetry.lag(seconds)

    buckets = read(telemetry)["event_tracer_event_lag_seconds_bucket"]
    bounds = {dict(labels)["le"]: count for labels, count in buckets.items()}
    assert (bounds["0.1"], bounds["0.5"], bounds["60"]) == (1, 2, 3)
    assert (bounds["3600"], bounds["+Inf"]) == (3, 4)


def test_two_do_not_share_anything(make: Make) -> None:
    """Neither the global MeterProvider nor the global registry of Prometheus is touched."""
    before = metrics.get_meter_provider()
    first, second = make(), make()
    first.occurrence()

    assert value(second, "event_tracer_occurrences_total") == 0
    assert metrics.get_meter_provider() is before


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("", "event-tracer"),
        ("OTEL_SERVICE_NAME=bridge", "bridge"),
        ("OTEL_RESOURCE_ATTRIBUTES=service.name=b,team=a", "b"),
        ("OTEL_RESOURCE_ATTRIBUTES=team=a", "event-tracer"),
    ],
)
def test_the_service_has_a_name(said: str, name: str, make: Make) -> None:
    """event-tracer, unless the variables name it."""
    (labels,) = read(make(**pairs(said)))["target_info"]

    assert dict(labels)["service_name"] == name


@contextmanager
def over_grpc() -> Iterator[tuple[str, list[Any]]]:
    """A collector that takes metrics over gRPC."""
    requests: list[Any] = []

    class Servicer(service.MetricsServiceServicer):
        def Export(self, request: Any, context: Any) -> Any:
            requests.append(request)
            return messages.ExportMetricsServiceResponse()

    server = grpc.server(futures.ThreadPoolExecutor(max_workers=2))
    port = server.add_insecure_port("127.0.0.1:0")
    add: Any = service.add_MetricsServiceServicer_to_server
    add(Servicer(), server)
    server.start()
    try:
        yield f"http://127.0.0.1:{port}", requests
    finally:
        server.stop(grace=None).wait()


def test_otlp_gets_the_same(make: Make) -> None:
    """What is left is sent at the end; dots and units are those of OpenTelemetry."""
    with over_grpc() as (url, requests):
        telemetry = make(OTEL_METRICS_EXPORTER="otlp", OTEL_EXPORTER_OTLP_ENDPOINT=url)
        telemetry.received("ADDED")
        telemetry.exported(4)
        telemetry.shutdown()

    (group,) = requests[-1].resource_metrics
    assert any(each.value.string_value == "event-tracer" for each in group.resource.attributes)
    found = {metric.name: metric for scope in group.scope_metrics for metric in scope.metrics}
    received = found["event_tracer.events.received"]
    values = {p.attributes[0].value.string_value: p.as_int for p in received.sum.data_points}
    assert (received.unit, received.sum.is_monotonic, values["ADDED"]) == ("{event}", True, 1)
    (exported,) = found["otel.sdk.exporter.span.exported"].sum.data_points
    assert exported.as_int == 4
    assert found["event_tracer.export.last_acknowledgement.age"].unit == "s"


@pytest.mark.parametrize(
    ("said", "begin"),
    [
        ("", b"PRI * HTTP/2.0"),
        ("PROTOCOL=http/protobuf", b"POST /v1/metrics HTTP/1.1"),
        ("METRICS_PROTOCOL=http/protobuf", b"POST /v1/metrics HTTP/1.1"),
        ("PROTOCOL=http/protobuf METRICS_PROTOCOL=grpc", b"PRI * HTTP/2.0"),
    ],
)
def test_a_silent_collector_does_not_hold_the_end_up(said: str, begin: bytes, make: Make) -> None:
    """The variables choose the protocol; shutdown() returns, though a request may take an hour."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(60)
        said += f" TIMEOUT=3600 ENDPOINT=http://127.0.0.1:{silent.getsockname()[1]}"
        telemetry = make(
            OTEL_METRICS_EXPORTER="otlp",
            OTEL_METRIC_EXPORT_INTERVAL="10",
            **{f"OTEL_EXPORTER_OTLP_{name}": value for name, value in pairs(said).items()},
        )
        connection, _ = silent.accept()
        with connection:
            assert connection.recv(len(begin)) == begin
            telemetry.shutdown(0.05)


def test_text_after_the_end_is_empty(make: Make) -> None:
    """A late scrape does no harm."""
    telemetry = make()
    telemetry.shutdown()

    assert telemetry.text() == b""
