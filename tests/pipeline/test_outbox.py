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


async def flushing(outbox: Outbox) -> None:
    """Flush as a run does at its ticks."""
    while True:
        outbox.flush()
        await asyncio.sleep(0.5)


class Requests:
    """A back end that notes how many spans came together."""

    def __init__(self) -> None:
        self.sizes: list[int] = []

    async def deliver(self, spans: Sequence[Span]) -> Answer:
        self.sizes.append(len(spans))
        return Answer(accepted=True)


def without_store(back_end: Requests) -> Outbox:
    """Nothing waits for a checkpoint."""
    return Outbox(
        back_end, store=None, metrics=NullMetrics(), checkpoint=lambda: None, now=lambda: None
    )


def test_what_leaves_between_two_flushes_goes_together() -> None:
    """Spans that leave the fold one by one make a request, and one more for each 512 of them."""

    async def main() -> None:
        back_end = Requests()
        outbox = without_store(back_end)
        task = asyncio.create_task(outbox.run())
        for count in (100, 1_100):
            for number in range(count):
                outbox.add([span(number)])
                if number % 50 == 0:
                    await asyncio.sleep(0.01)
            outbox.flush()
            await asyncio.sleep(0.1)
        task.cancel()

        assert back_end.sizes == [100, 512, 512, 76]

    run(main())


def test_what_is_left_at_a_stop_needs_no_flush() -> None:
    """Draining sends what has not been flushed yet."""

    async def main() -> None:
        back_end = Requests()
        outbox = without_store(back_end)
        task = asyncio.create_task(outbox.run())
        outbox.add([span(1)])
        await outbox.drained()
        task.cancel()

        assert (back_end.sizes, outbox.size) == ([1], 0)

    run(main())


def test_a_large_checkpoint_holds_up_no_new_story() -> None:
    """First spans of new stories leave within two seconds, whenever they come."""

    async def main() -> None:
        store, back_end, checkpoint = SlowStore(), Times(), large()
        outbox = Outbox(
            back_end, store=store, metrics=NullMetrics(), checkpoint=lambda: checkpoint,
            now=lambda: None,
        )  # fmt: skip
        task = asyncio.gather(outbox.run(), flushing(outbox))
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
        assert min(b - a for a, b in pairwise(times)) >= 0.99

    run(main())


def test_a_large_checkpoint_is_not_written_all_the_time() -> None:
    """Where no new story waits, object spans do: etcd keeps all writes for 5 to 10 minutes."""

    async def main() -> None:
        store, checkpoint = SlowStore(), large()
        outbox = Outbox(
            Times(), store=store, metrics=NullMetrics(), checkpoint=lambda: checkpoint,
            now=lambda: None,
        )  # fmt: skip
        task = asyncio.gather(outbox.run(), flushing(outbox))
        for number in range(10_000, 10_060):
            outbox.add([span(number, kind="object")])
            await asyncio.sleep(1)
        task.cancel()

        written = sum(size for _, size in store.written)
        assert written / 60 < 150 * 1024

    run(main())
