"""One Event → one span: what its message tells, how it is named and mapped."""

import pytest

from event_tracer.core.event import parse_event
from event_tracer.core.event_source import child_of
from event_tracer.core.mapping import Naming
from event_tracer.core.ties import ties_of
from tests.scenarios.event import EVENT, UID, event, span
from tests.scenarios.folding import attributes, raw_frames, service, tell

# -- what its message tells


@pytest.mark.parametrize(
    ("kind", "reason", "message", "child"),
    [
        ("Deployment", "ScalingReplicaSet", "Scaled up replica set web-1 from 0 to 3", "web-1"),
        ("Deployment", "ScalingReplicaSet", "Scaled down replica set web-1 from 3 to 0", "web-1"),
        ("Deployment", "ScalingReplicaSet", "Scaled up replica set web-1 to 3", "web-1"),
        ("Deployment", "ScalingReplicaSet", "Scaled up replica set web-1 to 3 from 1", "web-1"),
        ("Deployment", "ScalingReplicaSet", "(combined from similar events): Scaled up replica set web-1 from 1 to 2", "web-1"),
        ("Deployment", "ReplicaSetCreateError", 'Failed to create new replica set "web-1": quota', "web-1"),
        ("ReplicaSet", "SuccessfulCreate", "Created pod: web-1-abcde", "web-1-abcde"),
        ("ReplicaSet", "SuccessfulDelete", "Deleted pod: web-1-abcde", "web-1-abcde"),
        ("DaemonSet", "SuccessfulCreate", "Created pod: agent-x", "agent-x"),
        ("Job", "SuccessfulCreate", "Created pod: once-x", "once-x"),
        ("ReplicationController", "SuccessfulCreate", "Created pod: old-x", "old-x"),
        ("StatefulSet", "SuccessfulCreate", "create Pod db-0 in StatefulSet db successful", "db-0"),
        ("StatefulSet", "SuccessfulDelete", "delete Pod db-0 in StatefulSet db successful", "db-0"),
        ("StatefulSet", "SuccessfulUpdate", "update Pod db-0 in StatefulSet db successful", "db-0"),
        ("StatefulSet", "FailedCreate", "create Pod db-0 in StatefulSet db failed error: quota", "db-0"),
        ("StatefulSet", "SuccessfulCreate", "create Claim data-db-0 Pod db-0 in StatefulSet db success", "db-0"),
        ("StatefulSet", "FailedCreate", "create Claim data-db-0 for Pod db-0 in StatefulSet db failed error: x", "db-0"),
        ("DaemonSet", "FailedDaemonPod", "Found failed daemon pod shop/agent-x on node n, will try to kill it", "agent-x"),
        ("DaemonSet", "SucceededDaemonPod", "Found succeeded daemon pod shop/agent-x on node n, will try to delete it", "agent-x"),
        ("CronJob", "SuccessfulCreate", "Created job tick-29924553", "tick-29924553"),
        ("CronJob", "SuccessfulDelete", "Deleted job tick-29924553", "tick-29924553"),
        ("CronJob", "SawCompletedJob", "Saw completed job: tick-29924553, condition: Complete", "tick-29924553"),
        ("CronJob", "SawCompletedJob", "Saw completed job: tick-29924553, status: Complete", "tick-29924553"),
        ("CronJob", "MissingJob", "Active job went missing: tick-29924553", "tick-29924553"),
        ("ReplicaSet", "FailedCreate", "Error creating: pods is forbidden: exceeded quota", None),
        ("Deployment", "DeploymentRollback", 'Rolled back deployment "web" to revision 2', None),
        ("HorizontalPodAutoscaler", "SuccessfulRescale", "New size: 3; reason: cpu above target", None),
        ("Pod", "SuccessfulCreate", "create Pod db-0 in StatefulSet db successful", None),
    ],
)  # fmt: skip
def test_messages_name_children(kind: str, reason: str, message: str, child: str | None) -> None:
    """Law 8: the controllers' formats, old wordings included; nothing else names a child."""
    raw = event(
        reason=reason, message=message, involvedObject={"kind": kind, "name": "x", "uid": UID}
    )
    found = child_of(ties_of(parse_event(raw)))

    assert (found and found.name) == child


@pytest.mark.parametrize(
    ("reason", "message", "name"),
    [
        ("Failed", 'Failed to pull image "a": not found', "Failed ErrImagePull"),
        ("Failed", "Error: ErrImagePull", "Failed ErrImagePull"),
        ("Failed", "Error: ImagePullBackOff", "Failed ImagePullBackOff"),
        ("Failed", "Error: secret x not found", "Failed"),
        ("BackOff", 'Back-off pulling image "a"', "BackOff image"),
        (
            "BackOff",
            "Back-off restarting failed container web in pod web-0_shop(uid)",
            "BackOff restart",
        ),
        ("BackOff", "Back-off 5m0s restarting failed container=web pod=web-0", "BackOff restart"),
        ("Unhealthy", "Readiness probe failed: HTTP 500", "Unhealthy readiness"),
        ("Unhealthy", "Liveness probe errored: x", "Unhealthy liveness"),
        ("Unhealthy", "Startup probe failed:", "Unhealthy startup"),
        ("ScalingReplicaSet", "Scaled up replica set web-1 from 0 to 3", "ScalingReplicaSet up"),
        ("ScalingReplicaSet", "Scaled down replica set web-1 to 0", "ScalingReplicaSet down"),
        ("ResourceUpdated", "Updated sync status:  -> OutOfSync", "ResourceUpdated OutOfSync"),
        (
            "ResourceUpdated",
            "Updated health status: Progressing -> Degraded",
            "ResourceUpdated Degraded",
        ),
        ("ResourceUpdated", "patched resource apps/Deployment 'web'", "ResourceUpdated"),
        ("Starting", "", "Starting"),
        ("Failed to garbage collect required amount of images", "", "Event"),
        ("", "", "Event"),
    ],
)
def test_span_names_are_a_closed_set(reason: str, message: str, name: str) -> None:
    """The reason, and for a few one word of the message; free text is `Event`."""
    assert span(event(reason=reason, message=message)).name == name


