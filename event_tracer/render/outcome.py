"""Outcome of an object by all that a picture shows of it: sealed, and what came later (law 6)."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from event_tracer.core.errors import OF_CONTAINER, UNDOES, Kind, kind_of
from event_tracer.core.span import Span, text_of
from event_tracer.core.tables import POD_LEAVING

_LASTS = frozenset({"complete", "superseded"})  # whatever else goes well later
_DONE = frozenset({"RolloutComplete", "Ready", "Completed"})


class _Error(NamedTuple):
    about: str
    kind: Kind
    container: str


def outcome_of(sealed: Span, under: Iterable[Span]) -> str:
    """Outcome of an object span, and of the event spans under it that came after its end.

    A span is sealed when its object has come to rest; what came later may say otherwise, and then
    both are told: "complete, then failed".
    """
    outcome = text_of(sealed.attributes, "event_tracer.outcome")
    later = sorted((span for span in under if span.end > sealed.end), key=lambda span: span.end)
    if _error_stands(later):
        return outcome if outcome == "failed" else f"{outcome}, then failed"
    is_done = any(_about(span) == _about(sealed) and reason_of(span) in _DONE for span in later)
    return f"{outcome}, then complete" if is_done and outcome not in _LASTS else outcome


def last_word(outcome: str) -> str:
    """How it stands in the end: `failed` of "complete, then failed"."""
    return outcome.rpartition(" ")[2]


def reason_of(span: Span) -> str:
    """The reason of an event span."""
    attributes = span.attributes
    names = ("k8s.event.reason", "event_tracer.transition.reason")
    return next(filter(None, (text_of(attributes, name) for name in names)), "")


def message_of(span: Span) -> str:
    """The message of an event span, as it stands in the cluster."""
    attributes = span.attributes
    names = ("k8s.event.message", "event_tracer.transition.message")
    return next(filter(None, (text_of(attributes, name) for name in names)), "")


def _about(span: Span) -> tuple[str, str]:
    kind, name = (text_of(span.attributes, f"k8s.object.{each}") for each in ("kind", "name"))
    return kind, name


def _error_stands(spans: Sequence[Span]) -> bool:
    """Whether an error stands at the end of these event spans, the oldest first (law 6)."""
    standing, times = set[_Error](), Counter[_Error]()
    for span in spans:
        if _leaves(span):
            standing = {each for each in standing if each.about != _name(span)}
        elif span.error is not None:
            error = _error(span)
            standing.add(error)
            times[error] += 1
        else:
            standing = {each for each in standing if not _is_undone(each, span, times[each])}
    return bool(standing)


def _error(span: Span) -> _Error:
    kind = kind_of(span.name, reason_of(span))
    container = text_of(span.attributes, "k8s.container.name")
    return _Error(_name(span), kind, container if kind in OF_CONTAINER else "")


def _name(span: Span) -> str:
    return " ".join(_about(span))


def _leaves(span: Span) -> bool:
    """Whether a pod is gone or was asked to go: no error about it stands any more."""
    reason = reason_of(span)
    # kuberuntime_container.go: a restart states its reason, an end does not.
    is_stop = reason == "Killing" and message_of(span).startswith("Stopping container")
    return is_stop or reason == "DisruptionTarget" or reason in POD_LEAVING


def _is_undone(error: _Error, span: Span, times: int) -> bool:
    reason = reason_of(span)
    if reason in ("RolloutComplete", "Completed") and error.kind in (Kind.CREATION, Kind.DEADLINE):
        return True
    if _name(span) != error.about:
        return False
    if reason == "Ready":
        # Nobody knows for how long; a container that died again after one did not live on.
        return times < 2 or error.kind is not Kind.DEATH
    container = text_of(span.attributes, "k8s.container.name")
    if error.container and error.container != container:
        return False
    return error.kind is Kind.OTHER or error.kind in UNDOES.get(reason, ())
