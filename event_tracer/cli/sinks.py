"""Sinks for spans: one table for `run`, `replay` and `show`.

A sink is a function here and its word in the settings (`to`, cli/settings/models.py).
"""

import os
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from event_tracer import EventTracerError
from event_tracer.core.span import Span
from event_tracer.core.traces import Trace
from event_tracer.export.delivery import Answer, Delivery, ExportError
from event_tracer.export.otlp import endpoint
from event_tracer.export.send import send_all
from event_tracer.render.live import SettledPrinter
from event_tracer.render.page.html import story_page
from event_tracer.render.terminal import View
from event_tracer.render.waterfall import Waterfall
from event_tracer.runtime.logs import Complain


class OutputError(EventTracerError):
    """Traces cannot be written or delivered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sink:
    """An open sink.

    `target` is its name for people, `hint` says what to check when it fails, `component` is its
    otel.component.type, `patience` the seconds for which a request is repeated.
    """

    delivery: Delivery
    target: str
    component: str
    hint: str = ""
    patience: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SinkOptions:
    """Everything that a sink may need of a command.

    Pictures are drawn on `view` as `lay_out` says, which gives None for a trace that is not wanted;
    `is_live` where the spans of a trace come bit by bit. A `file` of None is standard output. A
    page has a `title` and raw Events by uid, redacted as the spans are.
    """

    view: View
    lay_out: Callable[[Sequence[Span]], Waterfall | None]
    is_live: bool = False
    file: Path | None = None
    title: str = ""
    events: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


class _Pictures:
    """Draws each batch as a trace."""

    def __init__(self, options: SinkOptions) -> None:
        self._options = options

    async def deliver(self, spans: Sequence[Span]) -> Answer:
        """Draw a trace."""
        if picture := self._options.lay_out(spans):
            self._options.view.show(picture)
        return Answer(accepted=True)


class _Collected:
    """Keeps all spans."""

    def __init__(self) -> None:
        self.spans: list[Span] = []

    async def deliver(self, spans: Sequence[Span]) -> Answer:
        """Keep a batch."""
        self.spans += spans
        return Answer(accepted=True)


class _Nowhere:
    """Acknowledges all: the page of `run --ui` needs no back end."""

    async def deliver(self, spans: Sequence[Span]) -> Answer:
        """Acknowledge a batch."""
        return Answer(accepted=True)


@asynccontextmanager
async def _console(options: SinkOptions) -> AsyncIterator[Sink]:
    is_live, on = options.is_live, options.view
    drawn = SettledPrinter(on, lay_out=options.lay_out) if is_live else _Pictures(options)
    yield Sink(delivery=drawn, target="standard output", component="console_span_exporter")


@asynccontextmanager
async def _otlp(options: SinkOptions) -> AsyncIterator[Sink]:
    from event_tracer.export.otlp import client  # gRPC takes a while to load

    target = endpoint.resolve(os.environ)
    async with client.connect(target) as sender:
        yield Sink(
            delivery=client.Otlp(sender),
            target=str(target),
            component=f"otlp_{'grpc' if target.protocol == 'grpc' else 'http'}_span_exporter",
            hint=endpoint.HINT,
            patience=target.timeout,
        )


@asynccontextmanager
async def _sdk(options: SinkOptions) -> AsyncIterator[Sink]:
    from event_tracer.export import sdk  # so does the SDK

    delivery = sdk.Sdk(sdk.load(os.environ))
    try:
        target = f"{sdk.VARIABLE} {os.environ[sdk.VARIABLE]}"
        yield Sink(delivery=delivery, target=target, component="sdk_span_exporter")
    finally:
        await delivery.close()


@asynccontextmanager
async def _otlp_json(options: SinkOptions) -> AsyncIterator[Sink]:
    from event_tracer.export.otlp.json import JsonDocument

    with _writing(options.file) as file:
        document = JsonDocument(file)
        target = str(options.file or "standard output")
        yield Sink(delivery=document, target=target, component="otlp_json_span_exporter")
        document.end()


@asynccontextmanager
async def _html(options: SinkOptions) -> AsyncIterator[Sink]:
    with _writing(options.file) as file:
        kept = _Collected()
        yield Sink(delivery=kept, target=str(options.file), component="html_span_exporter")
        file.write(story_page(kept.spans, events=options.events, title=options.title))


@asynccontextmanager
async def _none(options: SinkOptions) -> AsyncIterator[Sink]:
    yield Sink(delivery=_Nowhere(), target="nowhere but the page", component="none_span_exporter")


SINKS: Mapping[str, Callable[[SinkOptions], AbstractAsyncContextManager[Sink]]] = {
    "console": _console,
    "otlp": _otlp,
    "sdk": _sdk,
    "otlp-json": _otlp_json,
    "html": _html,
    "none": _none,
}
"""The function that opens each, by its word in settings."""


async def send(
    traces: Iterable[Trace], *, to: str, options: SinkOptions, complain: Complain
) -> None:
    """Send a finite number of traces to a sink, one by one. Raises OutputError."""
    async with SINKS[to](options) as sink:
        try:
            sent = await send_all(
                traces,
                sink.delivery,
                target=sink.target,
                patience=sink.patience,
                on_wait=_waiting(sink, complain),
            )
        except ExportError as error:
            raise OutputError(f"{error}; {sink.hint}" if sink.hint else str(error)) from None
    if sent.rejected:
        raise OutputError(f"{sink.target} rejected {sent.rejected} of the spans: {sent.warning}")
    if sent.warning:
        complain(f"{sink.target} says: {sent.warning}")


@contextmanager
def _writing(path: Path | None) -> Iterator[TextIO]:
    """A file, or standard output for None. Raises OutputError where a file cannot be written."""
    if path is None:
        yield sys.stdout
        return
    try:
        with path.open("w", encoding="utf-8") as file:
            yield file
    except OSError as error:
        raise OutputError(f"cannot write {path}: {(error.strerror or '').lower()}") from None


def _waiting(sink: Sink, complain: Complain) -> Complain:
    known: set[str] = set()

    def on_wait(reason: str) -> None:
        if reason not in known:
            known.add(reason)
            complain(f"waiting for {sink.target}: {reason}")

    return on_wait
