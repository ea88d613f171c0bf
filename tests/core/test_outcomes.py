"""Law 6: what becomes of an object, and what its span covers."""

from copy import deepcopy
from typing import Any
from uuid import NAMESPACE_OID, uuid5

import pytest

from event_tracer.core.span import Span
from event_tracer.render.waterfall import waterfall
from tests.scenarios.event import UID, event
from tests.scenarios.fields import stamp
from tests.scenarios.folding import (
    attributes,
    frames_of,
    is_event,
    listing,
    raw_frames,
    roots,
    tell,
)

T = 1_795_473_171_000_000_000
SECOND = 1_000_000_000


def about(name: str, reason: str, at: int, *, path: str = "", **fields: Any) -> dict[str, Any]:
    """A frame of an Event about a Pod, `at` seconds into the story."""
    time = stamp(T + at * SECOND)
    involved = {"kind": "Pod", "namespace": "shop", "name": name, "fieldPath": path}
    uid = str(uuid5(NAMESPACE_OID, f"{name} {reason} {at}"))
    metadata = {"name": f"{name}.{reason}{at}", "uid": uid}
    made = event(
        involvedObject=involved, reason=reason, message="", metadata=metadata,
        firstTimestamp=time, lastTimestamp=time,
    )  # fmt: skip
    made["metadata"]["creationTimestamp"] = time
    return {"type": "ADDED", "resource": "events", "object": {**made, **fields}}


def outcomes(spans: list[Span]) -> list[str]:
    """The outcomes of the object spans."""
    return [str(attributes(s)["event_tracer.outcome"]) for s in spans if not is_event(s)]


def test_a_pod_that_has_started_is_waited_for_no_more() -> None:
    """Events alone: it is under way until then, and they never say more than that it started."""
    waiting = [about("p", "Scheduled", 1), about("p", "Pulling", 2)]

    assert outcomes(tell(waiting)) == ["progressing"]
    assert outcomes(tell([*waiting, about("p", "Started", 3)])) == ["started"]


def test_an_init_container_that_has_started_is_not_the_pod() -> None:
    """Its own containers are still to come."""
    init = about("p", "Started", 3, path="spec.initContainers{init}")
    pulling = about("p", "Pulling", 4, path="spec.containers{web}")

    assert outcomes(tell([about("p", "Scheduled", 1), init, pulling])) == ["progressing"]


def test_a_pod_may_be_born_again_under_its_name() -> None:
    """A StatefulSet's: the old one's Killing is not what the new one waits for."""
    life = [
        about("db-0", "Killing", 10),
        about("db-0", "Scheduled", 12),
        about("db-0", "Pulling", 13),
    ]

    assert outcomes(tell(life)) == ["progressing"]
    assert outcomes(tell([*life, about("db-0", "Started", 14)])) == ["started"]


def test_an_error_without_a_message_fails_its_object() -> None:
    """The status tells what the message does not."""
    assert outcomes(tell([about("p", "Started", 1, type="Warning", message="")])) == ["failed"]


def test_silence_ends_an_object_span() -> None:
    """30 s of it; what comes later joins the trace and changes nothing."""
    early = [about("p", "Scheduled", 1), about("p", "Started", 5)]
    late = [about("p", "Unhealthy", 40, type="Warning"), about("p", "Killing", 300)]
    (short,) = [s for s in tell(early) if not is_event(s)]
    (long,) = [s for s in tell([*early, *late]) if not is_event(s)]

    assert long == short
    assert outcomes([long]) == ["started"]


def test_what_is_told_too_late_stretches_no_span_over_a_silence() -> None:
    """An Event of five minutes ago, heard of after today's: it joins the trace all the same."""
    spans = tell([about("p", "Killing", 400), about("p", "Started", 5)])
    (pod,) = [s for s in spans if not is_event(s)]

    assert pod.end - pod.start < 31 * SECOND


