"""A whole run in simulated time: an API server and a collector on paper, and what lies between."""

import asyncio
import os
import random
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Concatenate, ParamSpec
from unittest import mock

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from event_tracer.cli import run
from event_tracer.cli.settings.load import load
from event_tracer.cli.settings.models import RunSettings
from event_tracer.core.span import Span
from event_tracer.export.otlp.encoding import encode
from tests.doubles.apiserver.server import CLUSTER, ApiServer
from tests.doubles.kubeconfigs import kubeconfig
from tests.doubles.otlp_http import Collector, Received, received_spans
from tests.scenarios.cluster import Cluster
from tests.scenarios.fields import SECOND, Raw
from tests.scenarios.folding import tell
from tests.scenarios.inside import inside

_MEMORY = "/dev/shm" if os.path.isdir("/dev/shm") else None
"""Where writing to the disk's end costs nothing: no power fails here."""
Ids = dict[tuple[bytes, bytes], bytes]


class World:
    """One cluster, one collector, one folder; `start` runs the bridge between them."""

    def __init__(self, server: ApiServer, collector: Collector, folder: Path) -> None:
        self.server, self.collector, self.folder = server, collector, folder
        self.stop = asyncio.Event()
        self.use_token("secret")

    def use_token(self, token: str) -> None:
        """Write a kubeconfig with this token."""
        kubeconfig(self.folder / "config", self.server.url, user={"token": token})

    def settings(self, **flags: Any) -> RunSettings:
        """Settings for this world."""
        here = {"kubeconfig": str(self.folder / "config"), "checkpoint": str(self.folder / "saved")}
        return load(RunSettings, flags={**here, **flags}, config=None)

    def start(self, **flags: Any) -> "asyncio.Task[bool]":
        """Run the bridge."""
        self.stop = asyncio.Event()
        return asyncio.create_task(run.run(self.settings(**flags), stop=self.stop), name="bridge")

    async def play(self, cluster: Cluster) -> None:
        """Write a cluster's life, each frame at its time."""
        for time, frame in zip(cluster.times, cluster.frames, strict=True):
            await asyncio.sleep(max(0.0, time / SECOND - self.server.now()))
            self.server.write(frame)

    async def end(self, task: "asyncio.Task[bool]", *, after: float = 200.0) -> bool:
        """Let all settle, then stop as SIGTERM does."""
        await asyncio.sleep(after)
        self.stop.set()
        return await task

    @property
    def told(self) -> Ids:
        """What arrived, without gaps; nothing may have come with two contents."""
        gaps = {received.id for received in self.gaps}
        contents = {k: found for k, found in self.collector.contents().items() if k not in gaps}
        twice = {key: found for key, found in contents.items() if len(found) > 1}
        assert not twice, f"{len(twice)} spans have two contents"
        return {key: next(iter(found)) for key, found in contents.items()}

    @property
    def gaps(self) -> list[Received]:
        """The gap spans that arrived."""
        return [received for received in self.collector.spans if received.span.name == "gap"]


P = ParamSpec("P")
Test = Callable[Concatenate[World, P], Coroutine[Any, Any, None]]


async def kill(task: "asyncio.Task[bool]") -> None:
    """kill -9, as far as it can be had within one process: nothing more is written or sent."""
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def in_world(*, seed: int = 0, **environ: str) -> Callable[[Test[P]], Callable[P, None]]:
    """Give a test a world of its own; `seed` is that of the bridge's pauses."""
    return inside(lambda: opened(seed, environ))


@asynccontextmanager
async def opened(seed: int, environ: dict[str, str]) -> AsyncIterator[World]:
    """The world, for as long as the block lasts."""
    random.seed(seed)
    async with ApiServer() as server, Collector() as collector:
        with TemporaryDirectory(dir=_MEMORY) as folder, _environment(collector, environ):
            yield World(server, collector, Path(folder))


@contextmanager
def _environment(collector: Collector, more: dict[str, str]) -> Iterator[None]:
    made = {
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": collector.url,
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
        **more,
    }
    with mock.patch.dict(os.environ, made):
        yield


def expected(cluster: Cluster, **options: Any) -> Ids:
    """What the fold alone makes of a cluster's life, as it must arrive."""
    return spans_of(cluster.frames, **options)


def spans_of(frames: Iterable[Raw], **options: Any) -> Ids:
    """The same for frames."""
    return contents_of(tell(frames, cluster_uid=CLUSTER, **options))


def contents_of(spans: Iterable[Span]) -> Ids:
    """What a collector reads of these spans."""
    request = ExportTraceServiceRequest.FromString(encode(spans))
    return {found.id: found.content for found in received_spans(request, 0.0)}


def differences(told: Ids, wanted: Ids) -> list[str]:
    """What is missing, what nobody wanted, what says something else: for people."""
    missing = [f"missing: {_name(wanted[key])}" for key in wanted.keys() - told.keys()]
    extra = [f"extra: {_name(told[key])}" for key in told.keys() - wanted.keys()]
    other = [
        f"{_name(wanted[key])} not as wanted:\n{told[key]!r}\n{wanted[key]!r}"
        for key in told.keys() & wanted.keys()
        if told[key] != wanted[key]
    ]
    return missing + extra + other


def _name(content: bytes) -> str:
    return str(content[-400:])
