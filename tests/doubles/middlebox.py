"""What stands between a bridge and a collector, and may forget a connection without a word."""

import asyncio
import ctypes
import socket
import struct

from tests.doubles.relay import Relay

_SO_ATTACH_FILTER = 26  # asm-generic/socket.h
_DROP_ALL = struct.pack("HBBI", 0x06, 0, 0, 0)  # BPF_RET | BPF_K, 0 (linux/filter.h)


class Middlebox(Relay):
    """Passes connections on to a port; it is there within `async with`."""

    def __init__(self, *, to: int) -> None:
        super().__init__(to=to)
        self.connections = 0
        """So many were made."""
        self._open: list[asyncio.StreamWriter] = []
        self._forgotten: set[asyncio.StreamWriter] = set()

    def forget(self, *, acknowledges: bool) -> None:
        """What is open now leads nowhere, and nobody is told; new connections are good.

        Unless it acknowledges, TCP sees nothing come back either.
        """
        self._forgotten = {*self._open}
        for writer in [] if acknowledges else self._open:
            _drop_all(writer.get_extra_info("socket"))

    def _on_open(self, client: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._open.append(client)

    def _passes(self, client: asyncio.StreamWriter) -> bool:
        return client not in self._forgotten


def _drop_all(taken: socket.socket) -> None:
    code = ctypes.create_string_buffer(_DROP_ALL)
    program = struct.pack("HL", 1, ctypes.addressof(code))
    taken.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, program)
