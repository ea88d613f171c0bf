"""The states of a watch: live, given up, paused."""

import asyncio

import pytest

from event_tracer.kube.resources import EVENTS, PODS, RESOURCES, Resource
from event_tracer.kube.stream import TOGETHER
from tests.doubles.apiserver import faults
from tests.scenarios.watching import Bench, gaps, on_bench, until

LIVE, BEHIND = (True, False), (False, False)
BOTH = pytest.mark.parametrize("resource", [EVENTS, PODS], ids=["events", "pods"])


def now() -> float:
    """The loop's time."""
    return asyncio.get_running_loop().time()


@BOTH
@on_bench
async def test_after_a_list_of_the_present_it_is_live(bench: Bench, resource: Resource) -> None:
    """There is nothing to catch up with once the WATCH is open, and not before."""
    bench.write("one", resource=resource.plural)
    bench.server.fail(faults.slow(8), verb="watch", times=1)
    watch = await bench.watch(resource)
    assert not watch.is_live
    await asyncio.sleep(4)

    assert watch.is_live
    assert bench.told.standings == [LIVE]


@on_bench
async def test_an_end_in_time_is_hardly_noticed(bench: Bench) -> None:
    """Behind for a moment, until the next watch has been quiet for as long."""
    watch = await bench.watch()
    await asyncio.sleep(150)
    await until(lambda: not watch.is_live)
    behind = now()
    await until(lambda: watch.is_live)

    assert now() - behind < 1
    assert bench.told.standings == [LIVE, BEHIND, LIVE]


@on_bench
async def test_a_lost_connection_is_behind_until_caught_up(bench: Bench) -> None:
    """All the time that the server is away, and until what it missed has been read."""
    watch = await bench.watch()
    await bench.server.stop()
    await asyncio.sleep(60)
    assert not watch.is_live
    for name in ("one", "two"):
        bench.write(name)
    await bench.server.start()
    await until(lambda: watch.is_live)

    assert bench.told.frames == ["one", "two"]
    assert bench.told.standings == [LIVE, BEHIND, LIVE]


@on_bench
async def test_a_frame_of_now_shows_that_it_is_live(bench: Bench) -> None:
    """What was written after the WATCH was opened comes last: no silence is waited for."""
    watch = await bench.watch()
    bench.server.abort_watches()
    await until(lambda: not watch.is_live and len(bench.server.watches) == 1)
    await asyncio.sleep(1.1)  # times of the API server are whole seconds
    bench.write("new")
    await asyncio.sleep(0.1)

    assert watch.is_live


@on_bench
async def test_frames_of_the_past_do_not(bench: Bench) -> None:
    """While they come, and no two seconds are silent, there may be more."""
    watch = await bench.watch()
    bench.server.abort_watches()
    await asyncio.sleep(0.1)
    clock, stopped = bench.server.now, bench.server.now()
    for number in range(20):
        bench.server.now = lambda: stopped
        bench.write(f"old-{number}")
        bench.server.now = clock
        await asyncio.sleep(1)
        assert not watch.is_live
    await asyncio.sleep(3)

    assert watch.is_live
    assert len(bench.told.frames) == 20


@on_bench
async def test_what_the_list_has_shown_must_come_first(bench: Bench) -> None:
    """After a lesson silence is no sign: the LIST's newest must have been read by the WATCH."""
    known = bench.write("one")
    bench.write("two")
    bench.server.fail(faults.mute, verb="watch", times=1)
    watch = await bench.watch(version=str(known))
    await asyncio.sleep(120)
    assert not watch.is_live
    await asyncio.sleep(200)

    assert bench.told.frames == ["two"]
    assert watch.is_live
    assert bench.told.standings == [LIVE]


# -- silence


@on_bench
async def test_a_silent_watch_of_metadata_is_given_up(bench: Bench) -> None:
    """A cached resource has a bookmark each minute: without one the connection is dead."""
    await bench.watch(PODS)
    bench.server.silence()
    began = now()
    bench.write("web", resource="pods")
    await asyncio.sleep(150)

    probe, _ = bench.since(2)
    assert 60 < probe.time - began < 130
    assert bench.told.frames == ["web"]


@on_bench
async def test_a_quiet_watch_of_metadata_is_not_given_up(bench: Bench) -> None:
    """Bookmarks are enough."""
    bench.write("web", resource="pods")
    await bench.watch(PODS)
    await asyncio.sleep(150)

    assert len(bench.server.requests) == 2
    assert bench.told.causes == []


