"""One Event → one span: what is read, when it was, how it is named, what its message tells."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from event_tracer.core.event import parse_event
from event_tracer.core.lineage import named_child
from event_tracer.core.mapping import Naming
from event_tracer.core.span import Span
from event_tracer.core.times import SECOND, human, parse_duration, parse_timestamp, rfc3339
from event_tracer.core.wire import MalformedError
from tests.support import attributes, events, is_event, raw_frames, service, tell

T = parse_timestamp("2026-11-23T22:32:51Z") or 0
UID = "6f1c1b9e-0c5b-4d0e-9a51-0123456789ab"
EVENT: dict[str, Any] = {
    "metadata": {"name": f"web-0.{T + 123_456_789:x}", "namespace": "shop", "uid": UID},
    "involvedObject": {"kind": "Pod", "namespace": "shop", "name": "web-0"},
    "reason": "Started",
    "message": "Started container web",
    "type": "Normal",
    "count": 1,
    "source": {"component": "kubelet", "host": "node-1"},
    "firstTimestamp": "2026-11-23T22:32:51Z",
    "lastTimestamp": "2026-11-23T22:32:51Z",
    "eventTime": None,
}


def event(**changes: Any) -> dict[str, Any]:
    """The Event above with other fields; None removes one."""
    metadata = {**EVENT["metadata"], **changes.pop("metadata", {})}
    made = {**EVENT, **changes, "metadata": metadata}
    return {key: value for key, value in made.items() if value is not None}


def span(raw: Mapping[str, Any], **options: Any) -> Span:
    """The one event span of one Event."""
    (told,) = events(tell([{"type": "ADDED", "resource": "events", "object": raw}], **options))
    return told


# -- what is read


def test_both_apis_say_the_same() -> None:
    """events.k8s.io/v1 is the same stored object under other names (events/v1/conversion.go)."""
    names = {
        "involvedObject": "regarding", "message": "note", "count": "deprecatedCount",
        "source": "deprecatedSource", "firstTimestamp": "deprecatedFirstTimestamp",
        "lastTimestamp": "deprecatedLastTimestamp", "reportingComponent": "reportingController",
    }  # fmt: skip
    for raw in raw_frames("unschedulable"):
        if raw["resource"] == "events":
            renamed = {names.get(key, key): value for key, value in raw["object"].items()}
            assert parse_event(renamed) == parse_event(raw["object"])


@pytest.mark.parametrize(
    "changes",
    [
        {"source": {}},
        {"source": None, "reportingComponent": ""},
        {"type": None},
        {"reason": None},
        {"message": None},
        {"count": None},
        {"series": {}},
        {"series": {"count": 3, "lastObservedTime": None}},
        {"related": {}},
        {"metadata": {"uid": ""}},
        {"metadata": {"uid": None, "namespace": None}},
        {"involvedObject": {"kind": "Pod"}},
        {"involvedObject": {"name": "web-0"}},
        {"involvedObject": {"kind": "Node", "name": "node-1", "uid": "node-1"}},
        {"involvedObject": {"kind": "Pod", "name": "etcd", "uid": "c9c7e5f5a5f6d1d5b3c5a8c9d4e3f2a1"}},
        {"reason": "Failed to garbage collect required amount of images", "type": "Warning"},
        {"message": "x" * 100_000},
        {"message": "\x00\ufffe\ud7ff"},
        {"firstTimestamp": "0001-01-01T00:00:00Z"},
        {"lastTimestamp": "9999-12-31T23:59:59Z"},
        {"firstTimestamp": "yesterday"},
        {"count": 2_147_483_647},
        {"action": None, "unknownField": {"a": [1]}},
    ],
)  # fmt: skip
def test_what_a_writer_leaves_out_loses_nothing(changes: dict[str, Any]) -> None:
    """Law 1: whatever is odd about an Event, it becomes one event span under a root."""
    raw = event(**changes)
    spans = tell([{"type": "ADDED", "resource": "events", "object": raw}])
    (told,) = events(spans)

    assert len(spans) == 2
    assert told.parent_id in {span.span_id for span in spans}
    assert told.end - told.start >= 1000
    assert all(value not in (None, "") for _, value in told.attributes)


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        ({}, "metadata: field required"),
        ({"metadata": {}, "involvedObject": {}}, "involvedObject: names nothing"),
        ({**EVENT, "involvedObject": None}, "involvedObject: "),
        ({**EVENT, "count": "many"}, "count: "),
        (
            {**EVENT, "metadata": {"name": "x"}, "firstTimestamp": None, "lastTimestamp": None},
            "no timestamp",
        ),
    ],
)
def test_what_cannot_be_understood_says_why(raw: dict[str, Any], told: str) -> None:
    """One line, beginning with the field."""
    with pytest.raises(MalformedError, match=told):
        parse_event(raw)


def test_a_huge_message_is_clipped_with_a_marker() -> None:
    """What is cut is said: nothing is left out in silence."""
    message = attributes(span(event(message="x" * 5000)))["k8s.event.message"]

    assert message == "x" * 1024 + "… (3976 more characters)"


def test_an_event_span_stays_small() -> None:
    """Its own attributes, without the image's and the lineage's, are at most about 24."""
    counts = [len(s.attributes) for s in tell(r for r in raw_frames("changes")) if is_event(s)]

    assert max(counts) <= 27


# -- when it was


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, T + 123_456_789),  # the name's hex, within the second of firstTimestamp
        ({"metadata": {"name": f"web-0.{T + SECOND:x}"}}, T + 23_000),  # not within it: the rank
        ({"metadata": {"name": f"web-0.{T - 1:x}"}}, T + 23_000),
        ({"metadata": {"name": "web-0.started"}}, T + 23_000),
        ({"count": 3, "lastTimestamp": "2026-11-23T22:33:51Z"}, T + 60 * SECOND + 23_000),
        ({"firstTimestamp": None, "lastTimestamp": None, "eventTime": "2026-11-23T22:32:51.5Z"}, T + SECOND // 2),
        ({"series": {"count": 2, "lastObservedTime": "2026-11-23T22:32:59.25Z"}}, T + 8 * SECOND + SECOND // 4),
        ({"lastTimestamp": None}, T + 123_456_789),
        ({"lastTimestamp": "0001-01-01T00:00:00Z"}, T + 123_456_789),
        ({"lastTimestamp": "2200-01-01T00:00:00Z", "firstTimestamp": None, "metadata": {"creationTimestamp": "2026-11-23T22:32:52Z"}}, T + SECOND + 23_000),
    ],
)  # fmt: skip
def test_the_time_of_an_occurrence(changes: dict[str, Any], expected: int) -> None:
    """Law 3: to the nanosecond where the cluster knows it, else in order within the second."""
    assert span(event(**changes)).end == expected


def test_one_second_keeps_its_order() -> None:
    """Law 3: metav1.Time puts a pod start into one second; the lifecycle's rank orders it."""
    reasons = ["Started", "Created", "Pulled", "Pulling", "Scheduled", "Killing"]
    frames = [
        {"type": "ADDED", "resource": "events",
         "object": event(reason=reason, metadata={"uid": f"{UID[:-1]}{n}", "name": "web-0.x"})}
        for n, reason in enumerate(reasons)
    ]  # fmt: skip

    assert [told.name for told in events(tell(frames))] == [
        "Scheduled", "Pulling", "Pulled", "Created", "Started", "Killing",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("message", "nanoseconds"),
    [
        ('Successfully pulled image "a" in 987ms (1.2s including waiting). Image size: 5 bytes.', 1_200_000_000),
        ('Successfully pulled image "a" in 6.814310968s', 6_814_310_968),
        ('Successfully pulled image "a" in 1m21.28s (1m22s including waiting)', 82 * SECOND),
        ('Successfully pulled image "a" in 1h2m3s', 3723 * SECOND),
        ('Successfully pulled image "a" in 250µs', 250_000),
        ('Successfully pulled image "a"', 1000),
        ('Container image "a" already present on machine', 1000),
        ('Container image "a" already present on machine and can be accessed by the pod', 1000),
    ],
)  # fmt: skip
def test_a_message_may_state_its_duration(message: str, nanoseconds: int) -> None:
    """Law 4: the pull took what the kubelet says, at any count; "already present" took nothing."""
    for count in (1, 7):
        told = span(event(reason="Pulled", message=message, count=count))
        assert told.end - told.start == nanoseconds


