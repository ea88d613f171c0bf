"""The endpoint for OTLP, by the standard OTEL_EXPORTER_OTLP_* variables.

A variable of the signal (OTEL_EXPORTER_OTLP_TRACES_*) wins over the general one; an empty one
counts as unset (OpenTelemetry specification, "Configuration Options").
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, cast
from urllib.parse import unquote, urlsplit

from event_tracer import EventTracerError

PREFIX = "OTEL_EXPORTER_OTLP_"
HINT = f"{PREFIX}ENDPOINT and _PROTOCOL say where and how"
"""For people, after the reason why an endpoint takes nothing."""
Protocol = Literal["grpc", "http/protobuf"]
Compression = Literal["none", "gzip", "deflate"]
_COMPRESSIONS = {"grpc": ("none", "gzip"), "http/protobuf": ("none", "gzip", "deflate")}
_TIMEOUT = 10.0
# W3C Baggage as OpenTelemetry's specification cites it ("Specifying headers via environment
# variables"), but for spaces in values, which every SDK takes.
_HEADER = re.compile(r"([!#-'*+\-.0-9A-Z^-z|~]+)[ \t]*=[ \t]*([ !#-+\--:<-\[\]-~]*)")


class EndpointError(EventTracerError):
    """Variables that cannot be meant; the message is one sentence and shows no header."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A collector and how to speak to it. `timeout` is seconds; the last three are file names.

    `target` is a URL for HTTP; for gRPC it is what gRPC calls a target, mostly `host:port`.
    """

    protocol: Protocol
    target: str
    insecure: bool
    headers: tuple[tuple[str, str], ...] = field(repr=False)  # it may hold a token
    timeout: float
    compression: Compression
    certificate: str | None
    client_key: str | None
    client_certificate: str | None

    def __str__(self) -> str:
        name = "gRPC" if self.protocol == "grpc" else "HTTP"
        scheme, mark, rest = self.target.rpartition("://")
        head, slash, path = rest.partition("/")
        return f"{scheme}{mark}{head.rpartition('@')[2]}{slash}{path} ({name})"  # no password


def resolve(environ: Mapping[str, str]) -> Endpoint:
    """The endpoint for traces. Raises EndpointError for a value that cannot be."""

    def get(name: str) -> str | None:
        return environ.get(f"{PREFIX}TRACES_{name}") or environ.get(PREFIX + name) or None

    protocol = get("PROTOCOL") or "grpc"
    if protocol not in _COMPRESSIONS:
        raise EndpointError(f"{PREFIX}PROTOCOL is {protocol}; it may be grpc or http/protobuf")
    compression = (get("COMPRESSION") or "none").strip().lower()
    if compression not in _COMPRESSIONS[protocol]:
        known = " or ".join(_COMPRESSIONS[protocol])
        raise EndpointError(
            f"{PREFIX}COMPRESSION is {compression}; with {protocol} it may be {known}"
        )
    url = get("ENDPOINT")
    is_grpc = protocol == "grpc"
    return Endpoint(
        protocol=cast(Protocol, protocol),
        target=_grpc_target(url) if is_grpc else _http_url(environ),
        insecure=_is_insecure(url, get("INSECURE")) if is_grpc else False,
        headers=_headers(get("HEADERS") or ""),
        timeout=_seconds(get("TIMEOUT")),
        compression=cast(Compression, compression),
        certificate=get("CERTIFICATE"),
        client_key=get("CLIENT_KEY"),
        client_certificate=get("CLIENT_CERTIFICATE"),
    )


def _grpc_target(url: str | None) -> str:
    return urlsplit(url).netloc or url if url else "localhost:4317"


def _is_insecure(url: str | None, insecure: str | None) -> bool:
    scheme = urlsplit(url).scheme if url else "http"
    if scheme == "https":
        return False
    return insecure.lower() == "true" if insecure else scheme == "http"


def _http_url(environ: Mapping[str, str]) -> str:
    # Only the general variable is a base to which the signal's path is added.
    base = environ.get(f"{PREFIX}ENDPOINT") or "http://localhost:4318"
    url = environ.get(f"{PREFIX}TRACES_ENDPOINT") or f"{base.removesuffix('/')}/v1/traces"
    if urlsplit(url).scheme not in ("http", "https"):
        raise EndpointError(
            f"{PREFIX}ENDPOINT is {url}; over HTTP it begins with http:// or https://"
        )
    return url


def _headers(text: str) -> tuple[tuple[str, str], ...]:
    """Headers of "name=value,name=value". No error shows one, for it may hold a token."""
    parts = [part.strip() for part in text.split(",") if part.strip()]
    headers = {}
    for number, part in enumerate(parts, start=1):
        match = _HEADER.fullmatch(part)
        if not match:
            raise EndpointError(f"{PREFIX}HEADERS: entry {number} is not like name=value")
        # A value with a space is not percent-encoded, and is taken as it is.
        name, value = match.groups() if " " in match[2] else map(unquote, match.groups())
        if not name.isascii() or not value.isascii() or not value.isprintable():
            raise EndpointError(
                f"{PREFIX}HEADERS: entry {number} has a character that none may have"
            )
        headers[name.strip().lower()] = value.strip()
    return tuple(headers.items())


def _seconds(text: str | None) -> float:
    # Seconds, as in every exporter for Python, though the specification says milliseconds
    # (opentelemetry-python issue 4044).
    try:
        seconds = float(text) if text else _TIMEOUT
    except ValueError:
        seconds = -1
    if seconds <= 0:
        raise EndpointError(f"{PREFIX}TIMEOUT is {text}; it is a number of seconds")
    return seconds
