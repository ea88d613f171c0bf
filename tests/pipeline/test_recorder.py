"""`event-tracer record`: what is in a recording, and that it replays as it was live."""

import asyncio
import time

import pytest

from event_tracer.core.filters import REDACTED
from event_tracer.core.frame import holds_event, parse_frame
from event_tracer.core.projection import project
from event_tracer.recording import reader
from tests.doubles.apiserver import faults
from tests.doubles.apiserver.faults import Forbidden
from tests.doubles.apiserver.server import CLUSTER
from tests.doubles.apiserver.store import BUILT_IN
from tests.scenarios.cluster import Cluster
from tests.scenarios.fields import SECOND, Raw, stamp
from tests.scenarios.recorder import lines, recorded, replayed, rollout, written
from tests.scenarios.world import World, differences, expected, in_world

API_VERSIONS = {kind.resource: kind.api_version for kind in BUILT_IN}
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
ROLLOUT: Raw = {"kind": "Rollout", "name": "canary", "uid": "6f1c1b9e-0c5b-4d0e-9a51-000000000001"}


def whole(raw: Raw) -> Raw:
    """A frame as it comes where objects are read whole."""
    names = {"kind": raw["kind"], "apiVersion": API_VERSIONS[raw["resource"]]}
    return {**raw, "object": {**raw["object"], **names}}


@in_world()
async def test_all_of_a_clusters_life_is_written_in_order(world: World) -> None:
    """HEADER, the Namespace whose uid is the cluster's, then every frame once; Events whole."""
    cluster = rollout()
    header, namespace, *frames = lines(await recorded(world, world.play(cluster)))

    assert header == {"type": "HEADER", "version": reader.VERSION}
    assert namespace["resource"] == "namespaces"
    assert namespace["object"]["metadata"]["uid"] == CLUSTER
    assert written(frames) == written(cluster.frames)
    for frame, raw in zip(frames, cluster.frames, strict=True):
        kept = raw["object"] if holds_event(raw) else project(raw["object"])
        assert frame["kind"] == raw["kind"]
        assert frame["object"]["metadata"] == kept["metadata"]
        assert parse_frame(frame).body == parse_frame(whole(raw)).body


@in_world()
async def test_each_frame_says_when_it_was_received(world: World) -> None:
    """By this machine's clock, in ns; it only rises."""
    begun = time.time_ns()
    _, *frames = lines(await recorded(world, world.play(rollout())))
    received = [frame["received"] for frame in frames]

    assert received == sorted(received)
    assert begun <= received[0] < received[-1] <= time.time_ns()


@in_world()
async def test_objects_that_were_there_say_so(world: World) -> None:
    """Law 11: what their status dates an hour before the LIST is not news to a replay."""
    cluster = rollout()
    life = asyncio.create_task(world.play(cluster))
    await asyncio.sleep(75)
    begun = world.server.now()
    found = lines(await recorded(world, asyncio.wait_for(life, None)))
    objects = [line for line in found[2:] if line["resource"] != "events"]
    listed = [line["told_since"] / SECOND for line in objects if "told_since" in line]

    assert listed
    assert all(abs(since - (begun - 3600)) <= 2 for since in listed)
    assert all("told_since" in line for line in objects[: len(listed)])
    assert not any("told_since" in line for line in found if line.get("resource") == "events")


@pytest.mark.parametrize("after", [0, 25, 75, 150])
@in_world()
async def test_a_replay_tells_what_a_run_told(world: World, after: float) -> None:
    """Begun at the same second, be it amid a life, both give the same spans, byte for byte."""
    life = asyncio.create_task(world.play(rollout()))
    await asyncio.sleep(after)
    bridge = world.start()

    async def both() -> None:
        await life
        assert await world.end(bridge)

    path = await recorded(world, both())
    assert differences(replayed(path), world.told) == []
    assert world.told


@in_world()
async def test_a_replay_tells_what_the_fold_makes_of_the_life(world: World) -> None:
    """With the cluster's uid in every id, which nobody has to tell the replay."""
    cluster = rollout(seed=1)
    path = await recorded(world, world.play(cluster))
    assert differences(replayed(path), expected(cluster)) == []


@in_world()
async def test_what_kubectl_last_applied_is_left_out(world: World) -> None:
    """It may hold what a Secret holds; other annotations stay."""
    cluster = Cluster()
    cluster.wait(5 * SECOND)
    cluster.apply("web")
    for frame in cluster.frames:
        if frame["resource"] == "deployments":
            noted = {LAST_APPLIED: '{"password": "hunter2"}', "team": "shop"}
            frame["object"]["metadata"]["annotations"] = noted
    path = await recorded(world, world.play(cluster))
    deployments = [line for line in lines(path) if line.get("resource") == "deployments"]

    assert b"hunter2" not in path.read_bytes()
    assert [line["object"]["metadata"]["annotations"] for line in deployments] == [
        {"team": "shop"} for frame in cluster.frames if frame["resource"] == "deployments"
    ]


@in_world()
async def test_messages_are_redacted(world: World) -> None:
    """What --redact matches is in none; the rest is as it was."""
    cluster = Cluster()
    cluster.wait(5 * SECOND)
    cluster.apply("web")
    pod = cluster.pods[0]
    cluster.event(pod, "Failed", "kubelet", "mail jo@example.org or al@example.org, soon")
    path = await recorded(world, world.play(cluster), redact=[r"[\w.]+@[\w.]+", "soon"])

    said = [line["object"].get("message") for line in lines(path)[1:]]
    plain = [frame["object"].get("message") for frame in cluster.frames]
    assert said[1:-1] == plain[:-1]
    assert said[-1] == f"mail {REDACTED} or {REDACTED}, {REDACTED}"


