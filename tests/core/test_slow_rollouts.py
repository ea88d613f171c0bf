"""Law 6 on a simulated cluster: what is slow is complete in time, or fails at its deadline."""

import pytest

from tests.scenarios.rollouts import NEVER, Life, Rollouts
from tests.scenarios.stories import (
    HOUR,
    MINUTE,
    assert_complete,
    assert_failed,
    only,
    spans,
    stories,
)


def test_twenty_five_minutes_in_which_an_old_pod_ails() -> None:
    """Law 6: once a pod was asked to go, no error about it stands."""
    cluster = Rollouts()
    web = cluster.deployment("web", Life(ready=3, stop=20, ails=True), replicas=6)
    cluster.run(2 * MINUTE)
    cluster.update(web, Life(ready=560))
    cluster.run(60 * MINUTE)
    created, updated = stories(cluster)

    assert any(span.name.startswith("Unhealthy") for span in spans(cluster))
    assert cluster.completed["Deployment web", 2] > 20 * MINUTE
    assert_complete(created, cluster)
    assert_complete(updated, cluster, generation=2)


def test_twenty_five_minutes_one_pod_at_a_time() -> None:
    """Law 6: a rollout is as long as it is, while it makes progress."""
    cluster = Rollouts()
    web = cluster.deployment("web", Life(ready=3, stop=15, ails=True), replicas=3)
    cluster.run(2 * MINUTE)
    cluster.update(web, Life(ready=490, warns=10))
    cluster.run(60 * MINUTE)

    assert cluster.completed["Deployment web", 2] > 24 * MINUTE
    assert_complete(stories(cluster)[1], cluster, generation=2)


@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet"])
def test_a_readiness_gate_opens(kind: str) -> None:
    """Law 6: without a Warning, without an Event, a pod that is not Ready is an open step."""
    cluster = Rollouts()
    life = Life(ready=5, gate=200)
    if kind == "Deployment":
        cluster.deployment("web", life)
    else:
        cluster.stateful_set("web", life, replicas=2)
    cluster.run(30 * MINUTE)

    assert_complete(only(cluster), cluster)


def test_a_readiness_gate_never_opens() -> None:
    """Law 6: failed at the deadline, which is the cause, for nothing else went wrong."""
    cluster = Rollouts()
    cluster.deployment("web", Life(ready=5, gate=NEVER), deadline=300)
    cluster.run(30 * MINUTE)
    story = only(cluster)

    assert_failed(story)
    assert story.cause["object"] == "Deployment web"
    assert story.cause["reason"] == "ProgressDeadlineExceeded"
    assert 300 <= story.end - story.second <= 306


def test_a_stateful_set_whose_gate_never_opens() -> None:
    """Law 6: no deadline, no error: it ends 10 min after its last progress, not green nor red."""
    cluster = Rollouts()
    cluster.stateful_set("db", Life(ready=5, gate=NEVER))
    cluster.run(40 * MINUTE)

    assert only(cluster).outcome == "progressing"


@pytest.mark.parametrize("deadline", [60, 600, 3600])
@pytest.mark.parametrize("warns", [None, 10])
def test_never_ready_fails_at_its_deadline(deadline: int, warns: float | None) -> None:
    """Law 6: not before progressDeadlineSeconds have passed; the longest within the hour.

    An hour after its change a story ends as it stands: without a Warning nothing has failed.
    """
    cluster = Rollouts()
    cluster.deployment("web", Life(ready=NEVER, warns=warns), deadline=deadline)
    cluster.run(100 * MINUTE)
    story = stories(cluster)[0]

    if deadline == 3600 and warns is None:
        assert story.outcome == "progressing"
        return
    assert_failed(story)
    if warns:
        assert "readiness probe failed" in story.cause.get("message", "")
    if deadline < HOUR:
        assert story.end - story.second >= deadline


@pytest.mark.parametrize(
    ("deadline", "ready"), [(60, 50), (600, 70), (600, 560), (3600, 700), (3600, 3000)]
)
@pytest.mark.parametrize("warns", [None, 10])
def test_slow_within_its_deadline(deadline: int, ready: float, warns: float | None) -> None:
    """Law 6: complete, however late."""
    cluster = Rollouts()
    cluster.deployment("web", Life(ready=ready, warns=warns), deadline=deadline)
    cluster.run(100 * MINUTE)

    assert_complete(only(cluster), cluster)


def test_complete_soon_after_its_deadline() -> None:
    """Law 6: within 30 s of ProgressDeadlineExceeded it is undone by complete."""
    cluster = Rollouts()
    cluster.deployment("web", Life(ready=75), deadline=60)
    cluster.run(10 * MINUTE)

    assert_complete(only(cluster), cluster)


def test_complete_long_after_its_deadline() -> None:
    """Law 6: sealed failed once Kubernetes has said so and 30 s have passed."""
    cluster = Rollouts()
    cluster.deployment("web", Life(ready=200), deadline=60)
    cluster.run(10 * MINUTE)

    assert_failed(only(cluster))


def test_min_ready_seconds() -> None:
    """Law 11: complete by kubectl's rules, which want the pods available."""
    cluster = Rollouts()
    cluster.deployment("web", Life(ready=5), min_ready=40, replicas=2)
    cluster.run(10 * MINUTE)

    assert_complete(only(cluster), cluster)


def test_a_slow_init_container_and_a_slow_pull() -> None:
    """Law 6: open steps are intervals, not silence."""
    cluster = Rollouts()
    cluster.deployment("web", Life(init=(100, 80), pull=150, ready=60))
    cluster.run(20 * MINUTE)

    assert_complete(only(cluster), cluster)
    assert only(cluster).end - only(cluster).second > 380
