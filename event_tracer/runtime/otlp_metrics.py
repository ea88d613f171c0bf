"""Exporters of metrics over OTLP; apart, as few need what they import: 8 MiB and 0.06 s of CPU."""

import os
import ssl
from typing import Any
from urllib.parse import urlsplit

import requests
from opentelemetry.exporter.otlp.proto.grpc import metric_exporter as grpc
from opentelemetry.exporter.otlp.proto.http import metric_exporter as http
from opentelemetry.sdk.metrics.export import MetricExporter
from requests.adapters import HTTPAdapter

from event_tracer.runtime.proxies import Proxies
from event_tracer.runtime.tls import be_lenient

_PREFIX = "OTEL_EXPORTER_OTLP_"
_FILES = ("CERTIFICATE", "CLIENT_KEY", "CLIENT_CERTIFICATE")
_CREDENTIAL_PROVIDER = "_CREDENTIAL_PROVIDER"  # names a session of the user's own


def over_grpc() -> MetricExporter:
    """One over gRPC. Raises whatever the SDK does, and ValueError, as the other."""
    _demand_files()
    if bool(_said("CLIENT_KEY")[1]) != bool(_said("CLIENT_CERTIFICATE")[1]):
        raise ValueError(f"{_PREFIX}CLIENT_KEY and _CLIENT_CERTIFICATE need each other")
    return grpc.OTLPMetricExporter(channel_options=_grpc_options())


def over_http() -> MetricExporter:
    """One over HTTP."""
    _demand_files()
    has_own_session = any(name.endswith(_CREDENTIAL_PROVIDER) for name in os.environ)
    return http.OTLPMetricExporter(session=None if has_own_session else _Session())


def _said(word: str) -> tuple[str, str]:
    """The variable that counts, and its value, which may be empty."""
    own = f"{_PREFIX}METRICS_{word}"
    name = own if os.environ.get(own) else f"{_PREFIX}{word}"
    return name, os.environ.get(name, "")


def _demand_files() -> None:
    """Raise ValueError for files of no use.

    Without one of these the SDK trusts the system's authorities instead, after a traceback; a key
    alone ends the process (opentelemetry-exporter-otlp-proto-grpc 1.45, exporter.py).
    """
    for word in _FILES:
        name, file = _said(word)
        if file and not os.access(file, os.R_OK):
            shown = "what would be in one" if "-----BEGIN" in file else file
            raise ValueError(f"{name} names no file that can be read, but {shown}")


def _grpc_options() -> Any:
    """gRPC's own choice of a proxy sends loopback through it, and reads lower case alone."""
    _, said = _said("ENDPOINT")
    host = urlsplit(said).netloc or said or "localhost"
    proxy = Proxies.of(os.environ).proxy_for(f"https://{host}")
    if proxy.startswith("https://"):
        raise ValueError("gRPC reaches no proxy by TLS (HTTPS_PROXY); name it by http://")
    return (("grpc.http_proxy", proxy),) if proxy else (("grpc.enable_http_proxy", 0),)


class _Adapter(HTTPAdapter):
    """urllib3's own context is strict on Python 3.13 (2.8, util/ssl_.py)."""

    def init_poolmanager(self, *args: Any, **more: Any) -> None:
        """Make the connections, with TLS as kubectl has it."""
        super().init_poolmanager(*args, ssl_context=_context(), **more)

    def proxy_manager_for(self, *args: Any, **more: Any) -> Any:
        """Those through a proxy."""
        return super().proxy_manager_for(*args, ssl_context=_context(), **more)


def _context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # requests adds whom to trust
    be_lenient(context)
    return context


class _Session(requests.Session):
    """requests' own prefers the login of ~/.netrc to a header that is given (sessions.py)."""

    def __init__(self) -> None:
        super().__init__()
        self.trust_env = False
        self.mount("https://", _Adapter())

    def merge_environment_settings(
        self, url: Any, proxies: Any, stream: Any, verify: Any, cert: Any
    ) -> Any:
        """The settings of a request, its proxy being Go's choice."""
        proxy = Proxies.of(os.environ).proxy_for(str(url))
        chosen = {urlsplit(str(url)).scheme: proxy} if proxy else {}
        return super().merge_environment_settings(url, chosen, stream, verify, cert)
