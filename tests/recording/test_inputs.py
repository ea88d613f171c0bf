"""What kubectl, jq and scripts write, in every form: the same spans."""

import gzip
import io
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from event_tracer.cli.main import FAILED
from event_tracer.core.span import Span
from event_tracer.recording import reader
from tests.recording.test_reader import ARTICLE, REDIS, spans_in
from tests.scenarios.folding import RECORDINGS, Run, article, attributes, events, tell

LISTED: dict[str, Any] = json.loads(Path(ARTICLE).read_bytes())
ITEMS = [json.dumps(item) for item in LISTED["items"]]
OPEN = '{"apiVersion": "v1", "kind": "List", "items": ['
WIDE = json.dumps(LISTED, indent=2)


def moved(text: str, prefix: str) -> str:
    """All lines after the first, with `prefix`."""
    return text.replace("\n", f"\n{prefix}")


LISTS = {
    "its first line has more than a bracket": f"{OPEN}\n{WIDE[WIDE.index('[') + 1 :]}",
    "an item a line": OPEN + "\n" + ",\n".join(ITEMS) + "\n]}",
    "an item a line, commas first": OPEN + "\n" + "\n,".join(ITEMS) + "\n]}\n",
    "nothing is indented": "\n".join(line.strip() for line in WIDE.splitlines()),
    "all is indented": f"    {moved(WIDE, '    ')}",
    "tabs": json.dumps(LISTED, indent="\t"),
    "a bracket closes beside the last item": OPEN + ", ".join(ITEMS) + "\n]}",
    "an array": "[" + ",\n".join(ITEMS) + "]",
    "one bracket for the list, jq's items one by one": "\n".join(ITEMS),
    "jq's items, indented": "\n".join(json.dumps(item, indent=2) for item in LISTED["items"]),
    "a list in a list's item": json.dumps([LISTED]),
    "scripts' files, none of which ends its last line": "".join(
        json.dumps(item, indent=2) for item in LISTED["items"]
    ),
    "eventrouter's lines": "\n".join(
        json.dumps({"verb": "ADDED", "event": item}) for item in LISTED["items"]
    ),
    "an exporter's, which do not say what they are": "\n".join(
        json.dumps({key: item[key] for key in item if key not in ("apiVersion", "kind")})
        for item in LISTED["items"]
    ),
}


@pytest.mark.parametrize("text", LISTS.values(), ids=LISTS)
def test_a_list_is_read_as_whoever_writes_it(text: str) -> None:
    """As kubectl, jq and scripts do."""
    assert set(spans_in("-", stdin=text.encode())) == set(tell([article()]))


@pytest.mark.parametrize("is_packed", [False, True])
def test_powershells_output_is_read(is_packed: bool) -> None:
    """`kubectl get events -o json > now.json`, also packed."""
    for data in (
        WIDE.encode("utf-8-sig"),
        WIDE.replace("\n", "\r\n").encode("utf-16"),
        b"\xfe\xff" + WIDE.encode("utf-16-be"),
        yaml.safe_dump(LISTED).encode("utf-16"),
    ):
        packed = gzip.compress(data) if is_packed else data
        assert set(spans_in("-", stdin=packed)) == set(tell([article()]))


YAMLS = {
    "documents": "---\n".join(yaml.safe_dump(item) for item in LISTED["items"]),
    "documents, with words at their borders": "--- # an Event\n".join(
        yaml.safe_dump(item) for item in LISTED["items"]
    ),
    "documents that end": "".join(f"{yaml.safe_dump(each)}...\n" for each in LISTED["items"]),
    "a comment first": f"# as of now\n---\n{yaml.safe_dump(LISTED)}",
    "windows": yaml.safe_dump(LISTED).replace("\n", "\r\n"),
    "metadata first": yaml.safe_dump(
        {key: LISTED[key] for key in ("metadata", "apiVersion", "items", "kind") if key in LISTED},
        sort_keys=False,
    ),
    "a sequence": yaml.safe_dump(LISTED["items"]),
}


@pytest.mark.parametrize("text", YAMLS.values(), ids=YAMLS)
def test_yaml_is_read_as_whoever_writes_it(text: str) -> None:
    """One document or many."""
    assert set(spans_in("-", stdin=text.encode())) == set(tell([article()]))


CORE = {
    "involvedObject": "regarding", "message": "note", "count": "deprecatedCount",
    "source": "deprecatedSource", "reportingComponent": "reportingController",
    "firstTimestamp": "deprecatedFirstTimestamp", "lastTimestamp": "deprecatedLastTimestamp",
}  # fmt: skip


