"""Law 5 at one moment: what a look dates of a Deployment's changes, and what it says it cannot."""

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.scenarios.captures import told
from tests.scenarios.fields import SECOND, SPEC, TEMPLATE, Raw, entry, stamp
from tests.scenarios.folding import listing, tell
from tests.scenarios.generated import GOOD
from tests.scenarios.readings import looked_at, undated_at, watched
from tests.scenarios.rollouts import HEALTHY, HOPELESS, Life, Rollouts

Act = Callable[[Rollouts, Raw], None]
Stories = list[tuple[str, int]]


def update(cluster: Rollouts, item: Raw) -> None:
    """kubectl set image, always by the same manager: the last one's entry is all that is left."""
    cluster.update(item, HEALTHY)


def break_(cluster: Rollouts, item: Raw) -> None:
    """Another image, which cannot be pulled."""
    cluster.update(item, Life(failed_pulls=HOPELESS))


def undo(cluster: Rollouts, item: Raw) -> None:
    """kubectl rollout undo."""
    cluster.undo(item)


def restart(cluster: Rollouts, item: Raw) -> None:
    """kubectl rollout restart."""
    cluster.restart(item)


def more(cluster: Rollouts, item: Raw) -> None:
    """kubectl scale."""
    cluster.scale(item, item["spec"]["replicas"] + 2)


def fewer(cluster: Rollouts, item: Raw) -> None:
    """kubectl scale."""
    cluster.scale(item, item["spec"]["replicas"] - 1)


def none(cluster: Rollouts, item: Raw) -> None:
    """kubectl scale --replicas 0."""
    cluster.scale(item, 0)


def pause(cluster: Rollouts, item: Raw) -> None:
    """kubectl rollout pause."""
    cluster.pause(item)


def resume(cluster: Rollouts, item: Raw) -> None:
    """kubectl rollout resume."""
    cluster.resume(item)


def lived(
    *acts: Act, every: float = 45.0, replicas: int = 2, fraction: float = 0.5
) -> Rollouts:  # fmt: skip
    """A cluster in which a Deployment comes up, and then so is done to it, some seconds apart.

    `fraction` is that of the second, a quarter of which the cluster has begun with.
    """
    cluster = Rollouts()
    item = cluster.deployment("web", HEALTHY, replicas=replicas)
    for number, act in enumerate(acts, start=1):
        cluster.run(number * every + fraction)
        act(cluster, item)
    cluster.run((len(acts) + 1) * every)
    return cluster


def by_look(cluster: Rollouts, *, events: bool = True) -> Stories:
    """Trace and second of each story that a look tells."""
    raws = [raw for raw in cluster.frames if events or raw["resource"] != "events"]
    return [
        (each.root.trace_id.hex(), each.second) for each in told(looked_at(raws, cluster.api.now))
    ]


def by_watch(cluster: Rollouts) -> Stories:
    """Those that a run has told, which was there all the time."""
    return [(each.root.trace_id.hex(), each.second) for each in told(watched(cluster.frames))]


@pytest.mark.parametrize(
    "acts",
    [
        (update,), (update, update), (break_, update, update), (restart, restart),
        (break_, undo), (update, undo, update), (update, undo, undo), (break_, undo, break_, undo),
        (more,), (more, fewer), (more, more, fewer), (fewer, more, fewer, more), (none, more),
        (pause, update, resume), (pause, resume), (more, update, fewer), (update, more, update),
        (update, pause, update, resume, update),
    ],
    ids=lambda acts: "-".join(act.__name__.strip("_") for act in acts),
)  # fmt: skip
def test_a_look_tells_the_stories_of_a_run(acts: tuple[Act, ...]) -> None:
    """The same traces, whatever was done and whoever did it last."""
    cluster = lived(*acts)

    assert by_look(cluster) == by_watch(cluster)


@pytest.mark.parametrize("acts", [(update, more), (break_, undo), (pause, update, resume)])
def test_a_look_at_each_second_tells_no_other_story(acts: tuple[Act, ...]) -> None:
    """Also while the controller has not answered yet."""
    cluster = lived(*acts)
    known = {trace for trace, _ in by_watch(cluster)}
    begun = cluster.frames[0]["received"]
    for now in range(begun + SECOND, cluster.api.now, SECOND):
        stories = told(looked_at(cluster.frames, now))
        assert {each.root.trace_id.hex() for each in stories} <= known, (now - begun) / SECOND


def test_the_autoscaler_s_scale_is_no_story_of_its_own() -> None:
    """Within ten minutes of a change."""
    cluster = Rollouts()
    item = cluster.deployment("web", HEALTHY)
    autoscaler = cluster.autoscaler(item)
    cluster.run(40)
    cluster.autoscale(autoscaler, item, 4)
    cluster.run(100)

    assert by_look(cluster) == by_watch(cluster)
    assert len(by_look(cluster)) == 1  # the autoscaler, which is called as it is, is attached to it


def test_steps_of_a_rollout_are_no_scale() -> None:
    """Four pods, one after the other."""
    cluster = lived(update, replicas=4)

    assert len(by_look(cluster)) == 2


T = 1_795_700_000


