"""What other controllers write, told right: each case with what a user expects of it."""

from collections.abc import Mapping
from typing import Any

import pytest
from msgspec.structs import astuple

from event_tracer.core.span import Span
from event_tracer.core.times import SECOND
from tests.scenarios.cases import about, case, named, outcome, seconds, traces, tree
from tests.scenarios.folding import (
    attributes,
    events,
    is_event,
    raw_frames,
    roots,
    service,
    tell,
)


def length(number: str, name: str, at: int = 0) -> float:
    """The length (s) of an event span of a case."""
    return seconds(named(number, name)[at])


def objects(number: str, kind: str) -> list[Span]:
    """The object spans of a kind, by time."""
    found = [s for s in case(number) if attributes(s)["k8s.object.kind"] == kind]
    return sorted((s for s in found if not is_event(s)), key=lambda span: span.start)


# -- laws 8 and 12: who belongs to whom


def test_a_canary_is_one_story_of_what_the_rollouts_controller_makes() -> None:
    """Case 01b: ReplicaSets and AnalysisRun are created by rollouts-controller."""
    assert traces("01b") == ["Update Rollout api"]
    made = [*objects("01b", "ReplicaSet"), *objects("01b", "AnalysisRun")]
    assert [service(span) for span in made] == ["rollouts-controller"] * 3
    assert {span.name for span in made} == {"ReplicaSet api-*", "AnalysisRun api-*"}
    assert {service(span) for span in objects("01b", "Pod")} == {"replicaset-controller"}


def test_a_certificate_is_one_story_by_events_alone() -> None:
    """Case 02a: Certificate → CertificateRequest → Order → Challenge → the solver's pod."""
    assert len(traces("02a")) == 1
    assert tree("02a") == {
        "Ingress shop": "",
        "Certificate shop-tls": "Ingress shop",
        "CertificateRequest shop-tls-1": "Certificate shop-tls",
        "Order shop-tls-1-2905949435": "CertificateRequest shop-tls-1",
        "Challenge shop-tls-1-2905949435-3652955055": "Order shop-tls-1-2905949435",
        "Pod cm-acme-http-solver-7k2px": "Challenge shop-tls-1-2905949435-3652955055",
    }
    names = {span.name.split(" ")[-1] for span in case("02a") if not is_event(span)}
    assert names == {"shop", "shop-*", "cm-acme-http-solver-*"}


@pytest.mark.parametrize("number", ["05a", "05b"])
def test_a_claim_is_in_its_statefulsets_story(number: str) -> None:
    """Cases 05a, 05b: the message names claim and pod; the provisioner is one service."""
    assert len(traces(number)) == 1
    assert tree(number)["PersistentVolumeClaim data-db-2"] == "Pod db-2"
    assert tree(number)["Pod db-2"] == "StatefulSet db"
    assert outcome(about(number, "PersistentVolumeClaim", "data-db-2")) == "failed"
    services = {service(span) for span in case(number)}
    assert "ebs.csi.aws.com" in services
    assert not any("ebs" in each and each != "ebs.csi.aws.com" for each in services)
    attempt, failure = (
        [span for span in named(number, reason) if attributes(span)["k8s.event.count"] == 8]
        for reason in ("Provisioning", "ProvisioningFailed")
    )
    assert attempt[0].end < failure[0].end
    assert "ebs-csi-controller-" in attributes(failure[0])["k8s.event.reporting_controller"]


def test_a_deploymentconfig_and_a_build_are_two_stories() -> None:
    """Case 08a: their deployer and build pods, which no message names, are in them."""
    assert traces("08a") == ["Events Build agenda-*", "Events DeploymentConfig agenda"]
    found = tree("08a")
    assert found["Pod agenda-12-build"] == "Build agenda-12"
    assert found["Pod agenda-81-deploy"] == "ReplicationController agenda-81"
    assert found["Pod agenda-81-8m2ck"] == "ReplicationController agenda-81"
    assert found["ReplicationController agenda-80"] == "DeploymentConfig agenda"


def test_a_training_job_is_one_story() -> None:
    """Case 09a: `SuccessfulCreatePod`."""
    assert traces("09a") == ["Events PyTorchJob dist"]
    assert tree("09a")["Pod dist-worker-1"] == "PyTorchJob dist"
    assert {span.name for span in objects("09a", "Pod")} == {"Pod dist-*"}