def newer(item: dict[str, Any]) -> dict[str, Any]:
    """A core/v1 Event as events.k8s.io/v1 has it (pkg/apis/events/v1/conversion.go)."""
    return {CORE.get(key, key): value for key, value in item.items()} | {
        "apiVersion": "events.k8s.io/v1"
    }


def test_the_newer_api_says_the_same_in_every_form() -> None:
    """A List, an EventList whose items leave out what they are, frames of a watch, YAML."""
    items = [newer(item) for item in LISTED["items"]]
    bare = [{k: v for k, v in item.items() if k not in ("apiVersion", "kind")} for item in items]
    typed = {"apiVersion": "events.k8s.io/v1", "kind": "EventList", "items": bare}
    frames = [{"type": "ADDED", "object": item} for item in items]
    expected = _without_version(tell([article()]))
    for text in (
        json.dumps({**LISTED, "items": items}),
        json.dumps(typed, indent=1),
        yaml.safe_dump(typed),
        "\n".join(map(json.dumps, frames)),
        "---\n".join(map(yaml.safe_dump, items)),
    ):
        assert _without_version(spans_in("-", stdin=text.encode())) == expected


def _without_version(spans: list[Span]) -> set[Span]:
    return {span.but(attributes=tuple(sorted(span.attributes))) for span in spans}


def test_an_events_own_annotations_are_told() -> None:
    """The kubelet's Evicted: starved_resource, offending_containers (eviction/helpers.go)."""
    item = LISTED["items"][0]
    own = {"starved_resource": "memory", "offending_containers": "web"}
    manifest = {"kubectl.kubernetes.io/last-applied-configuration": "{}"}
    meta = {**item["metadata"], "annotations": own | manifest}
    (span,) = events(spans_in("-", stdin=json.dumps({**item, "metadata": meta}).encode()))
    told = {k: v for k, v in attributes(span).items() if ".annotation." in k}

    assert told == {f"k8s.event.annotation.{key}": value for key, value in own.items()}


DESCRIBED = b"""Name:             web-5d88b5bc8f-x7k2p
Namespace:        shop
Events:
  Type    Reason     Age   From               Message
  ----    ------     ----  ----               -------
  Normal  Scheduled  12s   default-scheduler  Successfully assigned shop/web to node-a
"""
TABLES = {
    "kubectl get events": b"LAST SEEN   TYPE     REASON   OBJECT      MESSAGE\n5m  Normal  Pulled  pod/x  a\n",
    "of all namespaces": b"NAMESPACE   LAST SEEN   TYPE   REASON   OBJECT   MESSAGE\nshop  5m  Normal  Pulled  pod/x  a\n",
    "an older one": b"LASTSEEN   FIRSTSEEN   COUNT   NAME   KIND\n",
    "without headers": b"5m12s       Normal   Pulled   pod/x   a\n",
    "without headers, of a newer Event": b"<unknown>   Normal   Scheduled   pod/x   a\n",
    "without headers, of all namespaces": b"shop   12s (x3 over 5m)   Warning   BackOff   pod/x   a\n",
}  # fmt: skip


@pytest.mark.parametrize("content", TABLES.values(), ids=TABLES)
def test_a_table_of_events_is_named(content: bytes, run: Run, tmp_path: Path) -> None:
    """With the command that would serve."""
    (tmp_path / "now.txt").write_bytes(content)
    code, out, err = run("replay", str(tmp_path / "now.txt"))

    assert (code, out) == (FAILED, "")
    assert "table of Events" in err
    assert "kubectl get events -A -o json" in err


def test_what_kubectl_describes_is_named(run: Run, tmp_path: Path) -> None:
    """With the command that would serve."""
    (tmp_path / "pod.txt").write_bytes(DESCRIBED)
    code, out, err = run("replay", str(tmp_path / "pod.txt"))

    assert (code, out) == (FAILED, "")
    assert "kubectl describe" in err
    assert "kubectl get events -A -o json" in err


def test_a_recording_that_was_cut_off_loses_its_last_line_alone() -> None:
    """Others follow it in one file: a whole frame begins the next line."""
    lines = REDIS.splitlines(keepends=True)
    cut = b"".join(lines) + lines[-1][: len(lines[-1]) // 2].rstrip(b",[{") + b"\n"
    again = (RECORDINGS / "redis-create.jsonl").read_bytes()
    problems: list[object] = []
    stdin = io.BytesIO(cut + again)
    found = list(reader.items(["-"], stdin=stdin, on_problem=problems.append))
    assert len(found) == 2 * len([line for line in lines if b'"object"' in line])
    assert len(problems) == 1
