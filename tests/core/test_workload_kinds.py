"""Law 6 on a simulated cluster: what has no Deployment, and what others change of one."""

import pytest

from tests.scenarios.rollouts import HOPELESS, Life, Rollouts
from tests.scenarios.stories import (
    HOUR,
    MINUTE,
    assert_complete,
    assert_failed,
    only,
    outcomes,
    stories,
)

# -- runs


def test_a_job_that_succeeds_at_its_second_try() -> None:
    """Law 6: of a run its status alone decides; Complete undoes every error below it."""
    cluster = Rollouts()
    cluster.job("work", Life(runs=((5, 2),)), Life(runs=((8, 0),)))
    cluster.run(10 * MINUTE)
    story = only(cluster)

    assert (story.title, story.outcome) == ("Create Job work", "complete")
    assert story.root.error is None


def test_a_job_that_fails() -> None:
    """Law 6: the cause is the container's death, not the limit that was reached."""
    cluster = Rollouts()
    cluster.job("work", Life(runs=((5, 2),)), limit=2)
    cluster.run(10 * MINUTE)

    assert_failed(only(cluster), "work", "exit 2")
    assert only(cluster).cause["object"].startswith("Pod work-")


@pytest.mark.parametrize("tries", [1, 2])
def test_a_job_of_three_hours(tries: int) -> None:
    """Law 5: a run is one story, whatever its length."""
    cluster = Rollouts()
    lives = [Life(runs=((HOUR, 1),))] * (tries - 1) + [Life(runs=((3 * HOUR, 0),))]
    cluster.job("work", *lives)
    cluster.run(5 * HOUR)
    story = only(cluster)

    assert story.outcome == "complete"
    assert story.end - story.second > 3 * HOUR


def test_a_job_that_goes_on() -> None:
    """Law 6: a run is open until its status ends it."""
    cluster = Rollouts()
    cluster.job("work", Life(runs=((6 * HOUR, 0),)))
    cluster.run(2 * HOUR)

    assert only(cluster).outcome == "progressing"


# -- other workloads


def test_a_stateful_set_with_a_partition() -> None:
    """Law 11: complete when replicas − partition are updated."""
    cluster = Rollouts()
    db = cluster.stateful_set("db", Life(ready=12), partition=2)
    cluster.run(5 * MINUTE)
    cluster.update(db, Life(ready=30))
    cluster.run(15 * MINUTE)
    created, updated = stories(cluster)

    assert_complete(created, cluster)
    assert_complete(updated, cluster, generation=2)
    assert updated.completed_after is not None
    assert updated.completed_after < 60


def test_a_stateful_set_on_delete() -> None:
    """Law 11: complete once observed and ready; nothing rolls by itself, so nothing is told."""
    cluster = Rollouts()
    db = cluster.stateful_set("db", Life(ready=12), on_delete=True)
    cluster.run(5 * MINUTE)
    cluster.update(db, Life(ready=30))
    cluster.run(15 * MINUTE)
    found = outcomes(cluster)

    assert found[0] == ("Create StatefulSet db", "complete")
    assert all(outcome == "complete" for _, outcome in found[1:])


def test_a_stateful_set_on_delete_whose_pod_is_deleted() -> None:
    """Law 6: the pod that is made anew is an open step of the update's story."""
    cluster = Rollouts()
    db = cluster.stateful_set("db", Life(ready=12), on_delete=True)
    cluster.run(5 * MINUTE)
    cluster.update(db, Life(ready=50))
    cluster.run(6 * MINUTE)
    cluster.delete(cluster.pods(db)[0])
    cluster.run(20 * MINUTE)

    assert [outcome for _, outcome in outcomes(cluster)] == ["complete", "complete"]


def test_a_stateful_set_stuck_at_its_newest_pod() -> None:
    """Law 6: beyond doubt, two minutes after the first failed pull."""
    cluster = Rollouts()
    db = cluster.stateful_set("db", Life(ready=5))
    cluster.run(3 * MINUTE)
    cluster.update(db, Life(ready=5, failed_pulls=HOPELESS))
    cluster.run(30 * MINUTE)
    created, updated = stories(cluster)

    assert_complete(created, cluster)
    assert_failed(updated, "registry.example.com/db")
    assert updated.completed_after is None


def test_no_replicas() -> None:
    """Law 11: 0 of 0 is complete; scaled to 0 it is so once its pods have gone."""
    cluster = Rollouts()
    cluster.deployment("none", replicas=0)
    web = cluster.deployment("web", Life(ready=5), replicas=2)
    cluster.run(3 * MINUTE)
    cluster.scale(web, 0)
    cluster.run(10 * MINUTE)
    found = outcomes(cluster)

    assert {outcome for _, outcome in found} == {"complete"}
    assert ("Create Deployment web", "complete") in found
    assert ("Scale Deployment web", "complete") in found


def test_a_daemon_set_without_nodes() -> None:
    """Law 11: 0 of 0 is complete, or nothing is told; it is not failed nor waited for."""
    cluster = Rollouts(nodes=0)
    cluster.daemon_set("agent")
    cluster.run(10 * MINUTE)

    assert all(outcome == "complete" for _, outcome in outcomes(cluster))


def test_a_daemon_set_over_five_nodes() -> None:
    """Law 6: one node after the other, 45 s each."""
    cluster = Rollouts(nodes=5)
    agent = cluster.daemon_set("agent", Life(ready=5))
    cluster.run(3 * MINUTE)
    cluster.update(agent, Life(ready=45))
    cluster.run(20 * MINUTE)
    created, updated = stories(cluster)

    assert_complete(created, cluster)
    assert_complete(updated, cluster, generation=2)
    assert updated.end - updated.second > 220


def test_an_operators_stateful_set() -> None:
    """Law 5 and 6: its operator's updates are stories of the custom resource, by what is below."""
    cluster = Rollouts()
    orders = cluster.database("orders")
    cluster.run(1)
    db = cluster.stateful_set("orders", Life(ready=20), owner=orders, manager="DatabaseOperator")
    cluster.run(20 * MINUTE)
    cluster.update(db, Life(ready=40), manager="DatabaseOperator")
    cluster.run(40 * MINUTE)
    cluster.update(db, Life(failed_pulls=HOPELESS), manager="DatabaseOperator")
    cluster.run(80 * MINUTE)

    assert outcomes(cluster) == [
        ("Create Database orders", "complete"),
        ("Update Database orders", "complete"),
        ("Update Database orders", "failed"),
    ]


def test_an_autoscaler_at_minute_eleven_of_twelve() -> None:
    """Law 5: while its root is not complete the autoscaler's scale belongs to the change."""
    cluster = Rollouts()
    web = cluster.deployment("web", Life(ready=3), replicas=4)
    autoscaler = cluster.autoscaler(web)
    cluster.run(5 * MINUTE)
    cluster.update(web, Life(ready=360))
    cluster.run(16 * MINUTE)
    assert ("Deployment web", 2) not in cluster.completed
    cluster.autoscale(autoscaler, web, 5)
    cluster.run(60 * MINUTE)
    found = stories(cluster)

    assert [story.title for story in found if "Deployment" in story.title] == [
        "Create Deployment web", "Update Deployment web",
    ]  # fmt: skip
    assert all(story.outcome in ("complete", "started") for story in found)
    assert found[-1].outcome == "complete"
    assert found[-1].end >= cluster.second(cluster.completed["Deployment web", 3]) - 1