def _of_a_rollout() -> Cluster:
    """A life whose ReplicaSets belong to a custom owner."""
    cluster = rollout()
    reference = {"apiVersion": "argoproj.io/v1alpha1", "controller": True, **ROLLOUT}
    for frame in cluster.frames:
        if frame["resource"] == "replicasets":
            frame["object"]["metadata"]["ownerReferences"] = [reference]
    return cluster


@in_world()
async def test_owners_of_custom_kinds_are_in_it(world: World) -> None:
    """They are watched once an object names one, and are roots of the replay's traces."""
    resource = world.server.register(
        group="argoproj.io", version="v1alpha1", plural="rollouts", kind="Rollout"
    )
    meta = {**ROLLOUT, "namespace": "shop", "creationTimestamp": "2026-11-20T08:00:00Z"}
    del meta["kind"]
    world.server.write({"type": "ADDED", "resource": resource, "object": {"metadata": meta}})
    bridge = world.start()

    async def both() -> None:
        await world.play(_of_a_rollout())
        assert await world.end(bridge)

    path = await recorded(world, both())
    (found,) = [line for line in lines(path) if line.get("resource") == resource]

    assert (found["kind"], found["object"]["metadata"]["uid"]) == ("Rollout", ROLLOUT["uid"])
    assert b"Rollout canary" in b"".join(replayed(path).values())
    assert differences(replayed(path), world.told) == []


NODE: Raw = {"name": "node-1", "uid": "6f1c1b9e-0c5b-4d0e-9a51-000000000002"}


def _claimed_and_ready(cluster: Cluster) -> None:
    """Events about what no watch brings: a claim, by its uid, and a Node, by its name."""
    claim = cluster.claim("data")
    cluster.wait(3 * SECOND)
    bound = cluster.event(claim, "ProvisioningSucceeded", "provisioner", "provisioned volume pv-1")
    bound["involvedObject"]["apiVersion"] = "v1"
    about = {"name": NODE["name"], "namespace": "", "uid": NODE["name"], "resourceVersion": "1"}
    cluster.event({"_kind": "Node", "metadata": about}, "NodeReady", "kubelet", "node-1 is ready")


@in_world()
async def test_what_only_a_get_can_tell_is_in_it(world: World) -> None:
    """The metadata of a claim and of a Node, once each, so that a replay dates them as a run."""
    cluster = Cluster()
    meta = {**NODE, "creationTimestamp": stamp(cluster.now - 60 * SECOND)}
    world.server.write({"type": "ADDED", "resource": "nodes", "object": {"metadata": meta}})
    cluster.wait(10 * SECOND)
    _claimed_and_ready(cluster)
    cluster.wait(10 * SECOND)
    cluster.event(cluster.objects["persistentvolumeclaims", "data"], "Resizing", "resizer", "")
    bridge = world.start()

    async def both() -> None:
        await world.play(cluster)
        assert await world.end(bridge)

    path = await recorded(world, both())
    found = {
        line["resource"]: line["object"]["metadata"]["name"]
        for line in lines(path)[2:]
        if line["resource"] != "events"
    }

    assert found == {"nodes": "node-1", "persistentvolumeclaims": "data"}
    assert differences(replayed(path), world.told) == []


@pytest.mark.parametrize("late", ["namespaces", "pods", "deployments"])
@in_world()
async def test_events_come_after_what_they_are_about(world: World, late: str) -> None:
    """However slow a LIST is: all objects there were, and the cluster, precede the first Event."""
    cluster = Cluster()
    cluster.apply("web")
    for frame in cluster.frames:
        world.server.write(frame)
    world.server.fail(faults.slow(20), resource=late)
    found = lines(await recorded(world, asyncio.sleep(60)))
    resources = [frame["resource"] for frame in found[1:]]
    objects = resources[: resources.index("events")]

    assert sorted(objects) == ["deployments", "namespaces", "pods", "replicasets"]
    assert set(resources[len(objects) :]) == {"events"}


@pytest.mark.parametrize("denied", ["pods", "replicasets", "namespaces", "persistentvolumeclaims"])
@in_world()
async def test_what_may_not_be_read_stops_nothing_else(world: World, denied: str) -> None:
    """403 for one resource: all the others are written, Events too."""
    world.server.forbidden.append(Forbidden(resource=denied))
    cluster = rollout()
    cluster.wait(5 * SECOND)
    _claimed_and_ready(cluster)
    found = lines(await recorded(world, world.play(cluster)))

    for resource in {"events", "pods", "replicasets", "deployments"} - {denied}:
        assert written(found, resource) == written(cluster.frames, resource)
    assert written(found, denied) == []


@in_world()
async def test_namespaces_alone_take_no_more_rights(world: World) -> None:
    """--watch-namespaces shop: what happens elsewhere is not in it, nor asked for."""
    world.server.forbidden += [Forbidden(namespace=""), Forbidden(namespace="[!s]*")]
    shop, other = rollout(), rollout(seed=7)
    for frame in other.frames:
        frame["object"]["metadata"]["namespace"] = "other"

    async def life() -> None:
        await asyncio.gather(world.play(other), world.play(shop))

    found = lines(await recorded(world, life(), namespaces=["shop"]))
    named = {frame["object"]["metadata"]["namespace"] for frame in found[1:]}
    assert named == {"shop"}
    assert len(found) == 1 + len(shop.frames)
