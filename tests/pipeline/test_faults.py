"""Law 9: whatever fails between cluster, bridge and collector, the same spans arrive, once."""

import asyncio
import os
from collections.abc import Mapping
from random import Random

import pytest

from event_tracer.core.span import Span
from event_tracer.core.times import parse_timestamp
from tests.doubles.apiserver.server import CLUSTER
from tests.scenarios.cluster import Cluster
from tests.scenarios.faults import API_FAULTS, COLLECTOR_FAULTS, FAULTS, STARTING_OVER, Fault
from tests.scenarios.fields import SECOND, Raw
from tests.scenarios.folding import attributes, is_event, tell
from tests.scenarios.secure import SIDES, SecureWorld, in_secure_world
from tests.scenarios.statuses import StatusCluster
from tests.scenarios.workloads import busy
from tests.scenarios.world import Ids, World, differences, expected, kill

SEQUENCES = int(os.environ.get("FAULT_SEQUENCES", "20"))
"""With kills and without, together."""
_LONG = 700.0  # seconds in which everything has been tried again


async def trouble(world: World, faults: Mapping[str, Fault], choice: Random) -> None:
    """One fault after the other, for ever."""
    while True:
        await asyncio.sleep(choice.uniform(2, 40))
        await faults[choice.choice(list(faults))](world, choice)


async def mended(world: World, tasks: list["asyncio.Task[None]"]) -> None:
    """End all trouble."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    world.server.heal()
    world.collector.heal()
    for token in world.server.tokens or ():
        world.use_token(token)
    assert isinstance(world, SecureWorld)
    for side in SIDES:
        world.write_files(side)
    for listener in (world.server, world.collector):
        await listener.start()


def assert_told(world: World, cluster: Cluster) -> None:
    """All that there was is told: each Event and transition once, with one content.

    What a gap hid may be missing, and a change in it may be dated otherwise: the occurrences are
    the same then. An object span may have come to rest by what was known when that was due.

    A transition is hidden with the write that shows it: its own time may be an earlier one, as that
    of a RolloutComplete whose generation was raised by an annotation alone.
    """
    told, wanted = world.told, expected(cluster)
    if not world.gaps:
        assert not differences(_events(told), _events(wanted))
        assert told.keys() == wanted.keys()
        return
    spans = list(filter(is_event, tell(cluster.frames, cluster_uid=CLUSTER)))
    ids = [span_id for _, span_id in _events(told)]
    assert len(ids) == len(set(ids))
    assert set(ids) <= {span.span_id for span in spans}
    written = {version_of(frame): written_at(frame) for frame in cluster.frames}
    missing = [span for span in spans if span.span_id not in ids]
    assert all(_is_in_gap(world, span, shown=written.get(span.version, 0)) for span in missing)


def version_of(frame: Raw) -> int:
    """The resourceVersion that a frame shows."""
    return int(frame["object"]["metadata"]["resourceVersion"])


def written_at(frame: Raw) -> int:
    """The newest time (ns) that an API server wrote into an object; 0 where there is none."""
    fields = frame["object"]["metadata"].get("managedFields", ())
    return max((parse_timestamp(field.get("time")) or 0 for field in fields), default=0)


def _is_in_gap(world: World, span: Span, *, shown: int) -> bool:
    """Whether an occurrence, or what showed it, was when the watch of that had expired."""
    kind = attributes(span)["k8s.object.kind"]
    resource = f"{kind.lower()}s" if span.is_status else "events"
    gaps = (g.span for g in world.gaps if g.attributes["event_tracer.gap.resource"] == resource)
    return any(
        gap.start_time_unix_nano - SECOND <= time <= gap.end_time_unix_nano + SECOND
        for gap in gaps
        for time in (span.end, shown)
    )


def _events(spans: Ids) -> Ids:
    return {key: text for key, text in spans.items() if b"event_tracer.outcome" not in text}


class Killer:
    """Kills the bridge now and then, and starts it again."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.task = world.start()

    async def run(self, choice: Random) -> None:
        """For ever."""
        while True:
            await asyncio.sleep(choice.uniform(5, 60))
            await kill(self.task)
            await asyncio.sleep(choice.uniform(0, 20))
            self.task = self.world.start()

    def revive(self) -> "asyncio.Task[bool]":
        """The run that goes on to the end."""
        if self.task.done():
            self.task = self.world.start()
        return self.task


def sequence(seed: int, *, kills: bool) -> None:
    """500 Events, under faults of both sides at once, at random."""

    @in_secure_world(seed=seed)
    async def test(world: World) -> None:
        choice, cluster, killer = (
            Random(seed),
            busy(seed=seed, events=500, kind=StatusCluster),
            Killer(world),
        )
        exact = {name: fault for name, fault in API_FAULTS.items() if name not in STARTING_OVER}
        work = [
            trouble(world, exact if kills else API_FAULTS, choice),
            trouble(world, COLLECTOR_FAULTS, choice),
            *([killer.run(choice)] if kills else []),
        ]
        tasks = [asyncio.create_task(each) for each in work]
        await world.play(cluster)
        await mended(world, tasks)
        assert await world.end(killer.revive(), after=_LONG)

        assert_told(world, cluster)

    test()


@pytest.mark.parametrize("seed", range(SEQUENCES // 2))
def test_random_faults_change_nothing(seed: int) -> None:
    """Any sequence of faults: the spans that arrived are those of a run without any."""
    sequence(seed, kills=False)


@pytest.mark.parametrize("seed", range(1000, 1000 + SEQUENCES // 2))
def test_random_faults_and_kills_change_nothing(seed: int) -> None:
    """The same where the bridge is killed again and again, stories being open."""
    sequence(seed, kills=True)


@pytest.mark.parametrize("name", FAULTS)
@in_secure_world(seed=7)
async def test_each_fault_changes_nothing(world: World, name: str) -> None:
    """Each alone, three times over."""
    choice, cluster, task = (
        Random(name),
        busy(seed=7, events=150, kind=StatusCluster),
        world.start(),
    )

    async def some() -> None:
        for _ in range(3):
            await asyncio.sleep(choice.uniform(2, 20))
            await FAULTS[name](world, choice)

    troubled = asyncio.create_task(some())
    await world.play(cluster)
    await troubled
    await mended(world, [])
    assert await world.end(task, after=_LONG)

    assert_told(world, cluster)
