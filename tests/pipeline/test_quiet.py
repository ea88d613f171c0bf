"""A run at a cluster in which nothing happens, while etcd forgets what is older than minutes."""

import asyncio
import logging

import pytest

from tests.doubles.apiserver import faults
from tests.scenarios.cluster import Cluster
from tests.scenarios.fields import SECOND
from tests.scenarios.statuses import StatusCluster
from tests.scenarios.world import World, differences, expected, in_world, kill


@pytest.mark.parametrize("is_clean", [True, False], ids=["stopped", "killed"])
@in_world()
async def test_after_a_quiet_hour_a_restart_finds_all_in_order(
    world: World, is_clean: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """Versions move on where nothing is told, in the checkpoint too: no warning, and no gap."""
    cluster, task = Cluster(), world.start()
    cluster.wait(5 * SECOND)
    cluster.apply("web")
    await world.play(cluster)
    idle = asyncio.create_task(world.server.idle(), name="idle")
    await asyncio.sleep(3600)
    if is_clean:
        assert await world.end(task, after=0)
    else:
        await kill(task)
    await asyncio.sleep(30)
    task = world.start()
    await asyncio.sleep(3600)
    assert await world.end(task, after=0)
    idle.cancel()

    assert world.gaps == []
    assert differences(world.told, expected(cluster)) == []
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


@in_world()
async def test_after_a_quiet_hour_transitions_wait_for_events_as_long_as_ever(
    world: World,
) -> None:
    """Five minutes from when Events fell behind, not from when they were last asked about."""
    cluster, task = StatusCluster(), world.start()
    idle = asyncio.create_task(world.server.idle(), name="idle")
    await asyncio.sleep(3600)
    world.server.fail(faults.refuse(503), resource="events")
    world.server.abort_watches("events")
    cluster.apply("web")
    await world.play(cluster)
    await asyncio.sleep(240)
    early = len(world.collector.spans)
    await asyncio.sleep(120)

    assert early == 0
    assert world.collector.spans
    idle.cancel()
    world.server.heal()
    assert await world.end(task)
