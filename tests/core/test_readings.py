"""Laws 2, 9 and 11: however a cluster is read, its transitions are told once and say the same."""

from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from event_tracer.core.span import Span
from event_tracer.core.times import parse_timestamp, second_of
from tests.scenarios.captures import CAPTURES, TRUTH, Told, Truth, is_verb, told
from tests.scenarios.fields import SECOND
from tests.scenarios.folding import raw_frames
from tests.scenarios.generated import BAD, GOOD, LIVES, clusters
from tests.scenarios.readings import (
    Raw,
    Run,
    listed_then_watched,
    shuffled,
    watched,
)
from tests.scenarios.rollouts import Life, Rollouts
from tests.scenarios.same import all_events, assert_once, assert_same, summary, transitions

few = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


@cache
def frames(name: str) -> tuple[Raw, ...]:
    """The raw frames of a capture."""
    return raw_frames(f"status/{name}")


@cache
def whole(name: str) -> tuple[Span, ...]:
    """The spans of a capture that is watched frame by frame."""
    return tuple(watched(frames(name)))


# -- restarts


@pytest.mark.parametrize("name", CAPTURES)
def test_a_loss_after_any_frame_changes_nothing(name: str) -> None:
    """Law 9: from the checkpoint, LISTs and watches that go on where all was acknowledged."""
    run = Run(frames(name), whole(name))
    wanted = [summary(story) for story in told(whole(name))]
    for cut in range(1, len(frames(name))):
        run.feed()
        spans = set(run.lost_and_restarted())  # what was sent again has the same bytes
        assert all_events(spans) == all_events(whole(name)), cut
        assert_once(spans)
        assert [summary(story) for story in told(spans)] == wanted, cut


# -- a LIST at any moment


def next_change(name: str, second: int) -> int:
    """The frame of a capture that shows the next change after `second`, or that after its last."""
    for number, raw in enumerate(frames(name)):
        meta = raw["object"]["metadata"]
        writes = [
            second_of(parse_timestamp(entry.get("time")) or 0)
            for entry in meta.get("managedFields") or ()
            if "f:spec" in (entry.get("fieldsV1") or {})
        ]
        is_root = raw["resource"] != "events" and not meta.get("ownerReferences")
        if is_root and meta.get("generation", 1) > 1 and max(writes, default=0) > second:
            return number
    return len(frames(name))


@pytest.mark.parametrize("name", CAPTURES)
def test_a_list_at_any_moment_tells_no_more(name: str) -> None:
    """Law 11: no id twice, none but what the watch would have told, and under one id one content.

    The last where the LIST can date the change.
    """
    contents = {span.span_id: span for span in transitions(whole(name))}
    ends = {story.root.trace_id: next_change(name, story.second) for story in told(whole(name))}
    for cut in range(len(frames(name)) + 1):
        spans = listed_then_watched(frames(name), cut)
        assert_once(spans)
        for span in transitions(spans):
            wanted = contents[span.span_id]
            assert span == wanted or cut > ends[wanted.trace_id], cut


@cache
def listed_stories(name: str, cut: int) -> list[Told]:
    """The stories of a capture of which so many frames are read as a LIST."""
    return told(listed_then_watched(frames(name), cut))


def outcomes_of(truth: Truth, cut: int) -> list[str]:
    """What has become of a story, by a LIST after so many frames and the watch that follows."""
    return [
        story.outcome
        for story in listed_stories(truth.file, cut)
        if story.second == truth.second
        and is_verb(truth.verb, story.verb)
        and story.title.endswith(f" {truth.name}")
    ]


@pytest.mark.parametrize("truth", TRUTH, ids=str)
def test_a_list_at_any_moment_gives_the_outcome(truth: Truth) -> None:
    """Law 6: the same sealed outcome, as long as the LIST can date the change."""
    for cut in range(next_change(truth.file, truth.second) + 1):
        assert outcomes_of(truth, cut) == [truth.outcome], cut


