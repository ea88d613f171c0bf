"""`event-tracer show`: which stories it draws of a live cluster, and how."""

import asyncio
import json
from collections.abc import Coroutine
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO

import pytest

from event_tracer.cli.settings.load import load
from event_tracer.cli.settings.models import ShowSettings
from event_tracer.cli.show import main, show
from event_tracer.core.times import SECOND
from tests.scenarios.cluster import Cluster
from tests.scenarios.fields import Raw
from tests.scenarios.looking import broken, healthy, namespace, settings, shown, write
from tests.scenarios.world import World, in_world


@in_world()
async def test_a_rollout_is_drawn_with_what_became_of_it(world: World) -> None:
    """The stories of the namespace, what failed first, each with its outcome."""
    await write(world, broken())
    printed = await shown(world, width=160)

    assert printed.titles == ["Update Deployment web  failed", "Create Deployment web  started"]
    assert "BackOff restart  x5 over 51.2s" in printed.out
    assert "Update Deployment web  failed  container web: CrashLoopBackOff (pod web-" in printed.out
    assert printed.err == ""


@in_world()
async def test_its_traces_are_those_of_a_run(world: World) -> None:
    """Ids are pure functions of what the cluster holds, so both give a story the same one."""
    bridge = world.start()
    await write(world, broken())
    printed = await shown(world)
    assert await world.end(bridge)

    assert {trace_id.hex() for trace_id, _ in world.told} == set(printed.traces)


@in_world()
async def test_it_only_reads_and_each_thing_once(world: World) -> None:
    """One LIST of a resource, in pages of at most 500; no write."""
    cluster = Cluster()
    cluster.apply("web", replicas=130)
    await write(world, cluster)
    await shown(world)
    verbs = {asked.verb for asked in world.server.requests}
    lists = world.server.asked(verb="list")
    first = [asked.resource for asked in lists if asked.verb == "list"]
    pages = world.server.asked("events", "list")

    assert verbs <= {"get", "list", "continue", "watch", "discover"}
    assert len(first) == len(set(first)) == 9
    assert all(asked.query["limit"] == "500" for asked in lists)
    assert [asked.verb for asked in pages] == ["list", "continue"]
    assert {asked.namespace for asked in lists} == {"shop"}


@in_world()
async def test_what_is_named_is_all_that_is_drawn(world: World) -> None:
    """`show deployment/redis` leaves out the stories of other roots."""
    await write(world, healthy("redis"))
    await write(world, _later("web"))
    assert (await shown(world, "deployment/redis")).titles == ["Create Deployment redis  started"]
    assert (await shown(world, "deploy", "web")).titles == ["Create Deployment web  started"]
    assert len((await shown(world, "deployments")).titles) == 2


def _later(name: str) -> Cluster:
    cluster = Cluster(seed=1)
    cluster.version = 10_000
    cluster.wait(200 * SECOND)
    cluster.apply(name)
    return cluster


@in_world()
async def test_a_pod_is_shown_in_the_story_that_it_belongs_to(world: World) -> None:
    """All of its Deployment's story, with the pod marked and nothing else."""
    cluster = broken()
    await write(world, cluster)
    pod = cluster.pods[-1]["metadata"]["name"]
    printed = await shown(world, f"pod/{pod}")
    marked = [line for line in printed.out.splitlines() if "◀" in line]

    assert printed.titles == ["Update Deployment web  failed"]
    assert len(marked) == 1
    assert f"Pod {pod} ◀" in marked[0]


@in_world()
async def test_a_deleted_rollout_is_told_by_its_events(world: World) -> None:
    """Nothing of it is there any more; its name is known, and so is its end."""
    cluster = healthy()
    cluster.wait(60 * SECOND)
    cluster.delete_background("web")
    await write(world, cluster)
    printed = await shown(world, "deployment/web")

    assert len(printed.titles) == 1
    assert "Deployment web" in printed.titles[0]
    assert "Killing" in printed.out


@in_world()
async def test_stories_are_chosen_by_age_number_and_warnings(world: World) -> None:
    """--since counts from the newest occurrence of a story; --last from what failed, the newest."""
    await write(world, broken())
    await asyncio.sleep(1000)
    await write(world, _after(world, "late"))

    assert len((await shown(world)).titles) == 3
    assert (await shown(world, since="5m")).titles == ["Create Deployment late  started"]
    assert (await shown(world, warnings=True)).titles == ["Update Deployment web  failed"]
    last = await shown(world, last=1)
    assert last.titles == ["Update Deployment web  failed"]
    assert "1 of 3 stories; --last 0 shows all" in last.err
    assert len((await shown(world, last=0)).titles) == 3


