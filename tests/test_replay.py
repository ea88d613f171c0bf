"""`event-tracer replay` as a user meets it: what is shown, what is said, how it ends."""

import gzip
import io
import json
import sys
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from event_tracer import recording
from event_tracer.cli import FAILED, GOOD, USAGE, main
from event_tracer.core.event import Event
from event_tracer.core.frame import Frame, Item, Tick
from event_tracer.core.span import Span
from event_tracer.core.story import Stories
from event_tracer.core.times import SECOND, parse_timestamp
from event_tracer.core.traces import Traces
from tests.cluster import Cluster
from tests.support import JSONL, RECORDINGS, article, attributes, frames_of, raw_frames, tell

Run = Callable[..., tuple[int, str, str]]
ARTICLE = str(RECORDINGS / "article-events.json")
REDIS = (RECORDINGS / "redis-create.jsonl").read_bytes()


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command; give its exit code, output and complaints."""

    def call(*arguments: str, stdin: bytes = b"", columns: int = 120) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        monkeypatch.setenv("COLUMNS", str(columns))
        try:
            code = main(arguments)
        except SystemExit as stop:
            code = int(stop.code or 0)
        told = capsys.readouterr()
        return code, told.out, told.err

    return call


def spans_in(*paths: str, stdin: bytes = b"") -> list[Span]:
    """The spans of what is read, as the fold gives them."""
    problems: list[object] = []
    items = recording.items(paths, stdin=io.BytesIO(stdin), on_problem=problems.append)
    spans = tell(items)
    assert problems == []
    return spans


# -- what is shown


def test_without_arguments_the_sample_is_drawn(run: Run) -> None:
    """The tree of a new Deployment, whole names, one line for each of its nine spans."""
    code, out, err = run("replay")
    lines = out.splitlines()
    tree = [line.split("  ")[0].rstrip() for line in lines[3:12]]

    assert (code, err) == (GOOD, "")
    assert tree == [
        "kubectl-client-side-apply",
        "├─ deployment-controller",
        "└─ deployment-controller",
        ["", " ├─ replicaset-controller"][0],
        ["", " └─ replicaset-controller"][0],
        *[["", "", "", "├─ default-scheduler"][0]] * 4,
    ]
    assert "Create Deployment redis  settled after 271ms" in lines[0]
    assert [name in line for name, line in zip(
        ("Create Deployment redis", "ScalingReplicaSet up", "ReplicaSet redis-77f78f4447",
         "SuccessfulCreate", "Pod redis-77f78f4447-k6w9v", "Scheduled", "Pulled", "Created",
         "Started"), lines[3:12], strict=True)] == [True] * 9  # fmt: skip
    assert lines[-1] == "1 trace, 9 spans of 6 occurrences"
    assert tell(frames_of("redis-create"))[0].trace_id.hex() in lines[1]


@pytest.mark.parametrize("columns", [20, 60, 79, 80, 100, 120, 200])
def test_no_width_cuts_a_name(columns: int, run: Run) -> None:
    """A name is never cut; from 80 columns on, no line is longer than the terminal."""
    _, out, _ = run("replay", columns=columns)

    assert "Pod redis-77f78f4447-k6w9v" in out
    assert "kubectl-client-side-apply" in out
    if columns >= 80:
        assert max(len(line) for line in out.splitlines()) <= columns
        assert "━" in out


def test_bars_stand_where_the_times_are(run: Run) -> None:
    """Created follows Pulled, Started follows Created, on one axis."""
    _, out, _ = run("replay")
    pulled, created, started = (
        next(line for line in out.splitlines() if f"kubelet             {name} " in line)
        for name in ("Pulled", "Created", "Started")
    )

    assert pulled.index("•") <= created.index("━") < created.rindex("━") <= started.index("━")


def test_without_a_terminal_there_is_no_colour(run: Run) -> None:
    """A pipe gets plain text."""
    assert "\x1b" not in run("replay")[1]


@pytest.mark.parametrize("variable", ["NO_COLOR", "TERM"])
def test_colour_can_be_refused(variable: str, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """NO_COLOR (no-color.org) and a dumb terminal get no colours even where they are forced."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b[36m" in run("replay")[1]

    monkeypatch.setenv(variable, "dumb")
    assert "\x1b[3" not in run("replay")[1]


