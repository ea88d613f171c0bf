"""How long to wait before the next attempt."""

import random
import time
from email.utils import parsedate_to_datetime

_LONGEST_ASKED = 300.0  # seconds; whoever asks for more may have changed its mind by then


class Backoff:
    """Pauses that double from `first` to `longest` seconds, each up to a fifth off."""

    def __init__(self, *, first: float, longest: float) -> None:
        self._first = self._next = first
        self._longest = longest

    def pause(self, *, after: float | None = None) -> float:
        """The seconds to wait now: at least `after`, where the other side asked for that."""
        pause = self._next * random.uniform(0.8, 1.2)
        self._next = min(self._next * 2, self._longest)
        # All who were told the same would come back in the same instant.
        asked = None if after is None else min(max(after, 0.0), _LONGEST_ASKED)
        return pause if asked is None else asked + random.uniform(0, self._first)

    def reset(self) -> None:
        """An attempt succeeded."""
        self._next = self._first


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
