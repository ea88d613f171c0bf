"""A back end as spans see it: the ways to it, and its answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from event_tracer import EventTracerError
from event_tracer.core.span import Span


class ExportError(EventTracerError):
    """Spans did not arrive; the message is a sentence for whoever sent them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The answer to one request.

    Not accepted: `retryable` tells whether the same request may succeed later, `after` the
    seconds to wait for that, where the collector asked for it; `refused` that what is in it will
    never be taken: it is invalid, or `too_large` to be sent, though its halves may not be.
    Neither: something is wrong with the address or the credentials. Accepted: it may all the same
    have `rejected` some spans, or said something in `reason`.
    """

    accepted: bool
    retryable: bool = False
    refused: bool = False
    too_large: bool = False
    after: float | None = None
    rejected: int = 0
    reason: str = ""


class Delivery(Protocol):
    """One way to a back end."""

    async def deliver(self, spans: Sequence[Span]) -> Answer:
        """Hand over a batch, once. Whatever goes wrong is an Answer: an exception ends the run."""
