"""The fold on captures of real clusters."""

from collections import Counter
from itertools import pairwise

import pytest

from event_tracer.core.frame import END, Tick
from event_tracer.core.span import Span
from event_tracer.core.story import Stories
from tests.scenarios.folding import (
    JSONL,
    article,
    attributes,
    by_id,
    chains,
    events,
    frames_of,
    is_event,
    listing,
    raw_frames,
    roots,
    service,
    tell,
)

OCCURRENCES = {
    "redis-create": 6, "image-pull-backoff": 55, "rolling-update": 43, "workloads": 114,
    "changes": 160, "custom-owner": 11, "unschedulable": 3,
}  # fmt: skip
TRACES = {
    "redis-create": 1, "image-pull-backoff": 1, "rolling-update": 2, "workloads": 11,
    "changes": 7, "custom-owner": 1, "unschedulable": 1,
}  # fmt: skip


def names(spans: list[Span]) -> list[str]:
    """The names of spans."""
    return [span.name for span in spans]


def sorted_lists(name: str) -> list[object]:
    """The last state of every object and every state of Events, as Lists sorted by key."""
    last = {}
    for raw in raw_frames(name):
        meta = raw["object"]["metadata"]
        version = meta["resourceVersion"] if raw["resource"] == "events" else ""
        last[raw["resource"], meta["namespace"], meta["name"], version] = raw
    return [listing(last[key] for key in sorted(last))]


@pytest.mark.parametrize("name", JSONL)
def test_every_occurrence_becomes_one_event_span(name: str) -> None:
    """Law 1: as many event spans as occurrences, no id twice, and as many traces as stories."""
    spans = tell(frames_of(name))

    assert len(events(spans)) == OCCURRENCES[name]
    assert len({span.trace_id for span in by_id(spans).values()}) == TRACES[name]


@pytest.mark.parametrize("name", JSONL)
def test_every_parent_is_in_its_trace(name: str) -> None:
    """Only roots have no parent; every trace has one root; no span is shorter than 1 µs."""
    spans = tell(frames_of(name))
    ids = by_id(spans)

    assert all((span.trace_id, span.parent_id) in ids for span in spans if span.parent_id)
    assert len(roots(spans)) == TRACES[name]
    assert all(span.end - span.start >= 1000 for span in spans)


@pytest.mark.parametrize("name", JSONL)
def test_children_lie_inside_their_parents_until_these_have_settled(name: str) -> None:
    """Law 6: an object span covers all under it up to 30 s of silence, or two minutes."""
    spans = tell(frames_of(name))
    ids = by_id(spans)

    for span in spans:
        if span.parent_id:
            parent = ids[span.trace_id, span.parent_id]
            is_late = span.end > parent.end  # it came after its parent was at rest
            assert is_late or parent.start <= span.start < span.end <= parent.end


def test_the_picture_of_a_new_deployment() -> None:
    """The tree of a Deployment of one replica: nine spans of one trace, order below the second."""
    spans = tell(frames_of("redis-create"))
    ids = by_id(spans)

    assert len(spans) == 9
    assert names(events(spans)) == [
        "ScalingReplicaSet up", "Scheduled", "SuccessfulCreate", "Pulled", "Created", "Started",
    ]  # fmt: skip
    ends = [span.end for span in events(spans)]
    assert all(0 < later - earlier < 1_000_000_000 for earlier, later in pairwise(ends))
    lineage = {span.name: ids.get((span.trace_id, span.parent_id)) for span in spans}
    assert lineage["Create Deployment redis"] is None
    assert {child: parent.name for child, parent in lineage.items() if parent} == {
        "ScalingReplicaSet up": "Create Deployment redis",
        "ReplicaSet redis-*": "Create Deployment redis",
        "SuccessfulCreate": "ReplicaSet redis-*",
        "Pod redis-*": "ReplicaSet redis-*",
        "Scheduled": "Pod redis-*", "Pulled": "Pod redis-*", "Created": "Pod redis-*",
        "Started": "Pod redis-*",
    }  # fmt: skip
    assert {span.name: service(span) for span in spans} == {
        "Create Deployment redis": "kubectl-client-side-apply",
        "ScalingReplicaSet up": "deployment-controller",
        "ReplicaSet redis-*": "deployment-controller",
        "SuccessfulCreate": "replicaset-controller",
        "Pod redis-*": "replicaset-controller",
        "Scheduled": "default-scheduler",
        "Pulled": "kubelet", "Created": "kubelet", "Started": "kubelet",
    }  # fmt: skip


def test_a_failed_pull_fails_its_rollout() -> None:
    """Law 6: its status is the cause, in the words that tell the most of it."""
    (root,) = roots(tell(frames_of("image-pull-backoff")))

    assert attributes(root)["event_tracer.outcome"] == "failed"
    assert root.error is not None
    assert root.error == (
        'image "127.0.0.1:5999/moelove/non-exist": connection refused, 4 tries'
        " (pod non-exist-677b4f485b-s5r68)"
    )
    assert attributes(root)["event_tracer.cause.reason"] == "Failed ErrImagePull"


