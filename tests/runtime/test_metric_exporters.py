"""OTEL_METRICS_EXPORTER: where the bridge's own metrics go beside /metrics."""

import threading

import pytest

from event_tracer.runtime.metric_exporters import TelemetryError
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