def test_each_spark_run_is_a_story_under_the_same_names() -> None:
    """Case 10b: two runs an hour."""
    first, second = roots(case("10b"))
    names = [
        {span.name for span in case("10b") if span.trace_id == root.trace_id}
        for root in (first, second)
    ]
    assert names[0] == names[1]
    assert "SparkApplication etl-*" in names[0]
    assert {span.name for span in objects("10b", "Pod")} == {"Pod etl-*"}


def test_an_autoscalers_scales_are_stories_of_its_target() -> None:
    """Case 14b: two, by horizontal-pod-autoscaler, each with its SuccessfulRescale."""
    scales = [root for root in roots(case("14b")) if root.name == "Scale Deployment web"]
    assert len(scales) == 2
    assert {service(root) for root in scales} == {"horizontal-pod-autoscaler"}
    for rescale, scaling in zip(
        named("14b", "SuccessfulRescale"), named("14b", "ScalingReplicaSet"), strict=True
    ):
        assert rescale.trace_id == scaling.trace_id
    assert {outcome(root) for root in roots(case("14b"))} == {"started"}


def test_a_job_of_another_group_is_not_kubernetes() -> None:
    """Case 19b: Volcano's pod is not made by job-controller, the CloneSet's not by kubectl."""
    makers = {attributes(s)["k8s.object.name"]: service(s) for s in objects("19b", "Pod")}

    assert makers == {
        "cache-0": "statefulset-controller",
        "edge-mjm5l": "cloneset-controller",
        "mpi-worker-0": "vc-controller-manager",
    }


def test_an_eviction_by_the_vertical_autoscaler_is_one_story() -> None:
    """Case 27b: EvictedByVPA is about the pod, EvictedPod names it."""
    (of_pod,), (of_autoscaler,) = named("27b", "EvictedByVPA"), named("27b", "EvictedPod")

    assert of_pod.trace_id == of_autoscaler.trace_id
    assert len(traces("27b")) == 1


# -- law 4: when it began


def test_stated_durations() -> None:
    """Case 06a: "finished in 9.04s, next run in 5m0s", "passed in 538ms"."""
    assert length("06a", "ReconciliationSucceeded") == pytest.approx(9.04)
    assert length("06a", "Progressing", 1) == pytest.approx(0.538)
    assert length("06a", "info", 1) == pytest.approx(0.395845917)


def test_a_rollback_undoes_a_failed_upgrade() -> None:
    """Case 06a: the HelmRelease has not failed."""
    assert outcome(about("06a", "HelmRelease")) == "started"


@pytest.mark.parametrize("number", ["12a", "12b"])
def test_a_pod_waits_since_it_could_not_be_scheduled(number: str) -> None:
    """Cases 12a, 12b: since FailedScheduling; the same in either API."""
    assert length(number, "Scheduled") == pytest.approx(31.4)


def test_either_api_has_the_same_bytes() -> None:
    """Case 12b is 12a as events.k8s.io/v1 writes it."""
    assert sorted(case("12a"), key=astuple) == sorted(case("12b"), key=astuple)


def test_a_resize_took_since_it_was_started() -> None:
    """Case 13: ResizeStarted, of 1.35 and later."""
    assert 32.5 < length("13", "ResizeCompleted") < 33.5


# -- law 5: which story


def test_the_story_before_an_hour_is_the_hour_before() -> None:
    """Case 24: a canary that pauses for ninety minutes."""
    first, second = roots(case("24"))

    assert attributes(second)["event_tracer.previous_trace_id"] == first.trace_id.hex()


def test_a_daemonset_node_by_node() -> None:
    """Case 26: without status nobody says complete."""
    (root,) = roots(case("26"))

    assert outcome(root) == "started"
    assert 182 < (max(span.end for span in case("26")) - root.start) / SECOND < 184


def test_an_operators_updates_are_stories() -> None:
    """Case 40: two, by the operator, whose StatefulSet it is."""
    assert traces("40") == ["Update Prometheus k8s"] * 2
    assert {service(root) for root in roots(case("40"))} == {"PrometheusOperator"}
    assert {service(span) for span in objects("40", "StatefulSet")} == {"PrometheusOperator"}


# -- law 13: what they are called


def test_nodes_are_one_operation() -> None:
    """Cases 16, 31b: whatever the cloud calls them."""
    for number in ("16", "31b"):
        assert {span.name for span in objects(number, "Node")} == {"Events Node *"}


