"""Spans as OTLP: protobuf messages, filled in place, and JSON."""

import json
from base64 import b64decode
from collections.abc import Iterable
from typing import Any, TextIO

from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.trace.v1 import trace_pb2

from event_tracer.core.span import Attributes, AttributeValue, Span

SCOPE = "event_tracer"
"""The instrumentation scope of every span. It has no version: two would not be the same bytes."""

_FLAGS = trace_pb2.SPAN_FLAGS_CONTEXT_HAS_IS_REMOTE_MASK
_INTERNAL = trace_pb2.Span.SPAN_KIND_INTERNAL
_ERROR = trace_pb2.Status.STATUS_CODE_ERROR


def encode(spans: Iterable[Span]) -> ExportTraceServiceRequest:
    """Spans → one request, those of one resource together."""
    request = ExportTraceServiceRequest()
    scopes: dict[Attributes, trace_pb2.ScopeSpans] = {}
    for span in spans:
        scope = scopes.get(span.resource)
        if scope is None:
            group = request.resource_spans.add()
            _fill_attributes(group.resource.attributes, span.resource)
            scope = scopes[span.resource] = group.scope_spans.add()
            scope.scope.name = SCOPE
        _fill_span(scope.spans.add(), span)
    return request


def write_json(traces: Iterable[Iterable[Span]], file: TextIO) -> None:
    """Write one OTLP JSON document, as Jaeger's “Upload JSON file” takes it."""
    joint = ""
    file.write('{"resourceSpans":[')
    for spans in traces:
        for group in _json_groups(spans):
            file.write(joint + json.dumps(group, separators=(",", ":")))
            joint = ",\n"
    file.write("]}\n")


def _json_groups(spans: Iterable[Span]) -> list[dict[str, Any]]:
    document = MessageToDict(encode(spans), use_integers_for_enums=True)
    groups: list[dict[str, Any]] = document.get("resourceSpans", [])
    for group in groups:
        for scope in group["scopeSpans"]:
            for span in scope["spans"]:
                _hex_ids(span)
    return groups


def _hex_ids(span: dict[str, Any]) -> None:
    # OTLP JSON writes ids in hex, unlike protobuf's own JSON mapping (OTLP specification,
    # "JSON Protobuf Encoding").
    for key in ("traceId", "spanId", "parentSpanId"):
        if key in span:
            span[key] = b64decode(span[key]).hex()


def _fill_span(message: trace_pb2.Span, span: Span) -> None:
    message.trace_id = span.trace_id
    message.span_id = span.span_id
    message.parent_span_id = span.parent_id
    message.name = span.name
    message.kind = _INTERNAL
    message.start_time_unix_nano = span.start
    message.end_time_unix_nano = span.end
    message.flags = _FLAGS
    _fill_attributes(message.attributes, span.attributes)
    if span.error is None:
        message.status.SetInParent()
    else:
        message.status.code = _ERROR
        message.status.message = span.error


def _fill_attributes(messages: Any, attributes: Attributes) -> None:
    for key, value in attributes:
        message = messages.add()
        message.key = key
        _fill_value(message.value, value)


def _fill_value(message: AnyValue, value: AttributeValue) -> None:
    if isinstance(value, str):
        message.string_value = value
    elif isinstance(value, bool):
        message.bool_value = value
    elif isinstance(value, int):
        message.int_value = value
    else:
        for item in value:
            message.array_value.values.add().string_value = item
