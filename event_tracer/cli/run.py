"""`event-tracer run`: make and check what it needs, then run until a signal.

With leader election it first becomes the leader, so that taking over is a restart like any other.
"""

import asyncio
import logging
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import get_args

from event_tracer import EventTracerError
from event_tracer.cli.process import run_until_signal
from event_tracer.cli.settings.models import UI_SPANS, RunSettings
from event_tracer.cli.sinks import SINKS, Sink, SinkOptions
from event_tracer.core.filters import Redact, Redaction, Rule
from event_tracer.core.span import Span
from event_tracer.export.otlp import endpoint
from event_tracer.kube.client import Api, retry_forever
from event_tracer.kube.credentials import client_factory, is_in_cluster, own_namespace
from event_tracer.kube.discovery import cluster_uid
from event_tracer.kube.lease import Election, LostError, lead, own_identity
from event_tracer.pipeline.bridge import Bridge, PipelineConfig
from event_tracer.pipeline.fencing import LeaderDelivery, LeaderStore
from event_tracer.pipeline.stores import Store, load_checkpoint, open_store
from event_tracer.render import terminal
from event_tracer.render.page import server
from event_tracer.render.page.store import RawEvents, StoryStore
from event_tracer.render.waterfall import waterfall
from event_tracer.runtime import http
from event_tracer.runtime.address import Address
from event_tracer.runtime.tasks import unless
from event_tracer.runtime.telemetry import Telemetry

logger = logging.getLogger(__name__)
_PROBES = Address(None, 8080)  # in a cluster
_ENDPOINTS = tuple(f"{endpoint.PREFIX}{name}ENDPOINT" for name in ("", "TRACES_"))


class StartError(EventTracerError):
    """A run cannot begin; the message is one sentence."""


def main(settings: RunSettings) -> bool:
    """Run the command."""
    return run_until_signal(lambda stop: run(settings, stop=stop), settings=settings)


async def run(settings: RunSettings, *, stop: asyncio.Event) -> bool:
    """Run until `stop`; True if all went well. Raises EventTracerError."""
    async with AsyncExitStack() as stack:
        with _as_start_error():
            prepared = await unless(stop, _prepare(settings, stack))
        if prepared is None:
            return True
        if prepared.election:
            return await _as_leader(prepared, prepared.election, stop)
        return await prepared.work(stop)


async def _as_leader(prepared: "_Run", election: Election, stop: asyncio.Event) -> bool:
    with _as_start_error():
        await unless(stop, prepared.stand_by(election))
    if stop.is_set() and not election.is_leader:
        await election.release()
        return True
    try:
        return await lead(election, lambda: prepared.work(stop))
    except LostError as error:
        logger.critical("no longer the leader; ending at once", extra={"reason": str(error)})
        return False


@contextmanager
def _as_start_error() -> Iterator[None]:
    # An address or a checkpoint's file that cannot be had.
    try:
        yield
    except OSError as error:
        raise StartError(str(error)) from None


class _Probes:
    """Answers /healthz, /readyz and the page from the start of a process."""

    def __init__(self) -> None:
        self._bridge: Bridge | None = None
        self._election: Election | None = None

    def standing_by(self, election: Election) -> None:
        """The API server has answered, and the Lease decides."""
        self._election = election

    def working(self, bridge: Bridge) -> None:
        """The run has begun."""
        self._bridge = bridge

    def health(self) -> str:
        """The reason to start this process anew; empty where there is none."""
        return self._bridge.health() if self._bridge else ""

    def readiness(self) -> str:
        """The reason why it does not do its part yet; a standby's part is to stand by."""
        if self._bridge:
            return self._bridge.readiness()
        return (
            self._election.last_error if self._election else "the API server has not answered yet"
        )

    def preview(self, trace_id: bytes) -> list[Span]:
        """The object spans of a trace that are not sealed yet; none before the run has begun."""
        return self._bridge.preview(trace_id) if self._bridge else []


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """A run whose API server has answered."""

    settings: RunSettings
    api: Api
    sink: Sink
    store: Store | None
    telemetry: Telemetry
    cluster_uid: str
    election: Election | None
    probes: _Probes
    redact: Redact | None
    on_spans: Callable[[Sequence[Span]], None] | None

    async def stand_by(self, election: Election) -> None:
        """Return once it leads; a checkpoint that it could not use is known before."""
        await load_checkpoint(self.store, cluster_uid=self.cluster_uid)
        await election.acquire()

    async def work(self, stop: asyncio.Event) -> bool:
        """Go on from the checkpoint until `stop`. Raises EventTracerError."""
        with _as_start_error():
            loading = load_checkpoint(self.store, cluster_uid=self.cluster_uid)
            checkpoint = await unless(stop, loading)
        if checkpoint is None:
            return True
        bridge = Bridge(
            _config(self.settings),
            api=self.api,
            delivery=self.sink.delivery,
            target=self.sink.target,
            store=self.store,
            metrics=self.telemetry,
            checkpoint=checkpoint,
            redact=self.redact,
            on_spans=self.on_spans,
        )
        self.probes.working(bridge)
        extra = {
            "endpoint": self.sink.target,
            "checkpoint": str(self.store or "none"),
            "address": str(_address(self.settings) or "none"),
            "cluster_uid": checkpoint.cluster_uid,
        }
        logger.info("running", extra=extra)
        return await bridge.run(stop)


