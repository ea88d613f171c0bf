"""A page that is served, and those who read it."""

import json
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Concatenate, NamedTuple, ParamSpec

import aiohttp

from event_tracer.core.span import Span
from event_tracer.render.page import server
from event_tracer.render.page.store import StoryStore
from event_tracer.runtime.address import parse_address
from tests.scenarios.inside import inside

P = ParamSpec("P")
Preview = Callable[[bytes], Iterable[Span]]
LINE = 1 << 24  # bytes; a story is one


class Message(NamedTuple):
    """One server-sent event; a comment, which only says that somebody is there, has no name."""

    id: str
    name: str
    data: Any


@dataclass(frozen=True, slots=True)
class Site:
    """A page that is served, and who asks for it."""

    store: StoryStore
    port: int
    session: aiohttp.ClientSession

    async def get(self, path: str = "/", **headers: str) -> tuple[int, str]:
        """Status and text."""
        async with self.session.get(path, headers=headers) as answer:
            return answer.status, await answer.text()

    @asynccontextmanager
    async def follow(self, *, last: str = "") -> AsyncIterator["Reader"]:
        """Read what happens; `last` is the id of what was read before."""
        headers = {"Last-Event-ID": last} if last else {}
        async with self.session.get("/events", headers=headers) as answer:
            yield Reader(answer)


class Reader:
    """Somebody who follows."""

    def __init__(self, answer: aiohttp.ClientResponse) -> None:
        self.status, self.kind = answer.status, answer.content_type
        self._content = answer.content

    async def next(self) -> Message:
        """What is told next."""
        told = {"id": "", "event": "", "data": "null"}
        while line := (await self._content.readline()).decode().rstrip("\n"):
            name, _, value = line.partition(":")
            told[name] = value.removeprefix(" ")
        return Message(told["id"], told["event"], json.loads(told["data"]))

    async def story(self) -> Message:
        """The next story that is told."""
        while (message := await self.next()).name != "story":
            pass
        return message


def served(
    *, address: str = "127.0.0.1:0", max_spans: int = 500, preview: Preview = lambda _: ()
) -> Callable[[Callable[Concatenate[Site, P], Coroutine[Any, Any, None]]], Callable[P, None]]:
    """Give a test a page that is served."""
    return inside(lambda: _site(address, StoryStore(max_spans=max_spans, preview=preview)))


@asynccontextmanager
async def _site(address: str, store: StoryStore) -> AsyncIterator[Site]:
    async with server.serve(store, address=parse_address(address), title="shop & co") as port:
        # Each of its requests has a connection, as those of many browsers do.
        connector = aiohttp.TCPConnector(limit=0)
        url = f"http://127.0.0.1:{port}"
        async with aiohttp.ClientSession(url, connector=connector, read_bufsize=LINE) as session:
            yield Site(store, port, session)
