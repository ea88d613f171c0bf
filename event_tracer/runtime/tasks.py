"""Tasks that live together, and the signals that end them."""

import asyncio
import logging
import os
import signal
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

T = TypeVar("T")
Spawn = Callable[[Coroutine[Any, Any, None], str], asyncio.Task[None]]

_FORCED = 1  # exit code

logger = logging.getLogger(__name__)


class TaskScope:
    """Tasks of which none outlives the others; each may spawn more while the scope runs."""

    def __init__(self) -> None:
        self._group = asyncio.TaskGroup()
        self._tasks: set[asyncio.Task[None]] = set()

    def spawn(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        """Run `work` as one more task of this scope."""
        task = self._group.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def run(self, stop: asyncio.Event, **first: Coroutine[Any, Any, None]) -> None:
        """Run `first`, and all that is spawned meanwhile, until `stop`; to be called once.

        Raises an ExceptionGroup where a task fails, which cancels the others.
        """
        async with self._group:
            for name, work in first.items():
                self.spawn(work, name)
            await stop.wait()
            for task in self._tasks:
                task.cancel()


@contextmanager
def first_failure() -> Iterator[None]:
    """Raise the first failure of a scope that runs within, by itself instead of in a group."""
    failure: BaseException | None = None
    try:
        yield
    except* Exception as errors:
        failure = errors.exceptions[0]  # to raise it here would put it in a group again
    if failure:
        raise failure


@contextmanager
def stop_on_signals(stop: asyncio.Event) -> Iterator[None]:
    """SIGTERM and SIGINT set `stop`; a second one ends the process at once."""
    loop = asyncio.get_running_loop()

    def on_signal(number: signal.Signals) -> None:
        if stop.is_set():
            logger.error("forced to stop", extra={"signal": number.name})
            os._exit(_FORCED)
        logger.info("asked to stop", extra={"signal": number.name})
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, on_signal, number)
    try:
        yield
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


async def unless(stop: asyncio.Event, work: Awaitable[T]) -> T | None:
    """The result of `work`; None where `stop` comes first, which cancels it."""
    tasks = [asyncio.ensure_future(work), asyncio.ensure_future(stop.wait())]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        return tasks[0].result() if tasks[0].done() else None
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def happened(event: asyncio.Event, *, within: float | None) -> None:
    """Wait for an event, for so many seconds at most; None is for ever."""
    with suppress(TimeoutError):
        async with asyncio.timeout(within):
            await event.wait()
