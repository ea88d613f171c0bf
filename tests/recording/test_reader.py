"""What is read, and what becomes of what cannot be."""

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

from event_tracer.cli.main import FAILED, GOOD
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


EVENT_LINE = next(line for line in REDIS.splitlines() if b'"ScalingReplicaSet"' in line)


@pytest.mark.parametrize(
    ("bad", "told"),
    [
        (b"no json at all", ":2: not JSON: expected"),
        (b'{"type": "ADDED", "resource": "events", "obj', ":2: not JSON: EOF while parsing"),
        (b'{"type": "ADDED", "resource": "events", "object": {"metadata": {}}}', ":2: involved"),
        (b'{"type": "ADDED", "resource": "pods", "object": {"metadata": {}}}', ":2: metadata.name"),
        (b'{"type": "ADDED", "resource": "events"}', ":2: object: missing"),
        (b'{"type": "SYNC", "resource": "events", "object": {}}', ":2: a frame of type SYNC"),
        (b'{"type": "ERROR", "resource": "events", "object": {"message": "too old"}}', "too old"),
        (b'{"type": "HEADER", "version": 7}', ":2: a recording of version 7"),
        (b"[1, 2]", ":2: not an object but 1"),
        (b"\xff\xfe\x00", ":2: not JSON"),
        (b"[" * 100_000, ":2: not JSON"),
        (b'{"type": ["ADDED"], "resource": "pods", "object": {}}', ":2: a frame of type ['ADDED']"),
        (b"{}{}" + b"[" * 100_000, ":2: not JSON"),
        (b'{"type": "\xff"}', ":2: not JSON"),
    ],
)  # fmt: skip
def test_a_bad_line_costs_itself_alone(bad: bytes, told: str, run: Run, tmp_path: Path) -> None:
    """A message with file and line; the rest is shown; exit code 0."""
    path = tmp_path / "some.jsonl"
    path.write_bytes(b"\n".join((EVENT_LINE, bad, REDIS)))
    code, out, err = run("replay", str(path))

    assert code == GOOD
    assert told in err
    assert str(path) in err
    assert "9 spans of 6 occurrences" in out
    assert "could not be used" in out


def test_a_truncated_file_is_shown_as_far_as_it_goes(run: Run, tmp_path: Path) -> None:
    """A gzip cut off in the middle: what stands before the cut is shown."""
    cut = gzip.compress(REDIS, mtime=0)
    (tmp_path / "cut.gz").write_bytes(cut[: len(cut) - 40])

    code, out, err = run("replay", str(tmp_path / "cut.gz"))
    assert code == GOOD
    assert "cannot be read further" in err
    assert "Create Deployment redis" in out


def test_a_truncated_list_is_told(run: Run, tmp_path: Path) -> None:
    """By the line where it ends; the document before it is shown."""
    whole = Path(ARTICLE).read_bytes()
    (tmp_path / "cut.json").write_bytes(whole + b"\n" + whole[:5000])
    end = len(whole.splitlines()) + 178

    code, out, err = run("replay", str(tmp_path / "cut.json"))
    assert code == GOOD
    assert f"cut.json:{end}: not JSON: EOF" in err
    assert "8 occurrences" in out


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "empty"),
        (b" \n\n", "empty"),
        (b"NAME READY\nweb 1/1\n", "kubectl's table for people; add -o json"),
        (b"\x7fELF\x00\x01", "neither a recording nor what kubectl prints"),
        ("\ufeffx".encode("utf-16"), "UTF-16"),
        (b"apiVersion: [", "not YAML"),
        (b"apiVersion: 0x_", "not YAML"),
        (b"apiVersion: &a [*a]", "not YAML"),
        (b'{"kind": "List", "items": []}', "there is no Event in what was read"),
        (b'{"kind": "Pod", "metadata": {"name": "x"}}', "there is no Event in what was read"),
        (b'{"some": "thing"}', "neither a frame nor a Kubernetes object"),
    ],
)
def test_a_file_of_something_else_is_told(
    content: bytes, told: str, run: Run, tmp_path: Path
) -> None:
    """Exit code 1: nothing could be used."""
    path = tmp_path / "other"
    path.write_bytes(content)
    code, out, err = run("replay", str(path))

    assert (code, out) == (FAILED, "")
    assert told in err


def test_what_cannot_be_opened_is_told_and_the_rest_is_shown(run: Run, tmp_path: Path) -> None:
    """A directory, a file that is not there, one that may not be read."""
    secret = tmp_path / "secret"
    secret.mkdir()
    code, out, err = run("replay", str(secret), str(tmp_path / "gone"), ARTICLE)

    assert code == GOOD
    assert f"{secret}: a directory" in err
    assert "gone: no such file or directory" in err
    assert "8 occurrences" in out


def test_no_permission_is_told(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The system's own words, and exit code 1 where there is nothing else."""

    opened = Path.open

    def refuse(self: Path, *arguments: Any, **options: Any) -> Any:
        if self.name == "private.jsonl":
            raise PermissionError(13, "Permission denied", str(self))
        return opened(self, *arguments, **options)

    monkeypatch.setattr(Path, "open", refuse)
    code, _, err = run("replay", str(tmp_path / "private.jsonl"))

    assert code == FAILED
    assert "private.jsonl: permission denied" in err


def test_many_problems_do_not_flood(run: Run, tmp_path: Path) -> None:
    """The first ten are told one by one, all are counted."""
    path = tmp_path / "many.jsonl"
    path.write_bytes(b"\n".join([EVENT_LINE, *[b'{"x": 1}'] * 500]))
    _, out, err = run("replay", str(path))

    assert err.count("many.jsonl:") == 10
    assert "500 could not be used" in out


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
    owner = body.owner and body.owner._replace(uid=body.owner.uid[:-4] + suffix)
    return moved.but(owner=owner, created=(body.created or 0) + seconds, writes=())
