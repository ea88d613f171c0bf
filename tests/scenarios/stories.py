"""Stories of a simulated cluster, and what is to become of them (law 6)."""

import pytest

from event_tracer.core.frame import parse_frame
from event_tracer.core.span import Span
from tests.scenarios.captures import Told, spans_of, told
from tests.scenarios.rollouts import Rollouts

MINUTE, HOUR = 60, 3600


def spans(cluster: Rollouts) -> tuple[Span, ...]:
    """All spans of a cluster's life."""
    return spans_of(parse_frame(raw) for raw in cluster.frames)


def stories(cluster: Rollouts) -> list[Told]:
    """Its stories, in order of their changes."""
    return told(spans(cluster))


def outcomes(cluster: Rollouts) -> list[tuple[str, str]]:
    """The titles and outcomes of its stories."""
    return [(story.title, story.outcome) for story in stories(cluster)]


def only(cluster: Rollouts) -> Told:
    """Its only story."""
    (story,) = stories(cluster)
    return story


def assert_complete(story: Told, cluster: Rollouts, *, generation: int = 1) -> None:
    """It is complete, without an error, and was so when kubectl's rules first said so."""
    title = " ".join(story.title.split()[1:])
    after = cluster.second(cluster.completed[title, generation]) - story.second
    assert story.outcome == "complete", (story.outcome, story.cause)
    assert story.root.error is None
    assert story.completed_after == pytest.approx(after, abs=2)
    assert story.end >= story.second + after - 1


def assert_failed(story: Told, *words: str) -> None:
    """It failed, and its cause says so in words."""
    assert story.outcome == "failed"
    assert (story.root.error or "").startswith(story.cause["message"])
    for word in words:
        assert word in story.cause.get("message", ""), story.cause
