"""Law 9: what waits for the checkpoint waits for two seconds at most, however large that is."""

import asyncio
import random
from collections.abc import Sequence
from itertools import pairwise

from event_tracer.core.span import Span
from event_tracer.export.delivery import Answer
from event_tracer.pipeline.checkpoint import MAX_BYTES, Checkpoint
from event_tracer.pipeline.outbox import Outbox
from event_tracer.runtime.metrics import NullMetrics
from tests.doubles.virtual_time import run

_WRITE = 0.2  # seconds: 700 KiB to an API server that is not quick


class SlowStore:
    """Takes its time, and remembers how much was written when (the loop's time)."""

    def __init__(self) -> None:
        self.written: list[tuple[float, int]] = []

    async def read(self) -> bytes | None:
        return None

    async def write(self, data: bytes) -> None:
        await asyncio.sleep(_WRITE)
        self.written.append((asyncio.get_running_loop().time(), len(data)))

    async def check_writable(self) -> None:
        """It can be."""


class Times:
    """A back end that notes when each span came, by its name."""

    def __init__(self) -> None:
        self.came: dict[str, float] = {}

    async def deliver(self, spans: Sequence[Span]) -> Answer:
        now = asyncio.get_running_loop().time()
        self.came |= {span.name: now for span in spans}
        return Answer(accepted=True)


def span(number: int, *, kind: str = "event", filler: str = "") -> Span:
    """A span of a story of its own."""
    return Span(
        trace_id=number.to_bytes(16),
        span_id=number.to_bytes(8),
        parent_id=b"",
        kind="event" if kind == "event" else "object",
        name=str(number),
        resource=(),
        start=1,
        end=2,
        attributes=(("filler", filler),),
    )


def large() -> Checkpoint:
    """One that fills its bound, since nothing in it can be compressed."""
    chance = random.Random(0)
    spans = (span(n, kind="object", filler=chance.randbytes(500).hex()) for n in range(1, 1400))
    return Checkpoint(spans=tuple(spans))


def test_a_large_checkpoint_holds_up_no_new_story() -> None:
    """First spans of new stories leave within two seconds, whenever they come."""

    async def main() -> None:
        store, back_end, checkpoint = SlowStore(), Times(), large()
        outbox = Outbox(
            back_end, store=store, metrics=NullMetrics(), checkpoint=lambda: checkpoint,
            now=lambda: None,
        )  # fmt: skip
        task = asyncio.create_task(outbox.run())
        loop, chance, made = asyncio.get_running_loop(), random.Random(1), {}
        for number in range(10_000, 10_060):
            made[str(number)] = loop.time()
            outbox.add([span(number)])
            await asyncio.sleep(chance.uniform(0, 4))
        await asyncio.sleep(10)
        task.cancel()

        assert max(size for _, size in store.written) > 0.9 * MAX_BYTES
        assert made.keys() == back_end.came.keys()
        assert max(back_end.came[name] - made[name] for name in made) <= 2.0
        times = [time for time, _ in store.written]
        assert min(b - a for a, b in pairwise(times)) >= 1.0

    run(main())


def test_a_large_checkpoint_is_not_written_all_the_time() -> None:
    """Where no new story waits, object spans do: etcd keeps all writes for 5 to 10 minutes."""

    async def main() -> None:
        store, checkpoint = SlowStore(), large()
        outbox = Outbox(
            Times(), store=store, metrics=NullMetrics(), checkpoint=lambda: checkpoint,
            now=lambda: None,
        )  # fmt: skip
        task = asyncio.create_task(outbox.run())
        for number in range(10_000, 10_060):
            outbox.add([span(number, kind="object")])
            await asyncio.sleep(1)
        task.cancel()

        written = sum(size for _, size in store.written)
        assert written / 60 < 150 * 1024

    run(main())