@on_bench
async def test_a_resource_without_any_object_is_quiet(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    """Where nothing happens there are no bookmarks (cache_watcher.go): an hour is no trouble."""
    watch = await bench.watch(RESOURCES["CronJob"])
    await asyncio.sleep(3600)

    assert bench.told.causes[0] == "silent"
    assert set(bench.told.causes[1:]) == {"timeout"}
    assert len(bench.told.lists) == 1
    assert watch.retry.last_error == ""
    assert [record for record in caplog.records if record.levelname != "INFO"] == []
    bench.write("nightly", resource="cronjobs")
    await asyncio.sleep(1)
    assert bench.told.frames == ["nightly"]


@on_bench
async def test_what_was_quiet_and_is_dead_is_given_up_in_the_end(bench: Bench) -> None:
    """Once its end is overdue; nothing is lost meanwhile."""
    await bench.watch(RESOURCES["CronJob"])
    await asyncio.sleep(200)
    bench.server.silence()
    bench.write("nightly", resource="cronjobs")
    await asyncio.sleep(250)

    assert bench.told.frames == ["nightly"]
    assert bench.told.causes == ["silent", "error"]


@on_bench
async def test_a_silent_watch_of_events_is_given_up_after_its_time(bench: Bench) -> None:
    """Events have no bookmarks: silence is dead only once the end is overdue."""
    await bench.watch()
    bench.server.silence()
    bench.write("one")
    await asyncio.sleep(400)

    stream, _, probe = bench.server.requests[1:4]
    late = probe.time - stream.time - int(stream.query["timeoutSeconds"])
    assert 0 < late < 30
    assert bench.told.frames == ["one"]


# -- room


@on_bench
async def test_a_full_reader_closes_the_watch(bench: Bench) -> None:
    """The API server keeps what comes; the watch resumes from the last version that was read."""
    bench.told.most = 3
    watch = await bench.watch()
    wanted = [f"event-{number}" for number in range(8)]
    versions = []
    for name in wanted:
        versions.append(bench.write(name))
        await asyncio.sleep(0.1)
    await asyncio.sleep(5)
    assert bench.told.frames == wanted[:3]
    assert bench.told.causes == ["paused"]
    assert bench.server.watches == []
    assert (watch.is_paused, watch.is_live) == (True, False)
    start = len(bench.server.requests)
    await asyncio.sleep(600)
    assert len(bench.server.requests) == start

    bench.told.most = None
    await asyncio.sleep(5)
    assert not watch.is_paused
    assert bench.told.frames == wanted
    asked = bench.since(start, "watch")
    assert [one.query["resourceVersion"] for one in asked] == [str(versions[2])]
    await asyncio.sleep(5)
    assert watch.is_live


@on_bench
async def test_a_reader_that_is_full_again_and_again_loses_nothing(bench: Bench) -> None:
    """Each of many pauses goes on where the one before ended; none is an error with a pause."""
    bench.told.most = 1
    await bench.watch()
    wanted = [f"event-{number}" for number in range(50)]
    for most, name in enumerate(wanted, start=2):
        bench.write(name)
        await asyncio.sleep(1)
        bench.told.most = most
    await asyncio.sleep(5)

    assert bench.told.frames == wanted
    assert set(bench.told.causes) == {"paused"}
    assert len(bench.told.causes) > 40
    assert max(gaps(bench.since(2, "watch"))) < 3


@on_bench
async def test_what_comes_at_once_is_taken_together(bench: Bench) -> None:
    """A reader is asked for room after each few dozen frames, and what it has taken counts."""
    bench.told.most = 1
    watch = await bench.watch()
    wanted = [f"event-{number}" for number in range(300)]
    versions = [bench.write(name) for name in wanted]
    await asyncio.sleep(5)

    taken = len(bench.told.frames)
    assert 1 <= taken <= TOGETHER
    assert bench.told.frames == wanted[:taken]
    assert (watch.is_paused, watch.version) == (True, str(versions[taken - 1]))

    bench.told.most = None
    await asyncio.sleep(5)
    assert bench.told.frames == wanted


@on_bench
async def test_history_that_goes_during_a_pause_is_a_gap(bench: Bench) -> None:
    """The resumed watch is told 410, the LIST that follows says what was known."""
    bench.told.most = 1
    await bench.watch()
    known = bench.write("one")
    await asyncio.sleep(5)
    bench.write("two")
    bench.server.compact()
    bench.told.most = None
    await asyncio.sleep(10)

    assert [(listed.cause, listed.emitted_up_to) for listed in bench.told.lists[1:]] == [
        ("expired", known)
    ]
    assert bench.told.names == ["one", "two"]
