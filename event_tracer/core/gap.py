"""The span that tells of what could not be watched."""

from event_tracer.core.span import Attributes, Span, gap_ids
from event_tracer.core.times import MICROSECOND

SERVICE = "event-tracer"
_HIDDEN = "event_tracer.gap.occurrences"


def gap_span(
    *, cluster_uid: str, resource: Attributes, cause: str, since: int, until: int, hidden: int,
    events: int,
) -> Span:  # fmt: skip
    """A trace of its own: `hidden` occurrences of `events` Events from `since` to `until` (ns)."""
    trace_id, span_id = gap_ids(cluster_uid=cluster_uid, cause=cause, since=since, until=until)
    return Span(
        trace_id=trace_id,
        span_id=span_id,
        parent_id=b"",
        name="gap",
        resource=resource,
        start=min(since, until - MICROSECOND),
        end=until,
        attributes=(
            ("event_tracer.gap.cause", cause),
            (_HIDDEN, hidden),
            ("event_tracer.gap.events", events),
        ),
    )


def hidden_by(span: Span) -> int:
    """How many occurrences a gap span tells to be hidden; 0 for any other."""
    return next((v for k, v in span.attributes if k == _HIDDEN and isinstance(v, int)), 0)