def test_a_step_begins_where_the_one_before_ended() -> None:
    """Law 4: Started covers the time since Created, by container; a repeat is an instant."""
    created = event(reason="Created", metadata={"uid": UID[:-1] + "0"})
    created["metadata"]["name"] = f"web-0.{T + 100_000_000:x}"
    path = {**EVENT["involvedObject"], "fieldPath": "spec.containers{web}"}
    other = {**EVENT["involvedObject"], "fieldPath": "spec.containers{sidecar}"}
    frames = [
        {"type": "ADDED", "resource": "events", "object": raw}
        for raw in (
            {**created, "involvedObject": path},
            event(involvedObject=path),
            event(involvedObject=other, metadata={"uid": UID[:-1] + "1"}),
            event(involvedObject=path, count=2, lastTimestamp="2026-11-23T22:33:00Z"),
        )
    ]
    lengths = {
        (attributes(s)["k8s.object.fieldpath"], attributes(s)["k8s.event.count"]): s.end - s.start
        for s in events(tell(frames))
        if s.name == "Started"
    }

    assert lengths == {
        ("spec.containers{web}", 1): 23_456_789,
        ("spec.containers{sidecar}", 1): 1000,
        ("spec.containers{web}", 2): 1000,
    }


@given(st.integers(0, 2**62))
def test_times_are_read_as_they_are_written(time: int) -> None:
    """RFC 3339 and back, to the nanosecond; outside 1970–2199 nothing is a time."""
    limit = 7_258_118_400 * SECOND
    assert parse_timestamp(rfc3339(time)) == (time if 0 < time < limit else None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("1.5s", 1_500_000_000), ("1h2m3.5s", 3_723_500_000_000), ("0s", 0), ("", None), ("5", None)],
)
def test_gos_durations(text: str, expected: int | None) -> None:
    """time.Duration.String()."""
    assert parse_duration(text) == expected


