"""The bookmark of a WATCH to which the API server sends none."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

from event_tracer.kube.client import ApiError

_BEFORE_END = 60.0  # seconds
_LONGEST = 30.0  # seconds for an answer, which is half a minute old at the end
_QUIET = 75.0  # seconds: a server that sends bookmarks sends one a minute


class Bookmark:
    """The version up to which a WATCH that has ended in time had told all.

    A version at which nothing happens expires as any other: etcd forgets what is older than 5 to
    10 minutes (storage/etcd3/compact.go). So for a WATCH that is quiet `newest` is asked once, the
    version of a LIST of one item. That is a quorum read: whatever was written by then is at or
    below it. etcd tells a watcher all, in order, and ends one whose member has no leader (etcd's
    "Watch API guarantees"; storage/etcd3/store.go, watchContext), but does not say by when. So it
    counts only if the same stream is quiet for another half a minute at least, and is then ended
    by the server itself, in its time: one that hangs or breaks shows nothing. Another API server
    that has not come so far begins with what is above it all the same (etcd mvcc/
    watchable_store.go: such a watcher waits).
    """

    def __init__(self, newest: Callable[[], Awaitable[str]]) -> None:
        self.version = ""
        """Empty where nobody knows."""
        self._newest = newest
        self._last_line = 0.0  # the loop's time

    def on_line(self) -> None:
        """The WATCH says something: where it has come to, it says itself."""
        self.version = ""
        self._last_line = asyncio.get_running_loop().time()

    @asynccontextmanager
    async def asked(self, *, seconds: float) -> AsyncIterator[None]:
        """Ask at some time while a WATCH is read that the server ends after `seconds`."""
        self.version, self._last_line = "", asyncio.get_running_loop().time()
        asking = asyncio.create_task(self._ask(after=seconds - _BEFORE_END), name="bookmark")
        try:
            yield
        finally:
            asking.cancel()
            await asyncio.wait([asking])
            if not asking.cancelled():
                asking.result()

    async def _ask(self, *, after: float) -> None:
        await asyncio.sleep(after)
        last = self._last_line
        if asyncio.get_running_loop().time() - last < _QUIET:
            return
        with suppress(ApiError, TimeoutError):  # the WATCH goes on, and the next one asks again
            async with asyncio.timeout(_LONGEST):
                version = await self._newest()
            self.version = version if self._last_line == last else ""
