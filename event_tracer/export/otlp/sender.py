"""A way to reach a collector, and its answer as a response of OTLP states it."""

from typing import Protocol

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from event_tracer.export.delivery import Answer


def acknowledged(response: ExportTraceServiceResponse) -> Answer:
    """The answer of a collector that took the request."""
    partial = response.partial_success
    rejected = max(0, partial.rejected_spans)
    return Answer(accepted=True, rejected=rejected, reason=partial.error_message)


class Sender(Protocol):
    """One way to reach a collector."""

    async def send(self, request: bytes) -> Answer:
        """Send one ExportTraceServiceRequest, once."""

    async def close(self) -> None:
        """Let go of the connection."""
