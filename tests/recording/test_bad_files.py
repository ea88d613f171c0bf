"""What cannot be read: it costs itself alone, and is told."""

import gzip
from pathlib import Path
from typing import Any

import pytest

from event_tracer.cli.main import FAILED, GOOD
from tests.scenarios.folding import RECORDINGS, Run

ARTICLE = str(RECORDINGS / "article-events.json")
REDIS = (RECORDINGS / "redis-create.jsonl").read_bytes()
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
