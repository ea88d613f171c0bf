"""Status transitions as occurrences, and the content of their spans (law 11)."""

from event_tracer.core.event_source import image_pairs
from event_tracer.core.occurrence import Description, Occurrence
from event_tracer.core.span import AttributeValue, transition_span_id
from event_tracer.core.transitions import Transition


def occurrence_of_transition(transition: Transition) -> Occurrence:
    """The occurrence that a transition is."""
    about = transition.about
    return Occurrence(
        time=transition.time,
        key=f"{_identity(transition)} {transition.key}",
        count=1,
        about=about,
        namespace=about.namespace,
        reason=transition.reason,
        type="Warning" if transition.is_error else "Normal",
        service=transition.service,
        is_first=True,
        first_time=None,
        version=transition.version,
        child=None,
        source=transition,
        is_status=True,
        generation=transition.generation,
    )


def describe_transition(transition: Transition) -> Description:
    """Name, message and attributes of the span of a transition."""
    return Description(
        span_id=transition_span_id(identity=_identity(transition), key=transition.key),
        start=transition.started,
        name=f"{transition.reason} {transition.word}".rstrip(),
        message=transition.message,
        attributes=_attributes(transition),
        is_error=transition.is_error,
    )


def _identity(transition: Transition) -> str:
    about = transition.about
    return about.uid or f"{about.kind}/{about.namespace}/{about.name}"


def _attributes(transition: Transition) -> dict[str, AttributeValue]:
    about, end = transition.about, transition.end
    attributes: dict[str, AttributeValue] = {
        "event_tracer.transition.reason": transition.reason,
        "event_tracer.transition.message": transition.message,
        "event_tracer.transition.generation": transition.generation or 0,
        "event_tracer.condition.type": transition.condition,
        "k8s.object.kind": about.kind,
        "k8s.object.name": about.name,
        "k8s.object.uid": about.uid,
        "k8s.object.api_version": about.api_version,
        "k8s.namespace.name": about.namespace,
        "k8s.node.name": transition.node,
    }
    if end:
        attributes |= {
            "k8s.container.name": end.container,
            "k8s.container.status.reason": end.reason,
            "event_tracer.container.exit_code": end.exit_code,
            "event_tracer.container.signal": end.signal,
            **(image_pairs(end.image) if end.image else {}),
        }
    elif transition.reason == "DisruptionTarget":
        attributes["event_tracer.disruption.reason"] = transition.word
    return attributes
