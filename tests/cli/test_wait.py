"""`event-tracer wait`: complete, failed with its cause as soon as that is sure, or open."""

import asyncio
import json

import pytest

from event_tracer.cli.waiting import Ending
from event_tracer.render.explanation import Explanation
from tests.cli.test_show_follow import Terminal
from tests.scenarios.awaited import playing, set_clock, waited
from tests.scenarios.rollouts import HOPELESS, NEVER, Life, Rollouts
from tests.scenarios.world import World, in_world


def deployed(*lives: Life, until: float = 900, **options: int) -> Rollouts:
    """A Deployment whose pods have such lives."""
    cluster = Rollouts()
    cluster.deployment("web", *lives, **options)
    cluster.run(until)
    return cluster


@in_world()
async def test_a_healthy_rollout_is_complete(world: World) -> None:
    """By kubectl's rules, ten seconds later; a line for each transition, each once."""
    cluster = deployed(Life(pull=15, ready=12), replicas=2)
    set_clock(world)
    async with playing(world, cluster):
        done = await waited(world, "deploy/web")
    lines = done.out.splitlines()

    assert done.ending is Ending.COMPLETE
    assert done.after == pytest.approx(cluster.completed["Deployment web", 1] + 10, abs=4)
    assert lines[-1].startswith("deployment/web is complete, after ")
    assert len([line for line in lines if line.endswith("  Started  container web")]) == 2
    assert len(lines) == len(set(lines))
    assert done.err.count("\n") <= 2


BAD = {
    "image": (Life(failed_pulls=HOPELESS), "Failed ErrImagePull", 120),
    "config": (Life(misconfigured=HOPELESS), "Failed", 120),
    "crash": (Life(dies=2), "Terminated Error", 160),
    "memory": (Life(dies=2, reason="OOMKilled"), "Terminated OOMKilled", 160),
    "liveness": (Life(kills=15), "Terminated Error", 190),
}


@pytest.mark.parametrize("name", BAD)
@in_world()
async def test_what_no_waiting_helps_has_failed(world: World, name: str) -> None:
    """Law 6's two minutes after it is beyond doubt, with cause, messages and commands."""
    life, step, after = BAD[name]
    set_clock(world)
    async with playing(world, deployed(life)):
        done = await waited(world, "deploy/web")

    assert done.ending is Ending.FAILED
    assert done.after == pytest.approx(after, abs=40)
    assert f': {step}: "' in done.out
    assert "deployment/web failed\n" in done.out
    assert "  kubectl -n shop describe pod web-" in done.out


@in_world()
async def test_patience_is_a_choice(world: World) -> None:
    """--patience lengthens the two minutes."""
    set_clock(world)
    async with playing(world, deployed(Life(failed_pulls=HOPELESS))):
        done = await waited(world, "deploy/web", patience="5m")

    assert done.ending is Ending.FAILED
    assert done.after == pytest.approx(300, abs=15)


@in_world()
async def test_kubernetes_deadline_ends_it_at_once(world: World) -> None:
    """A probe that fails may pass later; until Kubernetes says that it has waited enough."""
    set_clock(world)
    async with playing(world, deployed(Life(ready=NEVER, warns=5), deadline=60)):
        done = await waited(world, "deploy/web")

    assert done.ending is Ending.FAILED
    assert done.after == pytest.approx(60, abs=6)
    assert "Unhealthy readiness" in done.out


@in_world()
async def test_a_failed_job_ends_it(world: World) -> None:
    """With the exit code of its pod."""
    cluster = Rollouts()
    cluster.job("work", Life(runs=((2, 1),)), limit=1)
    cluster.run(600)
    set_clock(world)
    async with playing(world, cluster):
        done = await waited(world, "job/work", output="json")
    made = Explanation.model_validate_json(done.out)

    assert done.ending is Ending.FAILED
    assert made.cause
    assert (made.cause.step, made.cause.exit_code) == ("Terminated Error", 1)


