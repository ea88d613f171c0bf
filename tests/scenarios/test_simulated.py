"""The simulated cluster writes what a real one writes."""

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

import pytest

from tests.scenarios.captures import CAPTURES
from tests.scenarios.folding import raw_frames
from tests.scenarios.generated import cluster_of
from tests.scenarios.readings import Raw
from tests.scenarios.rollouts import Life, Rollouts, is_complete

_VARIED = (
    Life(ready=5, lost=(5, 20)),
    Life(runs=((4, 3),), failed_pulls=1, init=(4,)),
    Life(dies=6, warns=2, ready=9),
)


@cache
def simulated() -> tuple[Raw, ...]:
    """Frames of all kinds of workload."""
    frames: list[Raw] = []
    for kind in ("deployment", "stateful_set", "daemon_set", "job"):
        for life in _VARIED:
            acts = (("update", 130, life), ("evict", 45, life), ("scale", 45, life))
            made = cluster_of(seed=1, kind=kind, life=life, replicas=2, deadline=60, acts=acts)
            frames += made.frames
    refusing = Rollouts()
    refusing.replica_sets.refusals = 20
    refusing.deployment("web")
    refusing.run(300)
    return (*frames, *refusing.frames)


def paths(value: Any, at: str = "") -> Iterator[str]:
    """The fields of an object, however deep; of managedFields no more than their names."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield f"{at}.{key}"
            if key not in ("fieldsV1", "labels", "annotations"):
                yield from paths(item, f"{at}.{key}")
    elif isinstance(value, list):
        for item in value:
            yield from paths(item, at)


def fields(raws: Iterable[Raw], resource: str) -> set[str]:
    """The fields of metadata and status, or of an Event, of all frames of a resource."""
    found: set[str] = set()
    for raw in raws:
        if raw["resource"] == resource:
            kept = {key: item for key, item in raw["object"].items() if key != "spec"}
            found.update(paths(kept))
    return found


@pytest.mark.parametrize(
    "resource",
    ["pods", "replicasets", "deployments", "statefulsets", "daemonsets", "jobs", "events"],
)
def test_no_field_is_invented(resource: str) -> None:
    """All fields of metadata, status and Events are in captures of a real cluster."""
    real = fields((raw for name in CAPTURES for raw in raw_frames(f"status/{name}")), resource)

    assert fields(simulated(), resource) - real == set()


def test_reasons_are_real() -> None:
    """Of Events and of conditions, but for what no capture has."""

    def reasons(raws: Iterable[Raw]) -> set[tuple[str, str]]:
        found = set()
        for raw in raws:
            item = raw["object"]
            if raw["resource"] == "events":
                found.add((item["involvedObject"]["kind"], item["reason"]))
            for each in item.get("status", {}).get("conditions", ()):
                found.add((each["type"], each["status"]))
        return found

    real = reasons(raw for name in CAPTURES for raw in raw_frames(f"status/{name}"))

    assert reasons(simulated()) - real == set()


def test_versions_and_times_only_rise() -> None:
    """As a watch brings them."""
    cluster = cluster_of(seed=3, kind="deployment", life=_VARIED[0], replicas=3, deadline=60)
    versions = [int(raw["object"]["metadata"]["resourceVersion"]) for raw in cluster.frames]
    times = [raw["received"] for raw in cluster.frames]

    assert versions == sorted(set(versions))
    assert times == sorted(set(times))


def test_the_same_seed_gives_the_same_frames() -> None:
    """Nothing but the seed decides."""
    first, second = (
        cluster_of(seed=5, kind="stateful_set", life=_VARIED[1], replicas=2, deadline=60).frames
        for _ in range(2)
    )

    assert first == second


def test_rollouts_come_to_their_end() -> None:
    """A healthy workload of each kind is complete by kubectl's rules, and stays so."""
    cluster = Rollouts(nodes=3)
    items = [
        cluster.deployment("web", Life(ready=5), replicas=3),
        cluster.stateful_set("db", Life(ready=5)),
        cluster.daemon_set("agent", Life(ready=5)),
    ]
    cluster.run(120)
    for item in items:
        cluster.update(item, Life(ready=9))
    cluster.run(400)

    assert all(map(is_complete, items))
    assert {generation for _, generation in cluster.completed} == {1, 2}
