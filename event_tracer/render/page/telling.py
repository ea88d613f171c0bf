"""The occurrence whose message tells best why a story failed."""

from collections.abc import Iterable

from event_tracer.core.errors import goes_on
from event_tracer.core.span import Span, text_of
from event_tracer.render.outcome import about_of, error_kind


def telling(root: Span, spans: Iterable[Span]) -> Span | None:
    """The event span that the cause of `root` is taken from.

    Where the root has no cause, or no occurrence says it, the newest of the most telling errors of
    the trace: of those after the root's end, if there are any.
    """
    errors = [span for span in spans if span.kind == "event" and span.error is not None]
    for each in (_of_cause(root, errors), [s for s in errors if s.end > root.end], errors):
        if each:
            return min(each, key=_order)
    return None


def _of_cause(root: Span, errors: Iterable[Span]) -> list[Span]:
    """The errors that the root's cause may be taken from."""
    about, name, words = (
        text_of(root.attributes, f"event_tracer.cause.{each}")
        for each in ("object", "reason", "message")
    )
    same = [span for span in errors if (about_of(span), span.name) == (about, name)]
    before = [span for span in same if span.end <= root.end]
    meant = [span for span in before if f"container {_container(span)}: " in words]
    return meant or before or same


def _container(span: Span) -> str:
    return text_of(span.attributes, "k8s.container.name")


def _order(span: Span) -> tuple[int, bool, int]:
    """The most telling first, of one kind the newest."""
    return error_kind(span), goes_on(span.error or ""), -span.end
