"""Law 5: what begins a story and what does not, in streams written as a real cluster writes."""

from collections.abc import Callable

import pytest

from event_tracer.core.span import Span
from tests.scenarios.cluster import Cluster
from tests.scenarios.fields import SECOND
from tests.scenarios.folding import attributes, events, is_event, listing, roots, service, tell

MINUTE = 60 * SECOND
AUTOSCALER = "kube-controller-manager"


def a_cluster() -> Cluster:
    """A Deployment that was created a minute ago."""
    cluster = Cluster(seed=7)
    cluster.apply("web", replicas=2)
    cluster.wait(MINUTE)
    return cluster


def told(cluster: Cluster) -> list[tuple[str, str]]:
    """The roots: what they are called, and who made the change."""
    return [(root.name, service(root)) for root in roots(tell(cluster.frames))]


def stories(spans: list[Span]) -> list[bytes]:
    """The traces in order of their beginning."""
    return list(dict.fromkeys(root.trace_id for root in roots(spans)))


CREATED = ("Create Deployment web", "kubectl-client-side-apply")


@pytest.mark.parametrize(
    ("change", "root"),
    [
        (lambda c: c.update("web"), ("Update Deployment web", "kubectl-client-side-apply")),
        (lambda c: c.update("web", manager="helm"), ("Update Deployment web", "helm")),
        (lambda c: c.scale("web"), ("Scale Deployment web", "kubectl")),
        (lambda c: c.scale("web", events=False), ("Scale Deployment web", "kubectl")),
        (lambda c: c.roll_back("web"), ("Update Deployment web", "kubectl")),
        (lambda c: c.pause("web"), ("Resume Deployment web", "kubernetes")),
        (lambda c: c.restart("web"), ("Restart Deployment web", "kubectl-rollout")),
        (lambda c: c.delete_foreground("web"), ("Delete Deployment web", "kubernetes")),
        (lambda c: c.scale("web", manager=AUTOSCALER), ("Scale Deployment web", AUTOSCALER)),
    ],
    ids=[
        "template",
        "helm",
        "scale",
        "scale by status",
        "rollback",
        "resume",
        "restart",
        "delete",
        "hpa",
    ],
)
def test_a_change_begins_a_story(change: Callable[[Cluster], None], root: tuple[str, str]) -> None:
    """Its generation rises, by a write of the spec or through /scale; a deletion is asked for."""
    cluster = a_cluster()
    if root[1] == AUTOSCALER:
        cluster.wait(10 * MINUTE)
    change(cluster)

    assert told(cluster) == [CREATED, root]


@pytest.mark.parametrize(
    "act",
    [lambda c: c.annotate("web"), lambda c: c.delete_background("web")],
    ids=["annotate", "background deletion"],
)
def test_what_is_no_change_joins_the_running_story(act: Callable[[Cluster], None]) -> None:
    """kubectl annotate raises generation without f:spec; a bare DELETED dates nothing."""
    cluster = a_cluster()
    act(cluster)
    cluster.wait(SECOND)

    assert told(cluster) == [CREATED]


def test_what_follows_an_annotation_joins_the_running_story() -> None:
    """An annotation is no change, and does not hide the change that comes after it."""
    cluster = a_cluster()
    cluster.annotate("web")
    cluster.wait(MINUTE)
    cluster.back_off(cluster.pods[0], times=3)
    cluster.wait(MINUTE)
    cluster.update("web")

    assert told(cluster) == [CREATED, ("Update Deployment web", "kubectl-client-side-apply")]


def test_two_edits_in_one_second_are_one_story() -> None:
    """metav1.Time has whole seconds: nobody can tell the two apart."""
    cluster = a_cluster()
    second = cluster.now // SECOND * SECOND
    cluster.now = second + 100_000_000
    cluster.edit("web")
    cluster.now = second + 500_000_000
    cluster.update("web")

    assert len(stories(tell(cluster.frames))) == 2


