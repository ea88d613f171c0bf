"""`event-tracer run`: what it needs is made and checked here, then it runs until a signal."""

import asyncio
import logging
import os
import sys
from collections.abc import AsyncIterator, Awaitable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TypeVar

from event_tracer import endpoint, otlp, sdk, server, view
from event_tracer.api import Api, persistently
from event_tracer.bridge import Bridge
from event_tracer.checkpoint import CheckpointError
from event_tracer.cluster import cluster_uid
from event_tracer.connection import ConnectionSettingsError, connector, is_in_cluster
from event_tracer.export import Delivery
from event_tracer.live import Live
from event_tracer.live_settings import RunSettings
from event_tracer.stores import begin, store_of
from event_tracer.telemetry import Telemetry, TelemetryError

logger = logging.getLogger(__name__)
T = TypeVar("T")
_WRONG = (
    ConnectionSettingsError, CheckpointError, TelemetryError, endpoint.EndpointError,
    otlp.ExportError, sdk.ExporterError, OSError,
)  # fmt: skip


class StartError(Exception):
    """What keeps a run from starting, in a sentence."""


async def run(settings: RunSettings, *, stop: asyncio.Event) -> bool:
    """Run until `stop`; whether all went as it should. Raises StartError."""
    async with AsyncExitStack() as stack:
        try:
            bridge = await _unless(stop, _start(settings, stack))
        except _WRONG as error:
            raise StartError(str(error)) from None
        return await bridge.run(stop) if bridge else True


async def _unless(stop: asyncio.Event, work: Awaitable[T]) -> T | None:
    """The result of `work`; None where `stop` comes first."""
    tasks = [asyncio.ensure_future(work), asyncio.ensure_future(stop.wait())]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        return tasks[0].result() if tasks[0].done() else None
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _start(settings: RunSettings, stack: AsyncExitStack) -> Bridge:
    delivery, target, component = await stack.enter_async_context(_delivery(settings))
    telemetry = Telemetry(exporter=component, clock=asyncio.get_running_loop().time)
    stack.push_async_callback(asyncio.to_thread, telemetry.shutdown)
    api = Api(await connector(kubeconfig=settings.kubeconfig, context=settings.context))
    stack.push_async_callback(api.close)
    store = store_of(settings.checkpoint, api=api, kubeconfig=settings.kubeconfig)
    uid = settings.cluster_uid or await persistently(lambda: cluster_uid(api))
    checkpoint = await begin(store, cluster_uid=uid)
    bridge = Bridge(
        settings, api=api, delivery=delivery, target=target, store=store, telemetry=telemetry,
        checkpoint=checkpoint,
    )  # fmt: skip
    address = _address(settings)
    if address:
        served = server.serve(
            address=address,
            health=bridge.health,
            ready=bridge.readiness,
            metrics=telemetry.text,
        )
        await stack.enter_async_context(served)
    about = {"endpoint": target, "checkpoint": str(store or "none"), "address": address or "none"}
    logger.info("running", extra={**about, "cluster_uid": checkpoint.cluster_uid})
    return bridge


def _address(settings: RunSettings) -> str:
    if settings.bind_address != "auto":
        return "" if settings.bind_address == "none" else settings.bind_address
    return ":8080" if is_in_cluster(os.environ, kubeconfig=settings.kubeconfig) else ""


@asynccontextmanager
async def _delivery(settings: RunSettings) -> AsyncIterator[tuple[Delivery, str, str]]:
    """Where spans go: how, its name for people, and its otel.component.type."""
    if settings.to == "otlp":
        target = endpoint.resolve(os.environ)
        async with otlp.connect(target) as sender:
            kind = "grpc" if target.protocol == "grpc" else "http"
            yield otlp.Otlp(sender), str(target), f"otlp_{kind}_span_exporter"
        return
    made: sdk.Sdk | Live
    if settings.to == "sdk":
        made, target_name = sdk.Sdk(sdk.load(os.environ)), os.environ[sdk.VARIABLE]
    else:
        made, target_name = Live(view.console(sys.stdout)), "standard output"
    try:
        yield made, target_name, f"{settings.to}_span_exporter"
    finally:
        await made.close()
