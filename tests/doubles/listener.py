"""What HTTP servers of tests share: a clock, and a port that closes and opens again in no time."""

import asyncio
import ssl
from abc import abstractmethod
from collections.abc import Callable
from email.utils import formatdate
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from tests.scenarios.fields import SECOND
from tests.scenarios.writer import START


class _Request(web.BaseRequest):
    date: Callable[[], str]

    async def _prepare_hook(self, resp: web.StreamResponse) -> None:
        resp.headers["Date"] = self.date()


class Listener:
    """A server on 127.0.0.1, on the loop of the test; it is there within `async with`."""

    def __init__(self, *, context: ssl.SSLContext | None = None) -> None:
        self.port = 0
        self._context = context
        self.errors: list[Exception] = []
        """Of its own code; the end of `async with` raises them."""
        since = asyncio.get_running_loop().time()
        self.now: Callable[[], float] = lambda: START / SECOND + _time() - since
        """Its clock, in Unix seconds; it stands in the Date of every answer."""
        self._http: web.Server | None = None
        self._socket: asyncio.Server | None = None

    @abstractmethod
    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """What is said to a request."""

    async def start(self) -> None:
        """Listen, on the same port as ever, unless it does."""
        if self._socket is not None:
            return
        self._http = web.Server(
            self._answer, request_factory=self._request,
            handler_cancellation=True, access_log=None, auto_decompress=False,
        )  # fmt: skip
        loop = asyncio.get_running_loop()
        self._socket = await loop.create_server(
            self._http, "127.0.0.1", self.port, ssl=self._context
        )
        self.port = self._socket.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Refuse connections; cut those that are open. Takes no time."""
        if self._socket is None or self._http is None:
            return
        self._socket.close()
        self._socket = None
        while self._http.connections:
            self.cut_connections()
            await asyncio.sleep(0)

    @property
    def transports(self) -> list[object]:
        """Of all connections that are open."""
        return [each.transport for each in self._http.connections] if self._http else []

    def cut_connections(self) -> None:
        """Cut all connections; new ones are taken."""
        for connection in self._http.connections if self._http else ():
            if isinstance(connection.transport, asyncio.Transport):
                connection.transport.abort()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, _: type[BaseException] | None, error: BaseException | None, __: TracebackType | None
    ) -> None:
        await self.stop()
        if not self.errors:
            return
        if error is None:
            raise self.errors[0]
        error.add_note(f"in the server: {self.errors}")

    def _request(
        self, message: Any, payload: Any, protocol: Any, writer: Any, task: Any
    ) -> _Request:
        loop = asyncio.get_running_loop()
        request = _Request(message, payload, protocol, writer, task, loop)
        request.date = lambda: formatdate(self.now(), usegmt=True)
        return request

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        try:
            return await self.answer(request)
        except ConnectionError:
            raise
        except Exception as error:
            self.errors.append(error)
            raise


def drop(request: web.BaseRequest) -> None:
    """Cut the connection that a request came on."""
    if request.transport is not None:
        request.transport.abort()


def _time() -> float:
    return asyncio.get_running_loop().time()
