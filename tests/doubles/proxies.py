"""An HTTP proxy on 127.0.0.1, which notes what it is asked for."""

import asyncio
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

_HANDSHAKE = b"\x16"  # of TLS, its first byte (RFC 8446, 5.1)


@dataclass(frozen=True, kw_only=True)
class Through:
    """One request to a proxy. `target` is host:port of CONNECT, else the whole URL."""

    method: str
    target: str
    headers: dict[str, str] = field(repr=False)
    """Names in lower case."""


class HttpProxy:
    """Passes connections on, whatever host they are for, to `to`; it is there in `async with`."""

    def __init__(self, *, to: int) -> None:
        self.port = 0
        self.asked: list[Through] = []
        self._to = to
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

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
        begin = await reader.readexactly(1)
        if begin == _HANDSHAKE:
            writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            writer.close()
            return
        head = (begin + await reader.readuntil(b"\r\n\r\n")).decode()
        first, *rest = head.strip().split("\r\n")
        method, target, _ = first.split(" ")
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in rest)}
        self.asked.append(Through(method=method, target=target, headers=headers))
        to_reader, to_writer = await asyncio.open_connection("127.0.0.1", self._to)
        if method == "CONNECT":
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        else:
            parts = urlsplit(target)
            path = f"{parts.path}?{parts.query}" if parts.query else parts.path
            to_writer.write(head.replace(target, path, 1).encode())
        for source, sink in ((reader, to_writer), (to_reader, writer)):
            task = asyncio.create_task(_pass_on(source, sink))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)


async def _pass_on(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    try:
        while data := await source.read(1 << 16):
            sink.write(data)
            await sink.drain()
    except ConnectionError:
        pass
    finally:
        sink.close()
