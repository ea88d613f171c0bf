"""What Jaeger shows of what was done to a real cluster."""

from typing import Any

import pytest

from tests.e2e.conftest import Told
from tests.e2e.jaeger import Span
from tests.e2e.telling import Trace

CLIENT = "kubectl-client-side-apply"
READY = ["Scheduled", "Pulled", "Created", "Started", "Ready"]


def only(spans: list[Span]) -> Span:
    """The one span that there is."""
    assert len(spans) == 1, [span.operation for span in spans]
    return spans[0]


def outcome(span: Span) -> str:
    """An object span's outcome."""
    return str(span.tags["event_tracer.outcome"])


def names(spans: list[Span]) -> list[str]:
    """Operations, in the order given."""
    return [span.operation for span in spans]


def roots(traces: list[Trace]) -> list[tuple[str, str]]:
    """Who did what, in order."""
    return [(trace.root.service, trace.root.operation) for trace in traces]


def test_the_article_s_deployment(told: Told) -> None:
    """A new Deployment of one pod, as Jaeger has it."""
    trace = only_trace(told, "redis")
    root = trace.root
    assert (root.service, root.operation) == (CLIENT, "Create Deployment redis")
    assert {outcome(span) for span in trace.spans if "event_tracer.outcome" in span.tags} == {
        "complete"
    }
    assert not any(span.is_error for span in trace.spans)

    scaling, replicas = (
        only(trace.named("ScalingReplicaSet up")),
        only(trace.named("ReplicaSet redis-*")),
    )
    complete = only(trace.named("RolloutComplete"))
    assert {span.id for span in trace.under(root)} == {scaling.id, replicas.id, complete.id}
    assert (scaling.service, scaling.operation) == ("deployment-controller", "ScalingReplicaSet up")
    assert (replicas.service, replicas.operation) == (
        "deployment-controller", "ReplicaSet redis-*",
    )  # fmt: skip
    pod = only([span for span in trace.under(replicas) if span.operation == "Pod redis-*"])
    assert pod.service == "replicaset-controller"
    assert names(trace.under(replicas)) == ["SuccessfulCreate", "Pod redis-*"]
    steps = [span for span in trace.under(pod) if span.operation != "Pulling"]
    assert [(span.service, span.operation) for span in steps] == [
        ("default-scheduler", "Scheduled"),
        *(("kubelet", name) for name in READY[1:]),
    ]
    # Jaeger cuts start and duration to µs, each for itself.
    assert all(root.start <= span.start and span.end <= root.end + 1 for span in trace.spans)


def only_trace(told: Told, name: str) -> Trace:
    """The one trace of a story."""
    (trace,) = told.traces(name)
    return trace


def test_the_rows_of_an_object_are_in_kubectl_s_order(told: Told) -> None:
    """`kubectl get events --sort-by=.lastTimestamp` has whole seconds; Jaeger the order within."""
    trace = only_trace(told, "redis")
    pod = only(trace.named("Pod redis-*"))
    events = [
        event
        for event in told.here.kube.items("events", "redis")
        if event["involvedObject"]["kind"] == "Pod"
    ]
    second = {event["metadata"]["uid"]: str(_time(event))[:19] for event in events}
    rows = [
        second[str(span.tags["k8s.event.uid"])]
        for span in trace.under(pod)
        if "k8s.event.uid" in span.tags
    ]
    assert rows == sorted(rows)
    assert len(rows) == len(events)


def _time(event: dict[str, Any]) -> str:
    return str(event["lastTimestamp"] or event["eventTime"])


def test_an_image_that_does_not_exist(told: Told) -> None:
    """Pulling, Failed, BackOff, each with rising counts; the whole has failed."""
    trace = only_trace(told, "non-exist")
    assert (outcome(trace.root), trace.root.is_error) == ("failed", True)
    pod = only(trace.named("Pod web-*"))
    rows = trace.under(pod)
    assert names(rows)[:3] == ["Scheduled", "Pulling", "Failed ErrImagePull"]
    for name in ("Pulling", "BackOff image", "Failed ImagePullBackOff"):
        counts = [int(str(span.tags["k8s.event.count"])) for span in trace.named(name)]
        # Beyond 25 the recorder counts on and writes one in five minutes (events_cache.go).
        assert counts[:3] == [1, 2, 3]
        assert counts == sorted(set(counts))
    assert all(span.is_error == span.operation.startswith("Failed") for span in rows)


def test_a_rolling_update_is_a_trace_of_its_own(told: Told) -> None:
    """One rollout, one trace; the second has the old pods' end beside the new ones' start."""
    created, updated = told.traces("rolling-update")
    assert roots([created, updated]) == [
        (CLIENT, "Create Deployment web"), ("kubectl-set", "Update Deployment web"),
    ]  # fmt: skip
    for trace in (created, updated):
        assert outcome(trace.root) == "complete"
        assert len(trace.named("Started")) == 2
        assert trace.named("ScalingReplicaSet up")
    assert len(updated.named("Killing")) == 2
    assert updated.named("ScalingReplicaSet down")
    assert len(updated.named("ReplicaSet web-*")) == 2


def test_a_rollback_is_told_apart(told: Told) -> None:
    """The ReplicaSet is one that was there before, the story is not."""
    created, broken, back = told.traces("rollback")
    assert [trace.root.operation for trace in (created, broken, back)] == [
        "Create Deployment web", "Update Deployment web", "Update Deployment web",
    ]  # fmt: skip
    assert [outcome(trace.root) for trace in (created, broken, back)] == [
        "complete", "failed", "complete",
    ]  # fmt: skip
    assert back.named("ScalingReplicaSet down")


