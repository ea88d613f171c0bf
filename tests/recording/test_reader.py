"""What is read, and what it says: files, Lists, a pipe."""

import gzip
import io
import json
import os
import threading
import tracemalloc
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import yaml

from event_tracer.core.event import Event
from event_tracer.core.frame import Frame, Item, Listing, holds_event, parse_frame
from event_tracer.core.projection import project
from event_tracer.core.span import Span
from event_tracer.core.story import Stories
from event_tracer.core.times import SECOND
from event_tracer.core.traces import traces_of
from event_tracer.recording import reader
from tests.scenarios.folding import JSONL, RECORDINGS, Run, article, frames_of, raw_frames, tell

ARTICLE = str(RECORDINGS / "article-events.json")
HOUR = 3600 * SECOND
REDIS = (RECORDINGS / "redis-create.jsonl").read_bytes()


def read(text: str) -> list[Item]:
    """All items of what standard input gives."""
    problems: list[object] = []
    stdin = io.BytesIO(text.encode())
    found = list(reader.items(["-"], stdin=stdin, on_problem=problems.append))
    assert problems == []
    return found


def spans_in(*paths: str, stdin: bytes = b"") -> list[Span]:
    """The spans of what is read, as the fold gives them."""
    problems: list[object] = []
    items = reader.items(paths, stdin=io.BytesIO(stdin), on_problem=problems.append)
    spans = tell(items)
    assert problems == []
    return spans


def test_kubectls_json_yaml_and_watch_say_the_same(tmp_path: Path) -> None:
    """A List as JSON or YAML, its Events one by one, and watch events: the same spans."""
    listed = json.loads(Path(ARTICLE).read_bytes())
    ways = {
        "list.yaml": yaml.safe_dump(listed),
        "many.yaml": "---\n".join(yaml.safe_dump(item) for item in listed["items"]),
        "single.json": "\n".join(json.dumps(item, indent=4) for item in listed["items"]),
        "joined.json": "".join(json.dumps(item) for item in listed["items"]),
        "windows.json": "\ufeff" + json.dumps(listed, indent=4).replace("\n", "\r\n"),
        "watch.json": "\n".join(
            json.dumps({"type": "ADDED", "object": item}, indent=4) for item in listed["items"]
        ),
        "raw.json": json.dumps(
            {"kind": "EventList", "apiVersion": "v1", "items": [
                {key: value for key, value in item.items() if key not in ("kind", "apiVersion")}
                for item in listed["items"]]}),
    }  # fmt: skip
    expected = set(tell([article()]))

    for name, text in ways.items():
        path = tmp_path / name
        path.write_bytes(text.encode())
        assert set(spans_in(str(path))) == expected, name


def test_events_and_objects_may_be_in_different_files(tmp_path: Path) -> None:
    """What kubectl prints is one picture of the cluster, however many files it came in."""
    objects, events = [], []
    for raw in raw_frames("redis-create"):
        item = {**raw["object"], "kind": raw["object"]["kind"]}
        if raw["resource"] == "events":
            events.append(item)
        else:
            kind = {"deployments": "Deployment", "replicasets": "ReplicaSet", "pods": "Pod"}
            objects.append({**item, "kind": kind[raw["resource"]], "apiVersion": "v1"})
    (tmp_path / "events.json").write_text(json.dumps({"kind": "List", "items": events}))
    (tmp_path / "objects.json").write_text(json.dumps({"kind": "List", "items": objects}))

    spans = spans_in(str(tmp_path / "events.json"), str(tmp_path / "objects.json"))
    assert set(spans) == set(tell(frames_of("redis-create")))


def test_how_much_of_the_past_is_told() -> None:
    """Law 11: of a List's transitions those of its last hour; of a recorded LIST what it says."""
    crash = [raw for raw in raw_frames("status/crash") if raw["resource"] == "pods"][-1]
    listed = read(json.dumps({"kind": "List", "items": [crash["object"]]}))
    header, watched = {"type": "HEADER", "version": 1}, {**crash, "told_since": 7 * SECOND}
    first, second = read("\n".join(json.dumps(each) for each in (header, crash, watched)))
    frame = parse_frame(crash)

    assert frame.body.server_time
    assert listed == [Listing(frames=(frame,), tell_since=frame.body.server_time - HOUR)]
    assert [first, second] == [frame, Listing(frames=(frame,), tell_since=7 * SECOND)]


