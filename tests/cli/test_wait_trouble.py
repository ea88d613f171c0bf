"""`event-tracer wait` when something else happens: a sentence and the promised code each."""

import asyncio
import io
import json

import pytest

from event_tracer.cli.settings.base import SettingsError
from event_tracer.cli.waiting import Ending
from event_tracer.pipeline.snapshot import SnapshotError
from tests.cli.test_wait import deployed
from tests.doubles.apiserver import faults
from tests.doubles.apiserver.faults import Forbidden
from tests.scenarios.awaited import play, playing, set_clock, waited
from tests.scenarios.rollouts import HOPELESS, NEVER, Life, Rollouts
from tests.scenarios.world import World, in_world


@in_world()
async def test_an_object_that_does_not_exist_yet_is_waited_for(world: World) -> None:
    """What a pipeline applies a little later; said once, with near names."""
    cluster = Rollouts()
    cluster.deployment("wex", Life(ready=3))
    cluster.run(30)
    cluster.deployment("web", Life(ready=3))
    cluster.run(120)
    set_clock(world)
    async with playing(world, cluster):
        done = await waited(world, "deploy/web")

    assert done.ending is Ending.COMPLETE
    assert "deployment/web is not there yet; waiting for it; did you mean wex?" in done.err
    assert done.err.count("not there yet") == 1
    assert "deployment/web is there now" in done.err


@in_world()
async def test_what_never_comes_is_open_in_the_end(world: World) -> None:
    """Code 3: nobody knows that it will not."""
    done = await waited(world, "deploy/web", timeout="20s", output="json")

    assert done.ending is Ending.OPEN
    assert json.loads(done.out)["summary"] == (
        "deployment/web is not complete after 20s: it is not there"
    )


@in_world()
async def test_what_is_deleted_has_failed(world: World) -> None:
    """It is not complete, and will not be."""
    cluster = Rollouts()
    item = cluster.deployment("web", Life(schedule=NEVER))
    cluster.run(20)
    cluster.api.ask_to_go(item, grace=0)
    cluster.run(25)
    cluster.api.remove(item)
    cluster.run(60)
    set_clock(world)
    async with playing(world, cluster):
        done = await waited(world, "deploy/web")

    assert done.ending is Ending.FAILED
    assert done.after == pytest.approx(31, abs=4)
    assert "deployment/web is being deleted" in done.err
    assert "deployment/web was deleted while it was waited for" in done.out


@in_world()
async def test_what_is_replaced_is_waited_for_anew(world: World) -> None:
    """`kubectl replace --force`: another object of the same name."""
    cluster = Rollouts()
    item = cluster.deployment("web", Life(failed_pulls=HOPELESS))
    cluster.run(20)
    cluster.api.remove(item)
    cluster.run(22)
    cluster.deployment("web", Life(ready=5))
    cluster.run(200)
    set_clock(world)
    async with playing(world, cluster):
        done = await waited(world, "deploy/web")

    assert done.ending is Ending.COMPLETE
    assert "deployment/web was replaced: waiting for the new one" in done.err


@in_world()
async def test_what_is_changed_again_is_waited_for_anew(world: World) -> None:
    """A bad image that is undone in time is no failure of what came after."""
    cluster = Rollouts()
    item = cluster.deployment("web", Life(failed_pulls=HOPELESS))
    cluster.run(60)
    cluster.update(item, Life(ready=20))
    cluster.run(300)
    set_clock(world)
    async with playing(world, cluster):
        done = await waited(world, "deploy/web")

    assert done.ending is Ending.COMPLETE
    assert "deployment/web was changed again (Update by kubectl-set): waiting for that" in done.err
    assert done.after > 80


@in_world()
async def test_the_autoscaler_s_scale_is_no_other_change(world: World) -> None:
    """While a rollout goes on it belongs to that (law 5)."""
    cluster = Rollouts()
    item = cluster.deployment("web", Life(ready=30))
    cluster.run(10)
    cluster.scale(item, 3, manager="kube-controller-manager")
    cluster.run(300)
    set_clock(world)
    async with playing(world, cluster):
        done = await waited(world, "deploy/web")

    assert done.ending is Ending.COMPLETE
    assert "changed again" not in done.err
    assert done.after > 45


@in_world()
async def test_the_story_before_does_not_answer(world: World) -> None:
    """Waiting begins a moment after the change, when nothing has come of it yet."""
    cluster = Rollouts()
    item = cluster.deployment("web", Life(ready=2))
    cluster.run(60)
    before = len(cluster.frames) + 1
    cluster.update(item, Life(failed_pulls=HOPELESS))
    cluster.run(400)
    set_clock(world, elapsed=60)
    for raw in cluster.frames[:before]:
        world.server.write(raw)
    task = asyncio.create_task(waited(world, "deploy/web", settle="0s"))
    await asyncio.sleep(5)
    later = asyncio.create_task(play(world, cluster.frames[before:]))
    done = await task
    await later

    assert done.ending is Ending.FAILED
    assert done.after == pytest.approx(120, abs=8)


