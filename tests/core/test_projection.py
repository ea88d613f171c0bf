"""What is kept of whole objects: all that is read of them, and nothing that must not leave."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, get_args, get_type_hints

import pytest
from hypothesis import given
from msgspec import Struct

from event_tracer.core import api_types
from event_tracer.core.frame import holds_event, parse_frame, parse_line
from event_tracer.core.objects import ObjectMetadata
from event_tracer.core.projection import SPEC, STATUS, Shape, project
from event_tracer.core.wire import MalformedError
from tests.scenarios.fields import REPLICAS, RESTART, Raw, entry
from tests.scenarios.fields import SPEC as TOUCHED
from tests.scenarios.folding import JSONL, RECORDINGS, raw_frames
from tests.scenarios.planted import SECRET, frames, leaks, line

CAPTURES = sorted(path.name.split(".")[0] for path in (RECORDINGS / "status").glob("*.gz"))
NAMES = (*JSONL, *(f"status/{name}" for name in CAPTURES))
META: Raw = {"name": "web", "namespace": "shop", "uid": "u"}


def fields(hint: Any) -> Iterator[Any]:
    """The structs in a hint: `list[Condition] | None` holds one."""
    if isinstance(hint, type) and issubclass(hint, Struct):
        yield hint
    for each in get_args(hint):
        yield from fields(each)


def missing(shape: Any, typed: Any, *, at: str = "") -> Iterator[str]:
    """The fields that a struct has and a shape lacks, however deep."""
    for name, hint in get_type_hints(typed).items():
        if name not in shape:
            yield f"{at}.{name}"
        else:
            for inner in fields(hint):
                yield from missing(shape[name], inner, at=f"{at}.{name}")


def complaint(raw: Mapping[str, Any]) -> str:
    """What is said of a pod where it cannot be read, else all that was read."""
    try:
        return repr(parse_frame({"resource": "pods", "object": raw}))
    except MalformedError as error:
        return str(error)


@pytest.mark.parametrize("name", NAMES)
def test_the_same_is_read_of_what_is_kept(name: str) -> None:
    """A replay of a recording says what the run said: all real captures, frame by frame."""
    objects = [raw for raw in raw_frames(name) if not holds_event(raw)]
    for raw in objects:
        kept = {**raw, "object": project(raw["object"])}
        assert parse_frame(kept) == parse_frame(raw)
        assert project(kept["object"]) == kept["object"]
    assert objects


@pytest.mark.parametrize(("shape", "typed"), [(SPEC, api_types.Spec), (STATUS, api_types.Status)])
def test_all_that_is_read_is_kept(shape: Shape, typed: type) -> None:
    """Law 11: each field of the types that the fold reads has its place in the tables."""
    assert list(missing(shape, typed)) == []


def test_a_recording_is_not_half_as_long() -> None:
    """Of a pod's 4 KB, what is kept."""
    pods = [raw["object"] for raw in raw_frames("status/crash") if raw["resource"] == "pods"]
    kept = sum(len(json.dumps(project(pod))) for pod in pods)

    assert kept < sum(len(json.dumps(pod)) for pod in pods) / 2


@given(frames())
def test_nothing_planted_is_kept_or_read(frame: Raw) -> None:
    """Law 14: no value of a variable, argument, manifest, Secret or termination message."""
    kept = {**frame, "object": project(frame["object"])}
    quickly = parse_line(line(frame), resource=frame["resource"], kind=frame["kind"])

    assert leaks(json.dumps(frame))
    assert not leaks(json.dumps(kept))
    assert not leaks(repr(parse_frame(frame)))
    assert not leaks(repr(quickly))
    assert parse_frame(kept) == parse_frame(frame)


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("spec", SECRET), ("spec", [SECRET]), ("spec", {"replicas": SECRET}),
        ("spec", {"containers": [SECRET]}), ("spec", {"containers": {"env": SECRET}}),
        ("spec", {"strategy": SECRET}), ("spec", {"paused": SECRET}), ("status", SECRET),
        ("status", {"conditions": SECRET}), ("status", {"conditions": [SECRET, 5, None]}),
        ("status", {"containerStatuses": [{"restartCount": SECRET}]}),
        ("status", {"containerStatuses": [{"state": {"terminated": {"exitCode": SECRET}}}]}),
        ("metadata", {**META, "managedFields": [{"fieldsV1": {"f:spec": SECRET}, "time": "t"}]}),
        ("metadata", {**META, "managedFields": [{"fieldsV1": SECRET}, SECRET]}),
        ("data", {"password": SECRET}),
    ],
)  # fmt: skip
def test_what_is_of_another_type_is_not_kept(part: str, value: Any) -> None:
    """Nor said where it is complained of."""
    raw: Mapping[str, Any] = {"kind": "Pod", "apiVersion": "v1", "metadata": META, part: value}
    assert not leaks(json.dumps(project(raw)))
    assert not leaks(complaint(raw))


@pytest.mark.parametrize("raw", [{}, {"metadata": None}, {"metadata": "x"}, {"metadata": {}}])
def test_what_is_no_object_stays_none(raw: Raw) -> None:
    """It is for others to complain of."""
    with pytest.raises(MalformedError):
        parse_frame({"resource": "pods", "object": project(raw)})


@pytest.mark.parametrize(
    ("touched", "verb"), [(REPLICAS, "Scale"), (RESTART, "Restart"), (TOUCHED, "Update")]
)
def test_what_a_write_did_is_kept(touched: Raw, verb: str) -> None:
    """Of the fields that it touched no more than tells this."""
    written = [entry("kubectl", 0, touched)]
    kept = project({"kind": "Deployment", "metadata": {**META, "managedFields": written}})
    found = parse_frame({"resource": "deployments", "object": kept}).body

    assert isinstance(found, ObjectMetadata)
    assert [write.verb for write in found.writes] == [verb]
