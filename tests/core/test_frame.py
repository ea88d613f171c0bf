"""Two ways to read what an API server sends; the fast one may never say anything else."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from event_tracer.core.frame import Frame, parse_frame, parse_item, parse_line
from event_tracer.core.wire import MalformedError, decode
from tests.scenarios.folding import JSONL, RECORDINGS

KINDS = {"events": "Event", "pods": "Pod", "deployments": "Deployment"}
NAMES = (
    "metadata", "name", "namespace", "uid", "resourceVersion", "creationTimestamp", "count", "type",
    "managedFields", "time", "fieldsV1", "f:spec", "involvedObject", "kind", "regarding", "series",
    "lastObservedTime", "firstTimestamp", "ownerReferences", "controller", "generation", "reason",
)  # fmt: skip
TEXTS = ("", "7", "ADDED", "DELETED", "web.17c0ffee", "2026-11-24T10:00:00Z", "é \ud800 \x00")
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(TEXTS) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=6)
    ),
)


def added(body: Any) -> bytes:
    """The line of a watch in which an object is new."""
    return json.dumps({"type": "ADDED", "object": body}).encode()


def slowly(text: bytes, *, resource: str) -> Frame | None:
    """What `parse_frame` makes of it, if it is a change at all."""
    try:
        said = decode(text)
        made = parse_frame({**said, "resource": resource, "kind": KINDS[resource]})
    except (MalformedError, TypeError):
        return None
    return made if said.get("type") in ("ADDED", "MODIFIED", "DELETED") else None


def quickly(text: bytes, *, resource: str) -> Frame | None:
    """What `parse_line` makes of it."""
    line = parse_line(text, resource=resource, kind=KINDS[resource])
    return line.frame if line else None


def listed(body: Any, *, resource: str) -> Frame | None:
    """What `parse_item` makes of an object."""
    text = Raw(json.dumps(body).encode())
    item = parse_item(text, resource=resource, kind=KINDS[resource], left_out={})
    return item.frame if item else None


@pytest.mark.parametrize("name", JSONL)
def test_every_recorded_frame_is_read_as_ever(name: str) -> None:
    """Of real clusters none needs the slow way, and its version is what stands in it."""
    for text in (RECORDINGS / f"{name}.jsonl").read_text().splitlines():
        raw = json.loads(text)
        if raw["type"] not in ("ADDED", "MODIFIED", "DELETED"):
            continue
        line = json.dumps({"type": raw["type"], "object": raw["object"]}).encode()
        found = parse_line(line, resource=raw["resource"], kind=raw.get("kind", ""))

        assert found is not None
        assert found.frame == parse_frame(raw)
        assert found.type == raw["type"]
        assert found.version == raw["object"]["metadata"]["resourceVersion"]


@pytest.mark.parametrize("name", JSONL)
def test_every_recorded_object_is_read_as_ever_in_a_list(name: str) -> None:
    """Of real clusters none needs the slow way; a typed List leaves out what all its items are."""
    for text in (RECORDINGS / f"{name}.jsonl").read_text().splitlines():
        raw = json.loads(text)
        if raw["type"] not in ("ADDED", "MODIFIED"):
            continue
        item, left_out = raw["object"], {}
        if item.get("kind") not in (None, "PartialObjectMetadata"):
            left_out = {each: item[each] for each in ("kind", "apiVersion") if each in item}
            item = {key: value for key, value in item.items() if key not in left_out}
        kind, packed = raw.get("kind", ""), Raw(json.dumps(item).encode())
        found = parse_item(packed, resource=raw["resource"], kind=kind, left_out=left_out)

        assert found is not None
        assert found.frame == parse_frame(raw)
        assert found.version == item["metadata"]["resourceVersion"]


@given(st.sampled_from(sorted(KINDS)), st.sampled_from(TEXTS), VALUES)
def test_whatever_is_written_is_read_alike_or_looked_at_closer(
    resource: str, type_: str, body: Any
) -> None:
    """Numbers for strings, halves of surrogate pairs, missing fields, other APIs: no difference."""
    text = json.dumps({"type": type_, "object": body}).encode()
    found = quickly(text, resource=resource)
    item = listed(body, resource=resource)

    assert found is None or found == slowly(text, resource=resource)
    assert item is None or item == slowly(added(body), resource=resource)


@given(
    st.fixed_dictionaries(
        {
            "metadata": st.fixed_dictionaries(
                {"name": st.text(min_size=1), "creationTimestamp": st.just(TEXTS[5])},
                optional=dict.fromkeys(("uid", "resourceVersion", "managedFields"), VALUES),
            ),
            "involvedObject": st.fixed_dictionaries({"kind": st.just("Pod"), "name": st.text()}),
        },
        optional=dict.fromkeys(("count", "series", "reason", "firstTimestamp", "type"), VALUES),
    )
)
def test_an_event_with_one_odd_field_is_read_alike_or_looked_at_closer(body: Any) -> None:
    """The rest of it is well: what the quick way lets pass is the same to the last field."""
    text = added(body)
    found = quickly(text, resource="events")

    assert found is None or found == slowly(text, resource="events")
    assert listed(body, resource="events") == found


@given(
    st.sampled_from(("pods", "deployments")),
    st.fixed_dictionaries(
        {"fieldsV1": st.fixed_dictionaries({"f:spec": VALUES}) | VALUES, "time": st.just(TEXTS[5])},
        optional={"subresource": VALUES, "manager": st.just("kubectl")},
    ),
    st.booleans(),
)
def test_an_odd_write_is_read_alike_or_looked_at_closer(
    resource: str, entry: Any, is_owned: bool
) -> None:
    """Of whom nobody asks what a write touched, that is not read, and may be no less odd."""
    owner = {"kind": "ReplicaSet", "name": "web-1", "uid": "1", "controller": is_owned}
    meta = {"name": "web", "managedFields": [entry], "ownerReferences": [owner]}
    text = added({"metadata": meta})
    found = quickly(text, resource=resource)

    assert found is None or found == slowly(text, resource=resource)
    assert listed({"metadata": meta}, resource=resource) == found


@pytest.mark.parametrize(
    "text",
    [
        b"", b"{", b"null", b"[]", b'{"type":"ADDED"}', b'{"type":"ADDED","object":{}}',
        b'{"type":"ERROR","object":{"metadata":{},"kind":"Status","code":410}}',
        b'{"type":"BOOKMARK","object":{"metadata":{"name":"x","resourceVersion":"7"}}}',
        b'{"type":"ADDED","object":{"metadata":{"name":"x"}}}',
        b'{"type":"ADDED","object":{"metadata":{"name":"\\ud800"},"involvedObject":{"name":"x"}}}',
        b'{"type":"ADDED","object":{"metadata":{"name":"\xff"},"involvedObject":{"name":"x"}}}',
        b'{"type":"ADDED","object":{"metadata":{"name":"x","uid":0.0,'
        b'"creationTimestamp":"2026-11-24T10:00:00Z"},"involvedObject":{"name":"x"}}}',
        b'{"type":"ADDED","object":{"metadata":{"name":"x","nobodyReads":"\xff",'
        b'"creationTimestamp":"2026-11-24T10:00:00Z"},"involvedObject":{"name":"x"}}}',
    ],
)  # fmt: skip
def test_what_is_no_plain_change_is_left_to_a_closer_look(text: bytes) -> None:
    """Errors, bookmarks, half frames: why they are of no use is told by the slow way."""
    assert parse_line(text, resource="events", kind="Event") is None
