"""What goes wrong between a client and an API server."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from aiohttp import web

from tests.doubles.apiserver.wire import Asked, said, status

Answer = Callable[[web.BaseRequest], Awaitable[web.StreamResponse | None]]
"""What a request gets instead; None: what it would get anyway."""


@dataclass(kw_only=True)
class Fault:
    """An answer for some requests; `times` counts down to 0, None is for ever."""

    answer: Answer
    resource: str = "*"
    verb: str = "*"
    namespace: str = "*"
    times: int | None = None

    def meets(self, asked: Asked) -> bool:
        """Whether it answers this request; `list` means all pages, `continue` all but the first."""
        verbs = {asked.verb, "list"} if asked.verb == "continue" else {asked.verb}
        return (
            self.times != 0
            and self.verb in {"*", *verbs}
            and fnmatchcase(asked.resource, self.resource)
            and fnmatchcase(asked.namespace, self.namespace)
        )

    def take(self) -> Answer:
        """Its answer, once less."""
        if self.times is not None:
            self.times -= 1
        return self.answer


@dataclass(frozen=True, kw_only=True)
class Forbidden:
    """What RBAC does not allow; namespace "" is all of them at once, "*" any and all."""

    resource: str = "*"
    verb: str = "*"
    namespace: str = "*"

    def meets(self, *, verb: str, resource: str, namespace: str) -> bool:
        return (
            fnmatchcase(resource, self.resource)
            and fnmatchcase(verb, self.verb)
            and fnmatchcase(namespace, self.namespace)
        )


def refuse(code: int, message: str = "", *, retry_after: int | None = None, **more: Any) -> Answer:
    """A JSON Status."""

    async def answer(_: web.BaseRequest) -> web.StreamResponse:
        made = said(status(code, message or f"told to say {code}", **more), code=code)
        if retry_after is not None:
            made.headers["Retry-After"] = str(retry_after)
        return made

    return answer


def throttle(seconds: int = 1) -> Answer:
    """429 of priority and fairness, which is plain text."""

    async def answer(_: web.BaseRequest) -> web.StreamResponse:
        text = "Too many requests, please try again later.\n"
        return web.Response(status=429, text=text, headers={"Retry-After": str(seconds)})

    return answer


def html(code: int) -> Answer:
    """The page of a proxy in between."""

    async def answer(_: web.BaseRequest) -> web.StreamResponse:
        page = f"<html>\n<head><title>{code}</title></head>\n<body>nginx</body>\n</html>\n"
        return web.Response(status=code, text=page, content_type="text/html")

    return answer


def slow(seconds: float) -> Answer:
    """The ordinary answer, late."""

    async def answer(_: web.BaseRequest) -> None:
        await asyncio.sleep(seconds)

    return answer


async def empty(_: web.BaseRequest) -> web.StreamResponse:
    """200 without a body, and the connection closes."""
    made = web.Response(content_type="application/json")
    made.force_close()
    return made


async def hang(_: web.BaseRequest) -> web.StreamResponse:
    """Not even a status line, until the client goes."""
    await asyncio.Event().wait()
    raise AssertionError


async def mute(request: web.BaseRequest) -> web.StreamResponse:
    """200, and no byte of a body, until the client goes."""
    made = web.StreamResponse(headers={"Content-Type": "application/json"})
    await made.prepare(request)
    return await hang(request)


async def lose(request: web.BaseRequest) -> web.StreamResponse:
    """The connection goes before an answer."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


UNAUTHORIZED = refuse(401, "Unauthorized")
FORBIDDEN = refuse(403, "forbidden")
NOT_FOUND = refuse(404, "the server could not find the requested resource")
EXPIRED = refuse(410, "The provided continue parameter is too old to display a consistent list.")
THROTTLED = throttle()
UNAVAILABLE = refuse(503, "apiserver is shutting down", retry_after=1)
BROKEN = refuse(500, "etcdserver: leader changed")
BAD_GATEWAY = html(502)
LOGIN_PAGE = html(200)

# lines for `ApiServer.inject`
_LONG = {"kind": "Event", "metadata": {"name": "long"}, "message": "x" * 5 * 1024 * 1024}
OVERLONG = json.dumps({"type": "ADDED", "object": _LONG}).encode()
NO_JSON = b"upstream connect error or disconnect/reset before headers"
UNKNOWN_TYPE = b'{"type":"SURPRISE","object":{"kind":"Event","metadata":{"name":"x"}}}'
NO_METADATA = b'{"type":"ADDED","object":{"kind":"Event","apiVersion":"v1"}}'
