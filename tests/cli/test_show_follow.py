"""`show --follow`: in place on a terminal, story by story in a pipe."""

import asyncio
import contextlib
import io
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest

from event_tracer.cli.show import follow
from event_tracer.pipeline.snapshot import SnapshotError
from tests.doubles.apiserver import faults
from tests.doubles.apiserver.faults import Forbidden
from tests.scenarios.cluster import Cluster
from tests.scenarios.fields import SECOND
from tests.scenarios.looking import Printed, broken, healthy, settings, write
from tests.scenarios.world import World, in_world


class Terminal(io.StringIO):
    """A terminal, as far as a program can tell."""

    def isatty(self) -> bool:
        return True

    @property
    def screen(self) -> str:
        """What is on it: all since the lines before were erased."""
        return re.sub(r"\x1b\[[0-9;]*m", "", self.getvalue().rpartition("\x1b[2K")[2])


@contextlib.asynccontextmanager
async def followed(
    world: World, out: io.StringIO, *words: str, **flags: Any
) -> AsyncIterator[io.StringIO]:
    """While `show --follow` runs; gives what it complains of."""
    stop, err = asyncio.Event(), io.StringIO()
    made = settings(world, follow=True, width=120, **flags)
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        task = asyncio.create_task(follow(words, made, stop))
        try:
            yield err
        finally:
            stop.set()
            await task


@in_world()
async def test_a_terminal_sees_a_crash_loop_grow(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One picture, redrawn in place while the story goes on, long before it has settled."""
    monkeypatch.setenv("LINES", "60")
    monkeypatch.setenv("TERM", "xterm")
    out = Terminal()
    async with followed(world, out, "deploy/web"):
        cluster = healthy()
        await world.play(cluster)
        await asyncio.sleep(2)
        begun = out.screen
        pod, seen = cluster.pods[0], len(cluster.frames)
        cluster.back_off(pod, times=6)
        await _play_on(world, cluster, seen)
        await asyncio.sleep(2)

    assert begun.count("Create Deployment web") == out.screen.count("Create Deployment web") > 0
    assert "BackOff" not in begun
    assert "Started" in begun
    assert "BackOff restart  x6 over 1m" in out.screen
    assert "x3 over" in out.getvalue()


async def _play_on(world: World, cluster: Cluster, seen: int) -> None:
    for time, frame in list(zip(cluster.times, cluster.frames, strict=True))[seen:]:
        await asyncio.sleep(max(0.0, time / SECOND - world.server.now()))
        world.server.write(frame)


@in_world()
async def test_a_small_terminal_shows_what_failed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Never more than it has: what scrolls away cannot be redrawn."""
    monkeypatch.setenv("LINES", "10")
    monkeypatch.setenv("TERM", "xterm")
    out = Terminal()
    async with followed(world, out):
        await write(world, broken())
    lines = out.screen.splitlines()
    assert len([line for line in lines if line.strip()]) <= 10
    assert lines[0].startswith("Update Deployment web  failed  container web: CrashLoopBackOff")


@in_world()
async def test_a_pipe_gets_each_story_once_it_has_settled(world: World) -> None:
    """As `run --to console` prints them, and of what was asked for alone."""
    out = io.StringIO()
    async with followed(world, out, "deploy/web") as err:
        await world.play(healthy())
        await asyncio.sleep(5)
        early = out.getvalue()
        await asyncio.sleep(200)

    assert early == ""
    assert Printed(out.getvalue(), "").titles == ["Create Deployment web  started"]
    assert "\x1b" not in out.getvalue()
    assert err.getvalue() == ""


@in_world()
async def test_other_stories_are_left_out(world: World) -> None:
    """What is not about the object is not drawn."""
    out = io.StringIO()
    async with followed(world, out, "deploy/other"):
        await world.play(healthy())
        await asyncio.sleep(200)
    assert out.getvalue() == ""


@in_world()
async def test_an_api_server_that_goes_away_is_waited_for(world: World) -> None:
    """It is said once; what happened meanwhile is drawn when it is back."""
    out = io.StringIO()
    async with followed(world, out) as err:
        await asyncio.sleep(5)
        world.server.fail(faults.UNAVAILABLE)
        world.server.abort_watches()
        await world.play(healthy())
        await asyncio.sleep(20)
        world.server.heal()
        await asyncio.sleep(250)

    assert err.getvalue().count("waiting for the API server: 503") == 1
    assert len(Printed(out.getvalue(), "").titles) == 1


@pytest.mark.parametrize(("verb", "told"), [("*", "read"), ("list", "read"), ("watch", "watched")])
@in_world()
async def test_a_missing_right_ends_it(world: World, verb: str, told: str) -> None:
    """Without Events there is nothing to follow."""
    world.server.forbidden = [Forbidden(resource="events", verb=verb)]
    with pytest.raises(SnapshotError, match=f"Events may not be {told} in namespace shop: 403"):
        await follow((), settings(world, follow=True), asyncio.Event())


@in_world()
async def test_a_reader_that_has_seen_enough_ends_it(world: World) -> None:
    """A closed pipe is for the command line to know, and no failure."""

    class Closed(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    await write(world, healthy())
    await asyncio.sleep(300)
    with contextlib.redirect_stdout(Closed()), pytest.raises(BrokenPipeError):
        await follow((), settings(world, follow=True), asyncio.Event())
