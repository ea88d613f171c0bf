"""One run: the cluster's watches, the fold, the exporter and the checkpoint, as tasks."""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence

from event_tracer.cli.settings.models import RunSettings
from event_tracer.core.event import lowest_version, version_number
from event_tracer.core.frame import Tick
from event_tracer.core.occurrence import Occurrence
from event_tracer.core.redaction import Redact
from event_tracer.core.span import Span
from event_tracer.core.story import Stories
from event_tracer.export.exporter import Delivery, Exporter
from event_tracer.kube.client import Api
from event_tracer.kube.owners import Owners
from event_tracer.kube.watch import Watch
from event_tracer.pipeline.checkpoint import Checkpoint, CheckpointError, Store
from event_tracer.pipeline.cluster_reader import Reading
from event_tracer.pipeline.intake import Intake
from event_tracer.pipeline.outbox import Outbox
from event_tracer.runtime.metrics import Metrics
from event_tracer.runtime.tasks import Spawn, until

_TICK = 0.5  # seconds
_MOST = 2_000  # occurrences let go at once
_STUCK = 420.0  # seconds: longer than any watch and pause may be silent
_COMPLAINT = 60.0  # seconds
_LAST_WRITE = 5.0  # seconds for the checkpoint at the end

logger = logging.getLogger(__name__)


class Bridge:
    """From Events to acknowledged spans. `target` is where they go, for people."""

    def __init__(
        self, settings: RunSettings, *, api: Api, delivery: Delivery, target: str,
        store: Store | None, metrics: Metrics, checkpoint: Checkpoint,
        redact: Redact | None = None, on_spans: Callable[[Sequence[Span]], None] | None = None,
    ) -> None:  # fmt: skip
        self._settings = settings
        self._filter = settings.filter
        self._namespaces = settings.watch_namespaces or ("",)
        self._api = api
        self._target = target
        self._metrics = metrics
        self._begin = checkpoint
        self._stories = Stories(
            naming=settings.naming,
            cluster_uid=checkpoint.cluster_uid,
            keep=self._keep,
            state=checkpoint.state,
            most=_MOST,
        )
        self._redact = redact
        self._outbox = Outbox(
            store=store, metrics=metrics, snapshot=self.snapshot, now=lambda: api.now,
            on_spans=on_spans,
        )  # fmt: skip
        self._exporter = self._outbox.exporter = Exporter(
            delivery, counts=metrics, on_done=self._outbox.done
        )
        metrics.watch_queue(lambda: self._outbox.size)
        self._watches: list[Watch] = []
        self._intake: Intake
        self._owners: Owners
        self._has_synced = False
        self._is_well = True
        self._ticked = asyncio.get_running_loop().time()

    # -- what others ask

    def health(self) -> str:
        """Why this process should be started anew; empty where it should not."""
        now = asyncio.get_running_loop().time()
        if now - self._ticked > _STUCK:
            return "the event loop makes no progress"
        if any(now - watch.moved > _STUCK and not watch.is_paused for watch in self._watches):
            return "the watch of Events makes no progress"
        return ""

    def readiness(self) -> str:
        """Why not all is known yet; empty once everything was read."""
        denied = [watch for watch in self._watches if watch.is_denied]
        if denied:
            return f"Events may not be watched in {denied[0].namespace or 'all namespaces'}"
        return "" if self._has_synced else "the cluster has not been read yet"

    def preview(self, trace_id: bytes) -> list[Span]:
        """The object spans of a trace that are not sealed yet, as they would be now."""
        return self._stories.preview(trace_id)

    def snapshot(self) -> Checkpoint:
        """What a restart needs, as of now."""
        return Checkpoint(
            cluster_uid=self._stories.cluster_uid,
            events=self._positions(),
            objects={**self._begin.objects, **self._owners.versions},
            spans=self._outbox.spans,
            state=self._stories.state(),
        )

    def _positions(self) -> dict[str, str]:
        """Of each namespace the highest version at and below which all is acknowledged."""
        lowest = lowest_version((self._intake.lowest_version, self._outbox.lowest_version))
        read = {namespace: self._begin.events.get(namespace, "") for namespace in self._namespaces}
        read |= {watch.namespace: watch.version for watch in self._watches}
        return {
            namespace: str(min(version_number(version), lowest - 1)) if lowest else version
            for namespace, version in read.items()
            if version
        }

    # -- the run

    async def run(self, stop: asyncio.Event) -> bool:
        """Run until `stop`, then deliver what is left; whether all went as it should."""
        try:
            async with asyncio.TaskGroup() as sending:
                tasks = [
                    sending.create_task(self._exporter.run(), name="export"),
                    sending.create_task(self._outbox.run(), name="checkpoint"),
                    sending.create_task(self._complain(), name="complain"),
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
        return self._is_well

    async def _read_until(self, stop: asyncio.Event) -> None:
        try:
            await until(stop, self._begin_reading)
        except* Exception as errors:
            self._fail(errors)
        logger.info("stopping", extra={"spans": self._outbox.size})

    def _fail(self, errors: ExceptionGroup[Exception]) -> None:
        self._is_well = False
        for error in errors.exceptions:
            logger.critical("a task failed; stopping", exc_info=error)

    def _begin_reading(self, spawn: Spawn) -> None:
        settings = self._settings
        reading = Reading(
            self._api,
            self._stories,
            outlet=self._outbox,
            capacity=settings.queue_size,
            metrics=self._metrics,
            redact=self._redact,
            namespaces=settings.watch_namespaces,
            spawn=spawn,
            from_now=settings.start == "now",
            events=self._begin.events,
            objects=self._begin.objects,
        )
        self._intake, self._owners, self._watches = reading.intake, reading.owners, reading.watches
        self._outbox.restore(self._begin.spans)
        spawn(self._tick(), "tick")
        spawn(reading.start(), "start")

    async def _tick(self) -> None:
        clock = asyncio.get_running_loop().time
        while True:
            self._ticked = clock()
            if not self._has_synced and self._watches and self._intake.is_synced:
                self._has_synced = True
                self._outbox.touch()
                logger.info("all that there is was read", extra={"denied": self._owners.denied})
            self._intake.look()
            # A proxy may leave out the Date header; then this machine's clock must do.
            self._intake.feed(Tick(now=self._api.now or time.time_ns()))
            await self._intake.let_go()
            await asyncio.sleep(_TICK)

    async def _complain(self) -> None:
        while True:
            await asyncio.sleep(_COMPLAINT)
            if not self._exporter.has_delivered and self._exporter.size:
                logger.error(
                    "nothing has ever been acknowledged",
                    extra={"endpoint": self._target, "spans": self._exporter.size},
                )

    async def _drain(self) -> None:
        try:
            async with asyncio.timeout(self._settings.grace_period):
                await self._outbox.write()
                await self._exporter.drained()
        except TimeoutError:
            left = {"spans": self._exporter.size, "endpoint": self._target}
            logger.warning("not all could be delivered in time", extra=left)
        except CheckpointError as error:
            logger.error("the checkpoint cannot be written", extra={"reason": str(error)})

    async def _last_write(self) -> None:
        try:
            async with asyncio.timeout(_LAST_WRITE):
                await self._outbox.write()
        except (CheckpointError, TimeoutError) as error:
            logger.error("the last checkpoint cannot be written", extra={"reason": str(error)})

    def _keep(self, occurrence: Occurrence) -> bool:
        self._metrics.occurrence()
        rule = self._filter.rule(occurrence)
        if rule:
            self._metrics.filtered(rule)
        return not rule
