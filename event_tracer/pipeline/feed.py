"""The fold between its frames and whatever takes its spans."""

import asyncio
from typing import Protocol

from event_tracer.core.frame import Item, Tick
from event_tracer.core.span import Span
from event_tracer.core.story import Stories
from event_tracer.core.versions import LowestVersions


class SpanSink(Protocol):
    """Takes the fold's spans."""

    def add(self, spans: list[Span]) -> None:
        """Take spans that have left the fold."""

    @property
    def size(self) -> int:
        """The spans that are not acknowledged."""


class Feed:
    """Feeds the fold and passes its spans on, so that none is ever between the two.

    `capacity` bounds the occurrences and spans in memory.
    """

    def __init__(self, stories: Stories, *, sink: SpanSink, capacity: int) -> None:
        self.is_consistent = True
        """The sink has all that has left the fold: an exception may part the two for good."""
        self._stories = stories
        self._sink = sink
        self._capacity = capacity
        self._ticked = asyncio.Event()

    def feed(self, item: Item) -> None:
        """Feed the fold, and pass on the spans that leave it."""
        # Nothing is awaited between the two, so no cancellation can lose a span.
        self.is_consistent = False
        spans = self._stories.feed(item)
        if spans:
            self._sink.add(spans)
        self.is_consistent = True
        if isinstance(item, Tick):
            self._ticked.set()

    async def release_due(self) -> None:
        """Pass on the occurrences that are due, as far as the back end keeps up."""
        while self._stories.waiting.has_due and self._sink.size < self._capacity // 2:
            self.feed(Tick(now=self._stories.watermark))
            await asyncio.sleep(0)

    @property
    def lowest_versions(self) -> LowestVersions:
        """The lowest resourceVersions of what has not left the fold."""
        return self._stories.waiting.lowest_versions

    def has_capacity(self, held: int) -> bool:
        """More may be read while `held` Events wait elsewhere."""
        return self._size + held < self._capacity

    def is_half_empty(self, held: int) -> bool:
        """Reading may go on again while `held` Events wait elsewhere."""
        return self._size + held <= self._capacity // 2

    async def tick(self) -> None:
        """Return at the next tick, with which spans may leave."""
        self._ticked.clear()
        await self._ticked.wait()

    @property
    def _size(self) -> int:
        return len(self._stories.waiting) + self._sink.size
