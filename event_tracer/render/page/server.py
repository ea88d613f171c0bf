"""`run --ui`: the page, and its stories as they happen, for browsers."""

import asyncio
import ipaddress
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from event_tracer.render.page.html import live_page
from event_tracer.render.page.store import StoryStore
from event_tracer.runtime.address import Address
from event_tracer.runtime.http import listening

_PACE = 0.5  # seconds, at least, between changes that are sent
_RENEWAL = 5.0  # seconds between looks at what is under way
_PATIENCE = 10.0  # seconds for a reader to take what it was sent
_MOST_READERS = 16
_OWN_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
_EVERY_ADDRESS = (None, "0.0.0.0", "::")
_HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


@asynccontextmanager
async def serve(stories: StoryStore, *, address: Address, title: str) -> AsyncIterator[int]:
    """Show `stories` at `address` meanwhile; the value is the port.

    Raises OSError where the address cannot be had.
    """
    shown = live_page(title=title)
    headers = {
        **_HEADERS, "Content-Security-Policy": f"{shown.policy}; frame-ancestors 'none'",
    }  # fmt: skip
    app = web.Application(middlewares=[_hosts(address.host)])

    async def prepare(_: web.Request, response: web.StreamResponse) -> None:
        response.headers.update(headers)

    async def show(_: web.Request) -> web.Response:
        return web.Response(text=shown.text, content_type="text/html")

    app.on_response_prepare.append(prepare)
    app.router.add_get("/", show)
    app.router.add_get("/events", _Readers(stories).answer)
    async with listening(app, address) as port:
        yield port


def _hosts(own: str | None) -> Middleware:
    """Refuse what a browser asks of another name.

    A page elsewhere may point a name of its own here, and would then read what this answers (DNS
    rebinding). Such an attack needs a name; an address is none.
    """

    def is_known(host: str) -> bool:
        return host in _OWN_NAMES or host == own or (own in _EVERY_ADDRESS and _is_address(host))

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not is_known(_name(request.headers.get("Host", ""))):
            raise web.HTTPForbidden(text="This host is not known here.\n")
        return await handler(request)

    return check


def _name(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


class _Readers:
    """Browsers that follow (HTML, "Server-sent events").

    Each has a place in the history of the stories and nothing else: a slow one gets fewer messages,
    and one that takes nothing at all is dropped.
    """

    def __init__(self, stories: StoryStore) -> None:
        self._stories = stories
        self._count = 0
        self._renewed = 0.0

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Send what there is, then what changes, for as long as it is read."""
        if self._count >= _MOST_READERS:
            raise web.HTTPServiceUnavailable(text="Too many follow already.\n")
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        self._count += 1
        try:
            await response.prepare(request)
            await self._follow(response, self._version_read(request))
        except (ConnectionError, TimeoutError):
            if request.transport:
                request.transport.abort()
        finally:
            self._count -= 1
        return response

    def _version_read(self, request: web.Request) -> int:
        """The version up to which a reader that comes back has read these stories."""
        name, _, version = request.headers.get("Last-Event-ID", "").partition("-")
        is_ours = name == self._stories.name and version.isdecimal() and len(version) < 19
        return int(version) if is_ours else 0

    async def _follow(self, response: web.StreamResponse, read: int) -> None:
        forgotten = -1
        while True:
            self._renew()
            changed = self._stories.changed
            if forgotten != self._stories.forgotten:
                forgotten = self._stories.forgotten
                await _write(response, f"event: known\ndata: {self._stories.known()}\n\n")
            for version, trace_id in self._stories.since(read):
                read = version
                if text := self._stories.text(trace_id):
                    name = f"{self._stories.name}-{version}"
                    await _write(response, f"id: {name}\nevent: story\ndata: {text}\n\n")
            await self._wait(response, changed)

    def _renew(self) -> None:
        """What is under way is told anew, whoever of the readers is the first to be due."""
        now = asyncio.get_running_loop().time()
        if now >= self._renewed + _RENEWAL:
            self._renewed = now
            self._stories.renew()

    async def _wait(self, response: web.StreamResponse, changed: asyncio.Event) -> None:
        try:
            async with asyncio.timeout(_RENEWAL):
                await changed.wait()
        except TimeoutError:
            await _write(response, ":\n\n")  # a proxy takes a long silence for the end
        await asyncio.sleep(_PACE)


async def _write(response: web.StreamResponse, text: str) -> None:
    async with asyncio.timeout(_PATIENCE):
        await response.write(text.encode("utf-8", "replace"))
