"""Spans to an OTLP endpoint, with the collector's answer read as the specification says.

OTLPSpanExporter takes partial_success and a redirect for success, and tells a refused batch and
an absent collector alike (opentelemetry-exporter-otlp 1.45), hence our own.
"""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from event_tracer.core.span import Span
from event_tracer.encoding import encode
from event_tracer.endpoint import Endpoint
from event_tracer.otlp_grpc import GrpcSender
from event_tracer.otlp_http import HttpSender
from event_tracer.sender import Answer, Sender

MOST_SPANS = 512
MOST_BYTES = 3 << 20
"""Below the 4 MiB that a gRPC server takes by default."""
_FIRST_WAIT, _LONGEST_WAIT = 0.25, 30.0


class ExportError(Exception):
    """Spans that did not arrive; the message is a sentence for whoever sent them."""


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


def requests(spans: Sequence[Span]) -> Iterator[tuple[int, bytes]]:
    """Spans → encoded requests and how many spans each has, bounded by count and bytes."""
    for start in range(0, len(spans), MOST_SPANS):
        yield from _halved(spans[start : start + MOST_SPANS])


def _halved(spans: Sequence[Span]) -> Iterator[tuple[int, bytes]]:
    body = encode(spans).SerializeToString()
    if len(body) <= MOST_BYTES or len(spans) == 1:
        yield len(spans), body
        return
    middle = len(spans) // 2
    yield from _halved(spans[:middle])
    yield from _halved(spans[middle:])


@dataclass(slots=True)
class Sent:
    """How many spans did not stay, and what the collector said without refusing a request."""

    rejected: int = 0
    warning: str = ""


async def send_all(
    traces: Iterable[Sequence[Span]], *, endpoint: Endpoint, on_wait: Callable[[str], None]
) -> Sent:
    """Send every trace, one request after the other.

    `on_wait` is told why, when the collector makes us wait. Raises ExportError when it refuses
    a request, or has taken none for the endpoint's timeout.
    """
    sent = Sent()
    async with connect(endpoint) as sender:
        for spans in traces:
            for _, body in requests(spans):
                answer = await _deliver(sender, body, endpoint=endpoint, on_wait=on_wait)
                sent.rejected += answer.rejected
                sent.warning = answer.reason or sent.warning
    return sent


async def _deliver(
    sender: Sender, body: bytes, *, endpoint: Endpoint, on_wait: Callable[[str], None]
) -> Answer:
    begun, wait = time.monotonic(), _FIRST_WAIT
    while True:
        answer = await sender.send(body)
        if answer.accepted:
            return answer
        if not answer.retryable:
            raise ExportError(f"the collector at {endpoint} refused: {answer.reason}")
        pause = answer.after if answer.after is not None else wait * random.uniform(0.8, 1.2)
        if time.monotonic() - begun + pause > endpoint.timeout:
            raise ExportError(
                f"no collector took the spans at {endpoint} within {endpoint.timeout:g} s: "
                f"{answer.reason}; OTEL_EXPORTER_OTLP_ENDPOINT and _PROTOCOL say where and how"
            )
        on_wait(answer.reason)
        await asyncio.sleep(pause)
        wait = min(wait * 2, _LONGEST_WAIT)
