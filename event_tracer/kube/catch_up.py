"""The moment from which a WATCH has nothing left to catch up with."""

import asyncio
from collections.abc import Callable, Iterable
from enum import Enum

from event_tracer.core.event import version_number


class Quiet(Enum):
    """Seconds without a frame that show that all was read, by what the WATCH follows."""

    AFTER_TROUBLE = 2.0  # or a LIST of the past
    AFTER_END_IN_TIME = 0.5
    AFTER_LIST = 0.0  # of the present


class CatchUp:
    """Calls `on_caught_up` once all that happened before a WATCH was opened has been read.

    First the newest version that a LIST showed must have been read. Then either a frame comes that
    was written after the WATCH was opened, by the API server's clock, or it is quiet.
    """

    def __init__(self, on_caught_up: Callable[[], None]) -> None:
        self.quiet = Quiet.AFTER_TROUBLE
        self._on_caught_up = on_caught_up
        self._target = 0  # the highest resourceVersion that surely comes
        self._opened: int | None = None  # ns of the API server's clock
        self._timer: asyncio.TimerHandle | None = None

    def on_list_begin(self) -> None:
        """A LIST begins: what an earlier one showed does not matter."""
        self._target = 0

    def on_page(self, versions: Iterable[str]) -> None:
        """A LIST shows these resourceVersions."""
        self._target = max((self._target, *map(version_number, versions)))

    def on_open(self, *, version: str, now: int | None) -> None:
        """A WATCH from `version` was opened, at `now` (ns) of the API server's clock."""
        self._opened = now
        if self._target <= version_number(version):
            self._restart_timer()

    def on_frame(self, *, version: str, written: int | None) -> None:
        """A frame came, which the API server wrote at `written` (ns), if that is known."""
        if version_number(version) >= self._target:
            self._target = 0
        if self._target:
            return
        if written is not None and self._opened is not None and written >= self._opened:
            self._on_caught_up()
        else:
            self._restart_timer()

    def cancel(self) -> None:
        """The WATCH has ended, or all was read."""
        if self._timer:
            self._timer.cancel()
            self._timer = None

    def _restart_timer(self) -> None:
        self.cancel()
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(self.quiet.value, self._on_caught_up)
