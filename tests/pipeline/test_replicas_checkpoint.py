"""The checkpoint that replicas share: only the leader writes it, and sees who else does."""

import asyncio
from base64 import b64encode

import pytest
from aiohttp import web

from tests.doubles.apiserver import faults
from tests.doubles.apiserver.edit import edited
from tests.scenarios.configmaps import MAPS
from tests.scenarios.fields import Raw
from tests.scenarios.leases import DURATION, LEASES, only, unheard
from tests.scenarios.replicas import Replica, in_pod, life, saved, two, until_it_leads
from tests.scenarios.world import World, differences, expected


@in_pod()
async def test_a_checkpoint_that_somebody_else_wrote_is_the_end(world: World) -> None:
    """It stays as it is: whoever wrote it leads, whatever the Lease says."""
    cluster = life()
    playing = asyncio.create_task(world.play(cluster))
    replica = await Replica.start(world, "one")
    await asyncio.sleep(40)
    theirs = {**saved(world), "binaryData": {"checkpoint": b64encode(b"theirs").decode()}}
    world.server.write({"type": "MODIFIED", "resource": MAPS, "object": theirs})
    assert await replica.task is False
    sent = len(world.collector.requests)
    await playing
    assert saved(world)["binaryData"] == theirs["binaryData"]
    assert len(world.collector.requests) == sent


@in_pod()
async def test_a_lost_answer_to_a_write_is_its_own(world: World) -> None:
    """409 on what it wrote itself: it goes on, and so it does when the ConfigMap was annotated."""
    cluster = life()
    playing = asyncio.create_task(world.play(cluster))
    replica = await Replica.start(world, "one")
    for verb in ("create", *["update"] * 4):
        world.server.fail(unheard(world.server), resource=MAPS, verb=verb, times=1)
        await asyncio.sleep(20)
    map_ = saved(world)
    noted = {**map_, "metadata": {**map_["metadata"], "annotations": {"by": "kubectl"}}}
    world.server.write({"type": "MODIFIED", "resource": MAPS, "object": noted})
    await playing
    await asyncio.sleep(200)
    assert not replica.task.done()
    assert await replica.end()

    assert differences(world.told, expected(cluster)) == []


@pytest.mark.parametrize("amid", ["its beginning", "its first write"])
@in_pod()
async def test_a_write_that_comes_late_is_not_lost_unseen(world: World, amid: str) -> None:
    """One of the leader before, still under way: the next leader reads it anew, or ends."""
    cluster = life()
    playing = asyncio.create_task(world.play(cluster))
    first, second = await two(world)
    await asyncio.sleep(40)
    kind, bodies = world.server.store.kinds[MAPS], list[Raw]()

    async def hold_up(request: web.BaseRequest) -> web.StreamResponse:
        bodies.append(await request.json())
        return await faults.hang(request)

    async def overtake(request: web.BaseRequest) -> None:
        if (
            bodies
            and first.task.done()
            and ("dryRun" in request.query) == (amid == "its beginning")
        ):
            asked = world.server.asked(MAPS)[-1]
            edited(world.server.store, kind, asked, bodies.pop(), now=world.server.now())

    world.server.fail(only("one", hold_up), resource=MAPS, verb="update")
    world.server.fail(only("two", overtake), resource=MAPS, verb="update")
    await asyncio.sleep(10)
    world.server.fail(only("one", faults.hang), resource=LEASES)
    assert await first.task is False
    await until_it_leads(second, within=DURATION)
    third = await Replica.start(world, "three")
    await playing
    await asyncio.sleep(250)
    assert not bodies
    assert (second.leads, third.leads) == (amid == "its beginning", amid != "its beginning")
    await asyncio.gather(second.end(), third.end())

    assert differences(world.told, expected(cluster)) == []
