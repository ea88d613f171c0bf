"""A run from the first LIST to the last acknowledgement, its stops and its starts."""

import asyncio

import pytest

from tests.doubles.otlp_http import hang
from tests.scenarios.cluster import Cluster
from tests.scenarios.fields import SECOND
from tests.scenarios.workloads import busy
from tests.scenarios.world import World, differences, expected, in_world, kill


def life(seed: int = 0) -> Cluster:
    """A Deployment from its creation to its end."""
    cluster = Cluster(seed=seed)
    cluster.wait(20 * SECOND)
    cluster.apply("web", replicas=3)
    cluster.wait(60 * SECOND)
    cluster.update("web", replicas=2)
    cluster.wait(50 * SECOND)
    cluster.back_off(cluster.pods[0], times=8)
    cluster.wait(45 * SECOND)
    cluster.scale("web")
    cluster.wait(70 * SECOND)
    cluster.delete_foreground("web")
    return cluster


@in_world()
async def test_what_arrives_is_what_the_fold_makes(world: World) -> None:
    """A live run gives the spans of a replay, byte for byte."""
    cluster = life()
    task = world.start()
    await world.play(cluster)
    assert await world.end(task)

    assert differences(world.told, expected(cluster)) == []


@in_world()
async def test_without_a_checkpoint_all_that_is_held_is_told(world: World) -> None:
    """The first start tells every Event that the API server still has."""
    cluster = Cluster()
    cluster.apply("web", replicas=3)
    for frame in cluster.frames:
        world.server.write(frame)
    await asyncio.sleep(600)
    assert await world.end(world.start())

    assert differences(world.told, expected(cluster)) == []


@in_world()
async def test_start_now_leaves_out_what_there_is(world: World) -> None:
    """--start now tells only what comes, in the stories that began before."""
    cluster = Cluster()
    cluster.apply("web")
    before = len(cluster.frames)
    for frame in cluster.frames:
        world.server.write(frame)
    await asyncio.sleep(30)
    task = world.start(start="now")
    await asyncio.sleep(30)
    cluster.now += 70 * SECOND
    cluster.update("web")
    await world.play(after(cluster, before))
    assert await world.end(task)

    assert world.told.keys() < expected(cluster).keys()
    names = [r.span.name for r in world.collector.spans if r.span.name == "Scheduled"]
    assert len(names) == 1


def after(cluster: Cluster, number: int) -> Cluster:
    """The life without its first frames."""
    rest = Cluster()
    rest.frames, rest.times = cluster.frames[number:], cluster.times[number:]
    return rest


@pytest.mark.parametrize("seed", range(5))
@in_world()
async def test_a_stop_while_the_collector_is_away_loses_nothing(world: World, seed: int) -> None:
    """SIGTERM: an exit within the grace time; the next run delivers the rest, and nothing else."""
    cluster, task = busy(seed=seed, events=200), world.start(grace_period=20)
    playing = asyncio.create_task(world.play(cluster))
    await asyncio.sleep(30)
    await world.collector.stop()
    await asyncio.sleep(20)
    before, loop = world.told, asyncio.get_running_loop()
    begun = loop.time()
    assert await world.end(task, after=0)
    assert loop.time() - begun < 30
    assert world.told == before

    await world.collector.start()
    await playing
    assert await world.end(world.start())
    assert differences(world.told, expected(cluster)) == []


@in_world()
async def test_a_stop_delivers_what_is_there(world: World) -> None:
    """What has left the fold is delivered before the end, a slow collector given its time."""
    cluster, task = Cluster(), world.start(grace_period=60)
    cluster.wait(5 * SECOND)
    cluster.apply("web", replicas=5)
    world.collector.respond(hang, times=4)
    await world.play(cluster)
    assert await world.end(task, after=3)

    told = {received.id for received in world.collector.spans}
    assert len(told) == 5 * 5 + 1


@in_world()
async def test_a_restart_resends_nothing(world: World) -> None:
    """With a checkpoint a restart in silence sends no span at all."""
    cluster = life()
    task = world.start()
    await world.play(cluster)
    assert await world.end(task)
    sent = len(world.collector.requests)

    for _ in range(3):
        assert await world.end(world.start(), after=60)
    assert len(world.collector.requests) == sent


