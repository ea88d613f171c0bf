"""`show --html`: the same stories as one page, for a colleague."""

import pytest

from event_tracer.cli.sinks import OutputError
from event_tracer.core.filters import REDACTED
from tests.scenarios.looking import broken, shown, write
from tests.scenarios.world import World, in_world


@in_world()
async def test_the_page_has_the_stories_and_their_events(world: World) -> None:
    """Those that would be drawn, and raw Events of these alone; nothing is printed."""
    cluster = broken()
    await write(world, cluster)
    path = world.folder / "web.html"
    printed = await shown(world, "deployment/web", warnings=True, html=str(path))
    text = path.read_text("utf-8")
    drawn = await shown(world, "deployment/web", warnings=True)

    assert printed == ("", "")
    assert text.lower().startswith("<!doctype html>")
    assert "Events about deployment/web in namespace shop" in text
    assert drawn.traces[0] in text
    back_off = [each for each in cluster.events.values() if each["reason"] == "BackOff"]
    assert all(each["metadata"]["uid"] in text for each in back_off)
    others = [each for each in cluster.events.values() if each["reason"] == "SuccessfulCreate"]
    assert others[0]["metadata"]["uid"] not in text


@in_world()
async def test_what_is_redacted_is_not_in_it(world: World) -> None:
    """Neither in spans nor in raw Events."""
    await write(world, broken())
    path = world.folder / "web.html"
    await shown(world, html=str(path), redact=["failed container"])
    text = path.read_text("utf-8")

    assert "failed container" not in text
    assert REDACTED in text


@in_world()
async def test_a_page_that_cannot_be_written_is_told(world: World) -> None:
    """With the file's name."""
    await write(world, broken())
    with pytest.raises(OutputError, match=r"cannot write .*: no such file or directory"):
        await shown(world, html=str(world.folder / "no" / "way.html"))
