"""What a watch asks of the API server, and how a LIST comes in."""

import asyncio

import pytest
from aiohttp import web

from event_tracer.core.frame import Listing
from event_tracer.kube.resources import EVENTS, PODS, WORKLOADS, Resource
from tests.doubles.apiserver.client import PARTIAL, PARTIALS
from tests.doubles.apiserver.wire import said
from tests.scenarios.watching import Bench, on_bench

JOBS = next(resource for resource in WORKLOADS if resource.plural == "jobs")


@on_bench
async def test_events_are_listed_page_by_page_then_watched(bench: Bench) -> None:
    """LIST with limit 500 and `continue`; WATCH from the list's resourceVersion; whole Events."""
    wanted = [f"event-{number:04}" for number in range(1100)]
    for name in wanted:
        bench.write(name)
    at = str(bench.server.revision)
    watch = await bench.watch()

    first, second, third, stream = bench.server.requests
    assert first.query == {"limit": "500"}
    assert second.query.keys() == third.query.keys() == {"limit", "continue"}
    assert stream.query.keys() == {
        "watch", "resourceVersion", "timeoutSeconds", "allowWatchBookmarks",
    }  # fmt: skip
    assert stream.verb == "watch"
    assert stream.query["resourceVersion"] == at == watch.version
    assert stream.query["allowWatchBookmarks"] == "true"
    assert [len(page) for page in bench.told.pages] == [500, 500, 100]
    assert bench.told.names == wanted
    assert bench.told.lists == [Listing(version=at)]
    assert {asked.path for asked in bench.server.requests} == {"/api/v1/events"}
    assert {asked.headers["accept"] for asked in bench.server.requests} == {"application/json"}


@on_bench
async def test_watches_end_before_compaction_and_not_all_at_once(bench: Bench) -> None:
    """timeoutSeconds is about 180, well below etcd's 5 minutes of history, with a jitter."""
    await bench.watch()
    await asyncio.sleep(3600)

    asked = [int(asked.query["timeoutSeconds"]) for asked in bench.since(0, "watch")]
    assert all(160 <= seconds <= 200 for seconds in asked)
    assert len(set(asked)) > 5


@pytest.mark.parametrize(
    ("resource", "path"),
    [
        (PODS, "/api/v1/namespaces/shop/pods"),
        (JOBS, "/apis/batch/v1/namespaces/shop/jobs"),
        (EVENTS, "/api/v1/namespaces/shop/events"),
    ],
    ids=lambda value: getattr(value, "plural", None),
)
@on_bench
async def test_a_namespace_is_asked_for_alone(bench: Bench, resource: Resource, path: str) -> None:
    """A Role is enough: every request, the probe too, is for the namespace."""
    await bench.watch(resource, namespace="shop")
    bench.server.abort_watches()
    await asyncio.sleep(10)

    assert [asked.verb for asked in bench.server.requests] == ["list", "watch"] * 2
    assert {asked.path for asked in bench.server.requests} == {path}


@on_bench
async def test_of_all_else_only_the_metadata_is_read(bench: Bench) -> None:
    """PartialObjectMetadataList for LISTs, PartialObjectMetadata for WATCHes; else plain JSON."""
    bench.write("web", resource="pods")
    await bench.watch(PODS)
    bench.server.abort_watches()
    await asyncio.sleep(10)

    lists = {asked.headers["accept"] for asked in bench.since(0, "list")}
    watches = {asked.headers["accept"] for asked in bench.since(0, "watch")}
    assert lists == {f"{PARTIALS}, application/json;q=0.9"}
    assert watches == {f"{PARTIAL}, application/json;q=0.9"}
    assert bench.told.names == ["web"]


@on_bench
async def test_what_is_read_whole_says_what_it_is(bench: Bench) -> None:
    """An item of a PodList names neither kind nor apiVersion; a WATCH's object does."""
    bench.write("web", resource="pods")
    await bench.watch(PODS, is_whole=True)
    bench.write("db", resource="pods")
    await asyncio.sleep(5)

    asked = bench.since(0)
    assert [one.verb for one in asked] == ["list", "watch"]
    assert {one.headers["accept"] for one in asked} == {"application/json"}
    assert [bench.told.names, bench.told.frames] == [["web"], ["db"]]
    assert bench.told.types == [("Pod", "v1")] * 2


@on_bench
async def test_a_list_of_nothing_may_be_null(bench: Bench) -> None:
    """A PartialObjectMetadataList of nothing has `items: null`: the watch goes on from it."""
    watch = await bench.watch(JOBS)
    bench.write("tick", resource="jobs")
    await asyncio.sleep(1)

    assert bench.told.pages == [[]]
    assert bench.told.frames == ["tick"]
    assert watch.is_live


