"""One Event, and its span."""

from collections.abc import Mapping
from typing import Any

from event_tracer.core.span import Span
from event_tracer.core.times import parse_timestamp
from tests.scenarios.folding import events, tell

T = parse_timestamp("2026-11-23T22:32:51Z") or 0
UID = "6f1c1b9e-0c5b-4d0e-9a51-0123456789ab"
EVENT: dict[str, Any] = {
    "metadata": {"name": f"web-0.{T + 123_456_789:x}", "namespace": "shop", "uid": UID},
    "involvedObject": {"kind": "Pod", "namespace": "shop", "name": "web-0"},
    "reason": "Started",
    "message": "Started container web",
    "type": "Normal",
    "count": 1,
    "source": {"component": "kubelet", "host": "node-1"},
    "firstTimestamp": "2026-11-23T22:32:51Z",
    "lastTimestamp": "2026-11-23T22:32:51Z",
    "eventTime": None,
}


def event(**changes: Any) -> dict[str, Any]:
    """The Event above with other fields; None removes one."""
    metadata = {**EVENT["metadata"], **changes.pop("metadata", {})}
    made = {**EVENT, **changes, "metadata": metadata}
    return {key: value for key, value in made.items() if value is not None}


def span(raw: Mapping[str, Any], **options: Any) -> Span:
    """The one event span of one Event."""
    (told,) = events(tell([{"type": "ADDED", "resource": "events", "object": raw}], **options))
    return told
