"""`event-tracer link`: the ids and URLs of an object's newest story."""

import json
import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from event_tracer.cli.settings.base import SettingsError
from event_tracer.pipeline.snapshot import SnapshotError
from tests.scenarios.folding import attributes, tell
from tests.scenarios.folding import service as service_of
from tests.scenarios.looking import broken, healthy, linked, shown, write
from tests.scenarios.world import World, in_world

JAEGER = "https://jaeger.example.org/ui"


@in_world()
async def test_it_names_the_trace_that_a_run_sends(world: World) -> None:
    """Before, while or after it is sent: the id is a pure function of what the cluster holds."""
    bridge = world.start()
    await write(world, broken())
    found = await linked(world, "deployment/web")
    assert await world.end(bridge)
    told = {trace_id.hex() for trace_id, _ in world.told}

    assert {found.trace_id, found.previous} == told


@in_world()
async def test_a_pod_s_is_the_story_that_it_belongs_to(world: World) -> None:
    """The one that `show` draws."""
    cluster = broken()
    await write(world, cluster)
    name = cluster.pods[-1]["metadata"]["name"]
    found = await linked(world, f"po/{name}")

    assert [found.trace_id] == (await shown(world, f"po/{name}")).traces
    assert found.tags == {"k8s.namespace.name": "shop", "k8s.pod.name": name}
    assert found.service == "kubelet"


@in_world()
async def test_urls_are_those_of_jaeger_s_ui(world: World) -> None:
    """The trace, a search by tags two days back, and the comparison with the story before."""
    await write(world, broken())
    found = await linked(world, "deployment/web")
    lines = dict(found.lines(jaeger=JAEGER))
    query = parse_qs(urlsplit(lines["search"]).query)

    assert lines["trace"] == f"{JAEGER}/trace/{found.trace_id}"
    assert lines["compare"] == f"{JAEGER}/trace/{found.previous}...{found.trace_id}"
    assert lines["search"].startswith(f"{JAEGER}/search?")
    assert query["service"] == ["kubelet"]
    assert query["lookback"] == ["2d"]
    assert json.loads(query["tags"][0]) == {
        "k8s.namespace.name": "shop", "k8s.deployment.name": "web",
    }  # fmt: skip


USAGE = (Path(__file__).parents[2] / "docs" / "usage.md").read_text("utf-8")


@pytest.mark.parametrize(
    ("alert", "kind", "service"),
    [
        ("KubePodCrashLooping", "pod", "kubelet"),
        ("KubeDeploymentRolloutStuck", "deployment", "deployment-controller"),
    ],
)
@in_world()
async def test_the_alerts_of_the_docs_search_for_the_same(
    world: World, alert: str, kind: str, service: str
) -> None:
    """Their tags are those of `link`; the service is one whose spans carry them."""
    line = USAGE.partition(f"# {alert}\n")[2].partition("\n")[0]
    url, printed, names = re.findall(r"'(http.*tags=)\{\{ printf `(.*)` (.*) \| urlquery", line)[0]
    query = parse_qs(urlsplit(url).query)
    assert names == f"$labels.namespace $labels.{kind}"
    cluster = broken()
    await write(world, cluster)
    name = cluster.pods[-1]["metadata"]["name"] if kind == "pod" else "web"
    found = await linked(world, f"{kind}/{name}")

    assert json.loads(printed % ("shop", name)) == found.tags
    assert query["service"] == [service]
    assert query["lookback"] == ["2d"]
    spans = tell(cluster.frames)
    about = [attributes(span) for span in spans if service_of(span) == service]
    assert any(found.tags.items() <= each.items() for each in about)


@in_world()
async def test_without_jaeger_there_are_ids(world: World) -> None:
    """And without a story before there is nothing to compare with."""
    await write(world, healthy())
    found = await linked(world, "deployment/web")

    assert dict(found.lines(jaeger="")) == {"trace": found.trace_id}
    assert list(dict(found.lines(jaeger=JAEGER))) == ["trace", "search"]


@in_world()
async def test_what_has_no_story_is_told(world: World) -> None:
    """An object that is not there, and one of which the cluster holds no Event."""
    await write(world, healthy())
    with pytest.raises(SnapshotError, match=r"there is no deployment/wep .*; did you mean web\?"):
        await linked(world, "deployment/wep")
    with pytest.raises(SettingsError, match="name one object, as deployment/web"):
        await linked(world, "deployment")
