"""A recording written to an API server on paper, and what this one then holds."""

import asyncio
from typing import Any

from tests.scenarios.fields import SECOND, Raw
from tests.scenarios.folding import raw_frames
from tests.scenarios.world import World


async def play_recording(world: World, name: str) -> None:
    """Write a recording's frames, each at its time."""
    frames = raw_frames(name)
    base, began = _time(frames[0]), asyncio.get_running_loop().time()
    world.server.now = lambda: base + asyncio.get_running_loop().time() - began
    for frame in frames:
        await asyncio.sleep(max(0.0, _time(frame) - world.server.now()))
        world.server.write(frame)


def written(world: World) -> list[Raw]:
    """All frames with the resourceVersions that the server gave them."""
    history = world.server.store.history
    return [
        {"type": w.type, "resource": w.kind.resource, "kind": w.kind.kind, "object": w.object}
        for w in history
    ]


def _time(frame: Any) -> float:
    return float(frame["received"]) / SECOND
