"""What `wait` shows on a pipeline's own page, and where it says that more is."""

import json
from pathlib import Path

import pytest

from event_tracer.cli import pipelines
from event_tracer.cli.waiting import Ending
from tests.cli.test_wait import deployed
from tests.scenarios.awaited import playing, set_clock, waited
from tests.scenarios.rollouts import HOPELESS, Life
from tests.scenarios.world import World, in_world


@pytest.mark.parametrize(
    "line", ["::error::no", "  ::set-output name=x::y", "a ##[add-mask]b", 'x "##[group]" y']
)
def test_no_message_is_a_command(line: str) -> None:
    """What GitHub's runner takes for one: `::` that begins a line, `##[` anywhere."""
    told = pipelines.harmless(line)

    assert not told.lstrip().startswith("::")
    assert "##[" not in told


@in_world()
async def test_github_gets_an_annotation_and_a_summary(world: World) -> None:
    """A workflow command a line; nothing that a message says is another one."""
    summary = world.folder / "summary.md"
    environ = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(summary)}
    set_clock(world)
    async with playing(world, deployed(Life(failed_pulls=HOPELESS))):
        done = await waited(world, "deploy/web", environ=environ)
    commands = [line for line in done.out.splitlines() if line.startswith("::")]

    assert done.ending is Ending.FAILED
    assert len(commands) == 1
    assert commands[0].startswith("::error title=deployment/web failed::Pod web-")
    text = summary.read_text("utf-8")
    assert text.startswith("### `Create Deployment web  failed")
    assert "ErrImagePull" in text


@in_world()
async def test_gitlab_gets_annotations_and_a_summary(world: World) -> None:
    """A report whose links a job shows, and a file of Markdown."""
    environ = {
        "GITLAB_CI": "true", "CI_PROJECT_DIR": str(world.folder),
        "CI_JOB_URL": "https://gitlab.example.org/job/1",
    }  # fmt: skip
    set_clock(world)
    async with playing(world, deployed(Life(ready=3))):
        done = await waited(world, "deploy/web", environ=environ)
    report = json.loads((Path(world.folder) / "event-tracer-annotations.json").read_text("utf-8"))
    (link,) = report["event-tracer"]

    assert done.ending is Ending.COMPLETE
    assert link["external_link"]["url"] == "https://gitlab.example.org/job/1"
    assert link["external_link"]["label"].startswith("deployment/web complete: ")
    assert "Create Deployment web" in (world.folder / "event-tracer-summary.md").read_text("utf-8")


@in_world()
async def test_jaeger_s_address_gives_the_link(world: World) -> None:
    """In the text, and in the document."""
    set_clock(world)
    async with playing(world, deployed(Life(ready=3))):
        done = await waited(world, "deploy/web", jaeger_url="https://jaeger.example.org")

    assert done.out.splitlines()[-1].startswith("trace    https://jaeger.example.org/trace/")