def test_an_autoscalers_scale_in_mid_rollout_joins_it() -> None:
    """Within ten minutes of another change the autoscaler reacts to it: one picture."""
    cluster = a_cluster()
    cluster.update("web")
    cluster.wait(5 * MINUTE)
    cluster.scale("web", manager=AUTOSCALER)

    assert told(cluster) == [CREATED, ("Update Deployment web", "kubectl-client-side-apply")]


def test_a_story_lasts_an_hour() -> None:
    """What goes on for longer is told by the hour: a trace's length stays readable."""
    cluster = a_cluster()
    pod = cluster.pods[0]
    for _ in range(5):
        cluster.wait(30 * MINUTE)
        cluster.back_off(pod, times=2)
    names = [root.name for root in roots(tell(cluster.frames))]

    assert names == ["Create Deployment web", "Events Deployment web", "Events Deployment web"]


def test_the_story_before_is_named() -> None:
    """A rollout's root names the trace of the change before it."""
    cluster = a_cluster()
    cluster.update("web")
    first, second = roots(tell(cluster.frames))

    assert attributes(second)["event_tracer.previous_trace_id"] == first.trace_id.hex()


def test_a_relist_sees_the_newest_change_only_and_agrees() -> None:
    """A LIST shows generation 3 at once; the last story has the same id as in the watch."""
    cluster = a_cluster()
    cluster.update("web")
    cluster.wait(MINUTE)
    whole = tell(cluster.frames)
    last = {
        (raw["resource"], raw["object"]["metadata"]["uid"]): raw
        for raw in cluster.frames
        if raw["type"] != "DELETED"
    }
    again = tell([listing(last.values())])
    newest = stories(whole)[-1]
    assert {s for s in events(again) if s.trace_id == newest} == {
        s for s in events(whole) if s.trace_id == newest
    }


def test_without_a_generation_a_list_begins_no_more_than_a_watch() -> None:
    """A claim's binding touches f:spec; with no generation to rise it is no change, seen or not."""
    cluster = Cluster()
    claim = cluster.claim("data")
    cluster.wait(20 * SECOND)
    cluster.bind("data")
    cluster.event(claim, "ProvisioningSucceeded", "provisioner", "provisioned")
    last = {raw["object"]["metadata"]["uid"]: raw for raw in cluster.frames}

    assert events(tell([listing(last.values())])) == events(tell(cluster.frames))
    assert len(told(cluster)) == 1


def test_one_manager_may_apply_and_update() -> None:
    """managedFields has an entry for each operation: the older one is no rise of the newer."""
    cluster = Cluster()
    cluster.apply("web", manager="helm")
    cluster.wait(MINUTE)
    cluster.update("web", manager="helm", operation="Apply")
    cluster.wait(MINUTE)
    cluster.scale("web")

    assert [name for name, _ in told(cluster)][-1] == "Scale Deployment web"


def test_every_span_names_its_whole_lineage() -> None:
    """One tag finds the story: k8s.deployment.name stands on every span of it."""
    cluster = a_cluster()
    spans = tell(cluster.frames)

    assert {attributes(span).get("k8s.deployment.name") for span in spans} == {"web"}
    pods = [s for s in spans if is_event(s) and attributes(s)["k8s.object.kind"] == "Pod"]
    assert all({"k8s.pod.name", "k8s.replicaset.name"} <= attributes(s).keys() for s in pods)


def test_owners_that_are_not_the_controller_are_attributes() -> None:
    """Only the controller is followed, and never a Node: mirror pods stay on their own."""
    cluster = a_cluster()
    node = {"apiVersion": "v1", "kind": "Node", "name": "node-1", "uid": "u", "controller": True}
    seen = {"apiVersion": "v1", "kind": "ConfigMap", "name": "seen", "uid": "v"}
    cluster.hand_over(cluster.pods[0], [node, seen])
    cluster.wait(5 * MINUTE)
    cluster.back_off(cluster.pods[0], times=1)
    (root,) = [span for span in roots(tell(cluster.frames)) if "Pod" in span.name]

    assert attributes(root)["event_tracer.other_owners"] == ("Node node-1", "ConfigMap seen")
