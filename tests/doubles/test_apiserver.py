"""The API server of the tests lists, watches and writes as a real one."""

import asyncio
import json

import aiohttp
import pytest

from tests.doubles.apiserver.client import (
    EVENTS,
    PARTIAL,
    PARTIALS,
    Client,
    deployed,
    event,
    names,
    with_server,
)
from tests.doubles.apiserver.faults import Forbidden
from tests.doubles.apiserver.server import CLUSTER
from tests.scenarios.fields import Raw

# -- reading


@with_server
async def test_a_list_is_one_snapshot(client: Client) -> None:
    """All pages show one revision, in the order of keys, whatever is written meanwhile."""
    whole = await client.get(EVENTS)
    page = await client.get(EVENTS, limit=3)
    seen = names(page)
    while token := page["metadata"].get("continue"):
        client.server.write(event(f"a-{len(seen)}"))
        page = await client.page(EVENTS, token, limit=3)
        assert page["metadata"]["resourceVersion"] == whole["metadata"]["resourceVersion"]
        seen += names(page)
    assert seen == names(whole) == sorted(seen)
    asked = client.server.asked("events", "continue")
    assert len(asked) == (len(seen) - 1) // 3


@with_server
async def test_an_old_revision_can_be_listed_until_it_is_compacted(client: Client) -> None:
    """resourceVersionMatch=Exact, and 410 thereafter; 504 for the future."""
    before = await client.get(EVENTS)
    at = client.server.revision
    old: Raw = {"resourceVersion": at, "resourceVersionMatch": "Exact"}
    client.server.write(event("new"))
    assert await client.get(EVENTS, **old) == before
    token = (await client.get(EVENTS, limit=1))["metadata"]["continue"]
    client.server.write(event("newer"))
    client.server.compact()
    assert await client.get(EVENTS, **old) == 410
    assert await client.page(EVENTS, token) == 410
    assert await client.get(EVENTS, resourceVersion=client.server.revision + 1) == 504


@with_server
async def test_metadata_alone(client: Client) -> None:
    """PartialObjectMetadata for an object and a watch, …List for a LIST, and 406 crosswise."""
    pods = await client.get("/api/v1/namespaces/shop/pods", accept=PARTIALS)
    assert {item["kind"] for item in pods["items"]} == {"PartialObjectMetadata"}
    path = f"/api/v1/namespaces/shop/pods/{names(pods)[0]}"
    assert await client.get(path, accept=PARTIAL) == pods["items"][0]
    assert (await client.get(path))["kind"] == "Pod"
    assert (await client.get("/apis/batch/v1/jobs", accept=PARTIALS))["items"] is None
    assert (await client.get("/apis/batch/v1/jobs"))["items"] == []
    assert await client.get("/api/v1/pods", accept=PARTIAL) == 406
    assert await client.get(path, accept=PARTIALS) == 406
    frames = await client.frames("/api/v1/pods", 1, accept=PARTIAL, timeoutSeconds=1)
    assert {frame["object"]["kind"] for frame in frames} == {"PartialObjectMetadata"}


@with_server
async def test_discovery(client: Client) -> None:
    """Groups, resources, custom ones too; other paths are no Status."""
    server = client.server
    resource = server.register(
        group="argoproj.io", version="v1alpha1", plural="rollouts", kind="Rollout"
    )
    frame = {"type": "ADDED", "resource": resource, "object": {"metadata": {"name": "x"}}}
    server.write(frame)
    groups = await client.get("/apis")
    assert {group["name"] for group in groups["groups"]} >= {"apps", "batch", "argoproj.io"}
    found = await client.get("/apis/argoproj.io/v1alpha1")
    assert ("rollouts", "Rollout") in {(r["name"], r["kind"]) for r in found["resources"]}
    assert names(await client.get("/apis/argoproj.io/v1alpha1/rollouts")) == ["x"]
    assert "events" in {r["name"] for r in (await client.get("/api/v1"))["resources"]}
    assert await client.get("/apis/none/v1") == 404
    kube_system = await client.get("/api/v1/namespaces/kube-system")
    assert kube_system["metadata"]["uid"] == CLUSTER
    assert (await client.get("/version"))["minor"] == "34"


# -- watching


