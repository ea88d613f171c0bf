"""The outbox between the fold and the exporter: some spans wait for the checkpoint (law 9).

An object span is sealed once, and the date of a story may rest on what only this process has
seen. So both are in the checkpoint before they are sent, and a restart goes on with the same.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress

from event_tracer.core.expiring import GenerationalCache
from event_tracer.core.seen import hidden_by
from event_tracer.core.span import Span
from event_tracer.core.versions import LowestVersions, lowest_versions
from event_tracer.export.delivery import Delivery
from event_tracer.export.exporter import BATCH, Exporter
from event_tracer.pipeline.checkpoint import Checkpoint, CheckpointEncoder, CheckpointError
from event_tracer.pipeline.stores import Store
from event_tracer.runtime.backoff import Backoff
from event_tracer.runtime.metrics import Metrics
from event_tracer.runtime.tasks import happened

# Seconds from the begin of a write; the next one comes with the first flush after that.
_SHORTEST_PAUSE = 0.9  # so one in 1.5 s, as flushes are 0.75 s apart
_LONGEST_PAUSE = 1.2  # while a story's first spans wait: with flush and write at most two
_LONGEST_SILENCE = 60.0  # seconds: the versions that were read move on where nothing is told
_SHARE = 20  # a write may take a twentieth of a core
_RATE = 128 * 1024  # bytes a second, as etcd keeps all that was written for 5 to 10 minutes
_MOST_TRACES = 50_000

logger = logging.getLogger(__name__)
OnSpans = Callable[[Sequence[Span]], None]


class Unacknowledged:
    """Spans that a back end has not acknowledged, in the order in which they came."""

    def __init__(self) -> None:
        self._spans: dict[int, Span] = {}  # by id(), for the same may be sent twice
        self._changed = asyncio.Event()

    def __len__(self) -> int:
        """The number of spans."""
        return len(self._spans)

    def __iter__(self) -> Iterator[Span]:
        """All spans."""
        return iter(self._spans.values())

    @property
    def lowest_versions(self) -> LowestVersions:
        """The lowest resourceVersions of what they tell."""
        return lowest_versions(self)

    @property
    def earliest_status(self) -> int | None:
        """The earliest time (ns) of a transition among them; None without any."""
        return min((span.end for span in self if span.is_status), default=None)

    def add(self, spans: Sequence[Span]) -> None:
        """Take spans that have left the fold."""
        self._spans.update(zip(map(id, spans), spans, strict=True))

    def remove(self, spans: Iterable[Span]) -> None:
        """Let go of these very spans."""
        for span in spans:
            self._spans.pop(id(span), None)
        self._changed.set()

    async def shrunk(self) -> None:
        """Return once some have been removed."""
        self._changed.clear()
        await self._changed.wait()


class Outbox:
    """A transactional outbox: owns all spans that are not acknowledged.

    A span that must be in the checkpoint first waits until that is written; without a `store`, none
    does.

    `checkpoint` is the one as of now, None if no more is to be written; `now` is the API server's
    clock (ns).
    """

    def __init__(
        self, delivery: Delivery, *, store: Store | None, metrics: Metrics,
        checkpoint: Callable[[], Checkpoint | None], now: Callable[[], int | None],
        on_spans: OnSpans | None = None,
    ) -> None:  # fmt: skip
        self._store = store
        self._metrics = metrics
        self._checkpoint = checkpoint
        self._now = now
        self._on_spans = on_spans
        self._encoder = CheckpointEncoder()
        self._ready: list[Span] = []
        self._staged: list[Span] = []
        self._unacknowledged = Unacknowledged()
        self._checkpointed: GenerationalCache[bytes, bool] = GenerationalCache(most=_MOST_TRACES)
        self._exporter = Exporter(delivery, metrics=metrics, on_done=self._acknowledged)
        self._is_dirty = False
        self._is_write_due = False
        self._changed = asyncio.Event()
        self._held_up = asyncio.Event()
        self._writing = asyncio.Lock()

    @property
    def spans(self) -> tuple[Span, ...]:
        """The object and gap spans that are not acknowledged."""
        return tuple(span for span in self._unacknowledged if span.kind != "event")

    @property
    def lowest_versions(self) -> LowestVersions:
        """The lowest resourceVersions of what is not acknowledged."""
        return self._unacknowledged.lowest_versions

    @property
    def earliest_status(self) -> int | None:
        """The earliest time (ns) of a transition that is not acknowledged; None without any."""
        return self._unacknowledged.earliest_status

    @property
    def size(self) -> int:
        """The spans that are not acknowledged."""
        return len(self._unacknowledged)

    @property
    def sending(self) -> int:
        """The spans that may leave and are not acknowledged."""
        return len(self._unacknowledged) - len(self._staged)

    def refused(self) -> tuple[int, float]:
        """Spans that the back end does not take while it takes others, and for how many seconds."""
        return self._exporter.refused()

    @property
    def has_delivered(self) -> bool:
        """The back end has acknowledged something since the start."""
        return self._exporter.has_delivered

    def resend(self, spans: Sequence[Span]) -> None:
        """Send spans of the checkpoint of an earlier run."""
        self._take_over(spans)
        self._exporter.put(spans)

    def add(self, spans: list[Span]) -> None:
        """Take spans that have left the fold; the next flush sends them, or many at once."""
        self._take_over(spans)
        count = len(self._staged)
        for span in spans:
            if span.kind == "gap":
                self._metrics.gap(hidden_by(span))
            (self._ready if self._may_leave(span) else self._staged).append(span)
        self._note_held_up(self._staged[count:])
        if len(self._ready) >= BATCH:
            self._send_ready()
        self.mark_dirty()

    def flush(self) -> None:
        """Send what may leave, in as few requests as it takes; write what has changed, if due.

        Then both go together once it is written. To be called each 0.75 s: a write that takes
        longer holds up no more.
        """
        if self._is_dirty:
            self._changed.set()
        if not (self._is_dirty and self._is_write_due):
            self._send_ready()

    def _send_ready(self) -> None:
        ready, self._ready = self._ready, []
        self._exporter.put(ready)

    def _note_held_up(self, staged: Iterable[Span]) -> None:
        if any(span.kind == "event" for span in staged):
            self._held_up.set()

    def _take_over(self, spans: Sequence[Span]) -> None:
        self._unacknowledged.add(spans)
        if self._on_spans:
            self._on_spans(spans)

    def _may_leave(self, span: Span) -> bool:
        """The checkpoint has all that the span rests on, so that a restart makes the same."""
        is_dated = span.kind == "event" and self._checkpointed.peek(span.trace_id)
        return self._store is None or bool(is_dated)

    def _acknowledged(self, spans: Sequence[Span]) -> None:
        """Remove spans that are acknowledged, or refused for good."""
        now = self._now()
        oldest = min((span.end for span in spans if span.kind == "event"), default=None)
        if now is not None and oldest is not None:
            self._metrics.lag(max(0, now - oldest) / 1e9)
        self._unacknowledged.remove(spans)
        self.mark_dirty()

    def mark_dirty(self) -> None:
        """Note that the content of the checkpoint has changed."""
        self._is_dirty = True

    async def run(self) -> None:
        """Deliver, and write the checkpoint, when it changes or each minute, until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._exporter.run(), name="export")
            if self._store:
                group.create_task(self._write_changes(), name="checkpoint")

    async def drained(self) -> None:
        """Return once all that may leave is acknowledged."""
        self._send_ready()
        while self.sending:
            await self._unacknowledged.shrunk()

    async def _write_changes(self) -> None:
        backoff, clock = Backoff(), asyncio.get_running_loop().time
        while True:
            self._is_write_due = True
            await happened(self._changed, within=_LONGEST_SILENCE)
            self._is_write_due = False
            begun, worked = clock(), time.process_time()
            try:
                size = await self.write()
            except CheckpointError as error:
                logger.error("the checkpoint cannot be written", extra={"reason": str(error)})
                await asyncio.sleep(backoff.pause())
                continue
            backoff.reset()
            cost = time.process_time() - worked
            await self._pause(max(_SHORTEST_PAUSE, cost * _SHARE, size / _RATE), since=begun)

    async def _pause(self, seconds: float, *, since: float) -> None:
        """Wait so long, but no longer than the first spans of a story may be held up by it."""
        now = asyncio.get_running_loop().time()
        await asyncio.sleep(since + min(seconds, _LONGEST_PAUSE) - now)
        self._changed.clear()  # the next flush brings more
        if seconds > _LONGEST_PAUSE:
            with suppress(TimeoutError):
                async with asyncio.timeout_at(since + seconds):
                    await self._held_up.wait()

    async def write(self) -> int:
        """Write the checkpoint, then send what waited for it; returns the number of its bytes.

        Raises CheckpointError.
        """
        if self._store is None:
            return 0
        async with self._writing:  # two at once would be in conflict with each other
            try:
                return await self._write(self._store)
            finally:
                self._send_ready()  # what a flush left to go with it, written or not

    async def _write(self, store: Store) -> int:
        checkpoint = self._checkpoint()
        if checkpoint is None:
            return 0
        self._is_dirty = False
        self._changed.clear()
        count = len(self._staged)
        data, left_out = self._encoder.encode(checkpoint)
        try:
            await store.write(data)
        except BaseException as error:
            self._is_dirty = True
            self._changed.set()
            if isinstance(error, CheckpointError):
                self._metrics.checkpoint(False)
            raise
        self._metrics.checkpoint(True)
        self._metrics.ids_dropped(left_out)
        written, self._staged = self._staged[:count], self._staged[count:]
        self._held_up.clear()
        self._note_held_up(self._staged)
        self._ready += written
        for trace_id in dict.fromkeys([span.trace_id for span in written]):
            self._checkpointed.put(trace_id, True)
        return len(data)
