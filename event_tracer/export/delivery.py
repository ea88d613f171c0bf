"""What every way to reach a collector has in common."""

from dataclasses import dataclass
from typing import Protocol

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came of one request.

    Not accepted: `retryable` tells whether the same request may succeed later, `after` the
    seconds to wait for that, where the collector asked for it; `refused` that what is in it will
    never be taken: it is invalid or too large. Neither: something is wrong with the address or
    the credentials. Accepted: it may all the same have `rejected` some spans, or said something
    in `reason`.
    """

    accepted: bool
    retryable: bool = False
    refused: bool = False
    after: float | None = None
    rejected: int = 0
    reason: str = ""


def acknowledged(response: ExportTraceServiceResponse) -> Answer:
    """What a collector that took the request says of it."""
    partial = response.partial_success
    rejected = max(0, partial.rejected_spans)
    return Answer(accepted=True, rejected=rejected, reason=partial.error_message)


class Sender(Protocol):
    """One way to reach a collector."""

    async def send(self, request: bytes) -> Answer:
        """Send one ExportTraceServiceRequest, once."""

    async def close(self) -> None:
        """Let go of the connection."""
