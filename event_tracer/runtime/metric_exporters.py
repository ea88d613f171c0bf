"""Exporters of the bridge's own metrics, as the OTEL_* variables name them."""

import os
import sys
from typing import Any
from urllib.parse import urlsplit

import requests
from opentelemetry.exporter.otlp.proto.grpc import metric_exporter as over_grpc
from opentelemetry.exporter.otlp.proto.http import metric_exporter as over_http
from opentelemetry.sdk.metrics.export import (
    ConsoleMetricExporter,
    MetricExporter,
    PeriodicExportingMetricReader,
)

from event_tracer import UsageError
from event_tracer.runtime.proxies import Proxies, ProxyError

_VARIABLE = "OTEL_METRICS_EXPORTER"
_PROTOCOLS = ("OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
_ENDPOINTS = ("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_CREDENTIAL_PROVIDER = "_CREDENTIAL_PROVIDER"  # names a session of the user's own
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
    except (ValueError, OSError, ProxyError) as error:
        raise TelemetryError(f"the metric exporter {name} does not start: {error}") from error


def _otlp() -> MetricExporter:
    said = [each for each in _PROTOCOLS if os.environ.get(each)]
    protocol = os.environ[said[0]] if said else "grpc"
    if protocol not in ("grpc", "http/protobuf"):
        raise TelemetryError(f"{said[0]} is {protocol}; it may be grpc or http/protobuf")
    if protocol == "grpc":
        return over_grpc.OTLPMetricExporter(channel_options=_grpc_options())
    has_own_session = any(name.endswith(_CREDENTIAL_PROVIDER) for name in os.environ)
    return over_http.OTLPMetricExporter(session=None if has_own_session else _Session())


def _grpc_options() -> Any:
    """gRPC's own choice of a proxy sends loopback through it, and knows no `*.x` in NO_PROXY."""
    said = [os.environ[each] for each in _ENDPOINTS if os.environ.get(each)]
    host = urlsplit(said[0]).netloc or said[0] if said else "localhost"
    proxy = Proxies.of(os.environ).proxy_for(f"https://{host}")
    return () if proxy else (("grpc.enable_http_proxy", 0),)


class _Session(requests.Session):
    """requests' own prefers the login of ~/.netrc to a header that is given (sessions.py)."""

    def __init__(self) -> None:
        super().__init__()
        self.trust_env = False

    def merge_environment_settings(
        self, url: Any, proxies: Any, stream: Any, verify: Any, cert: Any
    ) -> Any:
        """The settings of a request, its proxy being Go's choice."""
        proxy = Proxies.of(os.environ).proxy_for(str(url))
        chosen = {urlsplit(str(url)).scheme: proxy} if proxy else {}
        return super().merge_environment_settings(url, chosen, stream, verify, cert)


def _periodic(exporter: MetricExporter) -> PeriodicExportingMetricReader:
    try:
        return PeriodicExportingMetricReader(exporter)
    except ValueError as error:
        raise TelemetryError("OTEL_METRIC_EXPORT_INTERVAL is no time above 0") from error
