"""The span that tells of what could not be watched."""

from collections.abc import Iterable

from event_tracer.core.event import Event
from event_tracer.core.seen import Seen
from event_tracer.core.span import Attributes, Span, gap_ids
from event_tracer.core.times import MICROSECOND

SERVICE = "event-tracer"
_HIDDEN = "event_tracer.gap.occurrences"


def gap_span(
    events: Iterable[Event], *, seen: Seen, cause: str, since: int, until: int, cluster_uid: str,
    resource: Attributes,
) -> Span | None:  # fmt: skip
    """A trace of its own for what these Events' counts tell of `since` to `until` (ns).

    None where no count has risen by more than one.
    """
    hidden = [count for event in events if (count := seen.hidden(event, since=since))]
    if not hidden:
        return None
    trace_id, span_id = gap_ids(cluster_uid=cluster_uid, cause=cause, since=since, until=until)
    return Span(
        trace_id=trace_id,
        span_id=span_id,
        parent_id=b"",
        kind="gap",
        name="gap",
        resource=resource,
        start=min(since, until - MICROSECOND),
        end=until,
        attributes=(
            ("event_tracer.gap.cause", cause),
            (_HIDDEN, sum(hidden)),
            ("event_tracer.gap.events", len(hidden)),
        ),
    )


def hidden_by(span: Span) -> int:
    """How many occurrences a gap span tells to be hidden; 0 for any other."""
    return next((v for k, v in span.attributes if k == _HIDDEN and isinstance(v, int)), 0)
