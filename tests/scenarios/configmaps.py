"""What tests of checkpoints in a ConfigMap share."""

import random
from base64 import b64decode
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager

import pytest
from kubernetes_asyncio.client import ApiClient, Configuration

from event_tracer.kube.client import Api
from event_tracer.pipeline.checkpoint import CheckpointError
from event_tracer.pipeline.stores import ConfigMapStore
from tests.doubles.apiserver.server import ApiServer
from tests.scenarios.fields import Raw
from tests.scenarios.inside import inside

MAPS = "configmaps"


class Ops:
    """An API server and a store in it."""

    def __init__(self, server: ApiServer, api: Api) -> None:
        self.server, self._api = server, api
        self.store = self.another()

    def another(self) -> ConfigMapStore:
        """What a second process has, for the same ConfigMap."""
        return ConfigMapStore(self._api, namespace="ops", name="saved")

    @property
    def object(self) -> Raw | None:
        """The ConfigMap as it is."""
        return self.server.store.get(self.server.store.kinds[MAPS], "ops/saved")

    @property
    def data(self) -> bytes | None:
        """What is in it."""
        return b64decode(self.object["binaryData"]["checkpoint"]) if self.object else None

    def delete(self) -> None:
        """kubectl delete configmap."""
        self.server.write({"type": "DELETED", "resource": MAPS, "object": self.object})


@asynccontextmanager
async def _ops() -> AsyncIterator[Ops]:
    random.seed(0)
    async with ApiServer() as server, _connected(server) as api:
        yield Ops(server, api)


with_ops = inside(_ops)
"""Give a test a server and a store."""


@asynccontextmanager
async def _connected(server: ApiServer) -> AsyncIterator[Api]:
    async def connect() -> ApiClient:
        configuration = Configuration()
        configuration.host = server.url
        return ApiClient(configuration)

    api = Api(connect)
    try:
        yield api
    finally:
        await api.close()


async def refused(work: Awaitable[object]) -> CheckpointError:
    """The error that it ends in."""
    with pytest.raises(CheckpointError) as caught:
        await work
    return caught.value
