"""What became of an object by all that a picture shows of it."""

from collections.abc import Sequence

from event_tracer.core.object_spans import SESSION_GAP
from event_tracer.core.span import Span, text_of
from event_tracer.core.tables import POD_DONE, POD_WAITING


def outcome(told: Span, under: Sequence[Span]) -> str:
    """`settled`, `failed` or `pending`: of the object span `told` and the event spans under it.

    An object span is sealed at the first silence and says what was known then. A List has only
    the last state of each Event, with hours of silence between, so a picture looks further.
    """
    sealed = text_of(told.attributes, "event_tracer.outcome")
    newest = max((span.end for span in under), default=0)
    if newest <= told.end:
        return sealed
    if _ends_in_error([span for span in under if span.end >= newest - SESSION_GAP]):
        return "failed"
    waiting = _pods(under, POD_WAITING) - _pods(under, POD_DONE)
    return "pending" if waiting else "settled"


def _ends_in_error(spans: Sequence[Span]) -> bool:
    failed = max((span.end for span in spans if span.error is not None), default=-1)
    done = max((span.end for span in spans if _reason(span) in POD_DONE), default=-1)
    return failed > done


def _pods(spans: Sequence[Span], reasons: frozenset[str]) -> set[str]:
    return {
        text_of(span.attributes, "k8s.pod.name")
        for span in spans
        if _reason(span) in reasons and text_of(span.attributes, "k8s.object.kind") == "Pod"
    }


def _reason(span: Span) -> str:
    return text_of(span.attributes, "k8s.event.reason")
