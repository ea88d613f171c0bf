"""TLS in front of a server on paper."""

import asyncio
import ssl
from types import TracebackType
from typing import Self

from tests.doubles.certificates import Authority


class TlsFront:
    """Ends TLS, and passes the bytes on to a port; it is there within `async with`."""

    def __init__(self, authority: Authority, *, to: int) -> None:
        self.port = 0
        self._to = to
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self.use(authority)

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    def use(self, authority: Authority) -> None:
        """From now on new connections get the certificate of this authority."""
        self._context.load_cert_chain(authority.server.certificate, authority.server.key)

    def cut(self) -> None:
        """End all connections; a pool's idle ones would end in real time alone."""
        for task in self._tasks:
            task.cancel()

    def ask_for_certificates(self, authority: Authority) -> None:
        """Take only clients that have one of this authority."""
        self._context.load_verify_locations(authority.certificate)
        self._context.verify_mode = ssl.CERT_REQUIRED

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(
            self._connected, "127.0.0.1", ssl=self._context
        )  # fmt: skip
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

    async def _connected(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:  # fmt: skip
        back_reader, back_writer = await asyncio.open_connection("127.0.0.1", self._to)
        for source, sink in ((reader, back_writer), (back_reader, writer)):
            task = asyncio.create_task(_pass_on(source, sink))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)


async def _pass_on(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    try:
        while data := await source.read(1 << 16):
            sink.write(data)
            await sink.drain()
    except (ConnectionError, ssl.SSLError):
        pass
    finally:
        sink.close()
