"""Replicas of a run: one leads, and a take-over is a restart from its checkpoint."""

import asyncio
import random

import pytest

from tests.doubles.apiserver import faults
from tests.scenarios.configmaps import MAPS
from tests.scenarios.leases import DEADLINE, DURATION, LEASES, RETRY, only, spec_of
from tests.scenarios.replicas import Replica, in_pod, life, saved, sparse, two, until_it_leads
from tests.scenarios.workloads import busy
from tests.scenarios.world import World, differences, expected, kill

STANDBY = {
    ("get", "namespaces"), ("get", MAPS), ("get", LEASES), ("create", LEASES), ("update", LEASES)
}  # fmt: skip
"""All that a standby asks for; of Leases it writes what is free."""


# -- one after the other


@in_pod()
async def test_a_leader_killed_is_followed(world: World) -> None:
    """Every span is there once, with one content; the standby has sent and written nothing."""
    cluster = life()
    playing = asyncio.create_task(world.play(cluster))
    first, second = await two(world)
    await asyncio.sleep(45)
    assert set() < second.asked <= STANDBY
    assert ("update", LEASES) not in second.asked
    await kill(first.task)
    sent = len(world.collector.requests)
    await until_it_leads(second, within=DURATION + 2 * RETRY)
    await asyncio.sleep(5)
    assert len(world.collector.requests) > sent
    await playing
    await asyncio.sleep(200)
    assert await second.end()

    assert differences(world.told, expected(cluster)) == []


@pytest.mark.parametrize("seed", range(3))
def test_leaders_killed_again_and_again_lose_nothing(seed: int) -> None:
    """Law 9 over any number of take-overs."""

    @in_pod(seed=seed)
    async def test(world: World) -> None:
        choice, cluster = random.Random(seed), sparse(busy(seed=seed, events=200))
        playing = asyncio.create_task(world.play(cluster))
        replicas = [await Replica.start(world, f"r{number}") for number in range(3)]
        for number in range(3, 8):
            await asyncio.sleep(choice.uniform(10, 40))
            victim = next((each for each in replicas if each.leads), replicas[0])
            replicas.remove(victim)
            await (kill(victim.task) if choice.random() < 0.7 else victim.end())
            replicas.append(await Replica.start(world, f"r{number}"))
        await playing
        await asyncio.sleep(250)
        assert [await replica.end() for replica in replicas] == [True] * 3

        assert differences(world.told, expected(cluster)) == []

    test()


@in_pod()
async def test_a_leader_told_to_stop_hands_over(world: World) -> None:
    """SIGTERM: it drains and writes its checkpoint; then the other follows at once."""
    cluster = life()
    playing = asyncio.create_task(world.play(cluster))
    first, second = await two(world)
    await asyncio.sleep(45)
    assert await first.end()
    assert spec_of(world.server)["holderIdentity"] == ""
    assert world.server.store.history[-1].kind.plural == LEASES
    await until_it_leads(second, within=RETRY * 1.3)
    await playing
    await asyncio.sleep(200)
    assert await second.end()

    assert differences(world.told, expected(cluster)) == []


@in_pod()
async def test_it_leads_as_long_as_it_drains(world: World) -> None:
    """A collector that is away takes the whole grace period: the Lease is renewed until the end."""
    cluster = life()
    playing = asyncio.create_task(world.play(cluster))
    first, second = await two(world, grace_period=60)
    await asyncio.sleep(30)
    await world.collector.stop()
    await asyncio.sleep(30)
    ending = asyncio.create_task(first.end())
    await asyncio.sleep(50)
    assert (first.leads, second.leads, ending.done()) == (True, False, False)
    assert await ending
    await world.collector.start()
    await playing
    await asyncio.sleep(250)
    assert await second.end()

    assert differences(world.told, expected(cluster)) == []


@in_pod()
async def test_a_standby_told_to_stop_ends_well(world: World) -> None:
    """Exit code 0; the Lease is no affair of it."""
    first, second = await two(world)
    assert await second.end()
    assert first.leads
    assert await first.end()


# -- losing the Lease


@pytest.mark.parametrize("fault", [faults.BROKEN, faults.FORBIDDEN, faults.hang, faults.lose])
@in_pod()
async def test_a_leader_that_cannot_renew_ends_without_a_word(
    world: World, fault: faults.Answer, caplog: pytest.LogCaptureFixture
) -> None:
    """Exit code 1: no span and no checkpoint after that; the other shows what is missing."""
    cluster = life()
    playing = asyncio.create_task(world.play(cluster))
    first, second = await two(world)
    await asyncio.sleep(40)
    world.server.fail(only("one", fault), resource=LEASES)
    begun = asyncio.get_running_loop().time()
    assert await first.task is False
    assert asyncio.get_running_loop().time() - begun <= DEADLINE + 0.1
    sent, map_ = len(world.collector.requests), saved(world)
    await asyncio.sleep(DURATION - DEADLINE - RETRY)
    assert (len(world.collector.requests), saved(world)) == (sent, map_)
    await until_it_leads(second, within=DURATION)
    await playing
    await asyncio.sleep(200)
    assert await second.end()

    assert differences(world.told, expected(cluster)) == []
    assert "no longer the leader; ending at once" in {r.getMessage() for r in caplog.records}


@in_pod()
async def test_without_an_api_server_nobody_leads(world: World) -> None:
    """The leader ends, the standby waits for the API server and is alive meanwhile."""
    first, second = await two(world)
    await world.server.stop()
    assert await first.task is False
    await asyncio.sleep(600)
    assert not second.task.done()
    await world.server.start()
    await until_it_leads(second, within=2 * DURATION)
    assert await second.end()


@in_pod()
async def test_a_leader_that_drains_and_loses_the_lease_stops_sending(world: World) -> None:
    """Also after SIGTERM the Lease counts: exit code 1, no last write."""
    cluster = life()
    first, _ = await two(world, grace_period=60)
    await world.collector.stop()
    await world.play(cluster)
    first.stop.set()
    await asyncio.sleep(1)
    world.server.fail(only("one", faults.BROKEN), resource=LEASES)
    before = saved(world)
    assert await first.task is False
    assert saved(world) == before
