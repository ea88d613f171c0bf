"""OTLP over gRPC."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
from google.protobuf.message import DecodeError
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from event_tracer.export.delivery import Answer
from event_tracer.export.otlp.endpoint import Endpoint
from event_tracer.export.otlp.sender import acknowledged

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
)
# A middlebox may forget a connection and tell nobody. Pings would find out, but servers may take
# them for abuse: too_many_pings (gRFC A8).
_MOST_DEADLINES = 2  # in a row
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
        self._endpoint = endpoint
        self._line = _line(endpoint)
        self._closing: set[asyncio.Task[None]] = set()

    async def send(self, request: bytes) -> Answer:
        """Send one ExportTraceServiceRequest, once."""
        line = self._line
        try:
            response = await line.export(
                request, timeout=self._endpoint.timeout, metadata=self._endpoint.headers
            )
        except grpc.aio.AioRpcError as error:
            self._failed(line, error.code())
            return _failure(error, size=len(request))
        line.deadlines = 0
        return acknowledged(response)

    async def close(self) -> None:
        """Let go of the connection."""
        for task in self._closing:
            task.cancel()
        await asyncio.gather(*self._closing, return_exceptions=True)
        await self._line.channel.close(grace=None)

    def _failed(self, line: _Line, code: grpc.StatusCode) -> None:
        is_late = code is grpc.StatusCode.DEADLINE_EXCEEDED
        line.deadlines = line.deadlines + 1 if is_late else 0
        if line is self._line and line.is_dead:
            with suppress(OSError):  # a certificate that is gone from the disk: the old one goes on
                self._replace(line)

    def _replace(self, line: _Line) -> None:
        self._line = _line(self._endpoint)
        # What is under way on the old one has its own deadline.
        task = asyncio.create_task(line.channel.close(grace=self._endpoint.timeout))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)


def _line(endpoint: Endpoint) -> _Line:
    channel = _channel(endpoint)
    export = channel.unary_unary(
        _METHOD,
        request_serializer=None,  # it is bytes already
        response_deserializer=ExportTraceServiceResponse.FromString,
    )
    return _Line(channel, export)


def _channel(endpoint: Endpoint) -> grpc.aio.Channel:
    compression = _COMPRESSION[endpoint.compression]
    if endpoint.insecure:
        return grpc.aio.insecure_channel(endpoint.target, _OPTIONS, compression)
    if bool(endpoint.client_key) != bool(endpoint.client_certificate):
        # gRPC would abort the process (grpc_tls_certificate_distributor.cc, grpcio 1.85).
        raise OSError("over gRPC a client's key and certificate need each other")
    credentials = grpc.ssl_channel_credentials(
        root_certificates=_read(endpoint.certificate),
        private_key=_read(endpoint.client_key),
        certificate_chain=_read(endpoint.client_certificate),
    )
    return grpc.aio.secure_channel(endpoint.target, credentials, _OPTIONS, compression)


def _read(name: str | None) -> bytes | None:
    return Path(name).read_bytes() if name else None


def _failure(error: grpc.aio.AioRpcError, *, size: int) -> Answer:
    after = _retry_after(error)
    code = error.code()
    details = " ".join((error.details() or "").split())
    if "last error: " in details:  # gRPC's own account of every address it tried
        details = details.rpartition(": ")[2]
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
