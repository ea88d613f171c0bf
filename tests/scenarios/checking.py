"""`check` in simulated time, and what it says."""

import time
from collections.abc import Awaitable, Callable
from typing import Any

from event_tracer.cli.check import CheckResult, check
from event_tracer.cli.settings.load import load
from event_tracer.cli.settings.models import CheckSettings
from tests.scenarios.world import World, in_world

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


def in_time(test: Act, **environ: Any) -> None:
    """Run a test in a world whose clock is this machine's."""

    async def timed(world: World) -> None:
        world.server.now = time.time
        await test(world)

    in_world(timed, **environ)
