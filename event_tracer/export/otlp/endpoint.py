"""The endpoint for OTLP, by the standard OTEL_EXPORTER_OTLP_* variables.

A variable of the signal (OTEL_EXPORTER_OTLP_TRACES_*) wins over the general one; an empty one
counts as unset (OpenTelemetry specification, "Configuration Options").
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, cast
from urllib.parse import SplitResult, unquote, urlsplit

from event_tracer import UsageError
from event_tracer.runtime.proxies import Proxies, ProxyError
from event_tracer.runtime.urls import login_of, parts_of, without_login

PREFIX = "OTEL_EXPORTER_OTLP_"
HINT = f"{PREFIX}ENDPOINT and _PROTOCOL say where and how"
"""For people, after the reason why an endpoint takes nothing."""
Protocol = Literal["grpc", "http/protobuf"]
Compression = Literal["none", "gzip", "deflate"]
_COMPRESSIONS = {"grpc": ("none", "gzip"), "http/protobuf": ("none", "gzip", "deflate")}
_TIMEOUT = 10.0
_ODD_TIMEOUT = 300.0  # seconds
_OWN_PATH = "/v1/traces"
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
_OTHER_TARGET = re.compile(r"[a-z][a-z0-9+.-]*:[^@\s]+")  # gRPC's naming.md: dns:, unix:, ipv4:, …
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
        head, slash, path = rest.partition("?")[0].partition("/")  # a query may hold a key
        return f"{scheme}{mark}{head.rpartition('@')[2]}{slash}{path} ({name})"  # no password


@dataclass(frozen=True, slots=True)
class _Variables:
    environ: Mapping[str, str]

    def name(self, word: str) -> str:
        """The variable that counts, the general one where neither is set."""
        own = f"{PREFIX}TRACES_{word}"
        return own if self.environ.get(own, "").strip() else f"{PREFIX}{word}"

    def get(self, word: str) -> str | None:
        """Its value; None where it is empty."""
        # `echo` into a Secret adds a newline
        return self.environ.get(self.name(word), "").strip() or None

    def file(self, word: str) -> str | None:
        """A file's name. Raises EndpointError for what would be in it, without a word of that."""
        name = self.get(word)
        if name and "-----BEGIN" in name:
            raise EndpointError(f"{self.name(word)} is no file's name, but what would be in one")
        return name


def resolve(environ: Mapping[str, str]) -> Endpoint:
    """The endpoint for traces. Raises EndpointError for a value that cannot be."""
    said = _Variables(environ)
    protocol = said.get("PROTOCOL") or "grpc"
    if protocol not in _COMPRESSIONS:
        raise EndpointError(
            f"{said.name('PROTOCOL')} is {protocol}; it may be grpc or http/protobuf"
        )
    compression = (said.get("COMPRESSION") or "none").lower()
    if compression not in _COMPRESSIONS[protocol]:
        known = " or ".join(_COMPRESSIONS[protocol])
        raise EndpointError(
            f"{said.name('COMPRESSION')} is {compression}; with {protocol} it may be {known}"
        )
    is_grpc = protocol == "grpc"
    headers = _headers(said.get("HEADERS") or "", is_grpc=is_grpc, named=said.name("HEADERS"))
    target = _grpc_target(said) if is_grpc else _http_url(said)
    if not is_grpc:
        target, headers = _without_login(target, headers)
    return Endpoint(
        protocol=cast(Protocol, protocol),
        target=target,
        proxy=_proxy(target, environ, is_grpc=is_grpc),
        insecure=_is_insecure(said) if is_grpc else False,
        headers=tuple(headers.items()),
        timeout=_seconds(said),
        compression=cast(Compression, compression),
        certificate=said.file("CERTIFICATE"),
        client_key=said.file("CLIENT_KEY"),
        client_certificate=said.file("CLIENT_CERTIFICATE"),
    )


def _parts(said: _Variables, url: str) -> SplitResult:
    """Raises EndpointError where the host is none, or the port."""
    name = said.name("ENDPOINT")
    try:
        parts = parts_of(url)
    except ValueError as error:
        raise EndpointError(f"{name} is no URL: {error}") from None
    if parts.scheme in ("http", "https") and not parts.hostname:
        raise EndpointError(f"{name} names no host; it is like http://collector:4317")
    return parts


