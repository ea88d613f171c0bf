"""Spans to an OTLP endpoint, with the collector's answer read as the specification says.

OTLPSpanExporter takes partial_success and a redirect for success, and tells a refused batch and
an absent collector alike (opentelemetry-exporter-otlp 1.45), hence our own.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from event_tracer.core.span import Span
from event_tracer.export.delivery import Answer, ExportError
from event_tracer.export.otlp.encoding import encode
from event_tracer.export.otlp.endpoint import Endpoint
from event_tracer.export.otlp.grpc import GrpcSender
from event_tracer.export.otlp.http import HttpSender
from event_tracer.export.otlp.sender import Sender

MOST_SPANS = 512
MOST_BYTES = 3 << 20
"""Below the 4 MiB that a gRPC server takes by default."""


@asynccontextmanager
async def connect(endpoint: Endpoint) -> AsyncIterator[Sender]:
    """A sender for `endpoint`. Raises ExportError for a certificate that cannot be read."""
    try:
        sender = GrpcSender(endpoint) if endpoint.protocol == "grpc" else HttpSender(endpoint)
    except OSError as error:
        name = error.filename or "the certificate"
        raise ExportError(f"cannot use {name}: {error.strerror or error}") from None
    try:
        yield sender
    finally:
        await sender.close()


class Otlp:
    """Delivers batches over one sender."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    async def deliver(self, spans: Sequence[Span]) -> Answer:
        """Send `spans` as one request, once."""
        if len(spans) > MOST_SPANS:
            return _too_large(f"{len(spans):,} spans")
        body = encode(spans)
        if len(body) > MOST_BYTES and len(spans) > 1:
            return _too_large(f"{len(body):,} bytes")
        return await self._sender.send(body)


def _too_large(what: str) -> Answer:
    return Answer(accepted=False, refused=True, too_large=True, reason=f"too large: {what}")
