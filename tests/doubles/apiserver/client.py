"""What tests of the API server on paper share: a plain client, and a small cluster."""

import io
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from tests.doubles.apiserver.server import ApiServer
from tests.scenarios.cluster import Cluster
from tests.scenarios.fields import Raw
from tests.scenarios.inside import inside

PARTIAL = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
PARTIALS = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
EVENTS = "/api/v1/events"


class Client:
    """Asks an API server, plainly."""

    def __init__(self, server: ApiServer, session: aiohttp.ClientSession) -> None:
        self.server, self.session = server, session

    async def get(self, path: str, *, accept: str = "application/json", **query: Any) -> Any:
        """The body of a 200; of anything else, its status."""
        url, headers = self.server.url + path, {"Accept": accept}
        async with self.session.get(url, params=query, headers=headers) as response:
            return await response.json() if response.status == 200 else response.status

    async def page(self, path: str, token: str, **query: Any) -> Any:
        """One more page of a list."""
        more: Any = {"continue": token, **query}
        return await self.get(path, **more)

    async def send(self, method: str, path: str, body: Raw) -> tuple[int, Any]:
        data = io.BytesIO(json.dumps(body).encode())
        async with self.session.request(method, self.server.url + path, data=data) as response:
            return response.status, await response.json()

    @asynccontextmanager
    async def watch(
        self, path: str, since: int, *, accept: str = "application/json", **query: Any
    ) -> AsyncIterator[aiohttp.StreamReader]:
        """The lines of a watch."""
        asked = {"watch": "true", "resourceVersion": str(since), **query}
        url, headers = self.server.url + path, {"Accept": accept}
        async with self.session.get(url, params=asked, headers=headers) as response:
            assert response.status == 200
            yield response.content

    async def frames(self, path: str, since: int, **query: Any) -> list[Raw]:
        """All frames of a watch, to its end."""
        async with self.watch(path, since, **query) as lines:
            return [json.loads(line) async for line in lines]


@asynccontextmanager
async def _client() -> AsyncIterator[Client]:
    async with ApiServer() as server, aiohttp.ClientSession() as session:
        for frame in deployed().frames:
            server.write(frame)
        yield Client(server, session)


with_server = inside(_client)
"""Give a test a client of an API server that holds a small cluster."""


def deployed() -> Cluster:
    """A Deployment of two pods."""
    cluster = Cluster()
    cluster.apply("web", replicas=2)
    return cluster


def event(name: str, *, version: int = 0) -> Raw:
    """The frame of a new Event."""
    meta = {"namespace": "shop", "name": name, "uid": name, "resourceVersion": str(version)}
    return {"type": "ADDED", "resource": "events", "object": {"metadata": meta}}


def names(listing: Raw) -> list[str]:
    """Of the items of a list."""
    return [item["metadata"]["name"] for item in listing["items"]]
