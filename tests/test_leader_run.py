"""Replicas of a run: one leads, and a take-over is a restart from its checkpoint."""

import asyncio
import logging
import random
from base64 import b64encode
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from aiohttp import web

from event_tracer import app
from tests import apiserver_faults as faults
from tests.apiserver_edit import edited
from tests.apiserver_faults import Forbidden
from tests.cluster import Cluster
from tests.configmaps import MAPS
from tests.fields import SECOND, Raw
from tests.leases import (
    DEADLINE,
    DURATION,
    LEASES,
    RETRY,
    Replica,
    only,
    sparse,
    spec_of,
    unheard,
)
from tests.live import World, differences, expected, in_world, kill
from tests.lives import busy
from tests.test_operation import ask, free_port

STANDBY = {
    ("get", "namespaces"), ("get", MAPS), ("get", LEASES), ("create", LEASES), ("update", LEASES)
}  # fmt: skip
"""All that a standby asks for; of Leases it writes what is free."""


def in_pod(test: Callable[[World], Coroutine[Any, Any, None]], *, seed: int = 0) -> None:
    """Run a test in a world whose processes have a namespace."""
    in_world(test, seed=seed, POD_NAMESPACE="ops")


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


# -- one after the other


def test_a_leader_killed_is_followed() -> None:
    """Every span is there once, with one content; the standby has sent and written nothing."""

    async def test(world: World) -> None:
        cluster = life()
        playing = asyncio.create_task(world.play(cluster))
        first, second = await two(world)
        await asyncio.sleep(45)
        assert second.asked <= STANDBY
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

    in_pod(test)


@pytest.mark.parametrize("seed", range(3))
def test_leaders_killed_again_and_again_lose_nothing(seed: int) -> None:
    """Law 9 over any number of take-overs."""

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

    in_pod(test, seed=seed)


def test_a_leader_told_to_stop_hands_over() -> None:
    """SIGTERM: it drains and writes its checkpoint; then the other follows at once."""

    async def test(world: World) -> None:
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

    in_pod(test)


def test_it_leads_as_long_as_it_drains() -> None:
    """A collector that is away takes the whole grace period: the Lease is renewed until the end."""

    async def test(world: World) -> None:
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

    in_pod(test)


def test_a_standby_told_to_stop_ends_well() -> None:
    """Exit code 0; the Lease is no affair of it."""

    async def test(world: World) -> None:
        first, second = await two(world)
        assert await second.end()
        assert first.leads
        assert await first.end()

    in_pod(test)


# -- losing the Lease


@pytest.mark.parametrize("fault", [faults.BROKEN, faults.FORBIDDEN, faults.hang, faults.lose])
def test_a_leader_that_cannot_renew_ends_without_a_word(
    fault: faults.Answer, caplog: pytest.LogCaptureFixture
) -> None:
    """Exit code 1: no span and no checkpoint after that; the other shows what is missing."""

    async def test(world: World) -> None:
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

    in_pod(test)
    assert "no longer the leader; ending at once" in {r.getMessage() for r in caplog.records}


def test_without_an_api_server_nobody_leads() -> None:
    """The leader ends, the standby waits for the API server and is alive meanwhile."""

    async def test(world: World) -> None:
        first, second = await two(world)
        await world.server.stop()
        assert await first.task is False
        await asyncio.sleep(600)
        assert not second.task.done()
        await world.server.start()
        await until_it_leads(second, within=2 * DURATION)
        assert await second.end()

    in_pod(test)


def test_a_leader_that_drains_and_loses_the_lease_stops_sending() -> None:
    """Also after SIGTERM the Lease counts: exit code 1, no last write."""

    async def test(world: World) -> None:
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

    in_pod(test)


# -- the checkpoint


def test_a_checkpoint_that_somebody_else_wrote_is_the_end() -> None:
    """It stays as it is: whoever wrote it leads, whatever the Lease says."""

    async def test(world: World) -> None:
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

    in_pod(test)


def test_a_lost_answer_to_a_write_is_its_own() -> None:
    """409 on what it wrote itself: it goes on, and so it does when the ConfigMap was annotated."""

    async def test(world: World) -> None:
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

    in_pod(test)


@pytest.mark.parametrize("amid", ["its beginning", "its first write"])
def test_a_write_that_comes_late_is_not_lost_unseen(amid: str) -> None:
    """One of the leader before, still under way: the next leader reads it anew, or ends."""

    async def test(world: World) -> None:
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

    in_pod(test)