# -- how it is mapped


def test_names_of_the_collectors_k8s_events_receiver_carry_over() -> None:
    """The attributes of one Event, by the names that dashboards know."""
    raw = event(
        involvedObject={**EVENT["involvedObject"], "uid": UID, "fieldPath": "spec.containers{web}"},
        reason="Pulling", message='Pulling image "registry:5000/shop/web:1.2@sha256:aa"',
        metadata={"resourceVersion": "42", "creationTimestamp": "2026-11-23T22:32:51Z"},
    )  # fmt: skip
    told = attributes(span(raw))

    assert told | {
        "k8s.event.reason": "Pulling", "k8s.event.type": "Normal", "k8s.event.count": 1,
        "k8s.event.uid": UID, "k8s.event.resource_version": "42",
        "k8s.event.start_time": "2026-11-23T22:32:51Z",
        "k8s.event.reporting_controller": "kubelet", "k8s.event.source_host": "node-1",
        "k8s.object.kind": "Pod", "k8s.object.name": "web-0", "k8s.object.uid": UID,
        "k8s.object.fieldpath": "spec.containers{web}", "k8s.namespace.name": "shop",
        "k8s.node.name": "node-1", "k8s.container.name": "web", "k8s.pod.name": "web-0",
        "container.image.name": "registry:5000/shop/web", "container.image.tags": ("1.2",),
    } == told  # fmt: skip


def test_the_reporters_host_is_not_the_objects_node() -> None:
    """Only the kubelet speaks of pods of its own node; the scheduler's message names the node."""
    raw = event(source={"component": "node-controller", "host": "master-1"})
    scheduled = event(
        reason="Scheduled", message="Successfully assigned shop/web-0 to node-7", source={}
    )

    assert "k8s.node.name" not in attributes(span(raw))
    assert attributes(span(scheduled))["k8s.node.name"] == "node-7"


@pytest.mark.parametrize(
    ("type_", "error"), [("Normal", None), ("Warning", "m"), ("Fatal", "m"), (None, None)]
)
def test_errors_are_honest(type_: str | None, error: str | None) -> None:
    """Law 10: anything but Normal is an ERROR with its message; Normal leaves the status unset."""
    told = span(event(type=type_, message="m"))

    assert told.error == error
    assert attributes(told).get("error.type") == ("Started" if error else None)


def test_a_users_table_overrides_the_status() -> None:
    """Law 10: by reason, as for Unhealthy during startup."""
    naming = Naming(status_by_reason={"Unhealthy": "unset", "Killing": "error"})

    assert span(event(reason="Unhealthy", type="Warning"), naming=naming).error is None
    assert span(event(reason="Killing", message="m"), naming=naming).error == "m"


def test_settings_show_in_the_resource() -> None:
    """A template for service.name, the cluster's name and uid, the namespace where asked for."""
    naming = Naming(
        cluster_name="prod", service_name_template="k8s-{component}", namespace_on_resource=True
    )
    resource = dict(span(event(), naming=naming, cluster_uid="u-1").resource)

    assert resource == {
        "service.name": "k8s-kubelet", "service.namespace": "kubernetes",
        "k8s.cluster.name": "prod", "k8s.cluster.uid": "u-1", "k8s.namespace.name": "shop",
        "host.id": "u-1", "ip": "u-1",
    }  # fmt: skip
    assert "ip" not in dict(span(event(), naming=Naming(same_host=False)).resource)


def test_a_users_own_attributes_are_on_every_resource() -> None:
    """Constants, so the same facts are the same bytes (law 2); none replaces one of ours."""
    own = (("deployment.environment.name", "prod"), ("k8s.cluster.uid", "other"))
    spans = tell(raw_frames("redis-create"), naming=Naming(resource_attributes=own))
    resources = [dict(span.resource) for span in spans]

    assert {found["deployment.environment.name"] for found in resources} == {"prod"}
    plain = [dict(span.resource) for span in tell(raw_frames("redis-create"))]
    assert [
        {key: value for key, value in found.items() if key != "deployment.environment.name"}
        for found in resources
    ] == [found | {"k8s.cluster.uid": found.get("k8s.cluster.uid", "other")} for found in plain]


def test_full_span_names() -> None:
    """`--span-names full` for those who want whole names."""
    spans = tell(raw_frames("redis-create"), naming=Naming(span_names="full"))

    assert "Pod redis-77f78f4447-k6w9v" in {s.name for s in spans}


def test_components_are_services() -> None:
    """source.component, else reportingComponent; `kubernetes` where nobody signs."""
    assert service(span(event())) == "kubelet"
    assert service(span(event(source={}, reportingComponent="my-operator"))) == "my-operator"
    assert service(span(event(source={}))) == "kubernetes"
