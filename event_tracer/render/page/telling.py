"""The occurrence whose message tells best why a story failed."""

import re
from collections.abc import Iterable

from event_tracer.core.errors import kind_of
from event_tracer.core.span import Span, text_of
from event_tracer.render.outcome import reason_of

# Says that an error goes on, not why it is.
_GOES_ON = re.compile(r"Error: \w+$|Back-off ")


def telling(root: Span, spans: Iterable[Span]) -> Span | None:
    """The event span that the cause of `root` is taken from.

    Where the root has no cause, or no occurrence says it, the newest of the most telling errors of
    the trace: of those after the root's end, if there are any.
    """
    errors = [span for span in spans if span.kind == "event" and span.error is not None]
    for each in (_of_cause(root, errors), [s for s in errors if s.end > root.end], errors):
        if each:
            return min(each, key=_least_telling_last)
    return None


def _of_cause(root: Span, errors: Iterable[Span]) -> list[Span]:
    """The errors that the root's cause may be taken from."""
    names = ("object", "reason", "message")
    about, name, message = (text_of(root.attributes, f"event_tracer.cause.{n}") for n in names)
    same = [span for span in errors if (_about(span), span.name) == (about, name)]
    # The cause is a message, and of a death how often it came ("..., 3 restarts").
    exact = [span for span in same if message.startswith((span.error or span.name).strip())]
    before = [span for span in exact or same if span.end <= root.end]
    return before or exact or same


def _least_telling_last(span: Span) -> tuple[int, bool, int]:
    kind, goes_on = kind_of(span.name, reason_of(span)), _GOES_ON.match(span.error or "")
    return kind, bool(goes_on), -span.end


def _about(span: Span) -> str:
    kind, name = (text_of(span.attributes, f"k8s.object.{each}") for each in ("kind", "name"))
    return f"{kind} {name}"
