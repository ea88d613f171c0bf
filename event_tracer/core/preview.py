"""Object spans before they are sealed: for a picture that does not wait."""

from event_tracer.core.mapping import Mapper, Naming
from event_tracer.core.span import Span
from event_tracer.core.story import Stories


def preview(stories: Stories, naming: Naming, *, trace_id: bytes | None = None) -> list[Span]:
    """The spans of the objects that are not sealed yet, of one trace or all, as they would be."""
    mapper = Mapper(naming=naming, cluster_uid=stories.cluster_uid)
    return [
        mapper.object_span(item.verdict())
        for item in stories.unsettled
        if item.wanted and trace_id in (None, item.trace_id)
    ]
