"""A recording in simulated time: how it is made, and what is read in it."""

import asyncio
import io
import json
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import Any

from event_tracer.core.filters import Redaction
from event_tracer.kube.resources import WholeKinds
from event_tracer.pipeline.recorder import record
from event_tracer.recording import reader
from tests.scenarios.cluster import Cluster
from tests.scenarios.fields import SECOND, Raw
from tests.scenarios.folding import tell
from tests.scenarios.world import Ids, World, contents_of

FILE = "recording.jsonl"


def arguments(
    world: World, *, namespaces: Sequence[str] = (), redact: Sequence[str] = ()
) -> dict[str, Any]:
    """What a recording of this world needs."""
    return {
        "kubeconfig": str(world.folder / "config"), "context": "", "namespaces": namespaces,
        "whole": WholeKinds(), "redact": Redaction(redact),
    }  # fmt: skip


async def recorded(
    world: World, life: Coroutine[Any, Any, None], *, target: str = FILE, **flags: Any
) -> Path:
    """Record for as long as `life` lasts, and some seconds."""
    path, stop = world.folder / target, asyncio.Event()
    task = asyncio.create_task(record(str(path), **arguments(world, **flags), stop=stop))
    await life
    await asyncio.sleep(5)
    stop.set()
    await task
    return path


def lines(path: Path) -> list[Raw]:
    """All that was written, as JSON."""
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def written(frames: list[Raw], *resources: str) -> list[tuple[Any, ...]]:
    """Frames by what identifies them; only those of some resources where any are named."""
    return [
        (frame["type"], frame["resource"], frame["object"]["metadata"]["resourceVersion"])
        for frame in frames
        if "resource" in frame and (not resources or frame["resource"] in resources)
    ]


def replayed(path: Path) -> Ids:
    """The spans of a replay, in which nothing may be of no use."""
    problems: list[object] = []
    items = reader.items([str(path)], stdin=io.BytesIO(), on_problem=problems.append)
    spans = tell(items)
    assert problems == []
    return contents_of(spans)


def rollout(seed: int = 0) -> Cluster:
    """A Deployment comes, changes, has a pod that fails, and goes."""
    cluster = Cluster(seed=seed)
    cluster.wait(20 * SECOND)
    cluster.apply("web", replicas=2)
    cluster.wait(50 * SECOND)
    cluster.update("web")
    cluster.wait(40 * SECOND)
    cluster.back_off(cluster.pods[0], times=4)
    cluster.wait(60 * SECOND)
    cluster.delete_foreground("web")
    return cluster
