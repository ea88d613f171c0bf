"""Ways in which a watch ends, and what it costs to go on."""

import asyncio
from collections.abc import Awaitable, Callable
from itertools import pairwise

import pytest

from event_tracer.core.frame import Listing
from event_tracer.kube.resources import EVENTS, PODS, Resource
from tests.doubles.apiserver import faults
from tests.doubles.apiserver.faults import Answer
from tests.scenarios.watching import Bench, gaps, on_bench, says

HOUR = 3600.0
Trouble = Callable[[Bench], Awaitable[None]]


GONE = b'{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired"}}'
BOOKMARK = b'{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"9"}}}'
ADDED = b'{"type":"ADDED","object":{"metadata":{"name":"x","resourceVersion":"9"}}}'


@pytest.mark.parametrize("resource", [EVENTS, PODS], ids=["events", "pods"])
@on_bench
async def test_an_end_in_time_costs_one_watch(bench: Bench, resource: Resource) -> None:
    """An hour is one LIST of all, then WATCHes, each at the end of the one before."""
    bench.write("one", resource=resource.name)
    await bench.watch(resource)
    await asyncio.sleep(HOUR)

    assert [asked.verb for asked in bench.server.requests[:2]] == ["list", "watch"]
    watches = bench.since(1, "watch")
    assert {asked.query["limit"] for asked in bench.since(1, "list")} <= {"1"}
    lasted = [float(asked.query["timeoutSeconds"]) for asked in watches]
    assert gaps(watches) == pytest.approx(lasted[:-1], abs=1)
    assert set(bench.told.causes) == {"timeout"}


@pytest.mark.parametrize("end", ["closed", "aborted", "half a line", "a reset connection"])
@on_bench
async def test_an_early_end_is_followed_by_a_probe(bench: Bench, end: str) -> None:
    """The server may be another one now: LIST limit=1, then WATCH from the last version."""
    await bench.watch()
    bench.write("one")
    await asyncio.sleep(30)
    version, start = str(bench.server.revision), len(bench.server.requests)
    match end:
        case "closed":
            bench.server.close_watches()
        case "aborted":
            bench.server.abort_watches()
        case "half a line":
            bench.server.cut("events")
            bench.write("two")
        case _:
            bench.server.cut_connections()
    await asyncio.sleep(10)
    bench.write("three")
    await asyncio.sleep(5)

    probe, stream = bench.since(start)
    assert probe.query == {"limit": "1"}
    assert stream.query["resourceVersion"] == version
    assert len(bench.told.lists) == 1
    assert bench.told.frames == ["one", *(["two"] if end == "half a line" else []), "three"]
    assert bench.told.lost == {}


@on_bench
async def test_errors_are_followed_by_a_probe_until_a_watch_lasts(bench: Bench) -> None:
    """However many fail, each new WATCH is preceded by one."""
    await bench.watch()
    start = len(bench.server.requests)
    bench.server.fail(faults.BROKEN, verb="watch", times=3)
    bench.server.abort_watches()
    await asyncio.sleep(60)

    assert [asked.verb for asked in bench.since(start)] == ["list", "watch"] * 4
    assert {asked.query["limit"] for asked in bench.since(start, "list")} == {"1"}
    assert len(bench.told.lists) == 1


@on_bench
async def test_after_a_watch_that_lasted_there_is_no_probe(bench: Bench) -> None:
    """Trouble is over with an end in time: no WATCH follows on a LIST."""
    await bench.watch()
    bench.server.abort_watches()
    await asyncio.sleep(100)
    start = len(bench.server.requests)
    await asyncio.sleep(HOUR)

    for before, after in pairwise(bench.since(start)):
        assert (before.verb, after.verb) != ("list", "watch") or after.time - before.time > 30


# -- the faces of a stale version


async def _expired_in_stream(bench: Bench) -> None:
    bench.write("other", resource="pods")
    bench.server.compact()
    bench.server.close_watches()


async def _expired_while_it_runs(bench: Bench) -> None:
    bench.server.inject("events", GONE)


async def _restored(bench: Bench) -> None:
    bench.server.restore(bench.server.revision - 1)


def _answers(answer: Answer) -> Trouble:
    async def trouble(bench: Bench) -> None:
        bench.server.fail(answer, verb="watch", times=1)
        bench.server.close_watches()

    return trouble


STALE: dict[str, tuple[str, Trouble]] = {
    "410 in the stream": ("expired", _expired_in_stream),
    "410 in a stream that ran": ("expired", _expired_while_it_runs),
    "HTTP 410": ("expired", _answers(faults.EXPIRED)),
    "an empty 200": ("empty", _answers(faults.empty)),
    "a 200 that is empty a little later": ("empty", _answers(says(after=0.2))),
    "a version of the future": ("restored", _restored),
}


