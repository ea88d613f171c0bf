"""What passes connections on to a port of this machine."""

import asyncio
import ssl
from types import TracebackType
from typing import Self


class Relay:
    """Passes the bytes of connections on, both ways; it is there within `async with`.

    With a `context` it ends TLS. `port` is its own, known once it is there.
    """

    def __init__(self, *, to: int, context: ssl.SSLContext | None = None) -> None:
        self.port = 0
        self._to = to
        self._context = context
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    def cut(self) -> None:
        """End all connections; a pool's idle ones would end in real time alone."""
        for task in self._tasks:
            task.cancel()

    async def serve(self, context: ssl.SSLContext | None) -> None:
        """Listen, on the same port as ever; from now on with this context."""
        if self._server:
            self._server.close()
        self._context = context
        self._server = await asyncio.start_server(
            self._connected, "127.0.0.1", self.port, ssl=context
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def __aenter__(self) -> Self:
        await self.serve(self._context)
        return self

    async def __aexit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        if self._server:
            self._server.close()
        self.cut()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            to_reader, to_writer = await asyncio.open_connection("127.0.0.1", self._to)
        except ConnectionError:
            writer.transport.abort()  # nobody is there
            return
        self._on_open(writer)
        for source, sink in ((reader, to_writer), (to_reader, writer)):
            task = asyncio.create_task(self._pass_on(source, sink, client=writer))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def _on_open(self, client: asyncio.StreamWriter) -> None:
        """A client's connection leads to the port now."""

    def _passes(self, client: asyncio.StreamWriter) -> bool:
        """Whether what is said on a client's connection, either way, is passed on."""
        return True

    async def _pass_on(
        self,
        source: asyncio.StreamReader,
        sink: asyncio.StreamWriter,
        *,
        client: asyncio.StreamWriter,
    ) -> None:
        try:
            while data := await source.read(1 << 16):
                if self._passes(client):
                    sink.write(data)
                    await sink.drain()
        except (ConnectionError, ssl.SSLError):
            pass
        finally:
            sink.close()
