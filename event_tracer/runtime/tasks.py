"""Tasks that live together."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

Spawn = Callable[[Coroutine[Any, Any, None], str], asyncio.Task[None]]


async def until(stop: asyncio.Event, begin: Callable[[Spawn], None]) -> None:
    """Run what `begin`, and all that comes of it, spawns; cancel it on `stop`.

    Raises an ExceptionGroup where a task fails, which ends the others.
    """
    tasks: set[asyncio.Task[None]] = set()
    async with asyncio.TaskGroup() as group:

        def spawn(work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
            task = group.create_task(work, name=name)
            tasks.add(task)
            task.add_done_callback(tasks.discard)
            return task

        begin(spawn)
        await stop.wait()
        for task in tasks:
            task.cancel()
