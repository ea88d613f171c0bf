"""What replicas tell of themselves: probes, a metric, the log; and what they need."""

import asyncio
import logging

import pytest

from event_tracer.cli import run
from event_tracer.pipeline.checkpoint import CheckpointError
from tests.doubles.apiserver.faults import Forbidden
from tests.pipeline.test_operation import ask, free_port
from tests.scenarios.configmaps import MAPS
from tests.scenarios.leases import LEASES
from tests.scenarios.replicas import Replica, in_pod, saved, two
from tests.scenarios.world import World, in_world


@in_pod()
async def test_a_standby_is_alive_and_ready(world: World) -> None:
    """So that a rolling update comes to its end; the metric tells who leads."""
    one, two_ = (f"127.0.0.1:{free_port()}" for _ in range(2))
    first = await Replica.start(world, "one", bind_address=one)
    second = await Replica.start(world, "two", bind_address=two_)
    await asyncio.sleep(30)
    for address, leads in ((one, "1.0"), (two_, "0.0")):
        text = (await ask(address, "metrics"))[1]
        # of a standby it would rise for ever
        assert ("\nevent_tracer_export_last_acknowledgement_age" in text) is (leads == "1.0")
        assert [(await ask(address, path))[0] for path in ("healthz", "readyz")] == [200, 200]
        assert f"event_tracer_leader {leads}" in text.splitlines()
    await first.end()
    await asyncio.sleep(10)
    assert (await ask(two_, "readyz"))[0] == 200
    assert "event_tracer_leader 1.0" in (await ask(two_, "metrics"))[1].splitlines()
    await second.end()


@in_pod()
async def test_a_replica_that_could_not_lead_is_not_ready(world: World) -> None:
    """Without the right to Leases, or to the ConfigMap, a rolling update is to stop there."""
    address = f"127.0.0.1:{free_port()}"
    world.server.forbidden.append(Forbidden(resource=LEASES))
    replica = await Replica.start(world, "one", bind_address=address)
    await asyncio.sleep(30)
    status, text = await ask(address, "readyz")
    assert (status, "allow get, create and update of leases" in text) == (503, True)
    assert await replica.end()

    world.server.forbidden = [Forbidden(resource=MAPS, verb="create")]
    with pytest.raises(CheckpointError, match="cannot create resource"):
        await (await Replica.start(world, "two")).task


@pytest.mark.parametrize("leader_elect", [True, False])
@in_pod()
async def test_probes_answer_before_the_api_server_does(world: World, leader_elect: bool) -> None:
    """Alive at once, and not ready, with the reason; then it becomes ready."""
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


@in_world()
async def test_without_a_namespace_there_is_no_lease(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Outside of a Pod it must be told; the sentence says how."""
    monkeypatch.delenv("POD_NAMESPACE", raising=False)
    with pytest.raises(run.StartError, match=r"--leader-elect .* set POD_NAMESPACE"):
        await (await Replica.start(world, "one")).task
    assert world.server.requests == []


@in_pod()
async def test_auto_is_the_config_map_and_the_lease_has_a_name(world: World) -> None:
    """With --leader-elect, also outside of a Pod; --lease and --lease-duration count."""
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


@in_pod()
async def test_what_happens_is_told(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """Who stands by, who holds the Lease, who leads."""
    caplog.set_level(logging.INFO)
    first, second = await two(world)
    await first.end()
    await asyncio.sleep(10)
    await second.end()
    told = [r.getMessage() for r in caplog.records if r.name == "event_tracer.kube.lease"]
    assert told == [
        "standing by", "leading", "standing by", "the Lease is held", "the Lease is held", "leading"
    ]  # fmt: skip
