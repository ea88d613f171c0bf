"""Spans to any exporter of the OpenTelemetry SDK that is installed."""

import asyncio
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib.metadata import entry_points

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags

from event_tracer import UsageError
from event_tracer.core.span import Attributes, Span
from event_tracer.export.delivery import Answer
from event_tracer.export.otlp.encoding import SCOPE

VARIABLE = "OTEL_TRACES_EXPORTER"
_GROUP = "opentelemetry_traces_exporter"
_SCOPE = InstrumentationScope(SCOPE)
_SAMPLED = TraceFlags(TraceFlags.SAMPLED)


class ExporterError(UsageError):
    """An exporter is not there or does not start; the message is one sentence."""


def load(environ: Mapping[str, str]) -> tuple[SpanExporter, ...]:
    """The exporters that OTEL_TRACES_EXPORTER names. Raises ExporterError where it cannot."""
    installed = {entry.name: entry for entry in entry_points(group=_GROUP)}
    names = [name.strip() for name in environ.get(VARIABLE, "").split(",") if name.strip()]
    names = [name for name in names if name != "none"]  # the specification's word for none
    unknown = [name for name in names if name not in installed]
    if unknown or not names:
        what = f"names {unknown[0]}, which is not installed" if unknown else "names no exporter"
        raise ExporterError(f"{VARIABLE} {what}; there are: {', '.join(sorted(installed))}")
    return tuple(_make(name, installed[name].load()) for name in names)


class Sdk:
    """Delivers batches to exporters of the SDK, which block: in a thread."""

    def __init__(self, exporters: Sequence[SpanExporter]) -> None:
        self._exporters = exporters
        self._exporting = asyncio.Lock()

    async def deliver(self, spans: Sequence[Span]) -> Answer:
        """Hand over a batch, once. A SpanExportResult does not tell whether to try again."""
        # "Export() should not be called concurrently with other Export calls for the same
        # exporter instance" (OpenTelemetry specification, "Span Exporter").
        async with self._exporting:
            return await asyncio.to_thread(self._export, [readable(span) for span in spans])

    def _export(self, spans: Sequence[ReadableSpan]) -> Answer:
        for exporter in self._exporters:
            try:
                result = exporter.export(spans)
            except Exception as error:  # it may be anybody's
                reason = f"{type(exporter).__name__}: {error}"
                return Answer(accepted=False, retryable=True, reason=reason)
            if result is not SpanExportResult.SUCCESS:
                reason = f"{type(exporter).__name__} could not deliver"
                return Answer(accepted=False, retryable=True, reason=reason)
        return Answer(accepted=True)

    async def close(self) -> None:
        """Let the exporters go."""
        for exporter in self._exporters:
            await asyncio.to_thread(exporter.shutdown)


def readable(span: Span) -> ReadableSpan:
    """A span as the SDK's exporters take it, saying what its OTLP says."""
    code = StatusCode.UNSET if span.error is None else StatusCode.ERROR
    return ReadableSpan(
        name=span.name,
        context=_context(span.trace_id, span.span_id),
        parent=_context(span.trace_id, span.parent_id) if span.parent_id else None,
        resource=_resource(span.resource),
        attributes=dict(span.attributes),
        kind=SpanKind.INTERNAL,
        status=Status(code, span.error),
        start_time=span.start,
        end_time=span.end,
        instrumentation_scope=_SCOPE,
    )


def _make(name: str, exporter: type[SpanExporter]) -> SpanExporter:
    try:
        return exporter()
    except Exception as error:  # it may be anybody's
        raise ExporterError(f"the exporter {name} does not start: {error}") from error


def _context(trace_id: bytes, span_id: bytes) -> SpanContext:
    return SpanContext(
        trace_id=int.from_bytes(trace_id),
        span_id=int.from_bytes(span_id),
        is_remote=False,
        trace_flags=_SAMPLED,
    )


@lru_cache(maxsize=1024)
def _resource(attributes: Attributes) -> Resource:
    # Resource.create() would add a random service.instance.id: not the same bytes twice.
    return Resource(dict(attributes))