@pytest.mark.parametrize("truth", TRUTH, ids=str)
def test_a_list_of_later_does_not_say_the_opposite(truth: Truth) -> None:
    """Law 6: what nobody dates any more is neither green nor red wrongly."""
    opposite = {"complete": "failed", "failed": "complete"}[truth.outcome]
    first = next_change(truth.file, truth.second) + 1
    for cut in range(first, len(frames(truth.file)) + 1):
        assert opposite not in outcomes_of(truth, cut), cut


# -- another order


@few
@given(data=st.data(), name=st.sampled_from(CAPTURES))
def test_another_replica_says_the_same(data: Any, name: str) -> None:
    """Laws 2 and 7: each watch keeps its order, between them up to half a second may pass."""
    resources = sorted({raw["resource"] for raw in frames(name)})
    late = {each: data.draw(st.integers(0, SECOND // 2)) for each in resources}
    assert_same(watched(shuffled(frames(name), late)), whole(name))


# -- generated clusters

CLUSTERS = clusters(LIVES, deadline=120)


@few
@given(cluster=CLUSTERS, share=st.floats(0, 1))
def test_a_loss_in_a_generated_life(cluster: Rollouts, share: float) -> None:
    """Law 9, wherever the process was lost."""
    raws = cluster.frames
    expected = watched(raws)
    run = Run(raws, expected)
    for _ in range(int(share * (len(raws) - 1))):
        run.feed()
    assert_same(set(run.lost_and_restarted()), expected)


@pytest.mark.parametrize("late", [(), ("pods", "replicasets"), ("deployments",)], ids=str)
def test_a_deadline_that_passed_is_not_forgotten(late: tuple[str, ...]) -> None:
    """Law 6: judged by what held 30 s after it, though the rollout was complete a minute later."""
    cluster = Rollouts()
    cluster.deployment("web", Life(ready=150), deadline=60)
    cluster.run(300)
    raws = shuffled(cluster.frames, dict.fromkeys(late, SECOND // 2))
    expected = watched(cluster.frames)
    run = Run(raws, expected)

    assert [story.outcome for story in told(expected)] == ["failed"]
    assert_same(watched(raws), expected)
    for _ in raws:
        run.feed()
        assert_same(set(run.lost_and_restarted()), expected)


@few
@given(cluster=CLUSTERS, share=st.floats(0, 1))
def test_a_list_in_a_generated_life(cluster: Rollouts, share: float) -> None:
    """Law 11: no transition twice, none that the watch would not have told."""
    raws = cluster.frames
    known = {span.span_id for span in transitions(watched(raws))}
    spans = listed_then_watched(raws, int(share * len(raws)))

    assert_once(spans)
    assert {span.span_id for span in transitions(spans)} <= known


@few
@given(
    cluster=clusters(st.one_of(GOOD, BAD), kinds=("deployment", "stateful_set", "daemon_set"),
                     verbs=()),
    share=st.floats(0, 1),
)  # fmt: skip
def test_a_list_in_the_first_minutes_gives_the_outcome(cluster: Rollouts, share: float) -> None:
    """Law 6: a LIST that comes later knows the last of what happened, as of a crash loop."""
    raws = cluster.frames
    early = [raw for raw in raws if raw["received"] < raws[0]["received"] + 300 * SECOND]
    (story,) = told(listed_then_watched(raws, int(share * len(early))))
    (expected,) = told(watched(raws))

    assert story.outcome == expected.outcome


@few
@given(cluster=CLUSTERS, data=st.data())
def test_another_order_in_a_generated_life(cluster: Rollouts, data: Any) -> None:
    """Laws 2 and 7, for all that generated clusters do."""
    raws = cluster.frames
    resources = sorted({raw["resource"] for raw in raws})
    late = {each: data.draw(st.integers(0, SECOND // 2)) for each in resources}
    assert_same(watched(shuffled(raws, late)), watched(raws))
