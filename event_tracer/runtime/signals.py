"""SIGTERM and SIGINT."""

import asyncio
import logging
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

_FORCED = 1

logger = logging.getLogger(__name__)


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
