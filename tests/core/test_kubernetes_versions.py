"""What Kubernetes 1.37 says otherwise than 1.34 is told the same (kubelet, scheduler)."""

from typing import Any
from uuid import UUID

import pytest

from event_tracer.core.span import Span
from tests.scenarios.event import UID, event
from tests.scenarios.folding import attributes, events, listing, raw_frames, roots, tell

POD = {"kind": "Pod", "namespace": "shop", "name": "web-0", "uid": UID}
WEB = {**POD, "fieldPath": "spec.containers{web}"}


def said(number: int, about: dict[str, Any], reason: str, message: str, **more: Any) -> Any:
    """An Event, so many seconds later."""
    time = f"2026-11-23T22:33:{number:02d}Z"
    meta = {"uid": str(UUID(int=number + 1)), "name": f"web-0.{number}"}
    return event(
        involvedObject=about, reason=reason, message=message, metadata=meta,
        firstTimestamp=time, lastTimestamp=time, **more,
    )  # fmt: skip


def told(*raws: Any) -> list[Span]:
    """The spans of one LIST."""
    return tell([listing({"resource": "events", "object": raw} for raw in raws)])


START = {
    "1.34": ("Created container: web", "Started container web"),
    "1.37": ("Container created", "Container started"),
}
PRESENT = {
    "1.34": 'Container image "a:1" already present on machine',
    "1.35": 'Container image "a:1" already present on machine and can be accessed by the pod',
}


@pytest.mark.parametrize("present", PRESENT.values(), ids=PRESENT)
@pytest.mark.parametrize("start", START.values(), ids=START)
def test_a_container_starts(present: str, start: tuple[str, str]) -> None:
    """Its steps take what they took, whatever their words; its image took nothing."""
    pulled, created, started = events(
        told(
            said(0, WEB, "Pulled", present),
            said(2, WEB, "Created", start[0]),
            said(5, WEB, "Started", start[1]),
        )
    )
    assert [pulled.name, created.name, started.name] == ["Pulled", "Created", "Started"]
    assert created.start >= pulled.end
    assert started.start >= created.end
    assert attributes(pulled)["container.image.name"] == "a"
    assert attributes(started)["k8s.container.name"] == "web"


@pytest.mark.parametrize("uid", ["node-1", UID, ""])
def test_a_node_is_one_whatever_its_uid(uid: str) -> None:
    """Its name until 1.36, then its own; other controllers always wrote that."""
    kubelet = said(0, {"kind": "Node", "name": "node-1", "uid": uid}, "NodeReady", "Node is ready")
    other = said(1, {"kind": "Node", "name": "node-1", "uid": UID}, "RegisteredNode", "registered")
    spans = told(kubelet, other)

    assert [span.name for span in roots(spans)] == ["Events Node *"]
    assert len(events(spans)) == 2


@pytest.mark.parametrize(
    "message", ["Preempted by pod a-b on node node-1", "Preempted by podgroup a-b on node node-1"]
)
def test_a_victim_is_told(message: str) -> None:
    """The preemptor may be a podgroup."""
    (span,) = events(told(said(0, POD, "Preempted", message)))

    assert attributes(span)["k8s.event.message"] == message
    assert span.error is None


def test_a_resize_took_since_its_start() -> None:
    """ResizeStarted, new in 1.35; before it there is only its end."""
    of_now = told(
        said(0, POD, "ResizeStarted", "Pod resize started: {}"),
        said(9, POD, "ResizeCompleted", "Pod resize completed: {}"),
    )
    started, completed = events(of_now)
    (alone,) = events(told(said(9, POD, "ResizeCompleted", "Pod resize completed: {}")))

    assert completed.start >= started.end
    assert completed.end - completed.start > 7_000_000_000
    assert alone.end - alone.start == 1000


@pytest.mark.parametrize(
    ("reason", "message"),
    [
        ("TaintManagerEviction", "Marking for deletion Pod shop/web-0"),
        ("DeviceTaintManagerEviction", "Marking for deletion"),
    ],
)
def test_a_pod_goes_whose_node_or_device_is_tainted(reason: str, message: str) -> None:
    """Once it is asked to go no error about it stands (law 6); of devices since 1.36."""
    unhealthy = said(0, WEB, "Unhealthy", "Liveness probe failed: ", type="Warning")
    evicted = said(5, POD, reason, message)
    (stands,) = roots(told(unhealthy))
    (undone,) = roots(told(unhealthy, evicted))

    assert attributes(stands)["event_tracer.outcome"] == "failed"
    assert attributes(undone)["event_tracer.outcome"] != "failed"


def test_a_death_is_told_in_the_second_of_the_start() -> None:
    """Its kubelet sees a container die within half a second, so that its pod is ready and not any
    longer in one second: the pod is not ready then, and the death stands (law 6).
    """
    spans = tell(raw_frames("crash-1.37"))
    turns = [span.start // 10**9 for span in spans if span.name in ("Ready", "NotReady")]
    (root,) = roots(spans)

    assert len(set(turns)) < len(turns)
    assert attributes(root)["event_tracer.outcome"] == "failed"
    assert attributes(root)["event_tracer.cause.message"].startswith("container web: Error, exit 1")