def _grpc_target(said: _Variables) -> str:
    """`host:port` of a URL, or a target as gRPC knows them: `unix:`, `dns:`."""
    url = said.get("ENDPOINT") or "localhost:4317"
    netloc = _parts(said, url).netloc
    if "@" in (netloc or url):
        raise EndpointError(
            f"{said.name('ENDPOINT')} has a login, which gRPC takes from _HEADERS alone"
        )
    if not netloc and not (_OTHER_TARGET.fullmatch(url) or _is_host(url)):
        raise EndpointError(f"{said.name('ENDPOINT')} is no URL; it is like http://collector:4317")
    return netloc or url


def _is_host(url: str) -> bool:
    try:
        return bool(parts_of(f"//{url}").hostname)
    except ValueError:
        return False


def _is_insecure(said: _Variables) -> bool:
    url, insecure = said.get("ENDPOINT"), said.get("INSECURE")
    scheme = urlsplit(url).scheme if url else "http"
    if scheme == "https":
        return False
    # A socket of this machine has no TLS unless that is said (Go's otlptracegrpc, envconfig.go).
    return insecure.lower() == "true" if insecure else scheme in ("http", "unix", "unix-abstract")


def _http_url(said: _Variables) -> str:
    # Only the general variable is a base to which the signal's path is added.
    url = said.get("ENDPOINT") or "http://localhost:4318"
    parts = _parts(said, url)
    if parts.scheme not in ("http", "https"):
        shown = f"{said.name('ENDPOINT')} is {url}" if "@" not in url else said.name("ENDPOINT")
        raise EndpointError(f"{shown}; over HTTP it begins with http:// or https://")
    url = parts.geturl()
    is_base = said.name("ENDPOINT") == f"{PREFIX}ENDPOINT"
    if is_base and (parts.query or parts.fragment):
        raise EndpointError(f"{PREFIX}ENDPOINT has a query; {PREFIX}TRACES_ENDPOINT may have one")
    return f"{url.removesuffix('/')}{_OWN_PATH}" if is_base else url


def _without_login(url: str, headers: dict[str, str]) -> tuple[str, dict[str, str]]:
    """The login of a URL as a header, unless one is given, as Go has it (net/http, client.go).

    aiohttp takes both for a mistake of whoever calls it (ValueError, client.py of 3.14).
    """
    parts = urlsplit(url)
    login = login_of(parts)
    return (without_login(parts), {"authorization": login} | headers) if login else (url, headers)


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


def _headers(text: str, *, is_grpc: bool, named: str) -> dict[str, str]:
    """Headers of "name=value,name=value". No error shows one, for it may hold a token."""
    parts = [part.strip() for part in text.split(",") if part.strip()]
    headers = {}
    for number, part in enumerate(parts, start=1):
        match = _HEADER.fullmatch(part)
        if not match:
            raise EndpointError(f"{named}: entry {number} is not like name=value")
        # A value with a space is not percent-encoded, and is taken as it is.
        name, value = match.groups() if " " in match[2] else map(unquote, match.groups())
        name, value = name.strip().lower(), value.strip()
        has_name = bool(_GRPC_NAME.fullmatch(name)) if is_grpc else _is_token(name)
        if not has_name or not value.isascii() or not value.isprintable():
            raise EndpointError(f"{named}: entry {number} has a character that none may have")
        if name in _FRAMING:
            raise EndpointError(f"{named}: {name} cannot be set; every request has its own")
        headers[name] = value
    return headers


def _is_token(name: str) -> bool:
    return bool(_TOKEN.fullmatch(name))


def _seconds(said: _Variables) -> float:
    # Seconds, as in every exporter for Python, though the specification says milliseconds
    # (opentelemetry-python issue 4044).
    text = said.get("TIMEOUT")
    try:
        seconds = float(text) if text else _TIMEOUT
    except ValueError:
        seconds = -1
    if not 0 < seconds < math.inf:
        raise EndpointError(f"{said.name('TIMEOUT')} is {text}; it is a number of seconds")
    return seconds


def odd_timeout(seconds: float) -> str:
    """What to say of a timeout that was meant in milliseconds, likely; empty for a plain one."""
    if seconds <= _ODD_TIMEOUT:
        return ""
    return f"{PREFIX}TIMEOUT is {seconds:g} seconds, for seconds it is, as in the SDK for Python"


def path_advice(target: str) -> str:
    """What may be wrong with the path of a URL that takes no traces; empty for nothing."""
    path = urlsplit(target).path.rstrip("/")
    if path.endswith((2 * _OWN_PATH, f"/v1{_OWN_PATH}")):
        return f"{PREFIX}ENDPOINT is without {_OWN_PATH}, which is added to it"
    if not path.endswith(_OWN_PATH):
        return f"nothing is added to {PREFIX}TRACES_ENDPOINT, which mostly ends in {_OWN_PATH}"
    return ""
