"""Law 6 on a simulated cluster: deaths, and what goes wrong once or for ever."""

import pytest

from tests.scenarios.folding import events
from tests.scenarios.rollouts import HEALTHY, HOPELESS, NEVER, Life, Rollouts
from tests.scenarios.stories import (
    HOUR,
    MINUTE,
    assert_complete,
    assert_failed,
    only,
    spans,
)


@pytest.mark.parametrize("every", [45, 300])
@pytest.mark.parametrize("delay", [-10, 30])
def test_deaths_behind_a_readiness_delay(every: int, delay: int) -> None:
    """Law 6: ready for 10 s before each death or never, the root is open and fails."""
    cluster = Rollouts()
    cluster.deployment("web", Life(dies=every, ready=every + delay))
    cluster.run(HOUR)

    assert_failed(only(cluster), "web", "exit 1")
    assert "Pod web-" in only(cluster).cause["object"]


@pytest.mark.parametrize("every", [45, 300])
def test_deaths_after_all_was_quiet(every: int) -> None:
    """Law 6's limit: sealed complete; the deaths are red in the same trace."""
    cluster = Rollouts()
    cluster.deployment("web", Life(dies=every))
    cluster.run(20 * MINUTE)
    story = only(cluster)
    deaths = [span for span in spans(cluster) if span.name == "Terminated Error"]

    assert_complete(story, cluster)
    assert story.end - story.second < 4
    assert len(deaths) >= 3
    assert {span.trace_id for span in deaths} == {story.root.trace_id}
    assert all(span.error is not None for span in deaths)


def test_out_of_memory_once() -> None:
    """Design section 1: a death that is undone by 30 s, and twice its life, of readiness."""
    cluster = Rollouts()
    cluster.deployment("web", Life(runs=((8, 137),), reason="OOMKilled", ready=6))
    cluster.run(10 * MINUTE)

    assert_complete(only(cluster), cluster)


def test_out_of_memory_for_ever() -> None:
    """Law 6: the most telling standing error is the cause."""
    cluster = Rollouts()
    cluster.deployment("web", Life(dies=3, reason="OOMKilled", ready=10))
    cluster.run(20 * MINUTE)

    assert_failed(only(cluster), "web", "OOMKilled", "exit 137")


def test_two_of_three_pods_die() -> None:
    """An error is undone by its own pod's readiness, never by a sibling's."""
    cluster = Rollouts()
    cluster.deployment("web", HEALTHY, Life(dies=2), HEALTHY, replicas=3)
    cluster.run(20 * MINUTE)

    assert_failed(only(cluster), "exit 1")


@pytest.mark.parametrize("replicas", [1, 3])
@pytest.mark.parametrize("every", [15, 22, 28])
def test_a_liveness_probe_kills_again_and_again(every: int, replicas: int) -> None:
    """Law 6: the Deployment is complete by kubectl's rules most of the time; deaths stand."""
    cluster = Rollouts()
    cluster.deployment("web", Life(kills=every), replicas=replicas)
    cluster.run(20 * MINUTE)

    assert_failed(only(cluster), "web", "exit 137")
    assert only(cluster).completed_after == pytest.approx(1, abs=2)


# -- what goes wrong once


def test_one_failed_pull() -> None:
    """Law 6: undone by the same container's Pulled; the others of the rollout are slow."""
    slow = Life(ready=50, pull=5)
    cluster = Rollouts()
    cluster.deployment("web", slow, Life(ready=50, pull=5, failed_pulls=1), slow, replicas=4)
    cluster.run(10 * MINUTE)

    assert_complete(only(cluster), cluster)


def test_a_pull_that_never_succeeds() -> None:
    """Law 6: beyond doubt after two minutes, long before the deadline."""
    cluster = Rollouts()
    cluster.deployment("web", Life(failed_pulls=HOPELESS))
    cluster.run(30 * MINUTE)
    story = only(cluster)

    assert_failed(story, "registry.example.com/web")
    assert story.completed_after is None


def test_a_config_map_comes_late() -> None:
    """Law 6: a failed start is undone by the container's Started."""
    cluster = Rollouts()
    cluster.deployment("web", Life(misconfigured=4, ready=10))
    cluster.run(10 * MINUTE)

    assert_complete(only(cluster), cluster)


def test_a_config_map_never_comes() -> None:
    """Law 6: beyond doubt after two minutes; the cause names what is not there."""
    cluster = Rollouts()
    cluster.deployment("web", Life(misconfigured=HOPELESS))
    cluster.run(30 * MINUTE)

    assert_failed(only(cluster), 'configmap "nowhere" not found')
    assert only(cluster).cause["object"].startswith("Pod web-")
    assert 110 < only(cluster).end - only(cluster).second < 160


def test_one_refused_creation() -> None:
    """Law 6: undone by a later creation of the same owner."""
    cluster = Rollouts()
    cluster.replica_sets.refusals = 1
    cluster.deployment("web", Life(ready=40), replicas=4)
    cluster.run(10 * MINUTE)

    assert any(span.name.startswith("FailedCreate") for span in spans(cluster))
    assert_complete(only(cluster), cluster)


def test_refused_creations_for_ever() -> None:
    """Law 6: a quota without room fails the rollout."""
    cluster = Rollouts()
    cluster.replica_sets.refusals = 10**6
    cluster.deployment("web", replicas=2)
    cluster.run(20 * MINUTE)

    assert_failed(only(cluster), "exceeded quota")
    assert only(cluster).cause["object"].startswith("ReplicaSet web-")


def test_a_node_comes_after_five_minutes() -> None:
    """Law 6: scheduling has a deadline of its own, and is undone by Scheduled."""
    cluster = Rollouts()
    cluster.deployment("web", Life(schedule=300, ready=20))
    cluster.run(15 * MINUTE)

    assert_complete(only(cluster), cluster)


def test_no_node_ever_comes() -> None:
    """Law 6: failed at the deadline."""
    cluster = Rollouts()
    cluster.deployment("web", Life(schedule=NEVER), deadline=120)
    cluster.run(30 * MINUTE)

    assert_failed(only(cluster), "0/1 nodes are available")


def test_readiness_lost_and_won() -> None:
    """Law 6: a failed probe and NotReady are undone by the pod's later Ready."""
    cluster = Rollouts()
    cluster.deployment("web", Life(ready=5, lost=(10, 45)))
    cluster.run(10 * MINUTE)

    assert_complete(only(cluster), cluster)
    assert [span.name for span in events(spans(cluster)) if "Ready" in span.name] == [
        "Ready", "NotReady", "Ready",
    ]  # fmt: skip
