"""Where finished traces go. Each takes them one by one, so none keeps them all."""

import asyncio
import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from event_tracer import EventTracerError
from event_tracer.core.traces import Trace
from event_tracer.export.otlp import endpoint
from event_tracer.export.otlp.json import write_json
from event_tracer.render.page.html import story_page
from event_tracer.render.terminal import View
from event_tracer.render.waterfall import Waterfall
from event_tracer.runtime.logs import Complain


class OutputError(EventTracerError):
    """Why not all arrived, in a sentence."""


def draw(traces: Iterable[Waterfall], *, on: View) -> None:
    """Draw waterfalls."""
    for trace in traces:
        on.show(trace)


def write(traces: Iterable[Trace], *, output: Path | None) -> None:
    """Write one OTLP JSON document to `output`, or to standard output."""
    if output is None:
        write_json(traces, sys.stdout)
        return
    try:
        with output.open("w", encoding="utf-8") as file:
            write_json(traces, file)
    except OSError as error:
        raise OutputError(f"cannot write {output}: {(error.strerror or '').lower()}") from None


def write_page(
    traces: Iterable[Trace], *, file: Path, events: Mapping[str, Mapping[str, Any]], title: str
) -> None:
    """Write a page for a browser. Redacted messages must be so in the raw `events` too."""
    text = story_page((span for spans in traces for span in spans), events=events, title=title)
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise OutputError(f"cannot write {file}: {(error.strerror or '').lower()}") from None


def export(traces: Iterable[Trace], *, complain: Complain) -> None:
    """Send to the endpoint that the OTEL_EXPORTER_OTLP_* variables name."""
    from event_tracer.export import send  # gRPC takes a while to load
    from event_tracer.export.otlp import client  # gRPC takes a while to load

    try:
        target = endpoint.resolve(os.environ)
        sent = asyncio.run(send.send_all(traces, endpoint=target, on_wait=_once(complain)))
    except (endpoint.EndpointError, client.ExportError) as error:
        raise OutputError(str(error)) from None
    if sent.rejected:
        what = f"rejected {sent.rejected} of the spans: {sent.warning}"
        raise OutputError(f"the collector at {target} {what}")
    if sent.warning:
        complain(f"the collector at {target} says: {sent.warning}")


def hand_over(traces: Iterable[Trace]) -> None:
    """Give them to the exporters that OTEL_TRACES_EXPORTER names."""
    from event_tracer.export import sdk

    try:
        sdk.send_all(traces, exporters=sdk.load(os.environ))
    except sdk.ExporterError as error:
        raise OutputError(str(error)) from None


def _once(complain: Complain) -> Complain:
    told: set[str] = set()

    def wait(reason: str) -> None:
        if reason not in told:
            told.add(reason)
            complain(f"waiting for the collector: {reason}")

    return wait
