"""Cases: situations of public bug reports, rebuilt small, and what a test asks of their spans."""

from collections.abc import Iterable
from functools import cache
from io import BytesIO

from event_tracer.core.frame import Item
from event_tracer.core.span import Span
from event_tracer.core.times import SECOND
from event_tracer.recording.reader import Problem, items
from event_tracer.render.waterfall import Waterfall, waterfall
from tests.scenarios.captures import spans_of
from tests.scenarios.folding import RECORDINGS, attributes, events, is_event, roots


@cache
def case(number: str) -> tuple[Span, ...]:
    """All spans of a case, as `replay` reads it."""
    (path,) = (RECORDINGS / "cases").glob(f"{number}-*")
    problems: list[Problem] = []
    found: tuple[Item, ...] = tuple(items([str(path)], stdin=BytesIO(), on_problem=problems.append))
    assert not problems
    return spans_of(found)


def about(number: str, kind: str, name: str = "") -> Span:
    """The object span of a case's object of a kind."""
    (found,) = [
        span
        for span in case(number)
        if not is_event(span)
        and attributes(span)["k8s.object.kind"] == kind
        and name in str(attributes(span)["k8s.object.name"])
    ]
    return found


def outcome(span: Span) -> str:
    """How it stands."""
    return str(attributes(span)["event_tracer.outcome"])


def seconds(span: Span) -> float:
    """Its length."""
    return (span.end - span.start) / SECOND


def named(number: str, word: str) -> list[Span]:
    """The event spans of a name, by time."""
    return [span for span in events(case(number)) if span.name.startswith(word)]


def traces(number: str) -> list[str]:
    """The titles of a case's stories, by time; of one that has no root here its ids."""
    return [span.name for span in roots(case(number))]


def tree(number: str) -> dict[str, str]:
    """Of each object of a case, as `Kind name`, the one above it; empty for a root."""
    return tree_of(case(number))


def tree_of(spans: Iterable[Span]) -> dict[str, str]:
    """The same of any spans."""
    objects = {(span.trace_id, span.span_id): span for span in spans if not is_event(span)}
    return {
        _named(span): _named(objects[span.trace_id, span.parent_id]) if span.parent_id else ""
        for span in objects.values()
    }


def _named(span: Span) -> str:
    found = attributes(span)
    return f"{found['k8s.object.kind']} {found['k8s.object.name']}"


def picture(number: str, at: int = 0) -> Waterfall:
    """The picture of one of a case's stories, by time."""
    root = roots(case(number))[at]
    return waterfall([span for span in case(number) if span.trace_id == root.trace_id])
