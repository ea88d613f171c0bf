"""Where reading had to start over: the last state of each Event, and a span that tells the rest."""

import asyncio
from typing import Any

from tests.doubles.apiserver.faults import EXPIRED
from tests.doubles.otlp_http import Received
from tests.scenarios.cluster import Cluster
from tests.scenarios.faults import READ
from tests.scenarios.fields import SECOND
from tests.scenarios.statuses import StatusCluster
from tests.scenarios.world import World, differences, expected, in_world, kill

BEFORE, HIDDEN = 4, 20


def crash_loop() -> Cluster:
    """A pod that is restarted every 5 seconds."""
    cluster = Cluster()
    cluster.wait(5 * SECOND)
    cluster.apply("web")
    cluster.wait(5 * SECOND)
    cluster.back_off(cluster.pods[0], times=BEFORE + HIDDEN, every=5 * SECOND)
    return cluster


def after(cluster: Cluster, *, seconds: int, version: int) -> Cluster:
    """Another life, so much later, whose resourceVersions follow `version`."""
    made = Cluster(seed=cluster.now)
    made.now = cluster.now + seconds * SECOND
    made.version = version
    return made


def gap(world: World, resource: str) -> Received:
    """The one gap span of the watches of a resource."""
    (found,) = [r for r in world.gaps if r.attributes["event_tracer.gap.resource"] == resource]
    return found


def back_offs(world: World) -> list[Any]:
    """The counts of the BackOff that arrived."""
    spans = (r for r in world.collector.spans if r.span.name == "BackOff restart")
    return sorted({received.attributes["k8s.event.count"] for received in spans})


def told(world: World, *, cause: str) -> None:
    """Every occurrence is there, or counted by the gap span of Events; all watches have one."""
    told = gap(world, "events")
    counts = back_offs(world)
    assert counts[-1] == BEFORE + HIDDEN
    assert told.attributes["event_tracer.gap.occurrences"] == BEFORE + HIDDEN - len(counts) > 0
    assert told.attributes["event_tracer.gap.events"] == 1
    assert {found.attributes["event_tracer.gap.cause"] for found in world.gaps} == {cause}
    assert len(world.gaps) == READ
    for found in world.gaps:
        assert found.resource["service.name"] == "event-tracer"
        assert not found.span.parent_span_id
        assert found.span.end_time_unix_nano - found.span.start_time_unix_nano > 30 * SECOND
    assert len({r.span.trace_id for r in world.collector.spans}) == 1 + len(world.gaps)


async def away(world: World, cluster: Cluster, *, at: float) -> None:
    """The API server is away for a minute, and what it knew before has been compacted."""
    playing = asyncio.create_task(world.play(cluster))
    await asyncio.sleep(at)
    await world.server.stop()
    await asyncio.sleep(60)
    world.server.compact()
    await world.server.start()
    await playing


@in_world()
async def test_a_gap_while_running_is_told(world: World) -> None:
    """A minute away, and history compacted meanwhile: one span an Event, the rest counted."""
    task = world.start()
    await away(world, crash_loop(), at=25)
    assert await world.end(task)

    told(world, cause="expired")


@in_world()
async def test_a_gap_over_a_restart_is_told(world: World) -> None:
    """The same where the bridge was down: the checkpoint knows the counts that were told."""
    cluster, task = crash_loop(), world.start()
    playing = asyncio.create_task(world.play(cluster))
    await asyncio.sleep(25)
    await kill(task)
    await asyncio.sleep(60)
    world.server.compact()
    task = world.start()
    await playing
    assert await world.end(task)

    told(world, cause="expired")


@in_world()
async def test_every_expired_watch_is_told(world: World) -> None:
    """Where no count rose by more than one, too, each time and for each watch of the cluster."""
    cluster, task = crash_loop(), world.start()
    playing = asyncio.create_task(world.play(cluster))
    for _ in range(6):
        await asyncio.sleep(15)
        world.server.fail(EXPIRED, verb="watch", times=1)
        world.server.close_watches()
    await playing
    assert await world.end(task)

    assert differences(world.told, expected(cluster)) == []
    assert all("event_tracer.gap.occurrences" not in found.attributes for found in world.gaps)
    read = {found.attributes["event_tracer.gap.resource"] for found in world.gaps}
    assert len(read) > 1
    assert len(world.gaps) == 6


@in_world()
async def test_a_restored_etcd_is_noticed(world: World) -> None:
    """Versions begin again below what was read: a watch would be silent for ever, a LIST is not.

    What the backup did not have was told before; what comes after it is told, though its
    resourceVersion was there once already.
    """
    first, task = Cluster(), world.start()
    first.wait(5 * SECOND)
    first.apply("web")
    await world.play(first)
    backup = world.server.revision
    later = after(first, seconds=10, version=backup)
    later.apply("lost", replicas=3)
    await world.play(later)
    await asyncio.sleep(20)

    world.server.restore(backup)
    await asyncio.sleep(90)
    third = after(later, seconds=120, version=backup)
    third.apply("shop")
    await world.play(third)
    assert await world.end(task)

    wanted = expected(first) | expected(later) | expected(third)
    assert differences(world.told, wanted) == []


@in_world()
async def test_a_restored_etcd_is_noticed_at_start(world: World) -> None:
    """A checkpoint of the future is of no use: everything there is begins anew, same bytes."""
    first, task = Cluster(), world.start()
    first.wait(5 * SECOND)
    first.apply("web")
    await world.play(first)
    backup = world.server.revision
    later = after(first, seconds=10, version=backup)
    later.apply("lost")
    await world.play(later)
    assert await world.end(task)

    world.server.restore(backup)
    third = after(later, seconds=300, version=backup)
    third.apply("shop")
    task = world.start()
    await world.play(third)
    assert await world.end(task)

    wanted = expected(first) | expected(later) | expected(third)
    assert differences(world.told, wanted) == []


@in_world()
async def test_the_ends_of_containers_in_a_gap_are_counted(world: World) -> None:
    """Of a container's ends the last can be read after a gap, by its number the others counted."""
    cluster = StatusCluster()
    cluster.wait(5 * SECOND)
    cluster.apply("web")
    for _ in range(BEFORE + HIDDEN):
        cluster.wait(4 * SECOND)
        cluster.die(cluster.pods[0])
    task = world.start()
    await away(world, cluster, at=25)
    assert await world.end(task)

    told = gap(world, "pods").attributes
    assert told["event_tracer.gap.containers"] == 1
    ended = {r.id for r in world.collector.spans if r.span.name == "Terminated Error"}
    assert told["event_tracer.gap.occurrences"] == BEFORE + HIDDEN - len(ended) > 0
    assert "event_tracer.gap.occurrences" not in gap(world, "events").attributes
