"""Spans as OTLP JSON, as Jaeger's “Upload JSON file” takes it."""

import json
from base64 import b64decode
from collections.abc import Sequence
from typing import Any, TextIO

from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from event_tracer.core.span import Span
from event_tracer.export.delivery import Answer
from event_tracer.export.otlp.encoding import encode


class JsonDocument:
    """Writes spans into one OTLP JSON document, which is whole after `end`."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._joint = ""
        file.write('{"resourceSpans":[')

    async def deliver(self, spans: Sequence[Span]) -> Answer:
        """Write `spans`."""
        for group in _json_groups(spans):
            self._file.write(self._joint + json.dumps(group, separators=(",", ":")))
            self._joint = ",\n"
        return Answer(accepted=True)

    def end(self) -> None:
        """Close the document."""
        self._file.write("]}\n")


def _json_groups(spans: Sequence[Span]) -> list[dict[str, Any]]:
    request = ExportTraceServiceRequest.FromString(encode(spans))
    document = MessageToDict(request, use_integers_for_enums=True)
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