def test_a_warning_shows_its_messages_to_the_cause(run: Run) -> None:
    """Every different message, and of a long one its end too: there Go's errors have the cause."""
    _, out, _ = run("replay", str(RECORDINGS / "image-pull-backoff.jsonl"))

    assert "Create Deployment non-exist  failed" in out
    assert "Error: ErrImagePull" in out
    assert "connection refused" in out
    assert "BackOff image  x21 over 5m11s" in out


def test_a_crash_loop_of_fifty_fits_a_screen(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Repeats are folded as kubectl says it."""
    cluster = Cluster()
    cluster.apply("web")
    cluster.back_off(cluster.pods[0], times=50)
    path = tmp_path / "loop.jsonl"
    path.write_text("\n".join(json.dumps(frame) for frame in cluster.frames))
    _, out, _ = run("replay", str(path))

    assert "BackOff restart  x50 over 10m37s" in out
    assert len(out.splitlines()) <= 24


HOSTILE = (
    "\x1b[31mred\x1b]0;title\x07 \x9b2J \x00\x7f [bold]x[/bold] :smile: "
    "\u202eevil\u2066 \u200bzero \u2028line\r\nnext\ttab"
)


def test_nothing_from_a_message_commands_the_terminal(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Control sequences, bidirectional marks and markup are shown as text."""
    frames = [json.loads(line) for line in REDIS.splitlines()]
    for frame in frames:
        if frame["resource"] == "events":
            frame["object"] |= {"message": HOSTILE, "type": "Warning"}
            frame["object"]["source"] = {"component": HOSTILE}
    path = tmp_path / "hostile.jsonl"
    path.write_text("\n".join(json.dumps(frame) for frame in frames))
    _, out, _ = run("replay", str(path), columns=400)

    assert not {"\x1b", "\x07", "\x9b", "\x00", "\x7f", "\u202e", "\u2066", "\u200b", "\u2028"} & {
        *out
    }
    assert "\\x1b[31mred" in out
    assert "[bold]x[/bold] :smile:" in out
    assert "next tab" in out


# -- what is read


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
    assert run("replay", "-", stdin=REDIS)[1] == run("replay")[1]


# -- bad input


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
    assert "not understood" in out


def test_a_truncated_file_is_shown_as_far_as_it_goes(run: Run, tmp_path: Path) -> None:
    """A gzip or a List cut off in the middle: what stands before the cut is shown."""
    cut = gzip.compress(REDIS, mtime=0)
    (tmp_path / "cut.gz").write_bytes(cut[: len(cut) - 40])
    (tmp_path / "cut.json").write_bytes(Path(ARTICLE).read_bytes()[:5000])

    code, out, err = run("replay", str(tmp_path / "cut.gz"))
    assert code == GOOD
    assert "cannot be read further" in err
    assert "Create Deployment redis" in out
    code, out, err = run("replay", str(tmp_path / "cut.json"))
    assert code == GOOD
    assert "cut.json:178: not JSON: EOF" in err
    assert "5 occurrences" in out


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "empty"),
        (b" \n\n", "empty"),
        (b"NAME READY\nweb 1/1\n", "neither a recording nor what kubectl prints"),
        (b"\x7fELF\x00\x01", "neither a recording nor what kubectl prints"),
        ("\ufeffx".encode("utf-16"), "UTF-16"),
        (b"apiVersion: [", "not YAML"),
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

    assert len(err.splitlines()) == 10
    assert "500 not understood" in out