def test_the_picture_of_a_list_looks_past_the_silence() -> None:
    """A List has the last state of each Event: the crash loop has lasted since its first time."""
    start = [about("p", "Scheduled", 1), about("p", "Created", 2), about("p", "Started", 3)]
    loop = about("p", "BackOff", 4, count=24, type="Warning", message="Back-off restarting failed")
    loop["object"]["lastTimestamp"] = stamp(T + 300 * SECOND)
    spans = tell([listing([*start, loop])])
    picture = waterfall(spans)
    (row,) = [row for row in picture.rows if row.repeats]

    assert outcomes(spans) == ["failed"]
    assert picture.outcome == "failed"
    assert row.repeats == "x24 over 4m56s"
    assert row.first == T + 4 * SECOND


def test_the_picture_of_a_list_sees_a_late_start() -> None:
    """The pull had not ended before: it took all that time."""
    start = [about("p", "Scheduled", 1), about("p", "Pulling", 2), about("p", "Started", 200)]
    spans = tell([listing(start)])

    assert outcomes(spans) == ["started"]
    assert waterfall(spans).outcome == "started"


@pytest.mark.parametrize("late", [False, True])
def test_the_clusters_uid_tears_no_story(late: bool) -> None:
    """The kube-system Namespace gives it, before the first span has left or not at all."""
    meta = {"name": "kube-system", "uid": UID}
    frame = {"type": "ADDED", "resource": "namespaces", "object": {"metadata": meta}}
    frames = list(raw_frames("image-pull-backoff"))
    at = len(frames) // 2 if late else 0
    spans = tell([*frames[:at], frame, *frames[at:]])

    assert len({span.trace_id for span in spans}) == 1
    uids = {dict(span.resource).get("k8s.cluster.uid") for span in spans}
    assert uids == ({None} if late else {UID})


def test_nothing_is_open_in_a_rollout_that_went_well() -> None:
    """Each object of the update: it has started."""
    spans = tell(frames_of("rolling-update"))

    assert set(outcomes(spans)) == {"started"}


def test_what_began_before_its_story_is_an_instant() -> None:
    """Law 4: the containers that a rollout ends have run since another; its root begins with it."""
    restart = roots(tell(frames_of("status/restart")))[-1]
    spans = [s for s in tell(frames_of("status/restart")) if s.trace_id == restart.trace_id]
    ends = [s for s in spans if s.name == "Terminated Error"]

    assert restart.name == "Restart Deployment web"
    assert {s.end - s.start for s in ends} == {1000}
    assert restart.start == min(s.start for s in spans)
    assert stamp(restart.start)[:19] == attributes(restart)["event_tracer.change.time"][:19]


def test_a_pod_that_a_kubelet_rejected_does_not_fail_what_replaced_it() -> None:
    """Controllers count no failed pod: the rollout is complete as kubectl has it (law 6)."""
    frames = list(raw_frames("status/good"))
    place = next(i for i, raw in enumerate(frames) if raw["resource"] == "pods")
    pod = frames[place]["object"]
    meta = {**pod["metadata"], "name": "web-rejected", "uid": str(uuid5(NAMESPACE_OID, "rejected"))}
    status = {"phase": "Failed", "reason": "NodeAffinity"}
    failed = {**frames[place], "object": {**pod, "metadata": meta, "status": status}}
    warning: Any = deepcopy(next(raw for raw in frames if raw["resource"] == "events"))
    warning["object"] |= {"reason": "NodeAffinity", "type": "Warning", "message": "it does not fit"}
    warning["object"]["metadata"] |= {"uid": UID, "name": "web-rejected.1"}
    warning["object"]["involvedObject"] = {
        "kind": "Pod", "name": meta["name"], "namespace": meta["namespace"], "uid": meta["uid"]
    }  # fmt: skip
    spans = tell([*frames[: place + 1], failed, warning, *frames[place + 1 :]])
    (root,) = [span for span in spans if not is_event(span) and not span.parent_id]

    assert attributes(root)["event_tracer.outcome"] == "complete"
