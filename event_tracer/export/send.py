"""A finite number of traces to a back end, one request after the other."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial

from event_tracer.core.span import Span
from event_tracer.export.delivery import Answer, Delivery, ExportError
from event_tracer.runtime.backoff import Backoff

_FIRST_PAUSE, _LONGEST_PAUSE = 0.25, 30.0  # seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """The number of spans that were rejected, and what the back end said beside taking them."""

    rejected: int = 0
    warning: str = ""


async def send_all(
    traces: Iterable[Sequence[Span]],
    delivery: Delivery,
    *,
    target: str,
    patience: float,
    on_wait: Callable[[str], None],
) -> Sent:
    """Deliver every trace to `target`, in parts where it is too large for one request.

    A request that may succeed later is repeated for `patience` seconds; `on_wait` takes the reason
    before each pause. Raises ExportError where that is over, and where one is refused.
    """
    deliver = partial(
        _deliver, delivery=delivery, target=target, patience=patience, on_wait=on_wait
    )
    rejected, warning = 0, ""
    for spans in traces:
        parts = [spans]
        while parts:
            part = parts.pop()
            answer = await deliver(part)
            if answer.too_large:
                middle = len(part) // 2
                parts += [part[middle:], part[:middle]]  # the first half is the next
            rejected += answer.rejected
            warning = (answer.accepted and answer.reason) or warning
    return Sent(rejected=rejected, warning=warning)


async def _deliver(
    spans: Sequence[Span],
    *,
    delivery: Delivery,
    target: str,
    patience: float,
    on_wait: Callable[[str], None],
) -> Answer:
    clock = asyncio.get_running_loop().time
    begun, backoff = clock(), Backoff(first=_FIRST_PAUSE, longest=_LONGEST_PAUSE)
    while True:
        answer = await delivery.deliver(spans)
        if answer.accepted or answer.too_large:
            return answer
        if not answer.retryable:
            raise ExportError(f"{target} refused: {answer.reason}")
        pause = backoff.pause(after=answer.after)
        if clock() - begun + pause > patience:
            limit = f" within {patience:g} s" if patience else ""
            raise ExportError(f"{target} took nothing{limit}: {answer.reason}")
        on_wait(answer.reason)
        await asyncio.sleep(pause)
