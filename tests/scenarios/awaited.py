"""`wait` in simulated time, beside a cluster whose pods fare as they are told to."""

import asyncio
import contextlib
import io
import os
from collections.abc import AsyncIterator, Iterable
from typing import Any, NamedTuple
from unittest import mock

from event_tracer.cli.settings.load import load
from event_tracer.cli.settings.models import WaitSettings
from event_tracer.cli.wait import wait
from event_tracer.cli.waiting import Ending
from tests.scenarios.fields import SECOND, Raw
from tests.scenarios.rollouts import START, Rollouts
from tests.scenarios.world import World

PIPELINES = ("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "GITLAB_CI", "CI_PROJECT_DIR", "CI_JOB_URL")


class Waited(NamedTuple):
    """How it ended, after how many seconds, and what it wrote."""

    ending: Ending
    after: float
    out: str
    err: str


def set_clock(world: World, *, elapsed: float = 0.0) -> None:
    """The API server's clock is that of the simulated cluster, so long after its beginning."""
    since = asyncio.get_running_loop().time() - elapsed
    world.server.now = lambda: START / SECOND + asyncio.get_running_loop().time() - since


async def play(world: World, frames: Iterable[Raw]) -> None:
    """Write frames, each at its time."""
    for raw in list(frames):
        await asyncio.sleep(max(0.0, raw["received"] / SECOND - world.server.now()))
        world.server.write(raw)


@contextlib.asynccontextmanager
async def playing(world: World, cluster: Rollouts) -> AsyncIterator[None]:
    """While a cluster's life is written."""
    task = asyncio.create_task(play(world, cluster.frames))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def waited(
    world: World, *words: str, stop: asyncio.Event | None = None, out: io.StringIO | None = None,
    environ: dict[str, str] | None = None, **flags: Any,
) -> Waited:  # fmt: skip
    """Run the command to its end."""
    here = {"kubeconfig": str(world.folder / "config"), "namespace": ["shop"]}
    made = load(WaitSettings, flags={**here, **flags}, config=None)
    out, err = out or io.StringIO(), io.StringIO()
    begun = asyncio.get_running_loop().time()
    kept = {name: value for name, value in os.environ.items() if name not in PIPELINES}
    with (
        mock.patch.dict(os.environ, {**kept, **(environ or {})}, clear=True),
        contextlib.redirect_stdout(out), contextlib.redirect_stderr(err),
    ):  # fmt: skip
        ending = await wait(words, made, stop or asyncio.Event())
    after = asyncio.get_running_loop().time() - begun
    return Waited(ending, after, out.getvalue(), err.getvalue())
