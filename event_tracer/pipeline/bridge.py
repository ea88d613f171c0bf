"""One run: the cluster's watches, the fold, the outbox and the checkpoint, as tasks."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from event_tracer.core.event import version_number
from event_tracer.core.filters import Filter, Redact
from event_tracer.core.frame import Tick
from event_tracer.core.mapping import Naming
from event_tracer.core.occurrence import Occurrence
from event_tracer.core.span import Span
from event_tracer.core.story import Stories
from event_tracer.core.times import SECOND
from event_tracer.core.versions import lowest_of
from event_tracer.export.delivery import Delivery
from event_tracer.kube.client import Api
from event_tracer.kube.resources import WholeKinds
from event_tracer.pipeline.checkpoint import Checkpoint, CheckpointError
from event_tracer.pipeline.cluster_reader import ClusterReader
from event_tracer.pipeline.feed import Feed
from event_tracer.pipeline.intake import TICK, Intake
from event_tracer.pipeline.outbox import OnSpans, Outbox
from event_tracer.pipeline.stores import Store
from event_tracer.runtime.metrics import Metrics
from event_tracer.runtime.tasks import TaskScope

_MAX_PER_FEED = 2_000  # occurrences
_STUCK = 420.0  # seconds: longer than any watch and pause may be silent
_WARNING = 60.0  # seconds
_LAST_WRITE = 5.0  # seconds for the checkpoint at the end

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineConfig:
    """The part of a cluster that is read, and the bounds of sending.

    All `namespaces` are read where none is named; of kinds that are not `whole` only the
    metadata. `from_now`: without a checkpoint, what the API
    server still holds at the start is not sent. `queue_size` is in spans, `grace_period` in
    seconds after a stop.
    """

    filter: Filter = field(default_factory=Filter)
    naming: Naming = field(default_factory=Naming)
    namespaces: tuple[str, ...] = ()
    whole: WholeKinds = field(default_factory=WholeKinds)
    from_now: bool = False
    queue_size: int = 20_000
    grace_period: float = 20.0


class Bridge:
    """From Events to acknowledged spans.

    `target` is the back end's name, for people. `redact` sees each frame, `on_spans` all spans
    that leave the fold.
    """

    def __init__(
        self, config: PipelineConfig, *, api: Api, delivery: Delivery, target: str,
        store: Store | None, metrics: Metrics, checkpoint: Checkpoint,
        redact: Redact | None = None, on_spans: OnSpans | None = None,
    ) -> None:  # fmt: skip
        self._config = config
        self._api = api
        self._target = target
        self._start_checkpoint = checkpoint
        self._stories = Stories(
            naming=config.naming,
            cluster_uid=checkpoint.cluster_uid,
            keep=_counting(config.filter, metrics),
            state=checkpoint.state,
            most=_MAX_PER_FEED,
        )
        self._outbox = Outbox(
            delivery, store=store, metrics=metrics, checkpoint=self.checkpoint,
            now=lambda: api.now, on_spans=on_spans,
        )  # fmt: skip
        self._feed = Feed(self._stories, sink=self._outbox, capacity=config.queue_size)
        self._scope = TaskScope()
        self._reader = ClusterReader(
            api,
            handler=lambda reader: Intake(
                self._stories, reader=reader, feed=self._feed, now=lambda: api.now,
                redact=redact, metrics=metrics, spawn=self._scope.spawn,
            ),
            metrics=metrics, namespaces=config.namespaces, whole=config.whole,
            spawn=self._scope.spawn, from_now=config.from_now, events=checkpoint.events,
            objects=checkpoint.objects, read=checkpoint.read,
        )  # fmt: skip
        metrics.watch_queue(lambda: self._outbox.size)
        metrics.watch_refused(self._outbox.refused)
        metrics.watch_sealed_early(lambda: self._stories.sealed_early)
        self._offset = 0  # ns from the loop's time to the latest in a frame
        self._has_synced = False
        self._has_failed = False
        self._ticked = asyncio.get_running_loop().time()

    # -- what others ask

    def health(self) -> str:
        """The reason to start this process anew; empty where there is none."""
        now = asyncio.get_running_loop().time()
        if now - self._ticked > _STUCK:
            return "the event loop makes no progress"
        if any(
            now - watch.last_progress > _STUCK and not watch.is_paused
            for watch in self._reader.event_watches
        ):
            return "the watch of Events makes no progress"
        return ""

    def readiness(self) -> str:
        """The reason not to be ready; empty once everything was read."""
        denied = [watch for watch in self._reader.event_watches if watch.is_denied]
        if denied:
            return f"Events may not be watched in {denied[0].namespace or 'all namespaces'}"
        return "" if self._has_synced else "the cluster has not been read yet"

    def preview(self, trace_id: bytes) -> list[Span]:
        """The object spans of a trace that are not sealed yet, as they would be now."""
        return self._stories.preview(trace_id)

    def checkpoint(self) -> Checkpoint | None:
        """All that a restart needs, as of now; None once a mistake has made it inconsistent."""
        if not self._feed.is_consistent:
            return None
        lowest = lowest_of((self._reader.handler.lowest_versions, self._outbox.lowest_versions))
        return Checkpoint(
            cluster_uid=self._stories.cluster_uid,
            events=_positions(self._reader.event_versions, lowest=lowest.events),
            objects=_positions(self._reader.object_versions, lowest=lowest.statuses),
            read=self._read_times(),
            spans=self._outbox.spans,
            state=self._stories.state(),
        )

    def _read_times(self) -> dict[str, int]:
        waiting = (self._stories.waiting.earliest_status, self._outbox.earliest_status)
        earliest = [time for time in waiting if time is not None]
        return {place: min([time, *earliest]) for place, time in self._reader.read_times.items()}

    # -- the run

    async def run(self, stop: asyncio.Event) -> bool:
        """Run until `stop`, then deliver what is left; True if all went well."""
        try:
            async with asyncio.TaskGroup() as sending:
                tasks = [
                    sending.create_task(self._outbox.run(), name="outbox"),
                    sending.create_task(self._warn_if_nothing_sent(), name="complain"),
                ]
                await self._read_until(stop)
                await self._drain()
                for task in tasks:
                    task.cancel()
        except* BrokenPipeError:
            logger.info("nobody reads any more; stopping")
        except* Exception as errors:
            self._fail(errors)
        await self._last_write()
        return not self._has_failed

    async def _read_until(self, stop: asyncio.Event) -> None:
        try:
            self._outbox.resend(self._start_checkpoint.spans)
            await self._scope.run(stop, tick=self._tick(), start=self._reader.run())
        except* Exception as errors:
            self._fail(errors)
        logger.info("stopping", extra={"spans": self._outbox.size})

    def _fail(self, errors: ExceptionGroup[Exception]) -> None:
        self._has_failed = True
        for error in errors.exceptions:
            logger.critical("a task failed; stopping", exc_info=error)

    async def _tick(self) -> None:
        clock = asyncio.get_running_loop().time
        while True:
            self._ticked = clock()
            if not self._reader.handler.is_synced:
                self._reader.update()  # the patience with Events that are behind has its end
            elif not self._has_synced:
                self._has_synced = True
                self._outbox.mark_dirty()
                self._log_what_was_read()
            self._feed.feed(Tick(now=self._now(clock())))
            await self._feed.release_due()
            self._outbox.flush()
            await asyncio.sleep(TICK.pause(clock()))

    def _now(self, at: float) -> int:
        """The API server's clock (ns) at a time of the loop.

        It is known from what is cut to the second, Date headers and times in frames, so that the
        latest of them is the nearest. A header is less than a second old: a frame that is further
        ahead is of another clock.
        """
        loop, now = int(at * SECOND), self._reader.now
        self._offset = max(self._offset, self._stories.watermark - loop)
        return max(now, min(loop + self._offset, now + SECOND))

    def _log_what_was_read(self) -> None:
        denied = self._reader.owners.denied
        events = [watch for watch in self._reader.event_watches if watch.is_denied]
        if events:
            logger.error(
                "Events may not be read: of these namespaces nothing is traced",
                extra={
                    "namespaces": [watch.namespace or "all" for watch in events],
                    "reason": events[0].retry.last_error,
                },
            )
        what = "what may be read was read" if events or denied else "all that there is was read"
        logger.info(what, extra={"denied": denied})

    async def _warn_if_nothing_sent(self) -> None:
        while not self._outbox.has_delivered:
            await asyncio.sleep(_WARNING)
            if not self._outbox.has_delivered and self._outbox.sending:
                logger.error(
                    "nothing has ever been acknowledged",
                    extra={"endpoint": self._target, "spans": self._outbox.sending},
                )

    async def _drain(self) -> None:
        try:
            async with asyncio.timeout(self._config.grace_period):
                await self._outbox.write()
                await self._outbox.drained()
        except TimeoutError:
            left = {"spans": self._outbox.sending, "endpoint": self._target}
            logger.warning("not all could be delivered in time", extra=left)
        except CheckpointError as error:
            logger.error("the checkpoint cannot be written", extra={"reason": str(error)})

    async def _last_write(self) -> None:
        try:
            async with asyncio.timeout(_LAST_WRITE):
                await self._outbox.write()
        except (CheckpointError, TimeoutError) as error:
            logger.error("the last checkpoint cannot be written", extra={"reason": str(error)})


def _positions(versions: Mapping[str, str], *, lowest: int) -> dict[str, str]:
    """Of each place the highest version at and below which all is acknowledged.

    `lowest` is the lowest that is not, 0 where all is.
    """
    return {
        place: str(min(version_number(version), lowest - 1)) if lowest else version
        for place, version in versions.items()
        if version
    }


def _counting(filter_: Filter, metrics: Metrics) -> Callable[[Occurrence], bool]:
    """A predicate of occurrences: true for those that pass the filter; it counts all."""
    keeps_all = filter_ == Filter()  # as most runs do: five calls less for each occurrence

    def keep(occurrence: Occurrence) -> bool:
        metrics.occurrence()
        rule = "" if keeps_all else filter_.rule(occurrence)
        if rule:
            metrics.filtered(rule)
        return not rule

    return keep