@pytest.mark.parametrize(
    ("duration", "text"),
    [
        (0, "0ns"), (850, "850ns"), (1_000, "1µs"), (12_345_678, "12.3ms"), (271 * 10**6, "271ms"),
        (1_050_000_000, "1.05s"), (8 * SECOND, "8s"), (59_960_000_000, "60s"),
        (238 * SECOND, "3m58s"), (300 * SECOND, "5m"), (7_500 * SECOND, "2h05m"),
        (86_400 * SECOND, "1d"), (273_600 * SECOND, "3d4h"), (-5, "0ns"),
    ],
)  # fmt: skip
def test_durations_for_people(duration: int, text: str) -> None:
    """A few characters, three digits at most."""
    assert human(duration) == text


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
    found = named_child(parse_event(raw))

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


def test_an_error_without_a_message_fails_its_object() -> None:
    """The status tells what the message does not."""
    spans = tell(
        [{"type": "ADDED", "resource": "events", "object": event(type="Warning", message="")}]
    )

    assert {attributes(s).get("event_tracer.outcome") for s in spans if not is_event(s)} == {
        "failed"
    }


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


def test_full_span_names() -> None:
    """`--span-names full` for those who want whole names."""
    spans = tell(raw_frames("redis-create"), naming=Naming(span_names="full"))

    assert "Pod redis-77f78f4447-k6w9v" in {s.name for s in spans}


def test_components_are_services() -> None:
    """source.component, else reportingComponent; `kubernetes` where nobody signs."""
    assert service(span(event())) == "kubelet"
    assert service(span(event(source={}, reportingComponent="my-operator"))) == "my-operator"
    assert service(span(event(source={}))) == "kubernetes"
