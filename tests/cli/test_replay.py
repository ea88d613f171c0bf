"""`event-tracer replay`: where the traces go, which of them, and how it ends."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from event_tracer.cli.main import FAILED, GOOD, USAGE
from event_tracer.core.frame import Tick
from event_tracer.core.story import Stories
from event_tracer.core.times import SECOND, parse_timestamp
from tests.scenarios.folding import JSONL, RECORDINGS, Run, attributes, frames_of, tell

ARTICLE = str(RECORDINGS / "article-events.json")
REDIS = (RECORDINGS / "redis-create.jsonl").read_bytes()


def test_otlp_json_is_one_document(run: Run, tmp_path: Path) -> None:
    """OTLP's JSON: ids in hex, times as strings, enums as numbers; every span once."""
    path = tmp_path / "trace.json"
    files = [str(RECORDINGS / f"{name}.jsonl") for name in JSONL]
    code, out, _ = run("replay", "--to", "otlp-json", "--output-file", str(path), *files)
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
    """Without --output-file; the summary stays off it."""
    _, out, err = run("replay", "--to", "otlp-json")

    assert json.loads(out)["resourceSpans"]
    assert err == "3 traces, 40 spans of 31 occurrences\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ["--to", "otlp-json", "--output-file", "FILE"],
        ["--output", "json", "--output-file", "FILE"],
        ["-o", "json", "--output-file", "FILE"],
    ],
)
def test_a_file_is_named_by_output_file(arguments: list[str], run: Run, tmp_path: Path) -> None:
    """--output names a format, as kubectl's does."""
    path = tmp_path / "trace.json"
    code, out, _ = run("replay", *(str(path) if each == "FILE" else each for each in arguments))

    assert (code, out) == (GOOD, "")
    assert path.read_text() == run("replay", "-o", "json")[1]


def test_output_that_cannot_be_written_is_told(run: Run, tmp_path: Path) -> None:
    """Exit code 1 and the file's name."""
    code, _, err = run("replay", "--to", "otlp-json", "--output-file", str(tmp_path / "no" / "way"))

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
    told = "no occurrence passes the filters; there are namespaces v-undo; kinds Pod, Deployment, "
    assert told in err


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
        (["--output", "x"], "argument -o/--output: invalid choice: 'x'"),
        (["--output-file", "x"], "says where --to otlp-json writes; give both"),
        (["--output", "json", "--to", "otlp"], "the same as --to otlp-json, not as --to otlp"),
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
    """A recording's object spans leave with the end of the stream."""
    stories = Stories()
    for frame in frames_of("redis-create"):
        stories.feed(frame)

    assert len(stories.feed(Tick(now=2**63 - 1))) == 9


def test_a_reader_that_has_seen_enough_is_no_failure() -> None:
    """`event-tracer replay | head -1` ends with 0 and without a complaint."""
    files = [str(RECORDINGS / f"{name}.jsonl") for name in JSONL]
    command = [sys.executable, "-m", "event_tracer", "replay", *files]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.readline()
        process.stdout.close()
        complaint = process.stderr.read()

    assert (process.wait(), complaint) == (GOOD, b"")


def test_settings_come_from_flags_then_the_environment_then_a_file(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """flags > EVENT_TRACER_* > file > defaults."""
    config = tmp_path / "settings.yaml"
    config.write_text("kind: [Pod]\nreason: Started\ncluster_name: from-file\n")

    def left_out(*arguments: str) -> str:
        return run("replay", "--config", str(config), *arguments)[1].splitlines()[-1]

    assert left_out().endswith("29 filtered out")
    monkeypatch.setenv("EVENT_TRACER_REASON", "Started,Created")
    assert left_out().endswith("27 filtered out")
    assert left_out("--reason", "Pulled", "--reason", "Created,Started").endswith("25 filtered out")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("knid: [Pod]", "there is no setting called knid; did you mean kind?"),
        ("kind: [Pdo,", "cannot read"),
        ("just words", "holds no settings"),
        ("shift-to-now: perhaps", "shift_to_now: input should be a valid boolean"),
    ],
)
def test_a_settings_file_that_cannot_be_meant_is_refused(
    text: str, told: str, run: Run, tmp_path: Path
) -> None:
    """Exit code 2 and the file's or the setting's name."""
    config = tmp_path / "settings.yaml"
    config.write_text(text)
    code, _, err = run("replay", "--config", str(config))

    assert code == USAGE
    assert told in err


def test_without_a_command_the_usage_is_shown(run: Run) -> None:
    """Exit code 2, and what there is; --version says which one it is."""
    assert run()[0] == USAGE
    assert "replay" in run("--help")[1]
    assert run("--version")[1].startswith("0.")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a full disk to try")
@pytest.mark.parametrize("to", ["console", "otlp-json"])
def test_a_full_disk_is_told(to: str) -> None:
    """Exit code 1 and the system's words, no traceback."""
    command = [sys.executable, "-m", "event_tracer", "replay", "--to", to]
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, check=False)

    assert done.returncode == FAILED
    assert done.stderr.endswith(b"event-tracer: cannot write: No space left on device\n")
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize("arguments", [["replay", "--help"], ["replay"]])
def test_an_output_that_knows_but_ascii_is_enough(arguments: list[str]) -> None:
    """What it cannot say is spelt out."""
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "COLUMNS": "120"}
    command = [sys.executable, "-m", "event_tracer", *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, check=True)

    assert done.stdout.decode("ascii")
    assert done.stderr == b""


def test_an_interrupt_ends_a_read_that_waits() -> None:
    """Ctrl-C, once, while standard input gives nothing more: exit code 1, and no traceback."""
    command = [sys.executable, "-m", "event_tracer", "replay", "-"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as process:
        assert process.stdin
        assert process.stderr
        process.stdin.write(REDIS * 40)  # more than a pipe holds, so it is being read
        process.stdin.flush()
        process.send_signal(signal.SIGINT)
        code = process.wait(timeout=60)
        complaint = process.stderr.read()

    assert (code, complaint) == (FAILED, b"")
