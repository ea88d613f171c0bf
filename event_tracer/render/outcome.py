"""Outcome of an object by all that a picture shows of it: sealed, and what came later (law 6)."""

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import reduce
from typing import NamedTuple

from event_tracer.core.errors import ADVICE, ErrorKey, Kind, Standing, goes_on, is_leaving, kind_of
from event_tracer.core.object_outcome import cause_of
from event_tracer.core.span import Span, text_of
from event_tracer.core.verdict import Cause

_LASTS = frozenset({"complete", "superseded"})  # whatever else goes well later
_DONE = frozenset({"RolloutComplete", "Ready", "Completed"})
_COUNT = "k8s.event.count"


class Later(NamedTuple):
    """What came after an object span was sealed, where it says otherwise.

    `word` is `failed` or `complete`, since `time` (ns); `cause` says why it failed.
    """

    word: str
    time: int
    cause: Cause | None = None


def later_of(sealed: Span, under: Iterable[Span]) -> Later | None:
    """What the event spans under an object span that came after its end say otherwise, if at all.

    A span is sealed when its object has come to rest; what came later may say otherwise, and then
    both are told: "complete, then failed".
    """
    outcome = text_of(sealed.attributes, "event_tracer.outcome")
    later = sorted((span for span in under if span.end > sealed.end), key=lambda span: span.end)
    if standing := _standing(later):
        if outcome == "failed":
            return None
        return Later("failed", min(each.since for each in standing), cause_of(standing))
    done = (
        span.end
        for span in later
        if about_of(span) == about_of(sealed) and reason_of(span) in _DONE
    )
    time = next(done, None)
    return None if time is None or outcome in _LASTS else Later("complete", time)


def again_of(sealed: Span, under: Iterable[Span]) -> int:
    """How often the error that failed an object came again after its span's end.

    `under` are the event spans under it.
    """
    reason, about = (
        text_of(sealed.attributes, f"event_tracer.cause.{each}") for each in ("reason", "object")
    )
    of_it = (span for span in under if span.error is not None and about_of(span) == about)
    errors = [_error(span) for span in sorted(of_it, key=lambda span: span.end)]
    before = [each for each in errors if each.last <= sealed.end]
    key = next((each.key for each in reversed(before) if each.name == reason), None)
    return _times(errors, key) - _times(before, key)


def _times(errors: Iterable[Standing], key: ErrorKey | None) -> int:
    same = [each for each in errors if each.key == key]
    return reduce(Standing.again, same).times if same else 0


def outcome_of(sealed: Span, later: Later | None) -> str:
    """Outcome of an object span, and what came later: "complete, then failed"."""
    outcome = text_of(sealed.attributes, "event_tracer.outcome")
    return f"{outcome}, then {later.word}" if later else outcome


def last_word(outcome: str) -> str:
    """How it stands in the end: `failed` of "complete, then failed"."""
    return outcome.rpartition(" ")[2]


def error_kind(span: Span) -> Kind:
    """Kind of the error that an event span tells of."""
    about = text_of(span.attributes, "k8s.object.kind")
    return kind_of(span.name, reason_of(span), about=about)


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


def about_of(span: Span) -> str:
    """The object of a span, as `Kind name`."""
    kind, name = (text_of(span.attributes, f"k8s.object.{each}") for each in ("kind", "name"))
    return f"{kind} {name}".strip()


def _standing(spans: Sequence[Span]) -> list[Standing]:
    """The errors that stand at the end of these event spans, the oldest first (law 6)."""
    standing, deaths = dict[ErrorKey, Standing](), Counter[ErrorKey]()
    for span in spans:
        if _leaves(span):
            standing = {key: each for key, each in standing.items() if each.about != about_of(span)}
        elif span.error is not None and reason_of(span) in ADVICE:
            continue
        elif span.error is not None:
            error = _error(span)
            deaths[error.key] += error.ordinal
            error = error.but(ordinal=deaths[error.key])
            before = standing.get(error.key)
            standing[error.key] = before.again(error) if before else error
        else:
            standing = {key: it for key, it in standing.items() if not _is_undone(it, span)}
    return list(standing.values())


def _error(span: Span) -> Standing:
    message, kind = span.error or span.name, error_kind(span)
    return Standing(
        kind=kind, identity=about_of(span), about=about_of(span),
        container=text_of(span.attributes, "k8s.container.name"),
        since=span.end, last=span.end, surely=None, name=span.name, message=message,
        ordinal=int(kind is Kind.DEATH), times=0 if goes_on(message) else count_of(span),
        is_init=text_of(span.attributes, "k8s.object.fieldpath").startswith("spec.init"),
    )  # fmt: skip


def count_of(span: Span) -> int:
    """The count of an Event as its span tells it; 1 of all else."""
    return next((v for k, v in span.attributes if k == _COUNT and isinstance(v, int)), 1)


def _leaves(span: Span) -> bool:
    """Whether a pod is gone or was asked to go: no error about it stands any more."""
    reason = reason_of(span)
    return reason == "DisruptionTarget" or is_leaving(reason, message_of(span))


def _is_undone(error: Standing, span: Span) -> bool:
    reason = reason_of(span)
    if reason in ("RolloutComplete", "Completed") and error.kind in (Kind.CREATION, Kind.DEADLINE):
        return True
    if about_of(span) != error.about:
        return False
    if reason == "Ready":
        # Nobody knows for how long; a container that died again after one did not live on.
        return error.ordinal < 2
    return error.is_undone_by(reason, text_of(span.attributes, "k8s.container.name"))
