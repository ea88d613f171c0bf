"""Exporters of the bridge's own metrics, as the OTEL_* variables name them."""

import os
import sys

from opentelemetry.sdk.metrics.export import (
    ConsoleMetricExporter,
    MetricExporter,
    PeriodicExportingMetricReader,
)

from event_tracer import UsageError

_VARIABLE = "OTEL_METRICS_EXPORTER"
_PROTOCOLS = ("OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
_ELSEWHERE = ("none", "prometheus")  # /metrics is there in any case


class TelemetryError(UsageError):
    """Metrics that cannot be exported as asked; the message is a sentence."""


def push_readers() -> list[PeriodicExportingMetricReader]:
    """A reader for each exporter that OTEL_METRICS_EXPORTER names.

    Raises TelemetryError where there is none of that name, before any has started its thread.
    """
    exporters = [_exporter(name) for name in _names()]
    return [_periodic(exporter) for exporter in exporters]


def check_exporters() -> None:
    """Raise TelemetryError where there is no exporter of a name, or it cannot start."""
    for name in _names():
        _exporter(name).shutdown()


def _names() -> list[str]:
    names = (name.strip().lower() for name in os.environ.get(_VARIABLE, "").split(","))
    return [name for name in dict.fromkeys(names) if name and name not in _ELSEWHERE]


def _exporter(name: str) -> MetricExporter:
    if name not in ("otlp", "console"):
        raise TelemetryError(f"{_VARIABLE} names {name}; it knows otlp, console, prometheus, none")
    try:
        return ConsoleMetricExporter(out=sys.stdout) if name == "console" else _otlp()
    except TelemetryError:
        raise
    except Exception as error:  # of the SDK it may be any
        raise TelemetryError(f"the metric exporter {name} does not start: {error}") from error


def _otlp() -> MetricExporter:
    said = [each for each in _PROTOCOLS if os.environ.get(each)]
    protocol = os.environ[said[0]] if said else "grpc"
    if protocol not in ("grpc", "http/protobuf"):
        raise TelemetryError(f"{said[0]} is {protocol}; it may be grpc or http/protobuf")
    from event_tracer.runtime import otlp_metrics

    return otlp_metrics.over_grpc() if protocol == "grpc" else otlp_metrics.over_http()


def _periodic(exporter: MetricExporter) -> PeriodicExportingMetricReader:
    try:
        return PeriodicExportingMetricReader(exporter)
    except ValueError as error:
        raise TelemetryError("OTEL_METRIC_EXPORT_INTERVAL is no time above 0") from error
