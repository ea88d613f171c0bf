"""Law 9 for what a status says: no transition is lost, none told twice, whatever ends a run."""

import asyncio
from collections import Counter
from typing import Any

import pytest

from event_tracer.pipeline.checkpoint import Checkpoint, decode
from tests.doubles import otlp_http as otlp
from tests.scenarios.fields import SECOND, Raw
from tests.scenarios.leases import DURATION, RETRY
from tests.scenarios.replicas import in_pod, sparse, two, until_it_leads
from tests.scenarios.statuses import StatusCluster
from tests.scenarios.world import Ids, World, differences, expected, in_world, kill

HOUR = 3600


def rollout(*, later: int = 10) -> StatusCluster:
    """A Deployment whose pods become ready; later a container dies and starts again."""
    cluster = StatusCluster()
    cluster.wait(10 * SECOND)
    cluster.apply("web", replicas=2)
    cluster.wait(later * SECOND)
    cluster.die(cluster.pods[0], code=137, reason="OOMKilled")
    return cluster


def play_now(world: World, cluster: StatusCluster) -> None:
    """Write all of it at once."""
    for frame in cluster.frames:
        world.server.write(frame)


def transitions(world: World) -> Counter[str]:
    """How often each came, by name."""
    return Counter(
        received.span.name
        for received in world.collector.spans
        if "event_tracer.transition.reason" in received.attributes
    )


def saved(world: World) -> Checkpoint:
    """The checkpoint as of now."""
    return decode((world.folder / "saved").read_bytes())


def is_ready(frame: Raw) -> bool:
    """Whether a frame shows a pod that is ready."""
    conditions: Any = frame["object"].get("status", {}).get("conditions") or ({}, {})
    return bool(frame["resource"] == "pods" and conditions[1].get("status") == "True")


def version(frame: Raw) -> int:
    """Of a frame's object."""
    return int(frame["object"]["metadata"]["resourceVersion"])


def event_spans(spans: Ids) -> Ids:
    """Those of occurrences."""
    return {key: text for key, text in spans.items() if b"event_tracer.outcome" not in text}


ALL = {"Ready": 3, "RolloutComplete": 1, "NotReady": 1, "Terminated OOMKilled": 1}


@in_world()
async def test_each_is_told_once(world: World) -> None:
    """A live run gives the spans of a replay, byte for byte."""
    cluster, task = rollout(), world.start()
    await world.play(cluster)
    assert await world.end(task)

    assert differences(world.told, expected(cluster)) == []
    assert transitions(world) == ALL


@in_world()
async def test_what_was_read_and_not_acknowledged_comes_again(world: World) -> None:
    """kill -9 with transitions unacknowledged: objects are read from before them once more."""
    cluster, task = rollout(), world.start()
    playing = asyncio.create_task(world.play(cluster))
    await asyncio.sleep(9)
    await world.collector.stop()
    await playing
    await asyncio.sleep(10)
    await kill(task)
    assert not transitions(world)
    await world.collector.start()
    assert await world.end(world.start())

    assert differences(event_spans(world.told), event_spans(expected(cluster))) == []
    assert transitions(world) == ALL


@in_world()
async def test_positions_of_objects_are_those_of_their_transitions(world: World) -> None:
    """They stay before the first that is not acknowledged; those of Events go on."""
    cluster, task = rollout(), world.start()
    rule = world.collector.respond(otlp.poison(otlp.named("Ready"), code=503))
    await world.play(cluster)
    await asyncio.sleep(120)
    held = saved(world)
    rule.times = 0
    assert await world.end(task, after=700)

    first = version(next(frame for frame in cluster.frames if is_ready(frame)))
    assert [held.objects[f"/{name}"] for name in ("pods", "deployments")] == [str(first - 1)] * 2
    assert int(held.events[""]) > first
    assert int(saved(world).objects["/pods"]) >= world.server.revision - 2
    assert transitions(world) == ALL


