"""`run --ui`: a whole run, and the page beside it."""

import asyncio
import json
import logging
import os

import aiohttp
import pytest

from tests.scenarios.cluster import Cluster
from tests.scenarios.folding import tell
from tests.scenarios.readers import Reader
from tests.scenarios.world import World, in_world


def shop() -> Cluster:
    """A small rollout."""
    cluster = Cluster()
    cluster.apply("web")
    return cluster


@pytest.mark.parametrize(
    ("to", "endpoint", "is_sent"),
    [("auto", True, True), ("auto", False, False), ("none", True, False), ("otlp", True, True)],
)
@in_world()
async def test_a_run_shows_what_it_makes(
    world: World, to: str, endpoint: bool, is_sent: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """The spans on the page are those that are sent; without a back end there is the page alone.

    `auto` sends where an OTLP endpoint is set; a port alone is one of this machine's own.
    """
    caplog.set_level(logging.INFO)
    cluster = shop()
    if not endpoint:
        os.environ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"] = ""  # of this world
    task = world.start(ui="0", to=to)
    await world.play(cluster)
    await asyncio.sleep(200)
    (url,) = [record.url for record in caplog.records if hasattr(record, "url")]
    assert url.startswith("http://127.0.0.1:")
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{url}events") as answer,
    ):
        story = (await Reader(answer).story()).data
    assert await world.end(task)
    shown = {span[0] for row in story["rows"] for span in row["spans"]}
    wanted = {span.span_id.hex() for span in tell(cluster.frames)}
    assert len(shown) == len(wanted)
    assert len(story["events"]) == len(cluster.events)
    assert {span_id.hex() for _, span_id in world.told} == (shown if is_sent else set())


@in_world()
async def test_what_is_redacted_is_not_on_it(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither in spans nor in raw Events."""
    caplog.set_level(logging.INFO)
    task = world.start(ui="127.0.0.1:0", redact=["Successfully"])
    await world.play(shop())
    await asyncio.sleep(60)
    (url,) = [record.url for record in caplog.records if hasattr(record, "url")]
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{url}events") as answer,
    ):
        text = json.dumps((await Reader(answer).story()).data)
    assert await world.end(task)
    assert "[redacted] assigned" in text
    assert "Successfully" not in text
