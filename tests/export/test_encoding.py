"""OTLP's bytes against protobuf's own messages: the same, to the last bit."""

from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue
from opentelemetry.proto.trace.v1 import trace_pb2

from event_tracer.core.span import Attributes, AttributeValue, Span
from event_tracer.export.otlp.encoding import SCOPE, encode

TEXT = st.text(st.characters(codec="utf-8"))
NAME = st.text(st.characters(codec="utf-8"), min_size=1)
LONG = st.integers(0, 70_000).map("x".__mul__)
NUMBER = st.integers(-(2**63), 2**63 - 1)
TIME = st.integers(1, 2**63)
VALUE = st.one_of(TEXT, LONG, st.booleans(), NUMBER, st.lists(TEXT, max_size=4).map(tuple))
PAIRS = st.lists(st.tuples(NAME, VALUE), max_size=9).map(tuple)
RESOURCE = st.sampled_from([(), (("service.name", "kubelet"),), (("service.name", ""), ("n", 7))])
SPANS = st.lists(
    st.builds(
        Span, trace_id=st.binary(min_size=16, max_size=16),
        span_id=st.binary(min_size=8, max_size=8),
        parent_id=st.just(b"") | st.binary(min_size=8, max_size=8), name=NAME, resource=RESOURCE,
        start=TIME, end=TIME, attributes=PAIRS, error=st.none() | TEXT | LONG,
    ),
    max_size=6,
)  # fmt: skip


def value_of(value: AttributeValue) -> AnyValue:
    """As protobuf's messages have it."""
    match value:
        case str():
            return AnyValue(string_value=value)
        case bool():
            return AnyValue(bool_value=value)
        case int():
            return AnyValue(int_value=value)
        case _:
            values = [AnyValue(string_value=item) for item in value]
            return AnyValue(array_value=ArrayValue(values=values))


def pairs_of(attributes: Attributes) -> list[KeyValue]:
    """The same of attributes."""
    return [KeyValue(key=key, value=value_of(value)) for key, value in attributes]


def message_of(span: Span) -> trace_pb2.Span:
    """The same of a span."""
    made = trace_pb2.Span(
        trace_id=span.trace_id,
        span_id=span.span_id,
        parent_span_id=span.parent_id,
        name=span.name,
        kind=trace_pb2.Span.SPAN_KIND_INTERNAL,
        start_time_unix_nano=span.start,
        end_time_unix_nano=span.end,
        attributes=pairs_of(span.attributes),
        status=trace_pb2.Status(),
        flags=trace_pb2.SPAN_FLAGS_CONTEXT_HAS_IS_REMOTE_MASK,
    )
    if span.error is not None:
        made.status.code = trace_pb2.Status.STATUS_CODE_ERROR
        made.status.message = span.error
    return made


def request_of(spans: list[Span]) -> ExportTraceServiceRequest:
    """The same of a request."""
    request = ExportTraceServiceRequest()
    for resource in dict.fromkeys(span.resource for span in spans):
        group = request.resource_spans.add()
        group.resource.SetInParent()
        group.resource.attributes.extend(pairs_of(resource))
        scope = group.scope_spans.add()
        scope.scope.name = SCOPE
        scope.spans.extend(message_of(span) for span in spans if span.resource == resource)
    return request


@settings(deadline=None)  # a machine may be busy
@given(SPANS)
def test_the_bytes_are_protobufs_own(spans: list[Span]) -> None:
    """Texts of any length, negative numbers, empty values: what protobuf would have written."""
    assert encode(spans) == request_of(spans).SerializeToString(deterministic=True)
