"""Where OTLP goes, by the standard OTEL_EXPORTER_OTLP_* variables.

A variable of the signal (OTEL_EXPORTER_OTLP_TRACES_*) wins over the general one; an empty one
counts as unset (OpenTelemetry specification, "Configuration Options").
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, cast
from urllib.parse import urlsplit

from opentelemetry.util.re import parse_env_headers

from event_tracer import EventTracerError

PREFIX = "OTEL_EXPORTER_OTLP_"
Protocol = Literal["grpc", "http/protobuf"]
Compression = Literal["none", "gzip", "deflate"]
_COMPRESSIONS = {"grpc": ("none", "gzip"), "http/protobuf": ("none", "gzip", "deflate")}
_TIMEOUT = 10.0


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
    # The SDK's parser logs what it cannot read, and a header may hold a token.
    logger = logging.getLogger("opentelemetry.util.re")
    before, logger.disabled = logger.disabled, True
    try:
        parts = [part for part in text.split(",") if part.strip()]
        parsed = [parse_env_headers(part, liberal=True) for part in parts]
    finally:
        logger.disabled = before
    for number, found in enumerate(parsed, start=1):
        if not found:
            raise EndpointError(f"{PREFIX}HEADERS: entry {number} is not like name=value")
    headers = {name: value for found in parsed for name, value in found.items()}
    for number, (name, value) in enumerate(headers.items(), start=1):
        if not name.isascii() or not value.isascii() or not value.isprintable():
            raise EndpointError(
                f"{PREFIX}HEADERS: entry {number} has a character that none may have"
            )
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
