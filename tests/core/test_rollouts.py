"""Law 6 on generated clusters: none green or red wrongly, whatever its length."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from event_tracer.core.frame import parse_frame
from event_tracer.core.span import Span
from tests.scenarios.captures import Told, spans_of, told
from tests.scenarios.folding import attributes, events, is_event
from tests.scenarios.generated import BAD, CHANGES, GOOD, LOSSES, clusters
from tests.scenarios.rollouts import HEALTHY, HOPELESS, NEVER, Life, Rollouts

MINUTE, HOUR = 60, 3600
WORKLOADS = ("deployment", "stateful_set", "daemon_set")
few = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


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


# -- deaths


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


# -- slow and healthy


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


# -- changes that follow each other


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


# -- generated


@few
@given(cluster=clusters(GOOD, kinds=WORKLOADS, verbs=CHANGES))
def test_no_good_life_is_red(cluster: Rollouts) -> None:
    """Law 6: complete at last, whatever went wrong on the way.

    A newer change may have ended a story while a pull had failed, which is beyond doubt, or in the
    seconds in which a pod that had died was not ready again.
    """
    last = stories(cluster)[-1]

    assert last.outcome == "complete", last.cause
    assert last.root.error is None


@few
@given(
    first=st.one_of(GOOD, BAD),
    updates=st.lists(
        st.tuples(st.sampled_from([2, 5, 11, 40, 90, 150, 700]), st.one_of(GOOD, BAD)), max_size=3
    ),
    replicas=st.integers(1, 5),
    seed=st.integers(0, 10**6),
)
def test_the_last_update_decides(
    first: Life, updates: list[tuple[int, Life]], replicas: int, seed: int
) -> None:
    """Law 6: good after bad is complete, bad after good failed; none is red by another's pods."""
    cluster = Rollouts(seed=seed)
    web = cluster.deployment("web", first, replicas=replicas)
    at = 0
    for wait, life in updates:
        at += wait
        cluster.run(at)
        cluster.update(web, life)
    cluster.run(at + 40 * MINUTE)
    last = stories(cluster)[-1]

    if (updates[-1][1] if updates else first).is_hopeless:
        assert_failed(last)
    else:
        assert_complete(last, cluster, generation=1 + len(updates))


@few
@given(cluster=clusters(GOOD, kinds=WORKLOADS, verbs=LOSSES))
def test_no_lost_pod_is_red(cluster: Rollouts) -> None:
    """Law 6: once a pod was asked to go, no error about it stands; another one comes.

    While it takes its time nothing is open but its workload, which was complete before: a
    StatefulSet's or DaemonSet's story may come to rest then.
    """
    story = only(cluster)

    assert story.outcome in ("complete", "progressing"), story.cause
    assert story.completed_after is not None


@few
@given(cluster=clusters(GOOD, kinds=WORKLOADS, verbs=()))
def test_one_good_life_is_complete(cluster: Rollouts) -> None:
    """Law 6: and it was so when kubectl's rules first said so."""
    assert_complete(only(cluster), cluster)


@few
@given(cluster=clusters(BAD, kinds=WORKLOADS, verbs=()))
def test_no_bad_life_is_green(cluster: Rollouts) -> None:
    """Law 6: failed, with a cause."""
    story = only(cluster)

    assert_failed(story)
    assert story.cause["object"]