@on_bench
async def test_items_that_are_no_objects_are_counted(bench: Bench) -> None:
    """They stop neither the page nor the watch."""

    async def answer(_: web.BaseRequest) -> web.StreamResponse:
        items = [5, None, {"metadata": "none"}, {}, {"metadata": {"name": "good"}}]
        return said({"metadata": {"resourceVersion": "1"}, "items": items})

    bench.server.fail(answer, verb="list", times=1)
    watch = await bench.watch()

    assert bench.told.names == ["good"]
    assert bench.told.lost == {"malformed": 4}
    assert watch.is_live


@on_bench
async def test_a_list_whose_history_goes_begins_again(bench: Bench) -> None:
    """410 on `continue`: the pages so far are void, and the whole LIST comes at once."""

    async def compact(_: web.BaseRequest) -> None:
        bench.write("event-9999")
        bench.server.compact()

    for number in range(700):
        bench.write(f"event-{number:04}")
    bench.server.fail(compact, verb="continue", times=1)
    await bench.watch()

    assert [asked.verb for asked in bench.server.requests] == [
        "list", "continue", "list", "continue", "watch",
    ]  # fmt: skip
    assert bench.told.begun == 2
    assert len(bench.told.names) == 701
    assert bench.told.lists == [Listing(version=str(bench.server.revision))]
    assert bench.told.causes == ["expired"]
    assert bench.server.requests[2].time == bench.server.requests[1].time


@on_bench
async def test_a_list_of_the_present_only_says_so(bench: Bench) -> None:
    """`from_now`: all of the first LIST counts as known."""
    at = bench.write("old")
    await bench.watch(from_now=True)
    bench.write("new")
    await asyncio.sleep(1)

    assert bench.told.lists == [Listing(version=str(at), emitted_up_to=at)]
    assert bench.told.frames == ["new"]


# -- beginning where an earlier run ended


@on_bench
async def test_events_from_a_checkpoint_are_a_lesson_then_a_watch(bench: Bench) -> None:
    """The LIST is of now and only teaches; the WATCH brings what is above the checkpoint."""
    known = bench.write("one")
    bench.write("two")
    watch = await bench.watch(version=str(known))

    first, stream = bench.server.requests
    assert first.query == {"limit": "500"}
    assert stream.query["resourceVersion"] == str(known)
    assert bench.told.names == ["one", "two"]
    version = str(bench.server.revision)
    assert bench.told.lists == [Listing(version=version, emitted_up_to=known, learn_only=True)]
    assert bench.told.frames == ["two"]
    assert watch.version == version


@on_bench
async def test_metadata_is_listed_as_it_was_at_the_checkpoint(bench: Bench) -> None:
    """resourceVersionMatch=Exact, so that changes since then come frame by frame."""
    at = bench.write("one", resource="pods")
    bench.write("two", resource="pods")
    await bench.watch(PODS, version=str(at))

    first, stream = bench.server.requests
    exact = {"limit": "500", "resourceVersion": str(at), "resourceVersionMatch": "Exact"}
    assert first.query == exact
    assert stream.query["resourceVersion"] == str(at)
    assert bench.told.names == ["one"]
    assert bench.told.lists == [Listing(version=str(at), emitted_up_to=at, learn_only=True)]
    assert bench.told.frames == ["two"]


@pytest.mark.parametrize("ahead", [0, 100], ids=["compacted", "of the future"])
@on_bench
async def test_metadata_of_a_version_that_is_gone_is_listed_as_it_is(
    bench: Bench, ahead: int
) -> None:
    """410 and 504 for the exact version: the newest at once, with the cause."""
    known = bench.write("one", resource="pods") + ahead
    bench.write("two", resource="pods")
    bench.server.compact()
    version = str(bench.server.revision)
    await bench.watch(PODS, version=str(known))

    _, second, stream = bench.server.requests
    assert second.query == {"limit": "500"}
    assert stream.query["resourceVersion"] == version
    assert bench.told.names == ["one", "two"]
    restored = Listing(version=version, cause="restored")
    expired = Listing(version=version, emitted_up_to=known, cause="expired")
    assert bench.told.lists == [restored if ahead else expired]
    assert bench.told.causes == []


@on_bench
async def test_a_version_that_is_none_is_not_used(bench: Bench) -> None:
    """A checkpoint with nonsense in it: a LIST of now."""
    bench.write("one")
    watch = await bench.watch(version="nonsense")

    assert bench.told.lists == [Listing(version=str(bench.server.revision))]
    assert watch.is_live
