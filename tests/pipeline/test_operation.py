"""What a run costs, and what it tells of itself."""

import asyncio
import logging
import re
import socket

import aiohttp
import pytest

from event_tracer.kube.stream import TOGETHER
from tests.doubles.apiserver.faults import BROKEN, Forbidden
from tests.scenarios.cluster import Cluster
from tests.scenarios.fields import SECOND
from tests.scenarios.world import World, expected, in_world


def free_port() -> int:
    """A port that nobody has."""
    with socket.socket() as made:
        made.bind(("127.0.0.1", 0))
        return int(made.getsockname()[1])


async def ask(address: str, path: str) -> tuple[int, str]:
    """Status and body."""
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://{address}/{path}") as response,
    ):
        return response.status, await response.text()


@in_world()
async def test_probes_and_metrics_tell_how_it_goes(world: World) -> None:
    """Ready after the first sync; alive also while API server and collector are away."""
    address = f"127.0.0.1:{free_port()}"
    world.server.fail(BROKEN, resource="pods", verb="list")
    task = world.start(bind_address=address)
    await asyncio.sleep(10)
    assert (await ask(address, "readyz"))[0] == 503
    assert (await ask(address, "healthz"))[0] == 200

    world.server.heal()
    cluster = Cluster()
    cluster.wait(100 * SECOND)
    cluster.apply("web")
    await world.play(cluster)
    await asyncio.sleep(10)
    assert (await ask(address, "readyz"))[0] == 200
    await world.server.stop()
    await world.collector.stop()
    await asyncio.sleep(3600)
    assert (await ask(address, "healthz"))[0] == 200
    _, text = await ask(address, "metrics")
    await world.server.start()
    await world.collector.start()
    assert await world.end(task)

    lines = dict(line.rsplit(" ", 1) for line in text.splitlines() if line[:1] != "#")
    assert lines["event_tracer_occurrences_total"] == "6.0"
    assert lines['event_tracer_events_received_total{type="ADDED"}'] == "6.0"
    assert float(lines['event_tracer_watch_restarts_total{cause="error",resource="pods"}']) > 1


@in_world()
async def test_events_that_may_not_be_watched_are_no_readiness(world: World) -> None:
    """Without the right to Events there is nothing to trace, and /readyz says so."""
    address = f"127.0.0.1:{free_port()}"
    world.server.forbidden.append(Forbidden(resource="events"))
    task = world.start(bind_address=address)
    await asyncio.sleep(60)
    status, text = await ask(address, "readyz")
    assert await world.end(task, after=0)

    assert status == 503
    assert "Events may not be watched" in text


@in_world()
async def test_a_run_without_events_says_so_first(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """What is lost, where and why, and not that all was read."""
    caplog.set_level(logging.INFO)
    world.server.forbidden.append(Forbidden(resource="events"))
    task = world.start()
    await asyncio.sleep(60)
    assert await world.end(task, after=0)
    said = [each for each in caplog.records if each.name == "event_tracer.pipeline.bridge"]
    first = said[0]

    assert first.getMessage() == "Events may not be read: of these namespaces nothing is traced"
    assert vars(first)["namespaces"] == ["all"]
    assert vars(first)["reason"].startswith("403 Forbidden")
    texts = {each.getMessage() for each in said}
    assert "what may be read was read" in texts
    assert "all that there is was read" not in texts


@in_world()
async def test_an_idle_cluster_costs_a_request_every_few_minutes(world: World) -> None:
    """An hour of silence: a WATCH and a small LIST for each resource every three minutes or so."""
    task = world.start()
    await asyncio.sleep(150)
    before = len(world.server.requests)
    await asyncio.sleep(3600)
    asked = world.server.requests[before:]
    assert await world.end(task, after=0)

    watches = [request for request in asked if request.verb == "watch"]
    lists = [request for request in asked if request.verb == "list"]
    assert len(watches) + len(lists) == len(asked)
    assert 8 * 15 < len(watches) < 8 * 25
    assert len(lists) < 8 * 25
    assert {request.query.get("limit") for request in lists} == {"1"}


@in_world()
async def test_an_hour_without_any_object_is_no_trouble(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """No warning, nothing counted as an error, and fewer restarts than an alert asks for."""
    address = f"127.0.0.1:{free_port()}"
    task = world.start(bind_address=address)
    await asyncio.sleep(3600)
    status, _ = await ask(address, "readyz")
    _, text = await ask(address, "metrics")
    assert await world.end(task, after=0)

    named = r'event_tracer_watch_restarts_total\{cause="(\w+)",resource="(\w+)"\} (\S+)'
    restarts = re.findall(named, text)
    assert {cause for cause, _, _ in restarts} == {"timeout", "silent"}
    assert max(float(count) for cause, _, count in restarts if cause == "silent") == 1
    assert status == 200
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


@in_world()
async def test_a_full_queue_pauses_the_watch_and_nothing_else(world: World) -> None:
    """Collector away, 200 Events a second: memory is bounded, and all arrives afterwards.

    What is read together may be more than there is room for.
    """
    queue, cluster = 350, Cluster()
    cluster.wait(5 * SECOND)
    for number in range(350):  # 200 Events a second for ten
        cluster.now = cluster.times[0] + number * SECOND // 33 if number else cluster.now
        cluster.apply(f"app-{number}")
    await world.collector.stop()
    address = f"127.0.0.1:{free_port()}"
    task = world.start(queue_size=queue, bind_address=address)
    await world.play(in_order(cluster))
    await asyncio.sleep(30)
    _, text = await ask(address, "metrics")
    size = next(line for line in text.splitlines() if line[:30] == "event_tracer_export_queue_size")
    assert queue <= float(size.split()[1]) <= queue + TOGETHER + 10
    watching = {watch.kind.resource for watch in world.server.watches}
    assert "events" not in watching
    assert "pods" in watching
    await world.collector.start()
    assert await world.end(task, after=600)

    assert world.told.keys() >= {k for k, v in expected(cluster).items() if b"event.count" in v}
    assert world.server.asked("events", "watch")[1:]


def in_order(cluster: Cluster) -> Cluster:
    """The same frames by time."""
    made = Cluster()
    both = sorted(zip(cluster.times, cluster.frames, strict=True), key=lambda pair: pair[0])
    made.times = [time for time, _ in both]
    made.frames = [frame for _, frame in both]
    return made