@pytest.mark.parametrize("at", [5, 40])
@in_world()
async def test_an_api_server_that_goes_away_is_waited_for(world: World, at: int) -> None:
    """Said once, and that it is back; meanwhile nothing is decided."""
    set_clock(world)
    async with playing(world, deployed(Life(pull=20, ready=30), replicas=2)):
        task = asyncio.create_task(waited(world, "deploy/web"))
        await asyncio.sleep(at)
        world.server.fail(faults.UNAVAILABLE)
        world.server.abort_watches()
        await asyncio.sleep(60)
        world.server.heal()
        done = await task

    assert done.ending is Ending.COMPLETE
    assert done.after > at + 60
    assert done.err.count("waiting for the API server: 503") == 1
    assert done.err.count("the API server is back") == 1


@in_world()
async def test_an_api_server_that_stays_away_is_not_waited_for_for_ever(world: World) -> None:
    """Code 3 at the time-out."""
    set_clock(world)
    async with playing(world, deployed(Life(ready=30))):
        task = asyncio.create_task(waited(world, "deploy/web", timeout="2m"))
        await asyncio.sleep(10)
        world.server.fail(faults.UNAVAILABLE)
        world.server.abort_watches()
        done = await task

    assert done.ending is Ending.OPEN
    assert "deployment/web is not complete after 2m" in done.out


@in_world()
async def test_a_reader_that_goes_away_does_not_end_it(world: World) -> None:
    """The exit code is still asked for (`set -o pipefail`)."""

    class Closed(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    set_clock(world)
    async with playing(world, deployed(Life(failed_pulls=HOPELESS))):
        done = await waited(world, "deploy/web", out=Closed())

    assert done.ending is Ending.FAILED
    assert done.err.count("nobody reads any more; waiting on for the exit code") == 1


@in_world()
async def test_told_to_stop_it_says_what_is_open(world: World) -> None:
    """SIGINT and SIGTERM: code 3."""
    stop = asyncio.Event()
    set_clock(world)
    async with playing(world, deployed(Life(schedule=NEVER))):
        task = asyncio.create_task(waited(world, "deploy/web", stop=stop))
        await asyncio.sleep(30)
        stop.set()
        done = await task

    assert done.ending is Ending.OPEN
    assert done.after == pytest.approx(30, abs=2)
    assert "deployment/web is not complete yet, and waiting was stopped" in done.out
    assert "FailedScheduling" in done.out


@in_world()
async def test_a_missing_right_is_a_sentence(world: World) -> None:
    """Without Events nothing says why."""
    world.server.forbidden = [Forbidden(resource="events", verb="*")]
    with pytest.raises(SnapshotError, match="Events may not be read in namespace shop: 403"):
        await waited(world, "deploy/web")


@in_world()
async def test_without_status_nobody_can_say_that_it_is_complete(world: World) -> None:
    """A ServiceAccount that may not read Deployments: that is said, and Events tell of failures."""
    world.server.forbidden = [Forbidden(resource="deployments", verb="*")]
    set_clock(world)
    async with playing(world, deployed(Life(failed_pulls=HOPELESS))):
        done = await waited(world, "deploy/web")

    assert done.ending is Ending.FAILED
    assert "may not read deployments" in done.err


@pytest.mark.parametrize("words", [("svc/web",), ("cm/web",)])
@in_world()
async def test_what_is_never_complete_is_a_matter_of_usage(
    world: World, words: tuple[str, ...]
) -> None:
    """A Service has no rollout."""
    if words == ("cm/web",):
        with pytest.raises(SnapshotError, match="no kind called cm"):
            await waited(world, *words)
        return
    with pytest.raises(SettingsError, match="a Service is never complete; name a workload"):
        await waited(world, *words)


@in_world()
async def test_objects_are_chosen_by_their_labels(world: World) -> None:
    """As soon as some object has them."""
    cluster = Rollouts()
    cluster.deployment("other", Life(schedule=NEVER))
    cluster.run(15)
    for name in ("web", "api"):
        item = cluster.deployment(name, Life(ready=3))
        item["metadata"]["labels"] = {"team": "shop"}
        cluster.frames[-1]["object"]["metadata"]["labels"] = {"team": "shop"}
        cluster.run(cluster.api.elapsed + 1)
    cluster.run(120)
    set_clock(world)
    async with playing(world, cluster):
        done = await waited(world, "deployments", selector="team=shop", output="json")
    names = {json.loads(line)["object"]["name"] for line in done.out.splitlines()}

    assert done.ending is Ending.COMPLETE
    assert "no deployment in namespace shop has the labels team=shop yet; waiting" in done.err
    assert names <= {"web", "api"}
    assert names


@in_world()
async def test_labels_that_nothing_has_are_open_in_the_end(world: World) -> None:
    """Code 3."""
    done = await waited(world, "deployments", selector="team=none", timeout="10s")

    assert done.ending is Ending.OPEN
    assert "no deployment in namespace shop has the labels team=none" in done.err
