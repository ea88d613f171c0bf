"""Law 5: `show`, `link` and a List of kubectl's tell the stories of a run, or what has no date."""

import asyncio
import json
from pathlib import Path

import pytest

from tests.doubles.apiserver.faults import Forbidden
from tests.scenarios.captures import Told, told
from tests.scenarios.fields import Raw
from tests.scenarios.folding import Run, attributes, raw_frames
from tests.scenarios.looking import linked, shown
from tests.scenarios.playing import play_recording
from tests.scenarios.readings import server_after, watched
from tests.scenarios.world import World, in_world

CHANGED = ("undo", "superseded", "scale-slow", "restart", "paused")
NO_DATE = "not dated by what one look has: the pause before it was resumed of Deployment web"


def sent_by_a_run(name: str) -> list[str]:
    """The traces of a capture that was watched, the oldest first."""
    return [story.root.trace_id.hex() for story in watched_stories(name)]


def watched_stories(name: str) -> list[Told]:
    """The stories of a capture that was watched."""
    return told(watched(raw_frames(f"status/{name}")))


@pytest.mark.parametrize("name", CHANGED)
@in_world()
async def test_show_and_link_give_the_ids_of_a_run(world: World, name: str) -> None:
    """Of all stories, and of the newest with the one before."""
    await play_recording(world, f"status/{name}")
    await asyncio.sleep(1)
    sent, flags = sent_by_a_run(name), {"namespace": (f"{_prefix(name)}-{name}",)}
    printed = await shown(world, **flags)
    found = await linked(world, "deployment/web", **flags)

    assert set(printed.traces) == set(sent)
    assert found.trace_id == sent[-1]
    newest = attributes(watched_stories(name)[-1].root)
    assert found.previous == newest["event_tracer.previous_trace_id"]
    assert (NO_DATE in printed.err) == (name == "paused")


@pytest.mark.parametrize("may", [True, False])
@in_world()
async def test_without_controller_revisions_it_is_said(world: World, may: bool) -> None:
    """Which only dates the templates before the last: the rest is told all the same."""
    await play_recording(world, "status/sts-stuck")
    await asyncio.sleep(1)
    world.server.forbidden = [] if may else [Forbidden(resource="controllerrevisions")]
    printed = await shown(world, namespace=("v-sts-stuck",))

    assert set(printed.traces) == set(sent_by_a_run("sts-stuck"))
    words = "earlier templates (no right to controllerrevisions) of StatefulSet db"
    assert (words in printed.err) == (not may)
    assert "403" not in printed.err


def _prefix(name: str) -> str:
    return "v2" if name in ("scale-slow", "restart") else "v"


def as_list(name: str, *, without: frozenset[str] = frozenset()) -> bytes:
    """What kubectl get prints after all that a capture has, in its own order."""
    server = server_after(raw_frames(f"status/{name}"))
    items: list[Raw] = [
        {**raw["object"], "kind": raw["kind"]}
        for raw in server.held.values()
        if raw["resource"] not in without
    ]
    items.sort(key=lambda item: (item["kind"], item["metadata"]["name"]))
    return json.dumps({"kind": "List", "apiVersion": "v1", "items": items}).encode()


def replayed(run: Run, listed: bytes, folder: Path) -> tuple[set[str], str]:
    """The traces of a replay, and what it complains of."""
    path = folder / "traces.json"
    code, _, err = run("replay", "-", "-o", "json", "--output-file", str(path), stdin=listed)
    assert code == 0
    spans = [
        span
        for resource in json.loads(path.read_bytes())["resourceSpans"]
        for scope in resource["scopeSpans"]
        for span in scope["spans"]
    ]
    return {span["traceId"] for span in spans}, err


@pytest.mark.parametrize("name", CHANGED)
def test_a_list_gives_the_ids_of_a_run(run: Run, name: str, tmp_path: Path) -> None:
    """With the Namespace kube-system in it, whose uid is the cluster's."""
    traces, err = replayed(run, as_list(name), tmp_path)

    assert traces == set(sent_by_a_run(name))
    assert (NO_DATE in err) == (name == "paused")


def test_without_its_namespace_ids_are_others(run: Run, tmp_path: Path) -> None:
    """Which is why the line for kubectl has `ns` in it."""
    without = frozenset({"namespaces"})
    traces, _ = replayed(run, as_list("undo", without=without), tmp_path)

    assert not traces & set(sent_by_a_run("undo"))


def test_of_events_alone_it_says_what_is_missing(run: Run, tmp_path: Path) -> None:
    """One line at the end, with the command that brings it."""
    objects = {raw["resource"] for raw in raw_frames("status/good")} - {"events"}
    _, err = replayed(run, as_list("good", without=frozenset(objects)), tmp_path)
    _, whole = replayed(run, as_list("good"), tmp_path)

    assert err.splitlines()[-1] == (
        "event-tracer: Events alone do not say what is ready; for that: kubectl get "
        "events,pods,rs,deploy,sts,ds,jobs,cronjobs,ns -A -o json --show-managed-fields"
    )
    assert "Events alone" not in whole


def test_the_order_of_a_list_means_nothing(run: Run, tmp_path: Path) -> None:
    """kubectl prints Events before the objects that they are about."""
    listed = json.loads(as_list("undo"))
    listed["items"].reverse()
    traces, _ = replayed(run, json.dumps(listed).encode(), tmp_path)

    assert traces == set(sent_by_a_run("undo"))