def test_a_scale_by_a_person_and_one_by_the_autoscaler(told: Told) -> None:
    """The autoscaler's, within ten minutes, belongs to the change before it."""
    created, scaled = told.traces("scale")
    assert roots([created, scaled]) == [
        (CLIENT, "Create Deployment web"), ("kubectl", "Scale Deployment web"),
    ]  # fmt: skip
    assert len(scaled.named("ScalingReplicaSet up")) == 2
    assert len(scaled.named("Started")) == 2


def test_an_annotation_begins_no_story(told: Told) -> None:
    """It raises the generation, and changes no spec."""
    trace = only_trace(told, "annotate")
    assert trace.root.operation == "Create Deployment web"
    assert len(trace.named("Pod web-*")) == 2
    assert len(trace.named("Killing")) == 1


def test_a_crash_loop_has_failed(told: Told) -> None:
    """Each restart and each back-off is a span; the newest is an error."""
    trace = only_trace(told, "crash-loop")
    assert outcome(trace.root) == "failed"
    back_offs = trace.named("BackOff restart")
    assert len(back_offs) >= 4
    assert all(span.is_error for span in back_offs)
    assert len(trace.named("Started")) >= 3


def test_a_stateful_set_starts_one_after_the_other(told: Told) -> None:
    """Law 13: its pods' operation is one, their names are attributes."""
    trace = only_trace(told, "stateful-set")
    assert outcome(trace.root) == "complete"
    first, second = sorted(trace.named("Pod web-*"), key=lambda pod: pod.start)
    assert [pod.tags["k8s.object.name"] for pod in (first, second)] == ["web-0", "web-1"]
    assert first.service == second.service == "statefulset-controller"
    # Ready is known to the second, and stands at its end.
    assert all(span.end <= second.start for span in trace.under(first) if span.operation != "Ready")
    for pod in (first, second):
        assert [name for name in names(trace.under(pod)) if name != "Pulling"] == READY


def test_a_daemon_set(told: Told) -> None:
    """The pod is under the DaemonSet."""
    trace = only_trace(told, "daemon-set")
    assert trace.root.operation == "Create DaemonSet web"
    pod = only(trace.named("Pod web-*"))
    assert (pod.service, pod.parent) == ("daemonset-controller", trace.root.id)


def test_each_job_is_a_story(told: Told) -> None:
    """One has completed, since it was created; one has failed."""
    by_name = {trace.root.operation: trace for trace in told.traces("job")}
    once, broken = by_name["Create Job once"], by_name["Create Job broken"]
    assert (outcome(once.root), outcome(broken.root)) == ("complete", "failed")
    completed = only(once.named("Completed"))
    assert completed.duration >= 1_000_000
    assert only(broken.named("BackoffLimitExceeded")).is_error


def test_a_cron_job_s_run_is_under_its_tick(told: Told) -> None:
    """CronJob → Job → Pod."""
    trace = told.traces("cron-job")[0]
    assert (trace.root.service, trace.root.operation) == ("cronjob-controller", "CronJob tick")
    started = only(trace.named("Started"))
    assert trace.path(started) == ["CronJob tick", "Job tick-*", "Pod tick-*", "Started"]


def test_a_deployment_deleted_while_it_starts(told: Told) -> None:
    """What it wrote before, and its end."""
    created, ended = told.traces("deleted")
    assert created.root.operation == "Create Deployment web"
    assert all(span.is_error for span in created.named("Unhealthy readiness"))
    assert ended.root.operation == "Delete Deployment web"
    assert only(ended.named("Killing")).service == "kubelet"


def test_a_custom_resource_is_the_root(told: Told) -> None:
    """Found by discovery, as the owner of a Deployment."""
    trace = only_trace(told, "custom")
    assert (trace.root.service, trace.root.operation) == (CLIENT, "Create Shop corner")
    assert trace.path(only(trace.named("Started"))) == [
        "Create Shop corner", "Deployment web", "ReplicaSet web-*", "Pod web-*", "Started",
    ]  # fmt: skip


def test_an_unschedulable_pod_waits(told: Told) -> None:
    """A series of events.k8s.io counts the tries; Scheduled covers the whole time."""
    trace = only_trace(told, "unschedulable")
    pod = only(trace.named("Pod web-*"))
    failed = trace.named("FailedScheduling")
    assert all(span.is_error and span.parent == pod.id for span in failed)
    assert max(int(str(span.tags["k8s.event.count"])) for span in failed) >= 2
    scheduled = only(trace.named("Scheduled"))
    assert failed[-1].end <= scheduled.end
    assert scheduled.duration > 1_000_000
    assert outcome(trace.root) == "complete"


def test_a_liveness_probe_that_kills(told: Told) -> None:
    """Unhealthy, Killing, and the next start."""
    trace = only_trace(told, "liveness")
    rows = names(trace.under(only(trace.named("Pod web-*"))))
    assert rows.index("Unhealthy liveness") < rows.index("Killing")
    assert rows.count("Started") >= 2
    assert outcome(trace.root) == "failed"


def test_a_node_that_goes_away(told: Told) -> None:
    """The pod's eviction is in its Deployment's story, and so is the pod that waits for a node."""
    if not told.here.plane:
        pytest.skip("the node must be one of our own")
    trace = only_trace(told, "node-lost")
    lost, waiting = sorted(trace.named("Pod web-*"), key=lambda span: span.start)
    rows = trace.under(lost)
    assert {"NodeNotReady", "TaintManagerEviction"} <= set(names(rows))
    assert only([span for span in rows if span.operation == "NodeNotReady"]).is_error
    assert {"FailedScheduling", "Scheduled", "Ready"} <= set(names(trace.under(waiting)))
    assert {"NotReady", "DisruptionTarget DeletionByTaintManager"} <= set(names(rows))
    assert outcome(trace.root) == "complete"
