"""OTLP over gRPC."""

import asyncio
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import grpc
from google.protobuf.message import DecodeError
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from event_tracer.export.delivery import Answer
from event_tracer.export.otlp.certificates import CertificateFiles, demand_pair, tls_trouble
from event_tracer.export.otlp.endpoint import Endpoint
from event_tracer.export.otlp.sender import acknowledged
from event_tracer.runtime.urls import login_of, place_of

_METHOD = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
_COMPRESSION = {"none": grpc.Compression.NoCompression, "gzip": grpc.Compression.Gzip}
# OTLP specification, "Failures": these, and RESOURCE_EXHAUSTED where RetryInfo comes with it.
_RETRYABLE = frozenset({
    grpc.StatusCode.CANCELLED, grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.ABORTED,
    grpc.StatusCode.OUT_OF_RANGE, grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DATA_LOSS,
})  # fmt: skip

_OPTIONS = (
    # gRPC's own pause between two connections grows to two minutes (connection-backoff.md).
    ("grpc.max_reconnect_backoff_ms", 10_000),
    # Channels of a process share connections (global_subchannel_pool.h): a new one would get the
    # old one's.
    ("grpc.use_local_subchannel_pool", 1),
    # gRPC measures how much it could receive by a ping for each answer (chttp2's BDP estimator),
    # and an answer has a few bytes: a third of a request's wake-ups of threads.
    ("grpc.http2.bdp_probe", 0),
    # A channel that is idle for half an hour would close. The timer for that wakes threads up each
    # second (event_engine/posix_engine/timer.cc), which is half of what gRPC takes at rest.
    ("grpc.client_idle_timeout_ms", 2**31 - 1),
)
# A middlebox may forget a connection and tell nobody. Pings would find out, but servers may take
# them for abuse: too_many_pings (gRFC A8).
_MOST_DEADLINES = 2  # in a row
# As long as there is a channel, idle threads of gRPC wake up ten times a second (its event engine's
# work_stealing_thread_pool.cc): 0.5 ms of CPU a second, where a new connection takes 1.3 ms once.
_IDLE = 5.0  # seconds
_ADDRESS = re.compile(r"^[A-Z_]+: (ipv[46]|unix):\S*: ")  # "UNKNOWN: ipv4:10.0.0.1:4317: "
_SMALL = 64 * 1024  # bytes that no server finds too large


@dataclass(slots=True, eq=False)
class _Line:
    """A channel, and how many requests in a row it has left without an answer."""

    channel: grpc.aio.Channel
    export: Any
    deadlines: int = 0

    @property
    def is_dead(self) -> bool:
        """It seems to be connected, and nobody answers."""
        if self.deadlines < _MOST_DEADLINES:
            return False
        return self.channel.get_state() is grpc.ChannelConnectivity.READY


class GrpcSender:
    """Sends to one gRPC target. Raises OSError where a certificate cannot be read."""

    def __init__(self, endpoint: Endpoint) -> None:
        demand_pair(endpoint)
        self._endpoint = endpoint
        self._metadata = tuple(_metadata(endpoint))
        self._files = None if endpoint.insecure else CertificateFiles(endpoint)
        self._line: _Line | None = None
        self._under_way = 0
        self._idle: asyncio.TimerHandle | None = None
        self._closing: set[asyncio.Task[None]] = set()

    async def send(self, request: bytes) -> Answer:
        """Send one ExportTraceServiceRequest, once."""
        if self._idle:
            self._idle.cancel()
        self._under_way += 1
        try:
            return await self._export(request)
        finally:
            self._under_way -= 1
            if not self._under_way:
                self._idle = asyncio.get_running_loop().call_later(_IDLE, self._leave)

    async def close(self) -> None:
        """Let go of the connection."""
        if self._idle:
            self._idle.cancel()
        for task in self._closing:
            task.cancel()
        await asyncio.gather(*self._closing, return_exceptions=True)
        if self._line:
            await self._line.channel.close(grace=None)

    async def _export(self, request: bytes) -> Answer:
        if self._files and self._files.refresh():
            self._leave()
        line = self._line = self._line or self._new_line()
        try:
            response = await line.export(
                request, timeout=self._endpoint.timeout, metadata=self._metadata
            )
        except grpc.aio.AioRpcError as error:
            self._failed(line, error.code())
            return _failure(error, size=len(request), through=self._endpoint.proxy)
        line.deadlines = 0
        return acknowledged(response)

    def _failed(self, line: _Line, code: grpc.StatusCode) -> None:
        is_late = code is grpc.StatusCode.DEADLINE_EXCEEDED
        line.deadlines = line.deadlines + 1 if is_late else 0
        if line is self._line and line.is_dead:
            self._leave()

    def _leave(self) -> None:
        """Let the next request have a connection of its own."""
        line, self._line = self._line, None
        if line is None:
            return
        # What is under way on it has its own deadline.
        task = asyncio.create_task(line.channel.close(grace=self._endpoint.timeout))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    def _new_line(self) -> _Line:
        channel = self._channel()
        export = channel.unary_unary(
            _METHOD,
            request_serializer=None,  # it is bytes already
            response_deserializer=ExportTraceServiceResponse.FromString,
        )
        return _Line(channel, export)

    def _channel(self) -> grpc.aio.Channel:
        compression = _COMPRESSION[self._endpoint.compression]
        address, options = _way(self._endpoint)
        if not self._files:
            return grpc.aio.insecure_channel(address, options, compression)
        files = self._files.current
        credentials = grpc.ssl_channel_credentials(files.authority, files.key, files.chain)
        return grpc.aio.secure_channel(address, credentials, options, compression)


