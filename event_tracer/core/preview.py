"""Object spans before they are sealed: for a picture that does not wait."""

from event_tracer.core.mapping import Mapper, Naming
from event_tracer.core.span import Span
from event_tracer.core.story import Stories


def preview(stories: Stories, naming: Naming) -> list[Span]:
    """The spans of the objects that are not sealed yet, as they would be now."""
    mapper = Mapper(naming=naming, cluster_uid=stories.cluster_uid)
    return [mapper.object_span(item.verdict()) for item in stories.unsettled if item.wanted]
