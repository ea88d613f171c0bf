"""The endpoint for OTLP, by the standard OTEL_EXPORTER_OTLP_* variables.

A variable of the signal (OTEL_EXPORTER_OTLP_TRACES_*) wins over the general one; an empty one
counts as unset (OpenTelemetry specification, "Configuration Options").
"""

import math
import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, cast
from urllib.parse import unquote, urlsplit

from event_tracer import UsageError
from event_tracer.runtime.proxies import Proxies, ProxyError

PREFIX = "OTEL_EXPORTER_OTLP_"
HINT = f"{PREFIX}ENDPOINT and _PROTOCOL say where and how"
"""For people, after the reason why an endpoint takes nothing."""
Protocol = Literal["grpc", "http/protobuf"]
Compression = Literal["none", "gzip", "deflate"]
_COMPRESSIONS = {"grpc": ("none", "gzip"), "http/protobuf": ("none", "gzip", "deflate")}
_TIMEOUT = 10.0
# W3C Baggage as OpenTelemetry's specification cites it ("Specifying headers via environment
# variables"), but for spaces in values, which every SDK takes.
_GRPC_NAME = re.compile(r"[0-9a-z_.-]+")  # grpc: doc/PROTOCOL-HTTP2.md, "Header-Name"
# What a request's own body decides; any other value breaks it.
_FRAMING = frozenset({
    "connection", "content-encoding", "content-length", "content-type", "expect", "te", "trailer",
    "transfer-encoding", "upgrade",
})  # fmt: skip
_TOKEN = re.compile(r"[!#-'*+\-.0-9A-Z^-z|~]+")  # RFC 9110, 5.6.2
_HOST_PORT = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^\[\]/:@]+):[0-9]+")
_HEADER = re.compile(r"([!#-'*+\-.0-9A-Z^-z|~]+)[ \t]*=[ \t]*([ !#-+\--:<-\[\]-~]*)")


class EndpointError(UsageError):
    """Variables that cannot be meant; the message is one sentence and shows no header."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A collector and how to speak to it. `timeout` is seconds; the last three are file names.

    `target` is a URL for HTTP; for gRPC it is what gRPC calls a target, mostly `host:port`. `proxy`
    is the URL of one, empty for none.
    """

    protocol: Protocol
    target: str
    proxy: str = field(repr=False)  # it may hold a password
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
        own, general = (environ.get(f"{PREFIX}{each}{name}", "") for each in ("TRACES_", ""))
        return own.strip() or general.strip() or None  # `echo` into a Secret adds a newline

    protocol = get("PROTOCOL") or "grpc"
    if protocol not in _COMPRESSIONS:
        raise EndpointError(f"{PREFIX}PROTOCOL is {protocol}; it may be grpc or http/protobuf")
    compression = (get("COMPRESSION") or "none").lower()
    if compression not in _COMPRESSIONS[protocol]:
        known = " or ".join(_COMPRESSIONS[protocol])
        raise EndpointError(
            f"{PREFIX}COMPRESSION is {compression}; with {protocol} it may be {known}"
        )
    url, is_grpc = get("ENDPOINT") or "", protocol == "grpc"
    headers = _headers(get("HEADERS") or "", is_grpc=is_grpc)
    target = _grpc_target(_checked(url)) if is_grpc else _checked(_http_url(environ))
    if not is_grpc:
        target, headers = _without_login(target, headers)
    return Endpoint(
        protocol=cast(Protocol, protocol),
        target=target,
        proxy=_proxy(target, environ, is_grpc=is_grpc),
        insecure=_is_insecure(url, get("INSECURE")) if is_grpc else False,
        headers=tuple(headers.items()),
        timeout=_seconds(get("TIMEOUT")),
        compression=cast(Compression, compression),
        certificate=get("CERTIFICATE"),
        client_key=get("CLIENT_KEY"),
        client_certificate=get("CLIENT_CERTIFICATE"),
    )


def _checked(url: str) -> str:
    """A URL or target as it is. Raises EndpointError where it has no host, or a port that is none.

    A gRPC target may have another scheme, as `unix:`, and need not be like a URL.
    """
    try:
        parts = urlsplit(url)
        is_whole = parts.scheme not in ("http", "https") or bool(parts.hostname)
        _ = parts.port if parts.netloc else None
    except ValueError as error:
        raise EndpointError(f"{PREFIX}ENDPOINT is no URL: {error}") from None
    if not is_whole:
        raise EndpointError(f"{PREFIX}ENDPOINT names no host; it is like http://collector:4317")
    return url