def _way(endpoint: Endpoint) -> tuple[str, tuple[tuple[str, str | int], ...]]:
    """The address to connect to, and the options that lead from there to the target."""
    # gRPC's own choice of a proxy sends loopback through it, and has but suffixes for NO_PROXY
    # (http_proxy_mapper.cc, grpcio 1.85). These options are what it sets itself once it has chosen.
    options = (*_OPTIONS, ("grpc.enable_http_proxy", 0))
    if not endpoint.proxy:
        return endpoint.target, options
    proxy, target = urlsplit(endpoint.proxy), endpoint.target
    host = target.rpartition(":")[0].strip("[]")
    through: tuple[tuple[str, str | int], ...] = (
        ("grpc.http_connect_server", target),
        ("grpc.default_authority", target),
        ("grpc.ssl_target_name_override", host),
    )
    if login := login_of(proxy):
        through += (("grpc.http_connect_headers", f"Proxy-Authorization:{login}"),)
    address = place_of(proxy)
    return address if proxy.port else f"{address}:80", (*options, *through)


def _metadata(endpoint: Endpoint) -> Iterator[tuple[str, str | bytes]]:
    for name, value in endpoint.headers:
        yield name, value.encode() if name.endswith("-bin") else value


def _failure(error: grpc.aio.AioRpcError, *, size: int, through: str) -> Answer:
    after = _retry_after(error)
    code = error.code()
    details = _why(" ".join((error.details() or "").split()))
    if through and code is grpc.StatusCode.UNAVAILABLE:
        details = f"through the proxy {place_of(urlsplit(through))}: {details}"
    is_exhausted = code is grpc.StatusCode.RESOURCE_EXHAUSTED
    # Servers that limit a message's size say so by that code, too, without RetryInfo.
    is_too_large = is_exhausted and after is None and size > _SMALL
    return Answer(
        accepted=False,
        retryable=code in _RETRYABLE or (is_exhausted and after is not None),
        refused=code is grpc.StatusCode.INVALID_ARGUMENT or is_too_large,
        after=after,
        reason=f"{code.name}: {details}",
    )


def _why(details: str) -> str:
    """A status's words without gRPC's account of every address that it tried."""
    _, _, last = details.rpartition("last error: ")
    if not last or last == details:
        return details
    words = _ADDRESS.sub("", last).removesuffix(": OK")
    if "SSL_ERROR" in words:
        return tls_trouble(words.rpartition("OPENSSL_internal:")[2])
    if "Hostname Verification" in words:
        return "TLS: the server's certificate is for another name"
    if "handshaker" in words or "erification" in words:
        return f"TLS: {words}"
    if "Expected SETTINGS frame as the first frame" in words:
        return "what answers is no gRPC; for HTTP OTEL_EXPORTER_OTLP_PROTOCOL is http/protobuf"
    if words == "Socket closed":
        return f"{words}; perhaps it wants TLS (https://) or a client's certificate"
    return words.rpartition(": ")[2]


def _retry_after(error: grpc.aio.AioRpcError) -> float | None:
    metadata: Any = error.trailing_metadata()
    for key, value in metadata or ():
        if key == "grpc-status-details-bin":
            return _retry_delay(value)
    return None


def _retry_delay(status: bytes) -> float | None:
    info = RetryInfo()
    try:
        if any(detail.Unpack(info) for detail in Status.FromString(status).details):
            return float(info.retry_delay.seconds + info.retry_delay.nanos / 1e9)
    except DecodeError:
        return None
    return None