def test_memory_does_not_grow_with_the_file() -> None:
    """Rollouts an hour apart: of each stay its object spans' short ids, bounded in number."""

    def stream(rollouts: int) -> Iterator[Item]:
        for number in range(rollouts):
            for frame in frames_of("redis-create"):
                yield Frame(body=_later(frame.body, number), deleted=frame.deleted)
            for frame in reversed(frames_of("redis-create")):
                yield Frame(body=_later(frame.body, number), deleted=True)

    def peak(rollouts: int) -> int:
        stories, traces = Stories(), Traces()
        tracemalloc.start()
        for item in stream(rollouts):
            traces.feed(stories.feed(item))
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    few, many = 40, 400
    peak(many)  # fills the caches, which are bounded, too
    assert peak(many) - peak(few) < len(REDIS) * (many - few) / 15


def _later(body: Any, number: int) -> Any:
    seconds, suffix = number * 3600, f"{number:04d}"
    moved = body._replace(
        uid=body.uid[:-4] + suffix, server_time=(body.server_time or 0) + seconds * SECOND
    )
    if isinstance(body, Event):
        about = body.involved._replace(uid=body.involved.uid[:-4] + suffix)
        return moved._replace(involved=about, time=body.time + seconds * SECOND)
    owner = body.owner and body.owner._replace(uid=body.owner.uid[:-4] + suffix)
    return moved._replace(owner=owner, created=(body.created or 0) + seconds, writes=())


# -- where it goes


def test_otlp_json_is_one_document(run: Run, tmp_path: Path) -> None:
    """OTLP's JSON: ids in hex, times as strings, enums as numbers; every span once."""
    path = tmp_path / "trace.json"
    files = [str(RECORDINGS / f"{name}.jsonl") for name in JSONL]
    code, out, _ = run("replay", "--to", "otlp-json", "--output", str(path), *files)
    document = json.loads(path.read_bytes())
    spans = [
        span
        for group in document["resourceSpans"]
        for scope in group["scopeSpans"]
        for span in scope["spans"]
    ]
    ids = {(span["traceId"], span["spanId"]) for span in spans}

    assert (code, out) == (GOOD, "")
    assert len(ids) == len(spans)
    assert all(len(trace) == 32 and len(span) == 16 for trace, span in ids)
    assert all(isinstance(span["startTimeUnixNano"], str) and span["kind"] == 1 for span in spans)


def test_otlp_json_goes_to_standard_output(run: Run) -> None:
    """Without --output; the summary stays off it."""
    _, out, err = run("replay", "--to", "otlp-json")

    assert json.loads(out)["resourceSpans"]
    assert err == "1 trace, 9 spans of 6 occurrences\n"


def test_output_that_cannot_be_written_is_told(run: Run, tmp_path: Path) -> None:
    """Exit code 1 and the file's name."""
    code, _, err = run("replay", "--to", "otlp-json", "--output", str(tmp_path / "no" / "way"))

    assert code == FAILED
    assert "cannot write" in err
    assert "no such file or directory" in err