def _grpc_target(url: str) -> str:
    netloc = urlsplit(url).netloc
    if "@" in netloc:
        raise EndpointError(f"{PREFIX}ENDPOINT has a login, which gRPC takes from _HEADERS alone")
    return netloc or url or "localhost:4317"


def _is_insecure(url: str, insecure: str | None) -> bool:
    scheme = urlsplit(url).scheme if url else "http"
    if scheme == "https":
        return False
    return insecure.lower() == "true" if insecure else scheme == "http"


def _http_url(environ: Mapping[str, str]) -> str:
    # Only the general variable is a base to which the signal's path is added.
    base = environ.get(f"{PREFIX}ENDPOINT", "").strip() or "http://localhost:4318"
    own = environ.get(f"{PREFIX}TRACES_ENDPOINT", "").strip()
    url = own or f"{_checked(base).removesuffix('/')}/v1/traces"
    if not url.startswith(("http://", "https://")):
        raise EndpointError(
            f"{PREFIX}ENDPOINT is {url}; over HTTP it begins with http:// or https://"
        )
    return url


def _without_login(url: str, headers: dict[str, str]) -> tuple[str, dict[str, str]]:
    """The login of a URL as a header, unless one is given, as Go has it (net/http, client.go).

    aiohttp takes both for a mistake of whoever calls it (ValueError, client.py of 3.14).
    """
    parts = urlsplit(url)
    if "@" not in parts.netloc:
        return url, headers
    login = f"{unquote(parts.username or '')}:{unquote(parts.password or '')}"
    basic = {"authorization": f"Basic {b64encode(login.encode()).decode()}"}
    bare = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
    return bare, basic | headers


def _proxy(target: str, environ: Mapping[str, str], *, is_grpc: bool) -> str:
    """The proxy on the way. gRPC's is that of https://, as it needs a tunnel in any case."""
    try:
        if not is_grpc:
            return Proxies.of(environ).proxy_for(target)
        if not _HOST_PORT.fullmatch(target):
            return ""  # a socket of this machine, say
        proxy = Proxies.of(environ).proxy_for(f"https://{target}")
    except ProxyError as error:
        raise EndpointError(str(error)) from None
    if proxy.startswith("https://"):
        raise EndpointError("gRPC reaches no proxy by TLS (HTTPS_PROXY); name it by http://")
    return proxy


def _headers(text: str, *, is_grpc: bool) -> dict[str, str]:
    """Headers of "name=value,name=value". No error shows one, for it may hold a token."""
    parts = [part.strip() for part in text.split(",") if part.strip()]
    headers = {}
    for number, part in enumerate(parts, start=1):
        match = _HEADER.fullmatch(part)
        if not match:
            raise EndpointError(f"{PREFIX}HEADERS: entry {number} is not like name=value")
        # A value with a space is not percent-encoded, and is taken as it is.
        name, value = match.groups() if " " in match[2] else map(unquote, match.groups())
        name, value = name.strip().lower(), value.strip()
        has_name = bool(_GRPC_NAME.fullmatch(name)) if is_grpc else _is_token(name)
        if not has_name or not value.isascii() or not value.isprintable():
            raise EndpointError(
                f"{PREFIX}HEADERS: entry {number} has a character that none may have"
            )
        if name in _FRAMING:
            raise EndpointError(f"{PREFIX}HEADERS: {name} cannot be set; every request has its own")
        headers[name] = value
    return headers


def _is_token(name: str) -> bool:
    return bool(_TOKEN.fullmatch(name))


def _seconds(text: str | None) -> float:
    # Seconds, as in every exporter for Python, though the specification says milliseconds
    # (opentelemetry-python issue 4044).
    try:
        seconds = float(text) if text else _TIMEOUT
    except ValueError:
        seconds = -1
    if not 0 < seconds < math.inf:
        raise EndpointError(f"{PREFIX}TIMEOUT is {text}; it is a number of seconds")
    return seconds
