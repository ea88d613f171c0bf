"""Law 12: what belongs to a story without being owned, by messages and by objects at hand."""

from itertools import permutations
from typing import Any
from uuid import NAMESPACE_DNS, uuid5

import pytest

from event_tracer.core.changes import Change, without_answers
from event_tracer.core.span import Span
from tests.scenarios.cases import tree_of
from tests.scenarios.event import event
from tests.scenarios.folding import attributes, listing, roots, service, tell

Raw = dict[str, Any]
APIS = {
    "Deployment": "apps/v1", "ReplicaSet": "apps/v1", "ScaledObject": "keda.sh/v1alpha1",
    "HorizontalPodAutoscaler": "autoscaling/v2", "VerticalPodAutoscaler": "autoscaling.k8s.io/v1",
}  # fmt: skip


def uid(about: str) -> str:
    """The uid of `Kind name`."""
    return str(uuid5(NAMESPACE_DNS, about))


def said(minute: int, about: str, reason: str, message: str, component: str, **more: Any) -> Raw:
    """An Event so many minutes after ten."""
    kind, name = about.split(" ")
    time = f"2025-03-04T10:{minute:02d}:00Z"
    involved = {"kind": kind, "name": name, "uid": uid(about), "namespace": "shop"}
    meta = {
        "name": f"{name}.{minute}",
        "namespace": "shop",
        "uid": uid(f"{about} {minute} {reason}"),
    }
    raw = event(
        reason=reason, message=message, involvedObject=involved, source={"component": component},
        firstTimestamp=time, lastTimestamp=time, metadata=meta, **more,
    )  # fmt: skip
    return {"resource": "events", "object": raw}


def thing(about: str, **more: Any) -> Raw:
    """An object, created an hour before."""
    kind, name = about.split(" ")
    meta = {
        "name": name, "namespace": "shop", "uid": uid(about), "generation": 1,
        "creationTimestamp": "2025-03-04T09:00:00Z",
    }  # fmt: skip
    return {"object": {"apiVersion": APIS[kind], "kind": kind, "metadata": meta, **more}}


def told(*frames: Raw) -> list[Span]:
    """The spans of one LIST."""
    return tell([listing(frames)])


KEDA = [
    said(5, "ScaledObject so", "KEDAScaleTargetActivated", "Scaled apps/v1.Deployment shop/web from 0 to 1", "keda-operator"),
    said(5, "Deployment web", "ScalingReplicaSet", "Scaled up replica set web-1 from 0 to 1", "deployment-controller"),
]  # fmt: skip


def test_a_scaled_object_is_of_what_it_scales_by_its_message() -> None:
    """KEDA's "Scaled apps/v1.Deployment ns/name": from Events alone, and with the Deployment."""
    for frames in (KEDA, [*KEDA, thing("Deployment web")]):
        spans = told(*frames)
        (root,) = roots(spans)
        assert tree_of(spans)["ScaledObject so"] == "Deployment web"
    assert root.name == "Scale Deployment web"
    assert service(root) == "keda-operator"


@pytest.mark.parametrize(
    ("about", "spec"),
    [
        ("HorizontalPodAutoscaler h", {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}}),
        ("VerticalPodAutoscaler v", {"targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}}),
        ("ScaledObject s", {"scaleTargetRef": {"name": "web"}}),
    ],
)  # fmt: skip
def test_an_autoscaler_is_of_the_target_of_its_spec(about: str, spec: Raw) -> None:
    """How it stands says nothing of its target: a Deployment is well while metrics are missing."""
    warning = said(3, about, "FailedGetMetrics", "no metrics", "some-autoscaler", type="Warning")
    spans = told(
        said(3, "Deployment web", "ScalingReplicaSet", "Scaled up replica set web-1 from 0 to 1", "deployment-controller"),
        warning, thing("Deployment web"), thing(about, spec=spec),
    )  # fmt: skip
    (root,) = roots(spans)

    assert tree_of(spans)[about] == "Deployment web"
    assert attributes(root)["event_tracer.outcome"] == "started"


def test_an_autoscaler_that_says_no_target_is_alone() -> None:
    """Metadata alone says none."""
    spans = told(
        said(3, "HorizontalPodAutoscaler h", "SuccessfulRescale", "New size: 4", "horizontal-pod-autoscaler"),
        thing("Deployment web"), thing("HorizontalPodAutoscaler h"),
    )  # fmt: skip
    assert tree_of(spans) == {"HorizontalPodAutoscaler h": ""}


def test_an_evicted_pod_is_in_the_story_of_who_evicted_it() -> None:
    """VPA's "evicted Pod x": from Events alone."""
    spans = told(
        said(3, "Pod web-1-abcde", "EvictedByVPA", "Pod was evicted by VPA Updater to apply resource recommendation.", "vpa-updater"),
        said(3, "VerticalPodAutoscaler v", "EvictedPod", "VPA Updater evicted Pod web-1-abcde to apply resource recommendation.", "vpa-updater"),
    )  # fmt: skip
    assert len(roots(spans)) == 1


def test_an_ephemeral_claim_is_of_the_pod_that_it_waits_for() -> None:
    """The persistentvolume-controller names it."""
    spans = told(
        said(3, "PersistentVolumeClaim web-0-scratch", "WaitForPodScheduled", "waiting for pod web-0 to be scheduled", "persistentvolume-controller"),
        said(3, "Pod web-0", "Started", "Started container web", "kubelet"),
    )  # fmt: skip
    assert tree_of(spans) == {"Pod web-0": "", "PersistentVolumeClaim web-0-scratch": "Pod web-0"}


def test_an_autoscalers_scales_join_a_change_whichever_is_read_first() -> None:
    """Within ten minutes after it; a later one is a change."""
    update = Change(second=100, verb="Update", manager="helm")
    soon, late = (
        Change(second=second, verb="Scale", manager="horizontal-pod-autoscaler")
        for second in (400, 700)
    )
    for order in permutations([update, soon]):
        changes: tuple[Change, ...] = ()
        for each in order:
            changes = without_answers(sorted([*changes, each], key=lambda change: change.second))
        assert changes == (update,)
    assert without_answers([update, soon, late]) == (update, late)
