"""The bytes of a WATCH: read at intervals, split into lines in bounded memory."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress
from socket import SO_RCVLOWAT, SOL_SOCKET, socket
from typing import NamedTuple

import aiohttp

LONGEST = 4 << 20
"""Bytes of a line. etcd takes objects of 1.5 MiB (--max-request-bytes), so none is longer."""
TOGETHER = 64
"""Lines that are read together: to read one by itself takes another 6 µs."""
_GRACE = 15.0  # seconds beyond the end of a WATCH
_BOOKMARKS = 100.0  # seconds; there is one a minute
_BULK_BYTES = 64 * 1024  # that many at once, and there is no pause: more is waiting
_WAKING_BYTES = 4 * _BULK_BYTES  # what pods write in 0.75 s at 150 Events/s
_EARLY = 0.001  # seconds


class PollInterval(NamedTuple):
    """A stream is read every `every` seconds, at multiples of these plus `late` seconds."""

    every: float
    late: float = 0.0

    def pause(self, now: float) -> float:
        """The seconds from `now` (the loop's time) to the next of them."""
        pause = self.every - (now - self.late) % self.every
        # A timer may be a little early, by the loop's clock_resolution: that one is now.
        return pause if pause > _EARLY else pause + self.every


AT_ONCE = PollInterval(every=0.0)
"""Each frame as it arrives."""


async def chunks(response: aiohttp.ClientResponse, *, poll: PollInterval) -> AsyncIterator[bytes]:
    """Bytes of a stream as they come, read once in `poll.every` seconds unless there are many.

    An API server sends each frame by itself, and to wake up for one costs as much as all that is
    done with it: 140 µs of CPU (190 over TLS) at 300 frames a second, 80 (120) with the pauses
    alone, 13 (18) with SO_RCVLOWAT. All streams wake up together, so that one wake-up does for all.
    """
    clock = asyncio.get_running_loop().time
    async for chunk in response.content.iter_any():
        yield chunk
        if poll.every and len(chunk) < _BULK_BYTES:
            with _coalesced_wakeups(response):
                await asyncio.sleep(poll.pause(clock()))


@contextmanager
def _coalesced_wakeups(response: aiohttp.ClientResponse) -> Iterator[None]:
    """Bytes that arrive meanwhile wake nobody up, unless there are many or the stream ends."""
    # Not pause_reading(): over TLS asyncio would wake up all the same (sslproto.py, 3.13).
    transport = response.connection and response.connection.transport
    connection = transport.get_extra_info("socket") if transport else None
    _set_rcvlowat(connection, _WAKING_BYTES)
    try:
        yield
    finally:
        _set_rcvlowat(connection, 1)


def _set_rcvlowat(connection: socket | None, count: int) -> None:
    # Windows has no such option, and the connection may have ended: then each frame wakes us up.
    if connection:
        with suppress(OSError):
            connection.setsockopt(SOL_SOCKET, SO_RCVLOWAT, count)


class Silence:
    """The seconds for which a WATCH may say nothing.

    A cached resource has a bookmark a minute, but none of what the WATCH began with ("only send
    events newer than resourceVersion", storage/cacher/cache_watcher.go, 1.37), and so none where
    nothing happens. So one silent WATCH is begun anew, and the next may be silent to its end.
    """

    def __init__(self, *, has_bookmarks: bool) -> None:
        self._has_bookmarks = self._is_expected = has_bookmarks

    def limit(self, seconds: float) -> float:
        """The limit for a WATCH that the server ends after `seconds`."""
        return _BOOKMARKS if self._is_expected else seconds + _GRACE

    def on_line(self) -> None:
        """A line came, so bookmarks will."""
        self._is_expected = self._has_bookmarks

    def on_limit(self) -> bool:
        """The limit is over; True if the server may be well all the same."""
        was_expected, self._is_expected = self._is_expected, False
        return was_expected


async def lines(
    chunks: AsyncIterator[bytes], *, on_loss: Callable[[str], None]
) -> AsyncIterator[list[bytes]]:
    """The whole lines of `chunks`, as many together as have come, up to TOGETHER.

    `on_loss` gets `too_long` or `truncated` for one lost.
    """
    rest, is_skipping = b"", False
    async for chunk in chunks:
        whole, start = [], 0
        # Not split(), which looks at each byte by itself: find() is memchr(3).
        while (end := chunk.find(b"\n", start)) >= 0:
            line = b"" if is_skipping else rest + chunk[start:end]
            rest, is_skipping, start = b"", False, end + 1
            if len(line) > LONGEST:
                on_loss("too_long")
            elif line.strip():
                whole.append(line)
                if len(whole) == TOGETHER:
                    yield whole
                    whole = []
        rest = b"" if is_skipping else rest + chunk[start:]
        if len(rest) > LONGEST:
            on_loss("too_long")
            rest, is_skipping = b"", True
        if whole:
            yield whole
    if rest.strip():
        on_loss("truncated")
