"""Law 14: what must not leave a cluster is in nothing that a run, a recording or a page keeps."""

import asyncio
import io
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given, settings

from event_tracer.core.filters import Redaction
from event_tracer.core.frame import END, Tick, parse_frame
from event_tracer.core.span import Span
from event_tracer.core.story import Stories
from event_tracer.core.times import SECOND
from event_tracer.export.otlp.json import JsonDocument
from event_tracer.pipeline.checkpoint import Checkpoint, CheckpointEncoder
from event_tracer.render.page.store import RawEvents, StoryStore
from tests.doubles.virtual_time import run
from tests.scenarios.fields import Raw
from tests.scenarios.planted import CREATED, about, clusters, leaking, leaks
from tests.scenarios.recorder import lines, recorded
from tests.scenarios.world import World, in_world


def as_json(spans: list[Span]) -> str:
    """Spans as the OTLP JSON document of `replay --to otlp-json`."""
    file = io.StringIO()
    document = JsonDocument(file)
    run(document.deliver(spans))
    document.end()
    return file.getvalue()


def as_checkpoint(stories: Stories, spans: list[Span]) -> bytes:
    """What a run would write now."""
    checkpoint = Checkpoint(spans=tuple(spans), state=stories.state())
    return CheckpointEncoder().encode(checkpoint)[0]


@settings(max_examples=30, deadline=None)
@given(clusters())
def test_it_is_in_no_span_and_no_checkpoint(cluster: list[Raw]) -> None:
    """Whatever whole objects hold, before their stories settle and after."""
    assert leaks(json.dumps(cluster))
    stories, spans = Stories(), list[Span]()
    for frame in (*cluster, *about(cluster), *({**each, "type": "MODIFIED"} for each in cluster)):
        spans += stories.feed(parse_frame(frame))
    spans += stories.feed(Tick(now=CREATED + 70 * SECOND))
    unsealed = as_checkpoint(stories, spans)
    previewed = as_json(stories.preview())
    spans += stories.feed(END)

    assert [leaks(unsealed), leaks(previewed)] == [False, False]
    assert not leaks(as_checkpoint(stories, spans))
    assert not leaks(as_json(spans))
    assert len(spans) >= len(cluster)


@settings(max_examples=30, deadline=None)
@given(clusters())
def test_it_is_on_no_page(cluster: list[Raw]) -> None:
    """A page keeps raw Events, and no other raw object."""
    frames = [*cluster, *about(cluster)]
    events = RawEvents(Redaction(()))
    stories = Stories()
    spans = [span for raw in frames for span in stories.feed(parse_frame(events(raw)))]
    spans += stories.feed(END)
    page = StoryStore(max_spans=1000, events=events.by_uid)
    page.take(spans)
    texts = [page.text(trace_id) for _, trace_id in page.since(0)]

    assert len(events.by_uid) == len(cluster)
    assert texts
    assert not any(leaks(text) for text in texts)


@contextmanager
def logged() -> Iterator[io.StringIO]:
    """All that is logged meanwhile, at every level, with its extras."""
    file = io.StringIO()
    handler = logging.StreamHandler(file)
    handler.setFormatter(logging.Formatter("%(message)s"))
    handler.addFilter(lambda record: bool(file.write(f"{record.__dict__}\n")) or True)
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield file
    finally:
        root.removeHandler(handler)
        root.setLevel(level)


@pytest.mark.parametrize("status", ["on", "off"])
@settings(max_examples=4, deadline=None)
@given(clusters(without={"secrets", "configmaps"}))
def test_a_run_and_a_recording_are_without(status: str, cluster: list[Raw]) -> None:
    """What a collector, the folder of a checkpoint, a log and a recording are given."""

    @in_world()
    async def lived(world: World) -> None:
        world.server.register(
            group="argoproj.io", version="v1", plural="workflows", kind="Workflow"
        )
        bridge = world.start(status=status, status_kinds="Workflow")

        async def life() -> None:
            for frame in cluster:
                world.server.write(frame)
            await asyncio.sleep(10)
            for frame in about(cluster):
                world.server.write(frame)
            assert await world.end(bridge, after=20)

        path = await recorded(world, life())
        written = [line for line in lines(path)[1:] if line["resource"] != "namespaces"]
        assert {line["resource"] for line in written} >= {frame["resource"] for frame in cluster}
        assert len(world.collector.spans) >= len(cluster)
        assert not any(leaks(content) for content in world.told.values())
        assert leaking(each for each in world.folder.rglob("*") if each.is_file()) == []
        assert (world.folder / "saved").exists()

    with logged() as log:
        lived()
    assert log.getvalue()
    assert not leaks(log.getvalue())
