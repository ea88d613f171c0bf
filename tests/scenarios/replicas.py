"""What tests of several bridges share: replicas in one world, and a life for them to tell."""

import asyncio
import json
import os
import re
from collections.abc import Callable
from typing import Any

from event_tracer.cli import run
from tests.doubles.kubeconfigs import kubeconfig
from tests.scenarios.cluster import Cluster
from tests.scenarios.configmaps import MAPS
from tests.scenarios.fields import SECOND
from tests.scenarios.leases import USER, spec_of
from tests.scenarios.world import P, Test, World, in_world


def sparse(cluster: Cluster) -> Cluster:
    """The same life with room between its resourceVersions, for writes of Leases and ConfigMaps."""
    text = json.dumps(cluster.frames)
    cluster.frames = json.loads(
        re.sub(r'"resourceVersion": "(\d+)"', r'"resourceVersion": "\g<1>000"', text)
    )
    return cluster


class Replica:
    """One of several bridges in a world, each as a user of its own."""

    def __init__(self, world: World, name: str, **flags: Any) -> None:
        self.name, self._world = name, world
        config = kubeconfig(world.folder / f"config-{name}", world.server.url, user={"as": name})
        made = {"kubeconfig": config, "checkpoint": "configmap", "leader_elect": True}
        settings = world.settings(**{**made, **flags})
        self.stop = asyncio.Event()
        self.task = asyncio.create_task(run.run(settings, stop=self.stop), name=name)

    @classmethod
    async def start(cls, world: World, name: str, **flags: Any) -> "Replica":
        """Start one, and give it a second."""
        os.environ["HOSTNAME"] = name  # as in a Pod of that name
        made = cls(world, name, **flags)
        await asyncio.sleep(1)
        return made

    @property
    def leads(self) -> bool:
        """Whether the Lease says so."""
        return f"{self.name}_" in str(spec_of(self._world.server).get("holderIdentity"))

    @property
    def asked(self) -> set[tuple[str, str]]:
        """The verbs and resources of all its requests, without dry runs."""
        return {
            (asked.verb, asked.resource)
            for asked in self._world.server.requests
            if asked.headers.get(USER.lower()) == self.name and "dryRun" not in asked.query
        }

    async def end(self) -> bool:
        """SIGTERM."""
        self.stop.set()
        return await self.task


def in_pod(*, seed: int = 0) -> Callable[[Test[P]], Callable[P, None]]:
    """Give a test a world whose processes have a namespace."""
    return in_world(seed=seed, POD_NAMESPACE="ops")


def life(seed: int = 0) -> Cluster:
    """Some minutes of a Deployment."""
    cluster = Cluster(seed=seed)
    cluster.wait(20 * SECOND)
    for _ in range(4):
        cluster.apply(f"web-{len(cluster.frames)}", replicas=3)
        cluster.wait(30 * SECOND)
    cluster.back_off(cluster.pods[0], times=12)
    return sparse(cluster)


async def two(world: World, **flags: Any) -> tuple[Replica, Replica]:
    """A leader and a standby."""
    first = await Replica.start(world, "one", **flags)
    second = await Replica.start(world, "two", **flags)
    await asyncio.sleep(8)
    assert (first.leads, second.leads) == (True, False)
    return first, second


async def until_it_leads(replica: Replica, *, within: float) -> None:
    """Wait until this one has the Lease."""
    for _ in range(int(within / 0.05)):
        if replica.leads:
            return
        await asyncio.sleep(0.05)
    raise AssertionError("it does not lead")


def saved(world: World) -> Any:
    """The ConfigMap that holds the checkpoint."""
    return world.server.store.get(world.server.store.kinds[MAPS], "ops/event-tracer")
