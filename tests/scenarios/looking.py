"""`show` and `link` in simulated time, and what they print."""

import asyncio
import contextlib
import io
from collections.abc import Sequence
from typing import Any, NamedTuple

from event_tracer.cli.link import Link, link
from event_tracer.cli.settings.load import load
from event_tracer.cli.settings.models import LinkSettings, ShowSettings
from event_tracer.cli.show import show
from event_tracer.core.span import Span
from event_tracer.render.terminal import View, console
from event_tracer.render.waterfall import waterfall
from tests.scenarios.cluster import Cluster
from tests.scenarios.fields import SECOND
from tests.scenarios.world import World


class Printed(NamedTuple):
    """What a command wrote, to standard output and to standard error."""

    out: str
    err: str

    @property
    def titles(self) -> list[str]:
        """The first line of each picture, the times left out."""
        blocks = self.out.strip("\n").split("\n\n")
        return ["  ".join(block.split("\n")[0].split("  ")[:2]) for block in blocks if block]

    @property
    def traces(self) -> list[str]:
        """The ids of the traces that are drawn."""
        lines = self.out.splitlines()
        return [line.split()[-1] for line in lines if "  trace " in f"  {line}"]


def settings(world: World, **flags: Any) -> ShowSettings:
    """Those of `show`, for this world."""
    here = {"kubeconfig": str(world.folder / "config"), "utc": True, "namespace": ["shop"]}
    return load(ShowSettings, flags={**here, **flags}, config=None)


async def shown(world: World, *words: str, **flags: Any) -> Printed:
    """What `show` prints."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        await show(words, settings(world, **flags))
    return Printed(out.getvalue(), err.getvalue())


async def linked(world: World, *words: str, **flags: Any) -> Link:
    """What `link` finds."""
    here = {"kubeconfig": str(world.folder / "config"), "namespace": ["shop"]}
    made = load(LinkSettings, flags={**here, **flags}, config=None)
    return await link(words, made, complain=lambda text: None)


def namespace(world: World, name: str) -> None:
    """A namespace that is there."""
    meta = {"name": name, "uid": f"uid-of-{name}"}
    frame = {"type": "ADDED", "resource": "namespaces", "object": {"metadata": meta}}
    world.server.write(frame)


async def write(world: World, cluster: Cluster) -> None:
    """A cluster's life up to now, at its own times."""
    await world.play(cluster)
    await asyncio.sleep(5)


def healthy(name: str = "web", *, seed: int = 0) -> Cluster:
    """A Deployment that comes up."""
    cluster = Cluster(seed=seed)
    cluster.wait(20 * SECOND)
    cluster.apply(name, replicas=2)
    return cluster


def broken(name: str = "web") -> Cluster:
    """A Deployment that comes up, changes, and has a pod that crashes ever again."""
    cluster = healthy(name)
    cluster.wait(60 * SECOND)
    cluster.update(name)
    cluster.wait(20 * SECOND)
    cluster.back_off(cluster.pods[-1], times=5)
    return cluster


def lines_of(trace: Sequence[Span], *, columns: int) -> list[str]:
    """The lines of a story's picture, without colours."""
    made = console(io.StringIO(), width=columns)
    return [line.plain for line in View(made).lines(waterfall(trace))]
