"""What tests of the fold share: feeding it, and reading what comes out."""

import gzip
import json
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from event_tracer.core.frame import END, Frame, Listing, parse_frame
from event_tracer.core.span import Span
from event_tracer.core.story import Stories

RECORDINGS = Path(__file__).parents[1] / "recordings"
Run = Callable[..., tuple[int, str, str]]
"""Runs a command: exit code, output, complaints."""
JSONL = (
    "redis-create", "image-pull-backoff", "rolling-update", "workloads", "changes",
    "custom-owner", "unschedulable",
)  # fmt: skip


@cache
def raw_frames(name: str) -> tuple[Mapping[str, Any], ...]:
    """The frames of a recording, its header left out."""
    (path,) = RECORDINGS.glob(f"{name}.jsonl*")
    data = path.read_bytes()
    lines = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
    frames = (json.loads(line) for line in lines.splitlines())
    return tuple(frame for frame in frames if "object" in frame)


@cache
def frames_of(name: str) -> tuple[Frame, ...]:
    """The parsed frames of a recording."""
    return tuple(parse_frame(raw) for raw in raw_frames(name))


@cache
def article() -> Listing:
    """The article's List of Events."""
    items = json.loads((RECORDINGS / "article-events.json").read_bytes())["items"]
    return listing({"resource": "events", "object": item} for item in items)


def listing(raws: Iterable[Mapping[str, Any]], *, emitted_up_to: int = 0) -> Listing:
    """Raw frames as one LIST."""
    return Listing(frames=tuple(parse_frame(raw) for raw in raws), emitted_up_to=emitted_up_to)


def tell(items: Iterable[Any], **options: Any) -> list[Span]:
    """All spans of a stream of frames, raw or parsed, lists and ticks, to its end."""
    stories = Stories(**options)
    spans: list[Span] = []
    for item in (*items, END):
        spans += stories.feed(parse_frame(item) if isinstance(item, Mapping) else item)
    return spans


def attributes(span: Span) -> dict[str, Any]:
    """The attributes by name."""
    return dict(span.attributes)


def service(span: Span) -> str:
    """The span's service.name."""
    return str(dict(span.resource)["service.name"])


def is_event(span: Span) -> bool:
    """Whether it is an event span."""
    return span.kind == "event"


def events(spans: Iterable[Span]) -> list[Span]:
    """The event spans in order of their end."""
    return sorted((span for span in spans if is_event(span)), key=lambda span: span.end)


def roots(spans: Iterable[Span]) -> list[Span]:
    """The root spans in order of their start."""
    return sorted((span for span in spans if not span.parent_id), key=lambda span: span.start)


def by_id(spans: Iterable[Span]) -> dict[tuple[bytes, bytes], Span]:
    """The spans by trace and span id; no id may come twice."""
    found: dict[tuple[bytes, bytes], Span] = {}
    for span in spans:
        key = (span.trace_id, span.span_id)
        assert key not in found, f"{span.name} twice"
        found[key] = span
    return found


def chains(spans: Iterable[Span]) -> dict[bytes, list[str]]:
    """The objects above each event span, by the span's id."""
    spans = list(spans)
    ids = by_id(spans)
    found = {}
    for span in events(spans):
        chain, at = [], span
        while at.parent_id:
            at = ids[at.trace_id, at.parent_id]
            about = attributes(at)
            chain.append(f"{about['k8s.object.kind']} {about['k8s.object.name']}")
        found[span.span_id] = chain
    return found
