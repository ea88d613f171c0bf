"""Watches of what nothing happens to, while etcd forgets: silence is no failure."""

import asyncio
import json
from collections.abc import Callable

import pytest
from aiohttp import web

from event_tracer.kube.resources import EVENTS, PODS, RESOURCES, Resource
from tests.doubles.apiserver import faults
from tests.doubles.apiserver.faults import Answer
from tests.doubles.apiserver.wire import Asked
from tests.scenarios.fields import Raw
from tests.scenarios.watching import Bench, on_bench, says, until

HOUR = 3600.0


@pytest.mark.parametrize("resource", [EVENTS, PODS, RESOURCES["CronJob"]], ids=lambda it: it.name)
@on_bench
async def test_a_quiet_hour_is_no_trouble(
    bench: Bench, resource: Resource, caplog: pytest.LogCaptureFixture
) -> None:
    """The version does not expire, though others write and etcd keeps ten minutes at most."""
    if resource.kind != "CronJob":  # of which there is none, and so no bookmark
        bench.write("one", resource=resource.name)
    await bench.watch(resource)
    idle = asyncio.create_task(bench.server.idle(), name="idle")
    await asyncio.sleep(HOUR)
    idle.cancel()
    bench.write("two", resource=resource.name)
    await asyncio.sleep(1)

    assert "timeout" in bench.told.causes
    assert set(bench.told.causes) <= {"timeout", "silent"}
    assert len(bench.told.lists) == 1
    assert bench.told.frames == ["two"]
    assert [record for record in caplog.records if record.levelname != "INFO"] == []


@on_bench
async def test_a_quiet_watch_is_one_small_request_more(bench: Bench) -> None:
    """A LIST of one item in its second half; the next WATCH goes on from its version."""
    await bench.watch()
    idle = asyncio.create_task(bench.server.idle(), name="idle")
    await asyncio.sleep(HOUR)
    idle.cancel()

    for before, asked, after in _cycles(bench):
        assert asked.query == {"limit": "1"}
        assert asked.time - before.time > (after.time - before.time) / 2 - 1
        assert after.time - asked.time > 30
        assert _version(after) > _version(before)


def _cycles(bench: Bench) -> list[tuple[Asked, Asked, Asked]]:
    """Each WATCH that has ended, the request that came meanwhile, and the next WATCH."""
    asked = bench.since(1)
    assert [one.verb for one in asked[:-1:2]] == ["watch"] * len(asked[:-1:2])
    found = list(zip(asked[::2], asked[1::2], asked[2::2], strict=False))
    assert len(found) > 10
    return found


def _version(asked: Asked) -> int:
    return int(asked.query["resourceVersion"])


@on_bench
async def test_a_watch_that_speaks_is_left_alone(bench: Bench) -> None:
    """What it says has a version: one Event a minute is no silence."""
    await bench.watch()
    for number in range(60):
        bench.write(f"event-{number}")
        await asyncio.sleep(60)

    assert {asked.verb for asked in bench.since(1)} == {"watch"}
    assert len(bench.told.frames) == 60


@on_bench
async def test_what_comes_after_the_answer_comes_once(bench: Bench) -> None:
    """It is above the answer's version, and has one of its own, from which the next goes on."""
    await bench.watch()
    await _asked(bench)
    wanted = [f"event-{number}" for number in range(3)]
    versions = [bench.write(name) for name in wanted]
    await _reopened(bench)
    await asyncio.sleep(HOUR)

    assert bench.told.frames == wanted
    assert _version(bench.since(0, "watch")[1]) == versions[-1]


async def _asked(bench: Bench) -> None:
    """Up to the answer to the LIST in a quiet watch, and a second more."""
    await until(lambda: len(bench.since(1, "list")) == 1)
    await asyncio.sleep(1)


async def _reopened(bench: Bench) -> None:
    await until(lambda: len(bench.since(0, "watch")) == 2)


ENDS: dict[str, Callable[[Bench], None]] = {
    "cut": lambda bench: bench.server.cut_connections(),
    "closed": lambda bench: bench.server.close_watches(),
    "hung": lambda bench: bench.server.silence(),
}


@pytest.mark.parametrize("end", ENDS)
@on_bench
async def test_a_watch_that_did_not_end_in_time_shows_nothing(bench: Bench, end: str) -> None:
    """It may not have told what the LIST knew: the next one goes on from where it was."""
    await bench.watch()
    known = bench.server.revision
    bench.server.leave_behind()
    bench.write("one")
    await _asked(bench)
    ENDS[end](bench)
    await _reopened(bench)
    await asyncio.sleep(5)

    assert _version(bench.since(0, "watch")[1]) == known
    assert bench.told.frames == ["one"]


@on_bench
async def test_a_watch_that_speaks_late_shows_nothing(bench: Bench) -> None:
    """What comes after the answer and is older than it was late, and more may be."""
    await bench.watch()
    bench.server.leave_behind()
    known = bench.write("one")
    bench.write("two")
    await _asked(bench)
    late = json.dumps({"type": "ADDED", "object": _one(known)})
    bench.server.inject("events", late.encode())
    await _reopened(bench)
    await asyncio.sleep(5)

    assert _version(bench.since(0, "watch")[1]) == known
    assert bench.told.frames == ["one", "two"]


def _one(version: int) -> Raw:
    return {"metadata": {"namespace": "shop", "name": "one", "resourceVersion": str(version)}}


@on_bench
async def test_a_watch_that_has_not_caught_up_shows_nothing(bench: Bench) -> None:
    """It ends in time, and has not said what a LIST showed before: it must be asked again."""
    known = bench.write("one")
    bench.write("two")
    bench.server.fail(_say_nothing, verb="watch", times=1)
    watch = await bench.watch(version=str(known))
    await _asked(bench)
    assert not watch.is_live
    await _reopened(bench)
    await asyncio.sleep(5)

    assert [_version(asked) for asked in bench.since(0, "watch")] == [known, known]
    assert bench.told.frames == ["two"]


async def _say_nothing(request: web.BaseRequest) -> web.StreamResponse | None:
    """A WATCH without a line, to its end in time."""
    return await says(after=float(request.query["timeoutSeconds"]))(request)


@pytest.mark.parametrize("answer", [faults.BROKEN, faults.FORBIDDEN, faults.hang])
@on_bench
async def test_a_question_without_an_answer_is_no_trouble(
    bench: Bench, answer: Answer, caplog: pytest.LogCaptureFixture
) -> None:
    """The watch goes on, from its own version; the next one asks again."""
    watch = await bench.watch()
    known = bench.server.revision
    bench.write("other", resource="pods")
    bench.server.fail(answer, verb="list", times=1)
    await asyncio.sleep(450)

    assert [_version(asked) for asked in bench.since(0, "watch")] == [known, known, known + 1]
    assert bench.told.causes == ["timeout"] * 2
    assert watch.retry.last_error == ""
    assert [record for record in caplog.records if record.levelname != "INFO"] == []


@on_bench
async def test_a_restored_etcd_is_found_in_the_quiet(bench: Bench) -> None:
    """Though no watch has ended with it, and one of the future says nothing for ever."""
    bench.write("one")
    await bench.watch()
    bench.server.store.restore(bench.server.revision - 1)
    await asyncio.sleep(300)

    assert [listed.cause for listed in bench.told.lists] == ["", "restored"]
    assert bench.told.causes == ["restored"]