@with_server
async def test_a_watch_is_exclusive_and_goes_on(client: Client) -> None:
    """It starts above its resourceVersion, with the history, and tells what is new."""
    since = client.server.revision
    first = client.server.write(event("one"))
    async with client.watch(EVENTS, since) as lines:
        assert _version(await lines.readline()) == first
        second = client.server.write(event("two"))
        assert _version(await lines.readline()) == second
        assert len(client.server.watches) == 1
    assert [frame["object"]["metadata"]["name"] for frame in
            await client.frames(EVENTS, first, timeoutSeconds=60)] == ["two"]  # fmt: skip
    assert client.server.watches == []


def _version(line: bytes) -> int:
    return int(json.loads(line)["object"]["metadata"]["resourceVersion"])


@with_server
async def test_frames_keep_their_versions(client: Client) -> None:
    """A cluster on paper and the server count alike."""
    cluster = deployed()
    wanted = [int(f["object"]["metadata"]["resourceVersion"]) for f in cluster.frames]
    assert [write.revision for write in client.server.store.history[1:]] == wanted
    assert client.server.write(event("old", version=7)) == wanted[-1] + 1


@with_server
async def test_a_watch_ends_after_its_timeout_and_bookmarks_only_metadata(client: Client) -> None:
    """A bookmark each minute and just before the end; none for events."""
    loop, now = asyncio.get_running_loop(), client.server.revision
    since = loop.time()
    asked = {"timeoutSeconds": 200, "allowWatchBookmarks": "true"}
    frames = await client.frames("/api/v1/pods", now, **asked)
    assert [frame["type"] for frame in frames] == ["BOOKMARK"] * 4
    assert frames[0]["object"]["metadata"]["resourceVersion"] == str(now)
    assert await client.frames(EVENTS, now, **asked) == []
    assert loop.time() - since == pytest.approx(400, abs=1)


@with_server
async def test_a_compacted_watch_ends_in_its_stream(client: Client) -> None:
    """HTTP 200, and then ERROR 410."""
    client.server.compact()
    [frame] = await client.frames(EVENTS, client.server.revision - 1)
    assert (frame["type"], frame["object"]["code"]) == ("ERROR", 410)
    assert await client.frames(EVENTS, client.server.revision, timeoutSeconds=1) == []


@with_server
async def test_a_restored_etcd_counts_again(client: Client) -> None:
    """State and counter go back, watches end; one from what has never been is silent."""
    back, whole = client.server.revision, await client.get(EVENTS)
    for name in ("one", "two"):
        client.server.write(event(name))
    ahead = client.server.revision
    async with client.watch(EVENTS, ahead) as lines:
        client.server.restore(back)
        with pytest.raises(aiohttp.ClientError):
            await lines.readline()
    assert await client.get(EVENTS) == whole
    async with client.watch(EVENTS, ahead) as lines:
        assert client.server.write(event("other")) == back + 1
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(lines.readline(), 100)


# -- writing


@with_server
async def test_a_config_map_is_written_by_one_at_a_time(client: Client) -> None:
    """201, 409 for one that is there, 409 for a stale version, 404 for none."""
    path = "/api/v1/namespaces/ops/configmaps"
    meta = {"name": "checkpoint"}
    code, made = await client.send("POST", path, {"metadata": meta, "data": {"n": "1"}})
    assert (code, made["data"]) == (201, {"n": "1"})
    assert (await client.send("POST", path, {"metadata": meta}))[1]["reason"] == "AlreadyExists"
    newer = {**made, "data": {"n": "2"}}
    assert (await client.send("PUT", f"{path}/checkpoint", newer))[0] == 200
    assert (await client.send("PUT", f"{path}/checkpoint", newer))[1]["reason"] == "Conflict"
    assert (await client.get(f"{path}/checkpoint"))["data"] == {"n": "2"}
    assert await client.get(f"{path}/other") == 404
    large = {"metadata": {"name": "large"}, "data": {"n": "x" * 1_100_000}}
    assert (await client.send("POST", path, large))[0] == 422


@with_server
async def test_rights(client: Client) -> None:
    """What is forbidden is refused, and reviewed so; all at once is another right than one."""
    client.server.forbidden.append(Forbidden(resource="pods", namespace=""))
    assert await client.get("/api/v1/pods") == 403
    assert names(await client.get("/api/v1/namespaces/shop/pods"))
    path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
    for namespace, allowed in (("", False), ("shop", True)):
        about = {"verb": "list", "resource": "pods", "namespace": namespace}
        body = {"spec": {"resourceAttributes": about}}
        _, said = await client.send("POST", path, body)
        assert said["status"]["allowed"] is allowed
    client.server.tokens = {"new"}
    assert await client.get("/version") == 401
