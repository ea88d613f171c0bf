"""OTLP over HTTP, as binary protobuf."""

import gzip
import io
import os
import zlib
from contextlib import suppress

import aiohttp
from aiohttp.http import HttpProcessingError
from google.protobuf.message import DecodeError
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from event_tracer import __version__
from event_tracer.export.delivery import Answer
from event_tracer.export.otlp.certificates import CertificateFiles, demand_pair, tls_trouble
from event_tracer.export.otlp.endpoint import Endpoint, path_advice
from event_tracer.export.otlp.sender import acknowledged
from event_tracer.runtime.backoff import retry_after
from event_tracer.runtime.http_trouble import (
    is_of_proxy,
    through,
    tls_error,
    trouble,
)
from event_tracer.runtime.proxies import for_aiohttp

# OTLP specification, "Retryable Response Codes"
_RETRYABLE = frozenset({429, 502, 503, 504})
# The content: too large, or invalid, which a collector says in a Status and nobody else: a server
# of HTTPS answers 400 to all that comes without TLS (Go's net/http).
_TOO_LARGE, _INVALID = 413, frozenset({400, 422})
_NO_PATH = (404, 405)
_LONGEST_ANSWER = 64 * 1024
_PROTOBUF = "application/x-protobuf"
_STATUS_TYPES = (_PROTOBUF, "application/json")


class HttpSender:
    """Sends to one URL. Raises OSError where a certificate cannot be read."""

    def __init__(self, endpoint: Endpoint) -> None:
        demand_pair(endpoint)
        self._endpoint = endpoint
        self._files = CertificateFiles(endpoint) if endpoint.target.startswith("https") else None
        self._session: aiohttp.ClientSession | None = None

    async def send(self, request: bytes) -> Answer:
        """Send one ExportTraceServiceRequest, once."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=self._endpoint.timeout),
                # It would choose proxies otherwise than Go, and send what ~/.netrc says of the
                # collector as a login (aiohttp 3.14, client.py).
                trust_env=False,
            )
        if self._files:
            self._files.refresh()
        proxy, proxy_headers = for_aiohttp(self._endpoint.proxy)
        try:
            async with self._session.post(
                self._endpoint.target,
                # Of a session, aiohttp would tell them the proxy as well (3.14, client.py).
                headers=_headers(self._endpoint),
                data=io.BytesIO(_compress(request, self._endpoint.compression)),
                allow_redirects=False,
                ssl=self._files.current.context if self._files else True,
                proxy=proxy,
                proxy_headers=proxy_headers,
            ) as response:
                return _read(response, await _body(response))
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            reason = through(_why(error, proxy=proxy), proxy)
            return Answer(accepted=False, retryable=True, reason=reason)

    async def close(self) -> None:
        """Let go of the connection."""
        if self._session:
            await self._session.close()


def _headers(endpoint: Endpoint) -> dict[str, str]:
    headers = {"content-type": _PROTOBUF, "user-agent": f"event-tracer/{__version__}"}
    if endpoint.compression != "none":
        headers["content-encoding"] = endpoint.compression
    return headers | dict(endpoint.headers)


def _compress(body: bytes, compression: str) -> bytes:
    if compression == "gzip":
        return gzip.compress(body, compresslevel=1)
    return zlib.compress(body) if compression == "deflate" else body


def _why(error: Exception, *, proxy: str | None) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if found := tls_error(error):
        return tls_trouble(str(found), is_of_proxy=is_of_proxy(error, proxy))
    if told := trouble(error):
        return told
    if isinstance(error.__cause__, HttpProcessingError):
        return "what answers is no HTTP; for gRPC OTEL_EXPORTER_OTLP_PROTOCOL is grpc"
    is_reset = isinstance(error.__cause__, ConnectionResetError)
    if is_reset or isinstance(error, aiohttp.ServerDisconnectedError):
        return "it closed the connection; perhaps it wants TLS (https://) or a client's certificate"
    number = error.os_error.errno if isinstance(error, aiohttp.ClientConnectorError) else None
    if number and number > 0:  # else it is getaddrinfo's
        return os.strerror(number)
    return str(error) or type(error).__name__


async def _body(response: aiohttp.ClientResponse) -> bytes:
    body = b""
    while len(body) < _LONGEST_ANSWER and (part := await response.content.readany()):
        body += part
    return body[:_LONGEST_ANSWER]


def _read(response: aiohttp.ClientResponse, body: bytes) -> Answer:
    status = response.status
    if 200 <= status < 300:  # the specification says 200; some back ends say 202 or 204
        return _accepted(response, body)
    if 300 <= status < 400:
        to = response.headers.get("location", "nowhere")
        return Answer(accepted=False, reason=f"it redirects ({status}) to {to}")
    reason = f"{status} {response.reason or ''}{_message(response, body)}".strip()
    if status in _NO_PATH and (advice := path_advice(str(response.url))):
        reason += f"; {advice}"
    return Answer(
        accepted=False,
        retryable=status in _RETRYABLE,
        refused=status == _TOO_LARGE
        or (status in _INVALID and response.content_type in _STATUS_TYPES),
        after=retry_after(response.headers.get("retry-after")),
        reason=reason,
    )


def _accepted(response: aiohttp.ClientResponse, body: bytes) -> Answer:
    # A proxy's or a portal's page is no acknowledgement, whatever its status.
    if response.content_type == "text/html":
        return Answer(accepted=False, reason="it answered with a web page, so it is no collector")
    try:
        return acknowledged(ExportTraceServiceResponse.FromString(body))
    except DecodeError:
        return Answer(accepted=True)  # the body may be JSON or empty, the status says it all


def _message(response: aiohttp.ClientResponse, body: bytes) -> str:
    text = ""
    if response.content_type == _PROTOBUF:
        with suppress(DecodeError):
            text = Status.FromString(body).message
    elif response.content_type in ("text/plain", "application/json"):
        text = " ".join(body[:200].decode("utf-8", "replace").split())
    return f": {text}" if text else ""
