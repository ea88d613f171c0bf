"""Where a run's spans go."""

import os
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial

from event_tracer.cli.settings.models import RunSettings
from event_tracer.core.span import Span
from event_tracer.export import sdk
from event_tracer.export.delivery import Answer
from event_tracer.export.exporter import Delivery
from event_tracer.export.otlp import client, endpoint
from event_tracer.render import terminal
from event_tracer.render.live import SettledPrinter
from event_tracer.render.waterfall import waterfall

_ENDPOINTS = tuple(f"{endpoint.PREFIX}{name}ENDPOINT" for name in ("", "TRACES_"))


class _Nowhere:
    """Takes all that leaves: who looks at the page alone needs no back end."""

    async def deliver(self, spans: Sequence[Span]) -> Answer:
        """Acknowledge a batch."""
        return Answer(accepted=True)

    async def close(self) -> None:
        """There is nothing to close."""


def _live(settings: RunSettings) -> SettledPrinter:
    on = terminal.console(sys.stdout, width=settings.width)
    drawn = terminal.View(on, zone=settings.zone, wide=settings.output == "wide")
    return SettledPrinter(drawn, lay_out=partial(waterfall, fold=settings.fold))


def _to(settings: RunSettings) -> str:
    if settings.to != "auto":
        return settings.to
    is_set = any(os.environ.get(name) for name in _ENDPOINTS)
    return "otlp" if is_set or not settings.ui else "none"


@asynccontextmanager
async def delivery(settings: RunSettings) -> AsyncIterator[tuple[Delivery, str, str]]:
    """Where spans go: how, its name for people, and its otel.component.type."""
    to = _to(settings)
    if to == "otlp":
        target = endpoint.resolve(os.environ)
        async with client.connect(target) as sender:
            kind = "grpc" if target.protocol == "grpc" else "http"
            yield client.Otlp(sender), str(target), f"otlp_{kind}_span_exporter"
        return
    made: sdk.Sdk | SettledPrinter | _Nowhere
    if to == "sdk":
        made, target_name = sdk.Sdk(sdk.load(os.environ)), os.environ[sdk.VARIABLE]
    elif to == "none":
        made, target_name = _Nowhere(), "nowhere but the page"
    else:
        made, target_name = _live(settings), "standard output"
    try:
        yield made, target_name, f"{to}_span_exporter"
    finally:
        await made.close()
