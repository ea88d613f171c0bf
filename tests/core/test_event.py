"""One Event: what is read of it, and when it was."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from event_tracer.core.event import parse_event
from event_tracer.core.tables import RANK
from event_tracer.core.times import (
    MICROSECOND,
    SECOND,
    human,
    parse_duration,
    parse_timestamp,
    rfc3339,
)
from event_tracer.core.wire import MalformedError, decode
from event_tracer.export.otlp.encoding import encode
from event_tracer.render.waterfall import waterfall
from tests.scenarios.event import EVENT, UID, T, event, span
from tests.scenarios.folding import attributes, events, is_event, listing, raw_frames, tell

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


def test_surrogates_and_json_survive() -> None:
    """Half a surrogate pair, legal in JSON, becomes a question mark and loses nothing else."""
    (raw,) = [raw for raw in raw_frames("redis-create") if raw["object"].get("reason") == "Pulled"]
    text = json.dumps({**raw, "object": {**raw["object"], "message": "a\ud800b"}})
    (span,) = events(tell([decode(text)]))

    assert dict(span.attributes)["k8s.event.message"] == "a?b"


@pytest.mark.parametrize(
    "changes",
    [
        {"count": 2**63},
        {"count": -1},
        {"involvedObject": {**EVENT["involvedObject"], "resourceVersion": "9" * 5000}},
        {"reason": "Pulled", "message": f"pulled in {'9' * 400}s"},
        {"reason": "Pulled", "message": f"pulled in {'9' * 5000}h"},
        {"reason": "Pulled", "message": "pulled in 999999999h"},
        {"firstTimestamp": "1970-01-01T00:00:01Z", "lastTimestamp": "1970-01-01T00:00:01Z"},
        {"firstTimestamp": "2199-12-31T23:59:59Z", "lastTimestamp": "2199-12-31T23:59:59Z"},
    ],
)
def test_odd_numbers_are_told_as_far_as_otlp_can(changes: dict[str, Any]) -> None:
    """Law 1: whatever a writer put there, there is a span under its object, and it can be sent."""
    spans = tell([{"type": "ADDED", "resource": "events", "object": event(**changes)}])

    assert len(spans) == 2
    assert len(encode(spans)) > 0
    assert waterfall(spans).rows


def test_events_without_any_name_are_told_apart() -> None:
    """Law 1: no uid and no name: then by what they say, and of what."""
    bare = {"namespace": "shop", "creationTimestamp": "2026-11-23T22:32:51Z"}
    made = [
        {**EVENT, "metadata": bare, "involvedObject": {"kind": "Pod", "name": name}}
        for name in ("a", "b")
    ]

    assert len(events(tell([{"resource": "events", "object": raw} for raw in made]))) == 2


def test_first_times_are_found_whatever_name_an_object_had() -> None:
    """A LIST may give an object's uid after the first of its Events; the step is as long."""
    about = {**EVENT["involvedObject"], "uid": UID}
    path = "spec.containers{web}"
    pulling = event(reason="Pulling", message="", metadata={"uid": UID[:-1] + "0", "name": "a"})
    pulled = event(
        reason="Pulled", message="", metadata={"uid": UID[:-1] + "1", "name": "b"},
        firstTimestamp="2026-11-23T22:32:55Z", lastTimestamp="2026-11-23T22:32:55Z",
    )  # fmt: skip
    for raw in (pulling, pulled):
        raw["involvedObject"] = {**EVENT["involvedObject"], "fieldPath": path}
    named = event(reason="Scheduled", message="", metadata={"uid": UID[:-1] + "2"})
    named["involvedObject"] = about
    lengths = set()
    for order in ([named, pulling, pulled], [pulling, named, pulled], [pulled, pulling, named]):
        frames = [{"resource": "events", "object": raw} for raw in order]
        for stream in ([listing(frames)], frames):
            (span_,) = [s for s in events(tell(stream)) if s.name == "Pulled"]
            lengths.add(span_.end - span_.start)

    assert len(lengths) == 1


# -- when it was

STARTED = RANK["Started"] * MICROSECOND


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, T + 123_456_789),  # the name's hex, within the second of firstTimestamp
        ({"metadata": {"name": f"web-0.{T + SECOND:x}"}}, T + STARTED),  # not within it: the rank
        ({"metadata": {"name": f"web-0.{T - 1:x}"}}, T + STARTED),
        ({"metadata": {"name": "web-0.started"}}, T + STARTED),
        ({"count": 3, "lastTimestamp": "2026-11-23T22:33:51Z"}, T + 60 * SECOND + STARTED),
        ({"firstTimestamp": None, "lastTimestamp": None, "eventTime": "2026-11-23T22:32:51.5Z"}, T + SECOND // 2),
        ({"series": {"count": 2, "lastObservedTime": "2026-11-23T22:32:59.25Z"}}, T + 8 * SECOND + SECOND // 4),
        ({"lastTimestamp": None}, T + 123_456_789),
        ({"lastTimestamp": "0001-01-01T00:00:00Z"}, T + 123_456_789),
        ({"lastTimestamp": "2200-01-01T00:00:00Z", "firstTimestamp": None, "metadata": {"creationTimestamp": "2026-11-23T22:32:52Z"}}, T + SECOND + STARTED),
    ],
)  # fmt: skip
def test_the_time_of_an_occurrence(changes: dict[str, Any], expected: int) -> None:
    """Law 3: to the nanosecond where the cluster knows it, else in order within the second."""
    assert span(event(**changes)).end == expected


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
    assert parse_timestamp(rfc3339(time)) == (time if SECOND <= time < limit else None)


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
        (0, "0ns"), (850, "850ns"), (999_600, "1ms"), (999_901_000, "1s"), (1_000, "1µs"), (12_345_678, "12.3ms"), (271 * 10**6, "271ms"),
        (1_050_000_000, "1.05s"), (8 * SECOND, "8s"), (59_960_000_000, "60s"),
        (238 * SECOND, "3m58s"), (300 * SECOND, "5m"), (7_500 * SECOND, "2h05m"),
        (86_400 * SECOND, "1d"), (273_600 * SECOND, "3d4h"), (-5, "0ns"),
    ],
)  # fmt: skip
def test_durations_for_people(duration: int, text: str) -> None:
    """A few characters, three digits at most."""
    assert human(duration) == text
