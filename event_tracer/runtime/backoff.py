"""Growing pauses between attempts, and the loop that makes them."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from email.utils import parsedate_to_datetime
from typing import TypeVar

_LONGEST_ASKED = 300.0  # seconds; whoever asks for more may have changed its mind by then
T = TypeVar("T")
E = TypeVar("E", bound=Exception)


class Backoff:
    """Pauses that double from `first` to `longest` seconds, each up to a fifth off."""

    def __init__(self, *, first: float = 0.5, longest: float = 30.0) -> None:
        self._first = self._next = first
        self._longest = longest

    def pause(self, *, after: float | None = None) -> float:
        """The seconds to wait now: at least `after`, where the other side asked for that."""
        pause = self._next * random.uniform(0.8, 1.2)
        self._next = min(self._next * 2, self._longest)
        # All who were given the same pause would come back in the same instant.
        asked = None if after is None else min(max(after, 0.0), _LONGEST_ASKED)
        return pause if asked is None else asked + random.uniform(0, self._first)

    def reset(self) -> None:
        """An attempt succeeded."""
        self._next = self._first


async def retrying(
    attempt: Callable[[], Awaitable[T]],
    *,
    on: type[E],
    on_failure: Callable[[E], float | None],
    backoff: Backoff | None = None,
) -> T:
    """Result of the first `attempt` that does not raise `on`, with growing pauses between them.

    `on_failure` is called with each such error. It returns the seconds that the other side asked
    to wait, None where it did not, and raises what no further attempt can mend.
    """
    backoff = backoff or Backoff()
    while True:
        try:
            return await attempt()
        except on as error:
            pause = backoff.pause(after=on_failure(error))
        await asyncio.sleep(pause)


def retry_after(text: str | None) -> float | None:
    """A Retry-After header's seconds, given as such or as a date (RFC 9110, 10.2.3)."""
    if not text:
        return None
    try:
        if text.strip().isdigit():
            return float(text)
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except (ValueError, OverflowError):
        return None
