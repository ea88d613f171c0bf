"""What Events are about: watches of metadata, discovery, and a GET for the rest."""

import asyncio
import logging
from collections import Counter

import pytest

from event_tracer.core.times import parse_timestamp
from tests.doubles.apiserver.faults import UNAVAILABLE, Forbidden
from tests.scenarios.cluster import Cluster
from tests.scenarios.fields import SECOND, Raw, stamp
from tests.scenarios.folding import raw_frames, tell
from tests.scenarios.playing import play_recording, written
from tests.scenarios.world import World, differences, expected, in_world, spans_of

CLAIM = "3b5c0c9e-1111-4d0e-9a51-0123456789ab"


def about_claim(cluster: Cluster, *, reason: str = "Resized") -> Raw:
    """An Event about a PersistentVolumeClaim, which nobody watches."""
    meta = {"name": "data", "namespace": "shop", "uid": CLAIM, "resourceVersion": "1"}
    claim = {"_kind": "PersistentVolumeClaim", "metadata": meta}
    event = cluster.event(claim, reason, "volume-controller", "m")
    event["involvedObject"]["apiVersion"] = "v1"
    return event


def claim(cluster: Cluster, *, uid: str = CLAIM) -> Raw:
    """The claim itself, older than all."""
    created = stamp(cluster.now - 900 * SECOND)
    meta = {"name": "data", "namespace": "shop", "uid": uid, "creationTimestamp": created}
    body = {"kind": "PersistentVolumeClaim", "metadata": {**meta, "managedFields": []}}
    resource, kind = "persistentvolumeclaims", "PersistentVolumeClaim"
    return {"type": "ADDED", "resource": resource, "kind": kind, "object": body}


@in_world()
async def test_a_custom_owner_is_watched_once_met(world: World) -> None:
    """A Deployment of a custom resource: discovery finds it, its watch dates its story."""
    world.server.register(group="example.com", version="v1", plural="rollouts", kind="Rollout")
    task = world.start()
    await play_recording(world, "custom-owner")
    assert await world.end(task)

    assert differences(world.told, spans_of(written(world))) == []
    assert world.server.asked("rollouts.example.com", "watch")


def register(world: World, *, kinds: int) -> None:
    """So many custom kinds."""
    for number in range(kinds):
        kind, plural = f"Kind{number}", f"kind{number}s"
        world.server.register(group="example.com", version="v1", plural=plural, kind=kind)


def own(cluster: Cluster, pod: Raw, *, number: int) -> None:
    """Let a pod's controller be of the custom kind with this number."""
    owner = {"apiVersion": "example.com/v1", "kind": f"Kind{number}", "name": "x"}
    cluster.hand_over(pod, [{**owner, "uid": f"{CLAIM[:-2]}{number:02}", "controller": True}])


@in_world()
async def test_at_most_twenty_custom_kinds_are_watched(world: World) -> None:
    """The twenty-first is asked for object by object."""
    cluster = Cluster()
    register(world, kinds=22)
    cluster.wait(5 * SECOND)
    cluster.apply("web", replicas=22)
    for number, pod in enumerate(cluster.pods):
        own(cluster, pod, number=number)
    for pod in cluster.pods:
        cluster.event(pod, "Touched", "x-controller", "m")
    task = world.start()
    await world.play(cluster)
    assert await world.end(task)

    watched = {asked.resource for asked in world.server.asked("kind*", "watch")}
    got = {asked.resource for asked in world.server.asked("kind*", "get")}
    assert len(watched) == 20
    assert len(got) == 2
    assert not watched & got