def test_claims_are_one_operation_and_their_provisioner_one_service() -> None:
    """Case 31b: ephemeral claims; a provisioner that was restarted."""
    claims = objects("31b", "PersistentVolumeClaim")

    assert len({span.name for span in claims}) == 1
    provisioners = {service(span) for span in named("31b", "ProvisioningSucceeded")}
    assert provisioners == {"rancher.io/local-path"}


def test_a_revisions_objects_have_the_names_of_the_one_before() -> None:
    """Case 38b: revisions 7 and 8."""
    told = [root.trace_id for root in roots(case("38b"))][-2:]
    before, after = (
        {span.name for span in case("38b") if span.trace_id == trace and span.parent_id}
        for trace in told
    )
    assert before == after
    assert {"Revision hello-*", "Deployment hello-*", "Pod hello-*"} <= after


def test_an_owner_that_was_never_read_has_no_namespace() -> None:
    """Case 39: it may be cluster-scoped, whatever its dependents are."""
    root = about("39", "Installation")

    assert "k8s.namespace.name" not in attributes(root)
    assert {attributes(span)["k8s.namespace.name"] for span in events(case("39"))} == {
        "calico-system"
    }


# -- as drawn


def test_one_of_two_pods_cannot_mount() -> None:
    """Cases 23, 23b: its workload is not complete."""
    for number in ("23", "23b"):
        (root,) = roots(case(number))
        assert outcome(root) != "complete"


def test_indexes_of_a_job_and_a_quota_are_told() -> None:
    """Case 33: pods of an indexed Job are one operation; a quota's combined Events fail it."""
    assert {span.name for span in objects("33", "Pod")} == {"Pod render-*", "Events Pod iis-*"}
    assert outcome(about("33", "ReplicaSet")) == "failed"
    assert outcome(about("33", "Pod", "iis")) == "failed"


def test_a_nodes_last_minutes_are_one_story() -> None:
    """Case 16: of kubelet, kube-proxy, kernel-monitor and controllers; a sentence is no reason."""
    (node,) = [root for root in roots(case("16")) if root.name == "Events Node *"]
    told = [span for span in events(case("16")) if span.trace_id == node.trace_id]

    assert {"kubelet", "kube-proxy", "kernel-monitor"} <= {service(span) for span in told}
    assert "Event" in {span.name for span in told}


def with_status(desired: int, updated: int, second: int) -> dict[str, Any]:
    """Case 26b's DaemonSet with a status that says so many updated pods are there."""
    (raw,) = [
        raw["object"] for raw in raw_frames("cases/26b-daemonset-rolling-slow")
        if raw["object"]["kind"] == "DaemonSet"
    ][-1:]  # fmt: skip
    time = f"2025-03-04T10:0{second // 60}:{second % 60:02d}Z"
    fields = {"manager": "kube-controller-manager", "subresource": "status", "time": time}
    meta = {**raw["metadata"], "resourceVersion": str(900_000 + second)}
    meta["managedFields"] = [*meta["managedFields"], {**fields, "operation": "Update"}]
    status = {
        "observedGeneration": meta["generation"], "desiredNumberScheduled": desired,
        "updatedNumberScheduled": updated, "numberAvailable": updated, "numberReady": updated,
    }  # fmt: skip
    spec = {"updateStrategy": {"type": "RollingUpdate"}}
    return {**raw, "metadata": meta, "spec": spec, "status": status}


def test_a_daemonset_with_status_is_complete() -> None:
    """Case 26b, its status made: the root is as long as the rollout."""
    raws = raw_frames("cases/26b-daemonset-rolling-slow")
    seen = [with_status(5, node + 1, 45 * node + 4) for node in range(5)]
    states = [{"type": "MODIFIED", "resource": "daemonsets", "object": each} for each in seen]
    spans = tell(sorted([*raws, *states], key=_seen))
    (root,) = [span for span in roots(spans) if span.name == "Update DaemonSet agent"]

    assert outcome(root) == "complete"
    assert 182 < seconds(root) < 186


def _seen(raw: Mapping[str, Any]) -> str:
    """The time of a frame."""
    body, meta = raw["object"], raw["object"]["metadata"]
    times = [entry.get("time") or "" for entry in meta.get("managedFields", ())]
    own = body.get("lastTimestamp") or body.get("eventTime") or ""
    return str(max([own, *times, meta["creationTimestamp"]]))
