"""Kubeconfig files of tests, and a client of what is in them."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from kubernetes_asyncio.client import ApiClient

from event_tracer.kube.client import Api
from event_tracer.kube.credentials import client_factory
from event_tracer.kube.kubeconfig import ConnectionSettingsError
from tests.doubles.apiserver.server import ApiServer
from tests.scenarios.fields import Raw


def kubeconfig(
    path: Path, server: str | ApiServer, *, cluster: Raw | None = None, user: Raw | None = None,
    name: str = "here",
) -> str:  # fmt: skip
    """Write one with a cluster, a user and a context of one name; gives its path."""
    known = {"server": server}
    if isinstance(server, ApiServer):
        known = {"server": server.url, **server.cluster}
    body = {
        "apiVersion": "v1", "kind": "Config", "current-context": name,
        "clusters": [{"name": name, "cluster": {**known, **(cluster or {})}}],
        "users": [{"name": name, "user": user or {}}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
    }  # fmt: skip
    path.write_text(json.dumps(body))  # JSON is YAML
    return str(path)


class Counted(Api):
    """An Api that counts how often it reads the credentials."""

    def __init__(self, connect: Any) -> None:
        super().__init__(self._counted)
        self.readings = 0
        self._made = connect

    async def _counted(self) -> ApiClient:
        self.readings += 1
        made: ApiClient = await self._made()
        return made


@asynccontextmanager
async def api_of(path: str, *, context: str = "") -> AsyncIterator[Counted]:
    """An Api with the credentials of a kubeconfig, closed in the end."""
    made = Counted(await client_factory(kubeconfig=path, context=context))
    try:
        yield made
    finally:
        await made.close()


def with_server(
    test: Callable[[ApiServer], Coroutine[Any, Any, None]], *, is_secure: bool = False
) -> None:
    """Run a test with an API server, in real time."""

    async def main() -> None:
        async with asyncio.timeout(60), ApiServer(is_secure=is_secure) as server:
            await test(server)

    asyncio.run(main())


def host(path: str = "", *, context: str = "") -> str:
    """The server that would be spoken to."""

    async def find() -> str:
        client = await (await client_factory(kubeconfig=path, context=context))()
        await client.close()
        return str(client.configuration.host)

    return asyncio.run(find())


def complaint(path: str = "", *, context: str = "") -> str:
    """The sentence where there is no cluster to speak to."""
    with pytest.raises(ConnectionSettingsError) as caught:
        host(path, context=context)
    return str(caught.value)