def _config(settings: RunSettings) -> PipelineConfig:
    return PipelineConfig(
        filter=settings.filter,
        naming=settings.naming,
        namespaces=settings.watch_namespaces,
        whole=settings.whole_kinds,
        from_now=settings.start == "now",
        queue_size=settings.queue_size,
        grace_period=settings.grace_period,
    )


async def _prepare(settings: RunSettings, stack: AsyncExitStack) -> _Run:
    sink = await stack.enter_async_context(_sink(settings))
    if told := endpoint.odd_timeout(sink.patience):
        logger.warning("a request may last long", extra={"reason": told})
    telemetry = Telemetry(
        exporter=sink.component, rules=get_args(Rule), clock=asyncio.get_running_loop().time
    )
    stack.push_async_callback(asyncio.to_thread, telemetry.shutdown)
    probes = _Probes()
    await _serve_probes(settings, stack, probes, telemetry)
    redact, on_spans = await _serve_page(settings, stack, probes)
    api = Api(await client_factory(kubeconfig=settings.kubeconfig, context=settings.context))
    stack.push_async_callback(api.close)
    election = _election(settings, api) if settings.leader_elect else None
    where = {"kubeconfig": settings.kubeconfig, "context": settings.context}
    store = open_store(settings.place, api=api, **where)
    uid = settings.cluster_uid or await retry_forever(lambda: cluster_uid(api))
    if election and store:
        probes.standing_by(election)
        telemetry.watch_leader(lambda: election.is_leader)
        sink = replace(sink, delivery=LeaderDelivery(sink.delivery, election))
        store = LeaderStore(store, election)
    return _Run(
        settings=settings,
        api=api,
        sink=sink,
        store=store,
        telemetry=telemetry,
        cluster_uid=uid,
        election=election,
        probes=probes,
        redact=redact,
        on_spans=on_spans,
    )


def _sink(settings: RunSettings) -> AbstractAsyncContextManager[Sink]:
    to: str = settings.to
    if to == "auto":
        is_set = any(os.environ.get(name) for name in _ENDPOINTS)
        to = "otlp" if is_set or not settings.ui else "none"
    on = terminal.console(sys.stdout, width=settings.width)
    options = SinkOptions(
        view=terminal.View(on, zone=settings.zone, wide=settings.output == "wide"),
        lay_out=partial(waterfall, fold=settings.fold),
        is_live=True,
    )
    return SINKS[to](options)


async def _serve_probes(
    settings: RunSettings, stack: AsyncExitStack, probes: _Probes, telemetry: Telemetry
) -> None:
    if address := _address(settings):
        served = http.serve(
            address=address,
            health=probes.health,
            ready=probes.readiness,
            metrics=telemetry.text,
        )
        await stack.enter_async_context(served)


async def _serve_page(
    settings: RunSettings, stack: AsyncExitStack, probes: _Probes
) -> tuple[Redact | None, Callable[[Sequence[Span]], None] | None]:
    """Serve the page, with --ui. Returns what redacts raw frames, and what shows spans."""
    if not settings.ui:
        return settings.redaction, None
    events = RawEvents(Redaction(settings.redact), max_events=UI_SPANS)
    stories = StoryStore(max_spans=UI_SPANS, events=events.by_uid, preview=probes.preview)
    title = f"{settings.cluster_name or settings.context or 'Kubernetes'} Events"
    port = await stack.enter_async_context(server.serve(stories, address=settings.ui, title=title))
    url = f"http://{Address(settings.ui.host or 'localhost', port)}/"
    logger.info("the page is there", extra={"url": url})
    return events, stories.take


def _election(settings: RunSettings, api: Api) -> Election:
    namespace = own_namespace()
    if not namespace:
        raise StartError("--leader-elect needs a Pod's own namespace; set POD_NAMESPACE")
    return Election(
        api,
        namespace=namespace,
        name=settings.lease,
        identity=own_identity(),
        duration=settings.lease_duration,
    )


def _address(settings: RunSettings) -> Address | None:
    if isinstance(settings.bind_address, Address):
        return settings.bind_address
    is_auto = settings.bind_address == "auto"
    where = {"kubeconfig": settings.kubeconfig, "context": settings.context}
    is_needed = is_auto and is_in_cluster(os.environ, **where)
    return _PROBES if is_needed else None