@in_world()
async def test_time_is_up(world: World) -> None:
    """3, with what is open by name and since when."""
    set_clock(world)
    async with playing(world, deployed(Life(schedule=NEVER))):
        done = await waited(world, "deploy/web", timeout="90s", output="json")
    made = Explanation.model_validate_json(done.out)

    assert done.ending is Ending.OPEN
    assert done.after == pytest.approx(90, abs=3)
    (step,) = made.open_steps
    assert step.object.startswith("Pod web-")
    assert (step.step, step.message) == (
        "FailedScheduling", "0/1 nodes are available: 1 Insufficient memory.",
    )  # fmt: skip


@in_world()
async def test_json_is_alone_on_standard_output(world: World) -> None:
    """A document for each object, a line each; what happens meanwhile is on standard error."""
    cluster = deployed(Life(ready=5))
    cluster.stateful_set("db", Life(ready=5), replicas=1)
    cluster.run(1800)
    set_clock(world)
    async with playing(world, cluster):
        done = await waited(world, "deploy/web", "sts/db", output="json", timeout="20m")
    found = [json.loads(line) for line in done.out.splitlines()]

    assert done.ending is Ending.COMPLETE
    assert [each["object"]["kind"] for each in found] == ["Deployment", "StatefulSet"]
    assert {each["outcome"] for each in found} == {"complete"}
    assert "Started" in done.err


@in_world()
async def test_the_first_that_fails_ends_it(world: World) -> None:
    """The others are told as they stand."""
    cluster = Rollouts()
    cluster.deployment("web", Life(failed_pulls=HOPELESS))
    cluster.stateful_set("db", Life(schedule=NEVER))
    cluster.run(400)
    set_clock(world)
    async with playing(world, cluster):
        done = await waited(world, "deploy/web", "sts/db")

    assert done.ending is Ending.FAILED
    assert "deployment/web failed" in done.out
    assert "statefulset/db is not complete yet" in done.out


@in_world()
async def test_it_only_reads(world: World) -> None:
    """As `show`."""
    set_clock(world)
    async with playing(world, deployed()):
        await waited(world, "deploy/web")

    verbs = {asked.verb for asked in world.server.requests}
    assert verbs <= {"get", "list", "continue", "watch", "discover"}


@in_world()
async def test_a_terminal_has_a_line_a_pod(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """In place: what is worst first, each with its last step; the log's lines are not there."""
    monkeypatch.setenv("LINES", "20")
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("TERM", "xterm")
    out = Terminal()
    set_clock(world)
    cluster = deployed(Life(pull=20, ready=5), Life(failed_pulls=HOPELESS), replicas=2)
    async with playing(world, cluster):
        task = asyncio.create_task(waited(world, "deploy/web", out=out))
        await asyncio.sleep(60)
        lines = out.screen.splitlines()
        done = await task

    assert lines[0].startswith("deployment/web  failed  Create Deployment web by kubectl")
    assert len(lines) == 4
    assert lines[1].startswith("  image ")
    assert "  failed  BackOff image " in lines[2] or "  failed  Failed " in lines[2]
    assert lines[3].startswith("  Pod web-")
    assert lines[3].endswith("  complete")
    assert done.ending is Ending.FAILED
    assert "ScalingReplicaSet" not in out.getvalue()
    assert "deployment/web failed\n" in out.getvalue()


@pytest.mark.parametrize(
    ("life", "ending"), [(Life(), Ending.COMPLETE), (Life(ready=NEVER), Ending.OPEN)]
)
@in_world()
async def test_one_look_is_a_time_of_nothing(world: World, life: Life, ending: Ending) -> None:
    """--timeout 0s: what has been complete for long enough is, all else is open."""
    cluster = deployed(life, until=60)
    set_clock(world, elapsed=60)
    for raw in cluster.frames:
        world.server.write(raw)
    done = await waited(world, "deploy/web", timeout="0s")

    assert done.ending is ending
    assert done.after < 5
