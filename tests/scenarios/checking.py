"""`check` in simulated time, and what it says."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from event_tracer.cli.check import CheckResult, check
from event_tracer.cli.settings.load import load
from event_tracer.cli.settings.models import CheckSettings
from tests.scenarios.inside import inside
from tests.scenarios.world import P, Test, World, opened

Act = Callable[[World], Awaitable[None]]


async def looked(world: World, **flags: Any) -> list[CheckResult]:
    """All lines; by default nothing is left to be said against this world."""
    here = {
        "kubeconfig": str(world.folder / "config"), "checkpoint": str(world.folder / "saved"),
        "cluster_name": "prod",
    }  # fmt: skip
    settings = load(CheckSettings, flags={**here, **flags}, config=None)
    return [line async for line in check(settings)]


def not_ok(lines: list[CheckResult]) -> list[CheckResult]:
    """Those with something to do."""
    return [line for line in lines if line.status != "ok"]


def in_time(**environ: Any) -> Callable[[Test[P]], Callable[P, None]]:
    """Give a test a world whose clock is this machine's."""
    return inside(lambda: _timed(environ))


@asynccontextmanager
async def _timed(environ: dict[str, Any]) -> AsyncIterator[World]:
    async with opened(0, environ) as world:
        world.server.now = time.time
        yield world
