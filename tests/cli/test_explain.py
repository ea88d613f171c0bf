"""`event-tracer explain`: of a recording, of a List, of a live cluster."""

import contextlib
import io
import json
from typing import Any

import pytest

from event_tracer.cli import explain
from event_tracer.cli.main import FAILED, GOOD
from event_tracer.cli.settings.load import load
from event_tracer.cli.settings.models import ExplainSettings
from event_tracer.pipeline.snapshot import SnapshotError
from tests.doubles.apiserver.faults import Forbidden
from tests.scenarios.captures import FOLDER
from tests.scenarios.fields import SECOND
from tests.scenarios.folding import RECORDINGS, Run, raw_frames
from tests.scenarios.looking import Printed, broken, healthy, linked, write
from tests.scenarios.rollouts import START, Life, Rollouts
from tests.scenarios.world import World, in_world

OOM, UNDO, JOB = (str(FOLDER / f"{name}.jsonl.gz") for name in ("oom", "undo", "job"))


def test_a_recording_is_explained(run: Run) -> None:
    """Of all that is in it the story that failed last; in a pipe, on one line, valid."""
    code, out, err = run("explain", "-f", UNDO, "-o", "json")
    made = json.loads(out)

    assert (code, err, out.count("\n")) == (GOOD, "", 1)
    assert (made["outcome"], made["change"]["manager"]) == ("failed", "kubectl-set")
    assert made["cause"]["step"] == "Failed ErrImagePull"


def test_the_newest_change_of_an_object_is_explained(run: Run) -> None:
    """Not what failed before it."""
    _, out, _ = run("explain", "-f", UNDO, "deploy/web", "-o", "json")

    assert json.loads(out)["outcome"] == "complete"


def test_a_trace_s_id_names_a_story(run: Run) -> None:
    """As `link` prints it, and as an alert carries it."""
    failed = json.loads(run("explain", "-f", UNDO, "-o", "json")[1])
    trace_id = failed["story"]["trace_id"]

    assert json.loads(run("explain", "-f", UNDO, trace_id, "-o", "json")[1]) == failed
    code, out, err = run("explain", "-f", OOM, trace_id)
    assert (code, out) == (FAILED, "")
    assert f"there is no trace {trace_id} in what was read" in err


def test_a_pod_is_explained_in_its_story(run: Run) -> None:
    """By kubectl's short name, with the story that it belongs to."""
    names = [
        raw["object"]["metadata"]["name"]
        for raw in raw_frames("status/job") if raw["resource"] == "pods"
    ]  # fmt: skip
    name = next(each for each in names if each.startswith("fails-"))
    made = json.loads(run("explain", f"po/{name}", "-f", JOB, "-o", "json")[1])

    assert made["object"]["name"] == name
    assert made["story"]["title"] == "Create Job fails"
    assert made["cause"]["exit_code"] == 2


def test_a_list_is_explained(run: Run) -> None:
    """What kubectl printed, by standard input."""
    data = (RECORDINGS / "article-events.json").read_bytes()
    code, out, _ = run("explain", "-f", "-", stdin=data)

    assert code == GOOD
    assert out.startswith("Events Deployment redis  started")


def test_text_tells_who_when_why_and_what_next(run: Run) -> None:
    """For people; each message between quotes."""
    lines = run("explain", "-f", OOM, "--jaeger-url", "https://jaeger.example.org")[1].splitlines()
    told = {line[:9].strip(): line[9:] for line in lines}

    assert lines[0].startswith("Create Deployment web  failed  namespace v-oom")
    assert told["cause"].endswith(
        ': Terminated OOMKilled: "container web: OOMKilled, exit 137, 3 restarts"'
    )
    assert told["chain"].count(" > ") == 2
    assert told["change"].startswith("Create by kubectl-client-side-apply at 2026-11-26T07:09:04Z")
    assert told["trace"].startswith("https://jaeger.example.org/trace/")
    assert any(line.startswith("  kubectl -n v-oom logs web-") for line in lines)


