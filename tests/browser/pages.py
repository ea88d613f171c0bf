"""Pages to open: of recordings, and of clusters on paper."""

import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from event_tracer.core.span import Span
from event_tracer.core.story import Stories
from event_tracer.core.times import SECOND
from event_tracer.core.traces import traces_of
from event_tracer.render.outcome import last_word
from event_tracer.render.page.html import story_page
from event_tracer.render.waterfall import Waterfall, waterfall
from tests.scenarios.cluster import Cluster
from tests.scenarios.folding import JSONL, RECORDINGS, article, frames_of, tell

NAMES = (
    *(f"{name}.jsonl" for name in JSONL), "article-events.json",
    "status/oom.jsonl.gz", "status/undo.jsonl.gz",
)  # fmt: skip


def of_recordings(folder: Path, *names: str) -> str:
    """The address of the page of these, as `replay --html` writes it."""
    path = folder / "page.html"
    # In a process of its own: here the browser's driver runs an event loop already.
    command = [sys.executable, "-m", "event_tracer", "replay", "--html", str(path)]
    subprocess.run([*command, *(str(RECORDINGS / name) for name in names)], check=True)
    return path.as_uri()


def stories_of(name: str) -> list[Waterfall]:
    """What the page of a recording shows: failures first, then the newest."""
    items = [article()] if name.endswith(".json") else frames_of(name.partition(".")[0])
    traces = [waterfall(spans) for spans in traces_of(items, Stories())]
    return sorted(traces, key=lambda trace: (last_word(trace.outcome) != "failed", -trace.start))


def of_spans(
    folder: Path,
    spans: Iterable[Span],
    *,
    events: Mapping[str, Any] | None = None,
    title: str = "t",
) -> str:
    """The address of the page of these."""
    path = folder / "spans.html"
    path.write_text(story_page(spans, events=events or {}, title=title), encoding="utf-8")
    return path.as_uri()


def rollout(*, replicas: int) -> list[Span]:
    """One story of about six spans a replica."""
    cluster = Cluster()
    cluster.apply("web", replicas=replicas)
    return tell(cluster.frames)


def late_death() -> list[Span]:
    """A complete rollout whose container died an hour later for the first time."""
    spans = tell(frames_of("status/good"))
    (ready, *_) = [s for s in spans if s.name == "Ready"]
    pairs = dict(ready.attributes) | {
        "event_tracer.transition.reason": "Terminated",
        "event_tracer.transition.message": "container c: OOMKilled, exit 137",
        "event_tracer.container.exit_code": 137,
    }
    end = ready.end + 3000 * SECOND
    death = ready.but(
        span_id=b"death", name="Terminated OOMKilled", start=end - SECOND, end=end,
        attributes=tuple(pairs.items()), error="container c: OOMKilled, exit 137",
    )  # fmt: skip
    return [*spans, death]