@pytest.mark.parametrize(("cause", "trouble"), STALE.values(), ids=STALE)
@on_bench
async def test_a_stale_version_ends_in_one_list(bench: Bench, cause: str, trouble: Trouble) -> None:
    """At once, and with its cause: nobody sees what happens until then."""
    await bench.watch()
    bench.write("one")
    bench.write("two")
    await asyncio.sleep(30)
    known, start, began = bench.server.revision, len(bench.server.requests), _now()
    await trouble(bench)
    await asyncio.sleep(20)
    bench.write("three")
    await asyncio.sleep(5)

    asked = [one.query for one in bench.since(start)]
    at = asked.index({"limit": "500"})
    times = [began, *(one.time for one in bench.since(start))]
    assert times[at + 1] == pytest.approx(times[at], abs=0.5)
    assert asked.count({"limit": "500"}) == 1
    assert bench.since(start)[-1].verb == "watch"
    listed = bench.told.lists[1:]
    assert [(found.cause, found.learn_only) for found in listed] == [(cause, False)]
    assert listed[0].emitted_up_to == (0 if cause == "restored" else known)
    assert bench.since(start)[-1].query["resourceVersion"] == listed[0].version
    assert bench.told.causes[-1] == cause
    assert bench.told.frames == ["one", "two", "three"]


@on_bench
async def test_an_expired_checkpoint_is_told_as_such(bench: Bench) -> None:
    """The lesson, then a WATCH that says 410, then one LIST with the cause and what was known."""
    known = bench.write("one")
    bench.write("two")
    bench.server.compact()
    await bench.watch(version=str(known))

    version = str(bench.server.revision)
    assert bench.told.lists == [
        Listing(version=version, emitted_up_to=known, learn_only=True),
        Listing(version=version, emitted_up_to=known, cause="expired"),
    ]
    assert bench.told.frames == []


@on_bench
async def test_a_checkpoint_of_the_future_is_seen_in_the_list(bench: Bench) -> None:
    """etcd was restored while nobody ran: no WATCH is begun at a version that says nothing."""
    version = str(bench.write("one"))
    watch = await bench.watch(version="1000")

    assert bench.told.lists == [Listing(version=version, cause="restored")]
    assert [asked.query["resourceVersion"] for asked in bench.since(0, "watch")] == [version]
    assert watch.is_live


FAILS: dict[str, tuple[str, Answer]] = {
    **{f"watch {name}": ("watch", answer) for name, answer in {
        "410": faults.EXPIRED, "empty": faults.empty, "empty a little later": says(after=0.2),
        "410 a little later": says(GONE, after=0.2), "an object, then 410": says(ADDED, GONE),
        "a bookmark, then the end": says(BOOKMARK, after=0.2), "no JSON": says(faults.NO_JSON),
        "an object, then the end": says(ADDED, after=0.2), "a page": faults.LOGIN_PAGE,
        "403": faults.FORBIDDEN, "401": faults.UNAUTHORIZED, "a hang": faults.hang,
        "no body": faults.mute,
    }.items()},
    **{f"all {name}": ("*", answer) for name, answer in {
        "410": faults.EXPIRED, "500": faults.BROKEN, "404": faults.NOT_FOUND,
        "502": faults.BAD_GATEWAY, "a page": faults.LOGIN_PAGE, "empty": faults.empty,
        "a reset": faults.lose,
    }.items()},
}  # fmt: skip


@pytest.mark.parametrize(("verb", "answer"), FAILS.values(), ids=FAILS)
@on_bench
async def test_a_server_that_always_fails_is_asked_ever_less(
    bench: Bench, verb: str, answer: Answer
) -> None:
    """Pauses grow to 30 s: never a storm of requests, and never the last one."""
    bench.server.fail(answer, verb=verb)
    await bench.watch()
    await asyncio.sleep(HOUR)

    assert 10 < len(bench.server.requests) < 450
    last = [asked for asked in bench.server.requests if asked.time > _now() - 600]
    assert 0 < len(last) < 75


@on_bench
async def test_relists_come_with_growing_pauses(bench: Bench) -> None:
    """The first comes at once, as nobody sees what happens; those after it wait."""
    await bench.watch()
    start = len(bench.server.requests)
    bench.server.fail(faults.EXPIRED, verb="watch")
    bench.server.close_watches()
    await asyncio.sleep(HOUR)

    first, *later = gaps(bench.since(start, "list"))
    assert first == pytest.approx(0, abs=0.1)
    assert later[:5] == sorted(later[:5])
    assert later[0] > 0.5
    assert later[-1] > 20


@on_bench
async def test_pauses_begin_anew_after_a_success(bench: Bench) -> None:
    """A watch that lasted is one: the next error waits as little as the first."""
    await bench.watch()
    bench.server.fail(faults.BROKEN, times=8)
    bench.server.abort_watches()
    await asyncio.sleep(200)
    assert len(bench.server.watches) == 1
    bench.server.abort_watches()
    await asyncio.sleep(3)

    assert len(bench.server.watches) == 1


def _now() -> float:
    return asyncio.get_running_loop().time()
