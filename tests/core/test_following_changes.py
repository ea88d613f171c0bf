"""Law 6 on a simulated cluster: changes that follow each other."""

import pytest

from tests.scenarios.folding import attributes, is_event
from tests.scenarios.rollouts import HOPELESS, NEVER, Life, Rollouts
from tests.scenarios.stories import (
    MINUTE,
    assert_complete,
    assert_failed,
    only,
    outcomes,
    spans,
    stories,
)


def test_two_quick_pushes() -> None:
    """Law 6: the first is superseded, not failed, though its pod was refused once."""
    cluster = Rollouts()
    web = cluster.deployment("web", Life(ready=3), replicas=2)
    cluster.run(3 * MINUTE)
    cluster.update(web, Life(ready=30, warns=5))
    cluster.run(3 * MINUTE + 12)
    cluster.update(web, Life(ready=10))
    cluster.run(10 * MINUTE)

    assert [story.outcome for story in stories(cluster)] == ["complete", "superseded", "complete"]
    assert_complete(stories(cluster)[2], cluster, generation=3)


def test_a_bad_image_that_is_undone() -> None:
    """Law 6: when a newer change ends it, an error of a kind beyond doubt has failed it."""
    cluster = Rollouts()
    web = cluster.deployment("web", Life(ready=3), replicas=2)
    cluster.run(3 * MINUTE)
    cluster.update(web, Life(failed_pulls=HOPELESS))
    cluster.run(4 * MINUTE)
    cluster.update(web, Life(ready=3))
    cluster.run(10 * MINUTE)

    assert [story.outcome for story in stories(cluster)] == ["complete", "failed", "complete"]
    assert_failed(stories(cluster)[1], "registry.example.com/web")


@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet"])
@pytest.mark.parametrize("after", [5, 20, 45, 110])
@pytest.mark.parametrize(
    ("life", "outcome"),
    [
        (Life(failed_pulls=HOPELESS), "failed"),
        (Life(misconfigured=HOPELESS), "failed"),
        (Life(ready=NEVER, warns=3), "superseded"),
        (Life(ready=NEVER), "superseded"),
        (Life(schedule=NEVER), "superseded"),
    ],
    ids=["pull", "config", "probe", "quiet", "node"],
)
def test_undone_in_time(kind: str, after: int, life: Life, outcome: str) -> None:
    """Law 6: when a newer change ends a story, only what is beyond doubt has failed it."""
    cluster = Rollouts()
    if kind == "Deployment":
        item = cluster.deployment("web", Life(ready=2), replicas=2)
    else:
        item = cluster.stateful_set("web", Life(ready=2), replicas=2)
    cluster.run(2 * MINUTE)
    cluster.update(item, life)
    cluster.run(2 * MINUTE + after)
    cluster.update(item, Life(ready=2))
    if kind == "StatefulSet":  # its broken pod is in the way: kubernetes issue 67250
        cluster.run(2 * MINUTE + after + 1)
        cluster.delete(cluster.pods(item)[-1])
    cluster.run(10 * MINUTE)

    assert [story.outcome for story in stories(cluster)] == ["complete", outcome, "complete"]


@pytest.mark.parametrize("replicas", [1, 3])
@pytest.mark.parametrize(
    "life",
    [
        Life(failed_pulls=HOPELESS), Life(misconfigured=HOPELESS), Life(ready=NEVER, warns=5),
        Life(dies=4, ready=9), Life(kills=20),
    ],
    ids=["pull", "config", "probe", "deaths", "liveness"],
)  # fmt: skip
def test_a_slow_cure(life: Life, replicas: int) -> None:
    """Law 6: the broken pods of before stay until new ones are available; theirs is not its error.

    maxUnavailable is 0 for up to three replicas (25 %, rounded down).
    """
    cluster = Rollouts()
    web = cluster.deployment("web", life, replicas=replicas)
    cluster.run(40)
    cluster.update(web, Life(ready=200))
    cluster.run(40 * MINUTE)

    assert_complete(stories(cluster)[-1], cluster, generation=2)


def test_paused_and_resumed() -> None:
    """Law 5: pause and resume are changes; what is changed meanwhile rolls out after the resume."""
    cluster = Rollouts()
    web = cluster.deployment("web", Life(ready=3), replicas=2)
    cluster.run(60)
    cluster.pause(web)
    cluster.run(65)
    cluster.update(web, Life(ready=6))
    cluster.run(130)
    cluster.resume(web)
    cluster.run(10 * MINUTE)
    found = stories(cluster)

    assert found[0].title == "Create Deployment web"
    assert found[-1].title == "Resume Deployment web"
    assert found[-1].second == 1_795_700_130
    assert_complete(found[0], cluster)
    assert_complete(found[-1], cluster, generation=4)
    assert all(story.outcome not in ("failed", "complete") for story in found[1:-1])


def test_a_change_long_after_a_complete_one() -> None:
    """Law 6: what was complete before a newer change stays so."""
    cluster = Rollouts()
    web = cluster.deployment("web", Life(ready=3), replicas=3)
    cluster.run(20)
    cluster.update(web, Life(ready=5))
    cluster.run(40)
    cluster.restart(web)
    cluster.run(10 * MINUTE)

    assert outcomes(cluster) == [
        ("Create Deployment web", "complete"),
        ("Update Deployment web", "complete"),
        ("Restart Deployment web", "complete"),
    ]


@pytest.mark.parametrize("reason", ["EvictionByEvictionAPI", "DeletionByDeviceTaintManager"])
def test_an_eviction(reason: str) -> None:
    """Law 11: told by its condition; no error about the pod stands, and another one comes."""
    cluster = Rollouts()
    web = cluster.deployment("web", Life(ready=10), replicas=2)
    cluster.run(25)
    cluster.evict(cluster.pods(web)[0], reason=reason)
    cluster.run(5 * MINUTE)

    names = [span.name for span in spans(cluster)]
    assert names.count(f"DisruptionTarget {reason}") == 1
    assert_complete(only(cluster), cluster)


def test_scaled_up_slowly() -> None:
    """Law 5 and 11: a scale does not touch Progressing; the status write dates its completion."""
    cluster = Rollouts()
    web = cluster.deployment("web", Life(ready=30))
    cluster.run(3 * MINUTE)
    cluster.scale(web, 3)
    cluster.run(10 * MINUTE)
    created, scaled = stories(cluster)

    assert scaled.title == "Scale Deployment web"
    assert_complete(created, cluster)
    assert_complete(scaled, cluster, generation=2)


def test_every_object_under_a_complete_root_is_complete() -> None:
    """Law 6: a ReplicaSet at its number, a Ready pod, and what was asked to go and went."""
    cluster = Rollouts()
    web = cluster.deployment("web", Life(ready=10), replicas=2)
    cluster.run(3 * MINUTE)
    cluster.update(web, Life(ready=20))
    cluster.run(10 * MINUTE)
    objects = [span for span in spans(cluster) if not is_event(span)]

    assert {str(attributes(span)["event_tracer.outcome"]) for span in objects} == {"complete"}