def test_without_managed_fields_creation_dates_the_root(tmp_path: Path) -> None:
    """`kubectl get` leaves managedFields out; the story is the same, nobody is named for it."""
    lines = []
    for line in REDIS.splitlines():
        frame = json.loads(line)
        frame["object"]["metadata"].pop("managedFields", None)
        lines.append(json.dumps(frame).encode())
    (root,) = [span for span in spans_in("-", stdin=b"\n".join(lines)) if not span.parent_id]
    (whole,) = [span for span in tell(frames_of("redis-create")) if not span.parent_id]

    assert (root.trace_id, root.name) == (whole.trace_id, whole.name)
    assert dict(root.resource)["service.name"] == "kubernetes"


@pytest.mark.parametrize("name", JSONL)
def test_a_recording_may_be_gzipped_and_have_a_header(name: str, tmp_path: Path) -> None:
    """Sniffed, not told by the file's name."""
    path = tmp_path / "recording"
    header = b'{"type": "HEADER", "version": 1}\n'
    path.write_bytes(gzip.compress(header + (RECORDINGS / f"{name}.jsonl").read_bytes()))

    assert set(spans_in(str(path))) == set(tell(frames_of(name)))


def test_standard_input_is_read(run: Run) -> None:
    """`-`, as in `kubectl get events -o json | event-tracer replay -`."""
    redis = str(RECORDINGS / "redis-create.jsonl")

    assert run("replay", "-", stdin=REDIS)[1] == run("replay", redis)[1]


def test_what_a_pipe_holds_is_read_at_once() -> None:
    """`event-tracer record - | event-tracer replay -`: a frame does not wait for the next ones."""
    read, write = os.pipe()
    with open(read, "rb") as pipe, open(write, "wb", buffering=0) as writer:
        writer.write(b"".join(REDIS.splitlines(keepends=True)[:2]))
        ends = threading.Timer(20, writer.close)
        ends.start()
        next(reader.items(["-"], stdin=pipe, on_problem=lambda problem: None))

        assert not writer.closed
        ends.cancel()


def test_the_sample_is_a_capture_as_record_keeps_it() -> None:
    """`status/undo` of the recordings, projected: it tells the same, and holds no more."""
    sample = files("event_tracer.recording").joinpath(reader.SAMPLE).read_bytes()
    lines = map(json.loads, gzip.decompress(sample).splitlines())
    frames = [raw for raw in lines if "object" in raw]
    captured = raw_frames("status/undo")

    assert set(tell(frames)) == set(tell(frames_of("status/undo")))
    assert [raw["object"] for raw in frames] == [
        raw["object"] if holds_event(raw) else project(raw["object"]) for raw in captured
    ]


def test_memory_does_not_grow_with_the_file() -> None:
    """Rollouts an hour apart: of each stay its object spans' short ids, bounded in number."""

    def stream(rollouts: int) -> Iterator[Item]:
        for number in range(rollouts):
            for frame in frames_of("redis-create"):
                yield Frame(body=_later(frame.body, number), deleted=frame.deleted)
            for frame in reversed(frames_of("redis-create")):
                yield Frame(body=_later(frame.body, number), deleted=True)

    def read(rollouts: int) -> None:
        for _ in traces_of(stream(rollouts), Stories()):
            pass

    def peak(rollouts: int) -> int:
        tracemalloc.start()
        read(rollouts)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    few, many = 40, 400
    read(many)  # fills the caches, which are bounded, too
    assert peak(many) - peak(few) < len(REDIS) * (many - few) / 15


def _later(body: Any, number: int) -> Any:
    seconds, suffix = number * 3600, f"{number:04d}"
    moved = body.but(
        uid=body.uid[:-4] + suffix, server_time=(body.server_time or 0) + seconds * SECOND
    )
    if isinstance(body, Event):
        about = body.involved.but(uid=body.involved.uid[:-4] + suffix)
        return moved.but(involved=about, time=body.time + seconds * SECOND)
    owner = body.owner and body.owner.but(uid=body.owner.uid[:-4] + suffix)
    return moved.but(owner=owner, created=(body.created or 0) + seconds, writes=())