def revision(second: int) -> Raw:
    """A ControllerRevision of the StatefulSet, made so many seconds after it, as metadata."""
    owner = {
        "apiVersion": "apps/v1", "kind": "StatefulSet", "name": "db", "uid": UID,
        "controller": True,
    }  # fmt: skip
    meta = {
        "name": f"db-{second}", "namespace": "shop", "ownerReferences": [owner],
        "uid": f"00000000-0000-4000-8000-{second:012d}", "creationTimestamp": at(second),
    }  # fmt: skip
    return {"resource": "controllerrevisions", "kind": "ControllerRevision",
            "object": {"metadata": meta}}  # fmt: skip


def created(second: int) -> Raw:
    """An Event of the StatefulSet's controller."""
    about = {"kind": "StatefulSet", "namespace": "shop", "name": "db", "uid": UID}
    body = {
        "metadata": {"name": f"db.{second}", "namespace": "shop", "uid": f"event-{second}"},
        "involvedObject": about, "reason": "SuccessfulCreate", "type": "Normal",
        "message": "create Pod db-0 in StatefulSet db successful", "count": 1,
        "source": {"component": "statefulset-controller"},
        "firstTimestamp": at(second), "lastTimestamp": at(second),
    }  # fmt: skip
    return {"resource": "events", "object": body}


def at(second: int) -> str:
    """A second after T, as the API writes it."""
    return stamp((T + second) * SECOND)


UID = "00000000-0000-4000-8000-00000000d0d0"


def test_controller_revisions_date_the_templates_of_a_stateful_set() -> None:
    """As ReplicaSets do those of a Deployment: managedFields have the last one alone."""
    writes = [
        entry("kubectl-client-side-apply", T * SECOND, SPEC),
        entry("kubectl-set", (T + 120) * SECOND, TEMPLATE),
    ]
    meta = {
        "name": "db", "namespace": "shop", "uid": UID, "generation": 3,
        "creationTimestamp": at(0), "managedFields": writes,
    }  # fmt: skip
    workload = {"resource": "statefulsets", "kind": "StatefulSet", "object": {"metadata": meta}}
    frames = [created(1), created(61), created(121), workload, *map(revision, (0, 60, 120))]
    found = told(tell([listing(frames)]))

    assert [story.second - T for story in found] == [0, 60, 120]
    assert [story.title for story in found] == [
        "Create StatefulSet db", "Update StatefulSet db", "Update StatefulSet db",
    ]  # fmt: skip


# -- what has no date


@pytest.mark.parametrize(
    ("acts", "words"),
    [
        ((more,), ["a scale by kubectl"]),
        ((update, undo, update), ["a rollback", "an update to the second"]),
        ((update, undo), ["an update to the second"]),
        ((update,), []),
    ],
)
def test_what_only_events_would_date_is_said(acts: tuple[Act, ...], words: list[str]) -> None:
    """Without Events, as they are forgotten after an hour."""
    cluster = lived(*acts)
    raws = [raw for raw in cluster.frames if raw["resource"] != "events"]

    assert undated_at(raws, cluster.api.now) == words


def test_a_pause_that_is_over_has_no_date() -> None:
    """Its entry is gone from managedFields, and nothing else was written."""
    cluster = lived(pause, update, resume)

    assert undated_at(cluster.frames, cluster.api.now) == ["the pause before it was resumed"]


def test_a_replica_set_of_early_in_a_second_is_said() -> None:
    """Its template may have been written late in the second before."""
    words = "an update to the second"
    early, late = lived(update, update, fraction=-0.25), lived(update, update, fraction=0.5)

    assert undated_at(early.frames, early.api.now) == [words]
    assert undated_at(late.frames, late.api.now) == []


def test_a_rollback_that_only_a_step_dates_is_said() -> None:
    """The step may have waited for pods, and what was written was taken over since."""
    cluster = lived(update, undo, update)

    words = ["a rollback but by its first step"]
    assert undated_at(cluster.frames, cluster.api.now) == words


@pytest.mark.parametrize("acts", [(update, update), (more, fewer), (update, undo)])
def test_what_is_dated_needs_no_word(acts: tuple[Act, ...]) -> None:
    """As long as Events are there."""
    cluster = lived(*acts)

    assert undated_at(cluster.frames, cluster.api.now) == []


ACTS = st.lists(
    st.tuples(
        st.sampled_from([update, undo, restart, more, break_]), st.sampled_from([31.0, 64.0, 200.0])
    ),
    max_size=4,
)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(life=GOOD, replicas=st.integers(1, 4), acts=ACTS, seed=st.integers(0, 10**6))
def test_a_look_at_a_generated_life(
    life: Life, replicas: int, acts: list[tuple[Act, float]], seed: int
) -> None:
    """Each story of a look is one of the run's, or it is said that something has no date.

    By its second, or by the one after that, in which a ReplicaSet may be made for its template.
    """
    cluster = Rollouts(seed=seed)
    item = cluster.deployment("web", life, replicas=replicas)
    at = 0.0
    for act, wait in acts:
        at += wait
        cluster.run(at)
        act(cluster, item)
    cluster.run(at + 100)
    if undated_at(cluster.frames, cluster.api.now):
        return
    known = {second for _, second in by_watch(cluster)}
    for _, second in by_look(cluster):
        assert {second, second - 1} & known


def test_without_replica_sets_no_rollout_is_a_scale() -> None:
    """Where they may not be read, the first step of each is not that of a scale."""
    cluster = lived(update, restart)
    raws = [raw for raw in cluster.frames if raw["resource"] != "replicasets"]
    known = {second for _, second in by_watch(cluster)}

    assert {each.second for each in told(looked_at(raws, cluster.api.now))} <= known
