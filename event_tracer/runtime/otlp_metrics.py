"""Exporters of metrics over OTLP; apart, as few need what they import: 8 MiB and 0.06 s of CPU."""

import os
from typing import Any
from urllib.parse import urlsplit

import requests
from opentelemetry.exporter.otlp.proto.grpc import metric_exporter as grpc
from opentelemetry.exporter.otlp.proto.http import metric_exporter as http
from opentelemetry.sdk.metrics.export import MetricExporter

from event_tracer.runtime.proxies import Proxies

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_CREDENTIAL_PROVIDER = "_CREDENTIAL_PROVIDER"  # names a session of the user's own


def over_grpc() -> MetricExporter:
    """One over gRPC. Raises ValueError, OSError and ProxyError, as the other."""
    return grpc.OTLPMetricExporter(channel_options=_grpc_options())


def over_http() -> MetricExporter:
    """One over HTTP."""
    has_own_session = any(name.endswith(_CREDENTIAL_PROVIDER) for name in os.environ)
    return http.OTLPMetricExporter(session=None if has_own_session else _Session())


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