# -- probes, metrics, settings


def test_a_standby_is_alive_and_ready() -> None:
    """So that a rolling update comes to its end; the metric tells who leads."""

    async def test(world: World) -> None:
        one, two_ = (f"127.0.0.1:{free_port()}" for _ in range(2))
        first = await Replica.start(world, "one", bind_address=one)
        second = await Replica.start(world, "two", bind_address=two_)
        await asyncio.sleep(30)
        for address, leads in ((one, "1.0"), (two_, "0.0")):
            assert [(await ask(address, path))[0] for path in ("healthz", "readyz")] == [200, 200]
            assert f"event_tracer_leader {leads}" in (await ask(address, "metrics"))[1].splitlines()
        await first.end()
        await asyncio.sleep(10)
        assert (await ask(two_, "readyz"))[0] == 200
        assert "event_tracer_leader 1.0" in (await ask(two_, "metrics"))[1].splitlines()
        await second.end()

    in_pod(test)


def test_a_replica_that_could_not_lead_is_not_ready() -> None:
    """Without the right to Leases, or to the ConfigMap, a rolling update is to stop there."""

    async def test(world: World) -> None:
        address = f"127.0.0.1:{free_port()}"
        world.server.forbidden.append(Forbidden(resource=LEASES))
        replica = await Replica.start(world, "one", bind_address=address)
        await asyncio.sleep(30)
        status, text = await ask(address, "readyz")
        assert (status, "allow get, create and update of leases" in text) == (503, True)
        assert await replica.end()

        world.server.forbidden = [Forbidden(resource=MAPS, verb="create")]
        with pytest.raises(app.StartError, match="cannot create resource"):
            await (await Replica.start(world, "two")).task

    in_pod(test)


@pytest.mark.parametrize("leader_elect", [True, False])
def test_probes_answer_before_the_api_server_does(leader_elect: bool) -> None:
    """Alive at once, and not ready, with the reason; then it becomes ready."""

    async def test(world: World) -> None:
        address = f"127.0.0.1:{free_port()}"
        await world.server.stop()
        flags = {"leader_elect": leader_elect, "bind_address": address}
        replica = await Replica.start(world, "one", **flags)
        await asyncio.sleep(600)
        assert await ask(address, "healthz") == (200, "ok\n")
        assert await ask(address, "readyz") == (503, "the API server has not answered yet\n")
        text = (await ask(address, "metrics"))[1]
        assert "event_tracer_occurrences_total 0.0" in text
        await world.server.start()
        await asyncio.sleep(60)
        assert await ask(address, "readyz") == (200, "ok\n")
        text = (await ask(address, "metrics"))[1]
        assert ("event_tracer_leader" in text) is leader_elect
        assert await replica.end()

    in_pod(test)


def test_without_a_namespace_there_is_no_lease(monkeypatch: pytest.MonkeyPatch) -> None:
    """Outside of a Pod it must be told; the sentence says how."""
    monkeypatch.delenv("POD_NAMESPACE", raising=False)

    async def test(world: World) -> None:
        with pytest.raises(app.StartError, match=r"--leader-elect .* set POD_NAMESPACE"):
            await (await Replica.start(world, "one")).task
        assert world.server.requests == []

    in_world(test)


def test_auto_is_the_config_map_and_the_lease_has_a_name() -> None:
    """With --leader-elect, also outside of a Pod; --lease and --lease-duration count."""

    async def test(world: World) -> None:
        flags = {"checkpoint": "auto", "lease": "mine", "lease_duration": 30}
        replica = await Replica.start(world, "one", **flags)
        await asyncio.sleep(30)
        kind = world.server.store.kinds[LEASES]
        lease = world.server.store.get(kind, "ops/mine")
        assert lease
        assert lease["spec"]["leaseDurationSeconds"] == 30
        assert lease["spec"]["holderIdentity"].startswith("one_")
        assert saved(world)
        assert await replica.end()

    in_pod(test)


def test_what_happens_is_told(caplog: pytest.LogCaptureFixture) -> None:
    """Who stands by, who holds the Lease, who leads."""
    caplog.set_level(logging.INFO)

    async def test(world: World) -> None:
        first, second = await two(world)
        await first.end()
        await asyncio.sleep(10)
        await second.end()

    in_pod(test)
    told = [r.getMessage() for r in caplog.records if r.name == "event_tracer.leader"]
    assert told == [
        "standing by", "leading", "standing by", "the Lease is held", "the Lease is held", "leading"
    ]  # fmt: skip