@in_world()
async def test_an_owner_that_is_told_of_after_the_event_is_asked_for(world: World) -> None:
    """Law 7: the Event is read, then its pod; the owner, which no watch brings, dates its story."""
    cluster = Cluster()
    register(world, kinds=21)
    created = stamp(cluster.now)
    meta = {"name": "x", "namespace": "shop", "uid": f"{CLAIM[:-2]}20"}
    body = {"kind": "Kind20", "metadata": {**meta, "creationTimestamp": created}}
    frame = {"type": "ADDED", "resource": "kind20s.example.com", "kind": "Kind20"}
    world.server.write({**frame, "object": body})
    cluster.wait(5 * SECOND)
    cluster.apply("web", replicas=21)
    *others, last = cluster.pods
    for number, pod in enumerate(others):
        own(cluster, pod, number=number)
    cluster.wait(300 * SECOND)
    cluster.event(last, "Touched", "x-controller", "m")
    cluster.wait(SECOND // 2)
    own(cluster, last, number=20)
    task = world.start()
    await world.play(cluster)
    assert await world.end(task)

    assert len(world.server.asked("kind20s.example.com", "get")) == 1
    (root,) = [r for r in world.collector.spans if r.span.name.endswith("Kind20 x")]
    assert root.attributes["event_tracer.change.time"] == created


@in_world()
async def test_other_objects_are_asked_for_once(world: World) -> None:
    """A claim's metadata is GET once for all Events that come at once, and dates its story."""
    cluster = Cluster()
    world.server.write(claim(cluster))
    cluster.wait(5 * SECOND)
    events = [about_claim(cluster, reason=f"Reason{number}") for number in range(9)]
    task = world.start()
    await world.play(cluster)
    assert await world.end(task)

    assert len(world.server.asked("persistentvolumeclaims", "get")) == 1
    assert len(world.told) == len(events) + 1
    (root,) = [r for r in world.collector.spans if not r.span.parent_span_id]
    assert root.attributes["event_tracer.change.time"] == stamp(cluster.now - 905 * SECOND)


@pytest.mark.parametrize("missing", ["gone", "another of that name", "forbidden"])
@in_world()
async def test_an_object_that_cannot_be_had_stops_nothing(
    world: World, missing: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Law 1: 404 and 403 are answers; a forbidden kind is reported once and not asked again."""
    caplog.set_level(logging.WARNING)
    cluster = Cluster()
    if missing == "another of that name":
        world.server.write(claim(cluster, uid=f"{CLAIM[:-2]}99"))
    if missing == "forbidden":
        world.server.forbidden.append(Forbidden(resource="persistentvolumeclaims"))
    task = world.start()
    for _ in range(3):
        cluster.wait(30 * SECOND)
        about_claim(cluster)
    await world.play(cluster)
    assert await world.end(task)

    assert differences(world.told, expected(cluster)) == []
    assert len(world.server.asked("persistentvolumeclaims", "get")) == 1
    told = Counter(record.message for record in caplog.records)
    assert told["not allowed to get objects of this kind"] == (missing == "forbidden")


@in_world()
async def test_an_event_waits_until_its_object_is_answered_for(world: World) -> None:
    """An API server that fails for a minute is no answer: the Event waits, others go on."""
    cluster = Cluster()
    world.server.write(claim(cluster))
    world.server.fail(UNAVAILABLE, resource="persistentvolumeclaims", verb="get")
    cluster.wait(5 * SECOND)
    about_claim(cluster)
    cluster.apply("web")
    task = world.start()
    await world.play(cluster)
    await asyncio.sleep(60)
    names = {received.span.name for received in world.collector.spans}
    assert "Started" in names
    assert "Resized" not in names

    world.server.heal()
    assert await world.end(task)
    assert "Resized" in {received.span.name for received in world.collector.spans}
    assert len(world.told) == len(expected(cluster))


@pytest.mark.parametrize("verb", ["list", "watch"])
@in_world()
async def test_without_a_right_lineage_is_what_references_say(
    world: World, verb: str, caplog: pytest.LogCaptureFixture
) -> None:
    """403 on pods: every occurrence is told all the same, and the reason is reported once."""
    caplog.set_level(logging.WARNING)
    world.server.forbidden.append(Forbidden(resource="pods", verb=verb))
    cluster = Cluster()
    cluster.wait(100 * SECOND)
    cluster.apply("web")
    task = world.start()
    await world.play(cluster)
    assert await world.end(task)

    assert world.told.keys() == expected(cluster).keys()
    told = [vars(record) for record in caplog.records if record.message.startswith("not allowed")]
    assert [about["resource"] for about in told] == ["pods"]


@in_world()
async def test_a_right_that_comes_later_is_used(world: World) -> None:
    """What was forbidden is asked for again after a while."""
    world.server.forbidden.append(Forbidden(resource="deployments"))
    task = world.start()
    await asyncio.sleep(60)
    world.server.forbidden.clear()
    cluster = Cluster()
    cluster.wait(600 * SECOND)
    cluster.apply("web")
    await world.play(cluster)
    assert await world.end(task)

    assert differences(world.told, expected(cluster)) == []


@pytest.mark.parametrize("verb", ["list", "discover"])
@in_world()
async def test_a_broken_kind_holds_up_nothing_for_long(world: World, verb: str) -> None:
    """A conversion webhook or an aggregated API that is down fails its own kind for ever."""
    resource = world.server.register(
        group="example.com", version="v1", plural="things", kind="Thing"
    )
    broken = "/apis/example.com/v1" if verb == "discover" else resource
    world.server.fail(UNAVAILABLE, resource=broken, verb=verb)
    cluster = Cluster()
    cluster.wait(100 * SECOND)
    cluster.apply("web")
    owner = {"apiVersion": "example.com/v1", "kind": "Thing", "name": "x", "uid": CLAIM}
    cluster.hand_over(cluster.pods[0], [{**owner, "controller": True}])
    cluster.event(cluster.pods[0], "Touched", "x-controller", "m")
    task = world.start()
    await world.play(cluster)
    await asyncio.sleep(30)
    assert "Touched" not in {received.span.name for received in world.collector.spans}
    assert await world.end(task, after=900)

    assert "Touched" in {received.span.name for received in world.collector.spans}


@in_world()
async def test_with_namespaces_only_these_are_read(world: World) -> None:
    """Roles are enough: no request is for all namespaces but that for the cluster's uid."""
    clusters = [Cluster(seed=number, namespace=name) for number, name in enumerate("abc")]
    for number, cluster in enumerate(clusters):
        cluster.version = number * 1000
        cluster.wait((5 + number * 30) * SECOND)
        cluster.apply("web")
    task = world.start(watch_namespaces="a,b")
    for cluster in clusters:
        await world.play(cluster)
    assert await world.end(task)

    wanted = expected(clusters[0]) | expected(clusters[1])
    assert differences(world.told, wanted) == []
    assert {asked.namespace for asked in world.server.asked("*", "watch")} == {"a", "b"}
    others = [asked for asked in world.server.requests if asked.namespace not in ("a", "b")]
    assert {asked.resource for asked in others} <= {"namespaces"}


@in_world()
async def test_recordings_live_are_recordings_replayed(world: World) -> None:
    """Real captures, written to the API server frame by frame, give the spans of their replay."""
    task = world.start()
    await play_recording(world, "changes")
    assert await world.end(task)

    assert differences(world.told, spans_of(written(world))) == []


def test_times_of_the_recordings_are_the_servers() -> None:
    """What the other tests rest on: `received` follows what the API server wrote."""
    for frame in raw_frames("changes"):
        created = parse_timestamp(frame["object"]["metadata"].get("creationTimestamp")) or 0
        assert float(frame["received"]) >= created
    assert tell(raw_frames("changes"))
