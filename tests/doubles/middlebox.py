"""What stands between a bridge and a collector, and may forget a connection without a word."""

import asyncio
import ctypes
import socket
import struct
from types import TracebackType
from typing import Self

_SO_ATTACH_FILTER = 26  # asm-generic/socket.h
_DROP_ALL = struct.pack("HBBI", 0x06, 0, 0, 0)  # BPF_RET | BPF_K, 0 (linux/filter.h)


class Middlebox:
    """Passes connections on to a port; it is there within `async with`."""

    def __init__(self, *, to: int) -> None:
        self.port = 0
        self.connections = 0
        """So many were made."""
        self._to = to
        self._open: list[asyncio.StreamWriter] = []
        self._forgotten: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    def forget(self, *, acknowledges: bool) -> None:
        """What is open now leads nowhere, and nobody is told; new connections are good.

        Unless it acknowledges, TCP sees nothing come back either.
        """
        self._forgotten = {*self._open}
        for writer in [] if acknowledges else self._open:
            _drop_all(writer.get_extra_info("socket"))

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1")
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        if self._server:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        to_reader, to_writer = await asyncio.open_connection("127.0.0.1", self._to)
        self._open.append(writer)
        for source, sink in ((reader, to_writer), (to_reader, writer)):
            task = asyncio.create_task(self._pass_on(source, sink, by=writer))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _pass_on(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, *, by: asyncio.StreamWriter
    ) -> None:
        try:
            while data := await source.read(1 << 16):
                if by not in self._forgotten:
                    sink.write(data)
                    await sink.drain()
        except ConnectionError:
            pass
        finally:
            sink.close()


def _drop_all(taken: socket.socket) -> None:
    code = ctypes.create_string_buffer(_DROP_ALL)
    program = struct.pack("HL", 1, ctypes.addressof(code))
    taken.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, program)
