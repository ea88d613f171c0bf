"""/healthz, /readyz and /metrics over HTTP."""

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from aiohttp import web

from event_tracer.runtime.address import Address

# Prometheus, "Exposition formats": text format 0.0.4, which every scraper reads
_EXPOSITION = "text/plain; version=0.0.4; charset=utf-8"
_GRACE = 1.0  # seconds for answers that are under way at the end

Handler = Callable[[web.Request], Awaitable[web.Response]]


@asynccontextmanager
async def serve(
    *,
    address: Address,
    health: Callable[[], str],
    ready: Callable[[], str],
    metrics: Callable[[], bytes],
) -> AsyncIterator[int]:
    """Answer at `address` meanwhile; the value is the port. For port 0 IPv4 and IPv6 get
    different ones, of which it is one.

    `health` and `ready` give "" or, in a sentence, why not. Raises OSError where the address
    cannot be had.
    """
    app = web.Application()
    app.router.add_get("/healthz", _probe(health))
    app.router.add_get("/readyz", _probe(ready))
    app.router.add_get("/metrics", _exposition(metrics))
    async with listening(app, address) as port:
        yield port


@asynccontextmanager
async def listening(app: web.Application, address: Address) -> AsyncIterator[int]:
    """Let `app` answer at `address` meanwhile; the value is the port.

    Raises OSError, in a sentence, where the address cannot be had.
    """
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=_GRACE)
    await runner.setup()
    try:
        await _listen(runner, address)
        yield int(runner.addresses[0][1])
    finally:
        await runner.cleanup()


async def _listen(runner: web.AppRunner, address: Address) -> None:
    try:
        await web.TCPSite(runner, address.host, address.port).start()
    except OSError as error:
        # Where a name is not found, the number is getaddrinfo's: negative, and no errno.
        number = error.errno or 0
        why = os.strerror(number) if number > 0 else error.strerror or str(error)
        raise OSError(f"cannot listen on {address}: {why}") from error


def _probe(read: Callable[[], str]) -> Handler:
    async def answer(_: web.Request) -> web.Response:
        reason = read()
        return web.Response(status=503 if reason else 200, text=f"{reason or 'ok'}\n")

    return answer


def _exposition(read: Callable[[], bytes]) -> Handler:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(body=read(), headers={"content-type": _EXPOSITION})

    return answer
