"""Spans of one cluster that was read in two ways: what must be the same of them."""

from collections.abc import Collection

from event_tracer.core.span import Span
from tests.scenarios.captures import Told, told


def sent(span: Span) -> Span:
    """What is sent of it: not in which version it was seen first."""
    return span.but(version=0)


def transitions(spans: Collection[Span]) -> set[Span]:
    """The event spans that a status has shown."""
    return {sent(span) for span in spans if span.is_status}


def all_events(spans: Collection[Span]) -> set[Span]:
    """All event spans."""
    return {sent(span) for span in spans if span.kind == "event"}


def assert_once(spans: Collection[Span]) -> None:
    """No id twice."""
    ids = [(span.trace_id, span.span_id) for span in set(map(sent, spans))]
    assert len(set(ids)) == len(ids)
    moved = [span.span_id for span in transitions(spans)]
    assert len(set(moved)) == len(moved)


def summary(story: Told) -> tuple[object, ...]:
    """All that a root says of its story."""
    return story.title, story.second, story.outcome, story.end, story.completed_after, story.cause


def assert_same(spans: Collection[Span], expected: Collection[Span]) -> None:
    """The same event spans, and roots that say the same."""
    assert_once(spans)
    assert all_events(spans) == all_events(expected)
    assert [summary(story) for story in told(spans)] == [summary(story) for story in told(expected)]
