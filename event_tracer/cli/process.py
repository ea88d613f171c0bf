"""A command as a process: its logs and its signals."""

import asyncio
import gc
import signal
import sys
from collections.abc import Callable, Coroutine
from types import FrameType
from typing import Any, TypeVar

from event_tracer.cli.settings.options import LogOptions
from event_tracer.runtime import logs
from event_tracer.runtime.tasks import stop_on_signals

T = TypeVar("T")


def run_to_the_end(work: Coroutine[Any, Any, T], *, settings: LogOptions | None = None) -> T:
    """Run `work`, with logs if `settings` say how. SIGINT raises KeyboardInterrupt.

    That is so within a read that blocks, too, where asyncio's own handler only notes it; asyncio
    leaves another handler than Python's alone (asyncio.Runner).
    """
    _prepare(settings)
    before = signal.signal(signal.SIGINT, _interrupt)
    try:
        return asyncio.run(work)
    finally:
        signal.signal(signal.SIGINT, before)


def run_until_signal(
    work: Callable[[asyncio.Event], Coroutine[Any, Any, T]], *, settings: LogOptions
) -> T:
    """Run `work`, which SIGTERM and SIGINT ask to stop by setting its event."""
    _prepare(settings)

    async def main() -> T:
        stop = asyncio.Event()
        with stop_on_signals(stop):
            return await work(stop)

    return asyncio.run(main())


def complain(text: str) -> None:
    """Write one line for the user to standard error, without secrets."""
    line = logs.printable(logs.mask(" ".join(text.split())))
    sys.stderr.write(f"event-tracer: {line}\n")


def _prepare(settings: LogOptions | None) -> None:
    # What was imported stays: to look through it for cycles is 0.15 s of CPU that finds none.
    gc.freeze()
    if settings:
        logs.configure(level=settings.log_level, format_=settings.log_format, stream=sys.stderr)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
