"""Which objects are asked for whole, and which as metadata alone."""

import pytest

from tests.doubles.apiserver.client import PARTIAL, PARTIALS
from tests.scenarios.fields import SECOND, Raw, stamp
from tests.scenarios.folding import events, raw_frames, service, tell
from tests.scenarios.playing import play_recording, written
from tests.scenarios.world import World, differences, in_world, spans_of

CUSTOM = "rollouts.example.com"
WORKLOADS = {
    "pods", "replicasets", "deployments", "statefulsets", "daemonsets", "jobs", "cronjobs",
}  # fmt: skip


@pytest.mark.parametrize(
    ("flags", "whole"),
    [
        ({}, WORKLOADS),
        ({"status": "off"}, set()),
        ({"status_kinds": "Rollout.example.com"}, WORKLOADS | {CUSTOM}),
        ({"status_kinds": "rollouts", "status": "off"}, {CUSTOM}),
        ({"status_kinds": "Rollout.argoproj.io"}, WORKLOADS),
    ],
)
@in_world()
async def test_what_has_a_status_is_read_whole(
    world: World, flags: dict[str, str], whole: set[str]
) -> None:
    """Workloads unless --status is off, custom kinds that --status-kinds names; else metadata."""
    world.server.register(group="example.com", version="v1", plural="rollouts", kind="Rollout")
    task = world.start(**flags)
    await play_recording(world, "custom-owner")
    assert await world.end(task)

    forms: dict[str, set[str]] = {}
    for asked in [*world.server.asked("*", "list"), *world.server.asked("*", "watch")]:
        form = asked.headers["accept"].removesuffix(", application/json;q=0.9")
        forms.setdefault(asked.resource, set()).add(form)
    assert forms.pop("events") == {"application/json"}
    assert {name for name, form in forms.items() if form == {"application/json"}} == whole
    assert all(form == {PARTIAL, PARTIALS} for name, form in forms.items() if name not in whole)
    assert forms.keys() == WORKLOADS | {CUSTOM}
    assert differences(world.told, spans_of(written(world))) == []


@in_world()
async def test_a_server_that_knows_no_metadata_alone_sends_the_whole(world: World) -> None:
    """An aggregated one, say: lineage is as ever, and its conditions come with it."""
    world.server.register(
        group="example.com", version="v1", plural="rollouts", kind="Rollout", has_metadata=False
    )
    task = world.start()
    await play_recording(world, "custom-owner")
    world.server.write(ready(world))
    assert await world.end(task)

    assert differences(world.told, spans_of(written(world))) == []


def ready(world: World) -> Raw:
    """The recording's custom resource, as its controller says that it is ready."""
    frame = raw_frames("custom-owner")[0]
    second = stamp(int(world.server.now() * SECOND))
    condition = {"type": "Ready", "status": "True", "lastTransitionTime": second}
    whole = {
        "kind": "Rollout",
        "apiVersion": "example.com/v1",
        "status": {"conditions": [condition]},
    }
    return {**frame, "type": "MODIFIED", "object": {**frame["object"], **whole}}


@in_world()
async def test_conditions_of_a_custom_kind_are_told(world: World) -> None:
    """Law 11: where it is named, by the watch that its objects' pods began; once."""
    world.server.register(group="example.com", version="v1", plural="rollouts", kind="Rollout")
    task = world.start(status_kinds="Rollout.example.com")
    await play_recording(world, "custom-owner")
    world.server.write(ready(world))
    assert await world.end(task)
    (told,) = [span for span in events(tell(written(world))) if service(span) == "example.com"]

    assert told.name == "Ready"
    assert (told.trace_id, told.span_id) in world.told
    assert differences(world.told, spans_of(written(world))) == []