def test_what_is_not_in_a_file_is_said(run: Run) -> None:
    """With what is there."""
    code, out, err = run("explain", "-f", JOB, "deploy/web")

    assert (code, out) == (FAILED, "")
    assert "no story there is about deploy/web; job/fails, job/works" in err


def test_a_file_that_cannot_be_read_is_said(run: Run) -> None:
    """And that there is nothing to explain."""
    code, _, err = run("explain", "-f", "/nowhere")

    assert code == FAILED
    assert "/nowhere: no such file" in err
    assert "there is no story in what was read" in err


def test_others_that_failed_are_named(run: Run) -> None:
    """Where nothing was asked for."""
    _, _, err = run("explain", "-f", OOM, "-f", JOB)

    assert "another failed, too: deployment/web" in err


# -- live


async def explained(world: World, *words: str, **flags: Any) -> Printed:
    """What `explain` prints of a live cluster."""
    here = {"kubeconfig": str(world.folder / "config"), "namespace": ["shop"], "output": "json"}
    made = load(ExplainSettings, flags={**here, **flags}, config=None)
    err = io.StringIO()
    with contextlib.redirect_stderr(err):
        found = await explain.of_cluster(words, made)
    return Printed(explain.written(found, made.output), err.getvalue())


@in_world()
async def test_a_live_cluster_is_explained(world: World) -> None:
    """With the id that `link` prints, and reading alone."""
    await write(world, broken())
    made = json.loads((await explained(world, "deploy/web")).out)
    link = await linked(world, "deploy/web")

    assert made["story"]["trace_id"] == link.trace_id
    assert made["story"]["previous_trace_id"] == link.previous
    assert made["outcome"] == "failed"
    assert made["cause"]["step"] == "BackOff restart"
    assert made["evidence"][0]["count"] == 5
    verbs = {asked.verb for asked in world.server.requests}
    assert verbs <= {"get", "list", "continue", "watch", "discover"}


@in_world()
async def test_what_is_not_there_has_near_names(world: World) -> None:
    """As `show` says it."""
    await write(world, healthy())
    with pytest.raises(SnapshotError, match="did you mean web"):
        await explained(world, "deploy/wep")


@in_world()
async def test_a_trace_s_id_is_looked_for_in_the_cluster(world: World) -> None:
    """Ids are pure functions of what it holds."""
    await write(world, broken())
    link = await linked(world, "deploy/web")
    made = json.loads((await explained(world, link.previous)).out)

    assert made["change"]["verb"] == "Create"


@in_world()
async def test_without_rights_it_says_so(world: World) -> None:
    """As all that look at a cluster do."""
    world.server.forbidden = [Forbidden(resource="events", verb="*")]
    with pytest.raises(SnapshotError, match="Events may not be read"):
        await explained(world, "deploy/web")


@in_world()
async def test_what_nothing_has_happened_to_is_told_by_its_status(world: World) -> None:
    """A Deployment of last week has no Event any more."""
    cluster = Rollouts()
    cluster.deployment("web", Life(ready=3))
    cluster.run(60)
    world.server.now = lambda: START / SECOND + 7 * 86_400
    for raw in cluster.frames:
        if raw["resource"] != "events":
            world.server.write(raw)
    made = json.loads((await explained(world, "deploy/web")).out)

    assert made["outcome"] == "complete"
    assert made["change"]["verb"] == "Create"
    assert made["summary"] == "Deployment web: complete; nothing has happened to it of late"


@in_world()
async def test_a_change_that_nothing_has_come_of_is_told_as_it_stands(world: World) -> None:
    """The story before it would say that all is well."""
    cluster = Rollouts()
    item = cluster.deployment("web", Life(ready=3))
    cluster.run(60)
    before = len(cluster.frames) + 1
    cluster.update(item, Life(ready=3))
    world.server.now = lambda: START / SECOND + 60
    for raw in cluster.frames[:before]:
        world.server.write(raw)
    made = json.loads((await explained(world, "deploy/web")).out)

    assert (made["change"]["verb"], made["outcome"]) == ("Update", "progressing")