@pytest.mark.parametrize("source", ["file", "stdin"])
def test_shifted_to_now(source: str, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Relative times stay, the last is now, ids are others: an id never has two contents."""
    now = 1_900_000_000 * SECOND
    monkeypatch.setattr("time.time_ns", lambda: now)
    path = str(RECORDINGS / "redis-create.jsonl") if source == "file" else "-"

    def spans(*arguments: str) -> list[dict[str, Any]]:
        _, out, _ = run("replay", path, "--to", "otlp-json", *arguments, stdin=REDIS)
        groups = json.loads(out)["resourceSpans"]
        return [
            span for group in groups for scope in group["scopeSpans"] for span in scope["spans"]
        ]

    plain, moved = spans(), spans("--shift-to-now")
    by = {
        int(b["endTimeUnixNano"]) - int(a["endTimeUnixNano"])
        for a, b in zip(plain, moved, strict=True)
    }
    ids = {(span["traceId"], span["spanId"]) for span in moved}

    assert len(by) == 1
    assert 0 <= now - max(int(span["endTimeUnixNano"]) for span in moved) < SECOND
    assert not ids & {(span["traceId"], span["spanId"]) for span in plain}
    assert {span.get("parentSpanId") for span in moved} <= {span for _, span in ids} | {None}
    stamps = [
        parse_timestamp(attribute["value"]["stringValue"])
        for span in moved
        for attribute in span["attributes"]
        if attribute["key"] in ("k8s.event.last_time", "event_tracer.change.time")
    ]
    assert all(0 <= now - (stamp or 0) < 3 * SECOND for stamp in stamps)


# -- filters


def test_filters_choose_which_event_spans_leave(run: Run) -> None:
    """Everything is still fed: what leaves is as without a filter, under the same objects."""
    path = str(RECORDINGS / "rolling-update.jsonl")
    code, out, _ = run("replay", path, "--kind", "po", "--exclude-reason", "Pulled,Created")

    assert code == GOOD
    assert "Started" in out
    assert "Pulled" not in out
    assert "ScalingReplicaSet" not in out
    assert "28 filtered out" in out


def test_an_object_span_leaves_if_anything_under_it_does() -> None:
    """And keeps the content that it has without the filter."""
    plain = set(tell(frames_of("rolling-update")))
    kept = tell(frames_of("rolling-update"), keep=lambda event: event.reason == "Killing")

    assert {span.name for span in kept} == {
        "Update Deployment web", "ReplicaSet web-*", "Pod web-*", "Killing",
    }  # fmt: skip
    assert set(kept) <= plain
    assert {attributes(span).get("k8s.replicaset.name") for span in kept} == {
        None,
        "web-5b9fcf8c4c",
    }


def test_nothing_left_is_told(run: Run) -> None:
    """A filter that is possible but passes nothing says what there was."""
    code, _, err = run("replay", "--kind", "Rollout")

    assert code == GOOD
    assert "no occurrence passes the filters; these were about: Pod, Deployment, ReplicaSet" in err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--kind", "deplyment"], "did you mean Deployment?"),
        (["--kind", "???"], "there is no kind called ???"),
        (["--namespace", "Not_A_Name"], "no namespace can be called Not_A_Name"),
        (["--type", "Error"], "no Event is of type Error; there are Normal and Warning"),
        (["--type", "Normal", "--exclude-type", "normal"], "together leave nothing"),
        (["--exclude-type", "Normal,Warning"], "leaves nothing"),
        (["--reason", "A,B", "--exclude-reason", "A,B,C"], "together leave nothing"),
        (["--status-by-reason", "Unhealthy=fine"], "--status-by-reason"),
        (["--to", "jaeger"], "invalid choice"),
        (["--output", "x"], "--to otlp-json"),
        (["--no-such-option"], "unrecognized arguments"),
        (["--config", "/nonexistent/settings.yaml"], "cannot read"),
    ],
)
def test_what_cannot_be_meant_is_refused(arguments: list[str], told: str, run: Run) -> None:
    """Exit code 2 before anything is read, and a sentence that helps."""
    code, out, err = run("replay", *arguments)

    assert (code, out) == (USAGE, "")
    assert told in err


def test_help_teaches(run: Run) -> None:
    """The sources, the destinations and the price of --shift-to-now are in the help."""
    code, out, _ = run("replay", "--help")
    text = " ".join(out.split())

    assert code == GOOD
    for words in ("kubectl get events -A -o json", "--show-managed-fields", "otlp-json",
                  "span ids then differ", "EVENT_TRACER_", "--exclude-reason"):  # fmt: skip
        assert words in text


def test_a_tick_at_the_end_is_all_that_the_fold_needs() -> None:
    """The sample's object spans leave with the end of the stream."""
    stories = Stories()
    for frame in frames_of("redis-create"):
        stories.feed(frame)

    assert len(stories.feed(Tick(now=2**62))) == 9
