"""Which objects are asked for whole, and which as metadata alone."""

import pytest

from tests.doubles.apiserver.client import PARTIAL, PARTIALS
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
        forms.setdefault(asked.resource, set()).add(asked.headers["accept"])
    assert forms.pop("events") == {"application/json"}
    assert {name for name, form in forms.items() if form == {"application/json"}} == whole
    assert all(form == {PARTIAL, PARTIALS} for name, form in forms.items() if name not in whole)
    assert forms.keys() == WORKLOADS | {CUSTOM}
    assert differences(world.told, spans_of(written(world))) == []
