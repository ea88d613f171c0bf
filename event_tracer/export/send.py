"""A finite number of traces to an OTLP endpoint, one request after the other."""

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from event_tracer.core.span import Span
from event_tracer.export.delivery import Answer, Sender
from event_tracer.export.otlp.client import ExportError, connect, requests
from event_tracer.export.otlp.endpoint import Endpoint
from event_tracer.runtime.backoff import Backoff

_FIRST_PAUSE, _LONGEST_PAUSE = 0.25, 30.0  # seconds


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
    begun, backoff = time.monotonic(), Backoff(first=_FIRST_PAUSE, longest=_LONGEST_PAUSE)
    while True:
        answer = await sender.send(body)
        if answer.accepted:
            return answer
        if not answer.retryable:
            raise ExportError(f"the collector at {endpoint} refused: {answer.reason}")
        pause = backoff.pause(after=answer.after)
        if time.monotonic() - begun + pause > endpoint.timeout:
            raise ExportError(
                f"no collector took the spans at {endpoint} within {endpoint.timeout:g} s: "
                f"{answer.reason}; OTEL_EXPORTER_OTLP_ENDPOINT and _PROTOCOL say where and how"
            )
        on_wait(answer.reason)
        await asyncio.sleep(pause)