@in_world()
async def test_what_was_not_acknowledged_outlives_the_history(world: World) -> None:
    """The same where the version is gone when it starts again: their time is in the checkpoint."""
    cluster, task = rollout(), world.start()
    playing = asyncio.create_task(world.play(cluster))
    await asyncio.sleep(9)
    await world.collector.stop()
    await playing
    await asyncio.sleep(300)
    await kill(task)
    world.server.compact()
    await world.collector.start()
    assert await world.end(world.start())

    told = transitions(world)
    assert {name: told[name] for name in ALL} == {**ALL, "NotReady": 0, "Ready": 2}
    read = {gap.attributes["event_tracer.gap.resource"] for gap in world.gaps}
    assert {"pods", "deployments", "events"} <= read


@pytest.mark.parametrize("is_compacted", [False, True], ids=["", "compacted"])
@in_world()
async def test_a_restart_tells_none_twice(world: World, is_compacted: bool) -> None:
    """What was acknowledged only teaches, also where objects are listed as they are now."""
    cluster, task = rollout(), world.start()
    await world.play(cluster)
    assert await world.end(task)
    for _ in range(3):
        if is_compacted:
            world.server.compact()
        assert await world.end(world.start(), after=60)

    assert transitions(world) == ALL


@in_world()
async def test_an_expired_watch_tells_what_came_since(world: World) -> None:
    """While it ran: a LIST shows a transition that no watch brought; a gap span tells why."""
    cluster, task = rollout(later=60), world.start()
    playing = asyncio.create_task(world.play(cluster))
    await asyncio.sleep(40)
    assert transitions(world) == {"Ready": 2, "RolloutComplete": 1}
    await world.server.stop()
    await playing
    world.server.compact()
    await world.server.start()
    assert await world.end(task)

    assert transitions(world) == {"Ready": 3, "RolloutComplete": 1, "Terminated OOMKilled": 1}
    assert {gap.attributes["event_tracer.gap.cause"] for gap in world.gaps} == {"expired"}


@pytest.mark.parametrize("age", [0.5, 1.5])
@in_world()
async def test_a_first_start_tells_those_of_an_hour(world: World, age: float) -> None:
    """As long as Events are kept; what is older only teaches."""
    play_now(world, rollout())
    await asyncio.sleep(age * HOUR)
    assert await world.end(world.start())

    last = {"Ready": 2, "RolloutComplete": 1, "Terminated OOMKilled": 1}
    assert transitions(world) == (last if age < 1 else {})


@in_world()
async def test_start_now_leaves_out_what_there_is(world: World) -> None:
    """--start now tells the transitions that come, and no other."""
    cluster = rollout()
    play_now(world, cluster)
    await asyncio.sleep(60)
    before, task = len(cluster.frames), world.start(start="now")
    await asyncio.sleep(10)
    cluster.wait(70 * SECOND)
    cluster.die(cluster.pods[1])
    cluster.frames, cluster.times = cluster.frames[before:], cluster.times[before:]
    await world.play(cluster)
    assert await world.end(task)

    assert transitions(world) == {"NotReady": 1, "Terminated Error": 1, "Ready": 1}


@in_pod()
async def test_a_second_replica_tells_the_rest(world: World) -> None:
    """It takes over from the checkpoint of a leader that was killed with transitions in hand."""
    cluster = sparse(rollout())
    first, second = await two(world)
    playing = asyncio.create_task(world.play(cluster))
    await asyncio.sleep(5)
    await world.collector.stop()
    await playing
    await asyncio.sleep(5)
    await kill(first.task)
    await world.collector.start()
    await until_it_leads(second, within=DURATION + 2 * RETRY)
    await asyncio.sleep(200)
    assert await second.end()

    assert differences(event_spans(world.told), event_spans(expected(cluster))) == []
    assert transitions(world).keys() == ALL.keys()