@pytest.mark.parametrize("as_lists", [False, True])
def test_an_update_is_a_trace_of_its_own(as_lists: bool) -> None:
    """Law 5 and 7: both ReplicaSets' pods are in the update's trace, also read from Lists."""
    spans = tell(sorted_lists("rolling-update") if as_lists else frames_of("rolling-update"))
    created, updated = roots(spans)

    assert names([created, updated]) == ["Create Deployment web", "Update Deployment web"]
    assert len(events(spans)) == 43
    pods = {
        attributes(span)["k8s.replicaset.name"]
        for span in spans
        if span.trace_id == updated.trace_id and attributes(span)["k8s.object.kind"] == "Pod"
    }
    assert pods == {"web-5b9fcf8c4c", "web-54756cc664"}


def test_changes_of_one_deployment() -> None:
    """Law 5: seven stories, each with who began it; annotations and the autoscaler begin none."""
    told = [(span.name.split()[0], service(span)) for span in roots(tell(frames_of("changes")))]

    assert told == [
        ("Create", "kubectl-client-side-apply"),
        ("Update", "kubectl-client-side-apply"),
        ("Scale", "kubectl"),
        ("Restart", "kubectl-rollout"),
        ("Update", "kubectl"),
        ("Update", "argocd-controller"),
        ("Delete", "kubernetes"),
    ]


def test_a_custom_resource_may_be_the_root() -> None:
    """Its Rollout has no Events of its own and is the root all the same."""
    (root,) = roots(tell(frames_of("custom-owner")))

    assert root.name == "Create Rollout shop"


def test_each_job_is_a_trace() -> None:
    """Law 5: a Job is one run, under its CronJob's span, with the CronJob's Events about it."""
    spans = tell(frames_of("workloads"))
    jobs = Counter(
        attributes(span)["k8s.job.name"]
        for span in spans
        if attributes(span)["k8s.object.kind"] == "Job" and not is_event(span)
    )
    traces = {
        attributes(span)["k8s.job.name"]: span.trace_id
        for span in spans
        if "k8s.job.name" in attributes(span)
    }
    about = [span for span in events(spans) if span.name in ("SawCompletedJob", "SuccessfulDelete")]

    assert jobs == Counter(["once", "fails", *(f"tick-2992455{minute}" for minute in range(3, 7))])
    assert len(set(traces.values())) == len(jobs)
    for span in about:
        message = attributes(span)["k8s.event.message"]
        assert span.trace_id == next(traces[job] for job in traces if job in message)


def test_events_alone_give_the_tree() -> None:
    """Law 8: the article's List of Events, without any object, in the true order."""
    spans = tell([article()])
    redis = [span for span in spans if "redis" in str(attributes(span)["k8s.object.name"])]
    tree = {span.name for span in redis if not is_event(span)}

    assert len(events(spans)) == 8
    assert tree == {"Events Deployment redis", "ReplicaSet redis-*", "Pod redis-*"}
    assert len({span.trace_id for span in redis}) == 1
    assert names(events(redis)) == [
        "ScalingReplicaSet up", "SuccessfulCreate", "Scheduled", "Pulling", "Pulled", "Created",
        "Started",
    ]  # fmt: skip


def test_a_pull_takes_as_long_as_it_says() -> None:
    """Law 4: "in 6.814310968s" is the pull's duration, whatever the whole seconds say."""
    (pulled,) = [span for span in tell([article()]) if span.name == "Pulled"]

    assert pulled.end - pulled.start == 6_814_310_968


@pytest.mark.parametrize("name", JSONL)
def test_without_objects_every_named_child_keeps_its_parent(name: str) -> None:
    """Law 8: messages alone give an occurrence the parent that metadata gave it."""
    full, bare = (
        tell(frames_of(name)),
        tell(raw for raw in raw_frames(name) if raw["resource"] == "events"),
    )

    with_objects, without = chains(full), chains(bare)
    custom = {"Rollout shop"}  # no message names a Deployment
    assert with_objects.keys() == without.keys()
    for span_id, chain in with_objects.items():
        assert [item for item in chain if item not in custom] == without[span_id]


@pytest.mark.parametrize("name", JSONL)
def test_a_relist_tells_nothing_again(name: str) -> None:
    """Occurrences are (count, time) not seen before: a relist, DELETED and no-ops are none."""
    stories = Stories()
    told = [span for frame in frames_of(name) for span in stories.feed(frame)]
    again = stories.feed(listing(raw_frames(name)))
    gone = [{**raw, "type": "DELETED"} for raw in raw_frames(name) if raw["resource"] == "events"]
    told += again + [span for raw in gone for span in stories.feed(listing([raw]))]
    told += stories.feed(END)

    assert len(events(told)) == OCCURRENCES[name]


def test_nothing_leaves_before_its_time() -> None:
    """Law 7: an occurrence waits for the reorder window of the API server's clock."""
    stories = Stories()
    before = [span for frame in frames_of("redis-create") for span in stories.feed(frame)]

    assert before == []
    assert len(stories.feed(Tick(now=1_795_473_175_000_000_000))) == 6
