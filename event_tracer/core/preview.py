"""Object spans before they are sealed: for a picture that does not wait."""

from event_tracer.core.mapping import Mapper, Naming
from event_tracer.core.span import Span
from event_tracer.core.state import State


def preview(state: State, naming: Naming) -> list[Span]:
    """The spans of the objects that are not sealed yet, as they would be now."""
    mapper = Mapper(naming=naming, cluster_uid=state.cluster_uid)
    return [mapper.object_span(item.verdict()) for item in state.unsettled if item.wanted]