@in_world()
async def test_a_lost_checkpoint_repeats_but_never_contradicts(world: World) -> None:
    """An object span may come twice, an event span never with two contents; no Event is left out.

    Where managedFields still have every change: of two by one manager they keep the last.
    """
    cluster = Cluster()
    cluster.wait(20 * SECOND)
    cluster.apply("web", replicas=3)
    cluster.wait(20 * SECOND)
    cluster.update("web", manager="helm", replicas=2)
    cluster.back_off(cluster.pods[0], times=9)
    cluster.restart("web")
    task = world.start()
    playing = asyncio.create_task(world.play(cluster))
    for _ in range(5):
        await asyncio.sleep(30)
        await kill(task)
        (world.folder / "saved").unlink()
        task = world.start()
    await playing
    assert await world.end(task)

    contents, wanted = world.collector.contents(), expected(cluster)
    events = {r.id: r for r in world.collector.spans if "k8s.event.count" in r.attributes}
    assert contents.keys() <= wanted.keys()
    assert {key: {wanted[key]} for key in events} == {key: contents[key] for key in events}
    told = {received.attributes["k8s.event.uid"] for received in events.values()}
    assert told == set(cluster.events)


@pytest.mark.parametrize("kept", [b"", b"nonsense", b"\x1f\x8b\x08\x00"])
@in_world()
async def test_a_broken_checkpoint_is_left_aside(world: World, kept: bytes) -> None:
    """What cannot be read is reported, and the run begins anew."""
    (world.folder / "saved").write_bytes(kept)
    cluster, task = life(), world.start()
    await world.play(cluster)
    assert await world.end(task)

    assert differences(world.told, expected(cluster)) == []


@pytest.mark.parametrize(
    "place",
    [
        "event_tracer.kube.dispatch.parse_lines",
        "event_tracer.export.retries.Backoff",
        "event_tracer.core.event_source.event_name",
        "event_tracer.core.story.start_of",
    ],
)
@in_world()
async def test_a_task_that_fails_ends_the_run(
    world: World, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mistake of ours is no reason to go on half: exit 1, after all that can be is delivered."""
    cluster, task = life(), world.start()
    playing = asyncio.create_task(world.play(cluster))
    await asyncio.sleep(75)
    before = world.told

    def fail(*_: object) -> None:
        raise RuntimeError("a mistake")

    with monkeypatch.context() as patch:
        patch.setattr(place, fail)
        await asyncio.sleep(60)
        assert await task is False
    assert before.keys() <= world.told.keys()

    task = world.start()
    await playing
    assert await world.end(task)
    assert differences(world.told, expected(cluster)) == []


@pytest.mark.parametrize("fraction", [0.05, 0.35, 0.65, 0.95])
@in_world()
async def test_an_event_waits_alike_whenever_the_run_began(world: World, fraction: float) -> None:
    """A Date header is cut to the second; what that leaves out is learnt from frames."""
    began = world.server.now()
    await asyncio.sleep(-began % 1 + fraction)
    task = world.start()
    await asyncio.sleep(30)
    cluster = Cluster(now=int(world.server.now() + 1) * SECOND)
    cluster.apply("web")
    cluster.back_off(cluster.pods[0], times=40, every=SECOND * 13 // 10)
    wrote = {
        frame["object"]["metadata"]["resourceVersion"]: time / SECOND
        for time, frame in zip(cluster.times, cluster.frames, strict=True)
        if frame["resource"] == "events"
    }
    offset = world.server.now() - asyncio.get_running_loop().time()
    await world.play(cluster)
    assert await world.end(task)

    lags = sorted(
        received.time + offset - wrote[str(received.attributes["k8s.event.resource_version"])]
        for received in world.collector.spans
        if "k8s.event.resource_version" in received.attributes
    )
    # A second for what explains it, and 0.75 s in all for the next look and tick.
    assert 1.0 < lags[len(lags) // 2] < 1.85
