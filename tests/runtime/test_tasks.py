"""Tasks that live together."""

import asyncio

import pytest

from event_tracer.runtime.tasks import TaskScope
from tests.doubles.virtual_time import run


async def _sleep() -> None:
    await asyncio.sleep(3600)


def test_a_stop_cancels_all_that_was_spawned() -> None:
    """The first, and what those spawn meanwhile; one that has ended is none of them."""

    async def test() -> None:
        scope, stop = TaskScope(), asyncio.Event()
        spawned: list[asyncio.Task[None]] = []

        async def first() -> None:
            spawned.append(scope.spawn(_sleep(), "later"))
            spawned.append(scope.spawn(asyncio.sleep(1), "short"))

        running = asyncio.create_task(scope.run(stop, first=first()))
        await asyncio.sleep(5)
        stop.set()
        await running
        assert [task.cancelled() for task in spawned] == [True, False]

    run(test())


def test_a_task_that_fails_ends_the_others() -> None:
    """Its error comes out as a group, and no task outlives it."""

    async def test() -> None:
        scope = TaskScope()
        others: list[asyncio.Task[None]] = []

        async def fail() -> None:
            others.append(scope.spawn(_sleep(), "other"))
            await asyncio.sleep(1)
            raise RuntimeError("a mistake")

        with pytest.raises(ExceptionGroup) as caught:
            await scope.run(asyncio.Event(), fail=fail())
        assert caught.group_contains(RuntimeError, match="a mistake")
        assert [task.cancelled() for task in others] == [True]

    run(test())