def _after(world: World, name: str) -> Cluster:
    cluster = Cluster(seed=2, now=int(world.server.now() * SECOND))
    cluster.version = 20_000
    cluster.apply(name)
    return cluster


@in_world()
async def test_json_is_what_an_exporter_sends(world: World) -> None:
    """`-o json`: the spans of the stories that are shown, as OTLP JSON."""
    bridge = world.start()
    await write(world, broken())
    printed = await shown(world, output="json")
    assert await world.end(bridge)
    spans = [
        span
        for group in json.loads(printed.out)["resourceSpans"]
        for scope in group["scopeSpans"]
        for span in scope["spans"]
    ]
    events = {
        (bytes.fromhex(span["traceId"]), bytes.fromhex(span["spanId"]))
        for span in spans
        if any(pair["key"] == "k8s.event.uid" for pair in span["attributes"])
    }

    # A List has only the last state of each Event.
    assert events <= world.told.keys()
    assert len(events) > 10


@in_world()
async def test_wide_tells_node_image_count_and_message(world: World) -> None:
    """`-o wide`, on one line each where there is room for it."""
    await write(world, broken())
    lines = (await shown(world, output="wide", width=240)).out.splitlines()
    pulled = next(line for line in lines if " Pulled " in line)
    back_off = next(line for line in lines if " BackOff " in line)

    assert "docker.io/library/busybox:1.35" in pulled
    assert pulled.endswith('"docker.io/library/busybox:1.35" already present on machine')
    assert "  node-1 " in back_off
    assert "  5      Back-off restarting failed container web in pod " in back_off
    assert any(line.split() == ["NODE", "IMAGE", "COUNT", "MESSAGE"] for line in _ends(lines))


def _ends(lines: list[str]) -> list[str]:
    return [line[line.index("NODE") :] for line in lines if "NODE" in line]


@in_world()
async def test_without_folding_each_time_has_its_line(world: World) -> None:
    """Two pods were created; folded that is one line of two."""
    await write(world, healthy())
    folded = (await shown(world)).out
    plain = (await shown(world, fold=False)).out

    assert folded.count("SuccessfulCreate") == 1
    assert plain.count("SuccessfulCreate") == 2
    assert "x2 over" not in plain


@in_world()
async def test_the_namespace_is_the_context_s(world: World) -> None:
    """As kubectl chooses: the context's, else `default`; -n and -A say otherwise."""
    await write(world, healthy())
    namespace(world, "default")
    config = world.folder / "config"
    assert "in namespace default" in (await shown(world, namespace=[])).err
    body = json.loads(config.read_text())
    body["contexts"][0]["context"]["namespace"] = "shop"
    config.write_text(json.dumps(body))

    assert len((await shown(world, namespace=[])).titles) == 1
    config.write_text(json.dumps({**body, "current-context": ""}))
    assert len((await shown(world, namespace=[], context="here")).titles) == 1
    config.write_text(json.dumps(body))
    assert len((await shown(world, namespace=["other"], all_namespaces=True)).titles) == 1
    assert len((await shown(world, namespace=["other", "shop"])).titles) == 1


@in_world()
async def test_a_node_is_in_no_namespace(world: World) -> None:
    """Its Events are in `default`, whatever the context says."""
    cluster = healthy()
    node: Raw = {
        "_kind": "Node",
        "metadata": {"name": "node-1", "namespace": "", "uid": "node-1", "resourceVersion": ""},
    }
    cluster.namespace = "default"
    cluster.event(node, "NodeNotReady", "node-controller", "Node node-1 status is now: NotReady")
    await write(world, cluster)
    printed = await shown(world, "no/node-1")

    assert "NodeNotReady" in printed.out
    assert len(printed.titles) == 1


@in_world()
async def test_it_knows_whether_something_that_it_shows_failed(world: World) -> None:
    """Of what is shown; what is older, or another object, counts for nothing."""
    await write(world, broken())
    with redirect_stdout(StringIO()), redirect_stderr(StringIO()):
        assert not await show((), settings(world))
        assert await show((), settings(world, since="1s"))


@pytest.mark.parametrize(
    ("flags", "is_well", "code"),
    [({}, False, True), ({"exit_code": True}, False, False), ({"exit_code": True}, True, True)],
)
def test_the_exit_code_tells_only_where_it_is_asked(
    flags: dict[str, bool], is_well: bool, code: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To show what failed is no failure of `show`; with --exit-code it exits with 1."""

    def ended(work: Coroutine[None, None, bool], **_: object) -> bool:
        work.close()
        return is_well

    monkeypatch.setattr("event_tracer.cli.show.run_to_the_end", ended)
    assert main(load(ShowSettings, flags=flags, config=None), ()) is code
