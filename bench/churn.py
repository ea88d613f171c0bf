"""Three hours of a large cluster in simulated time: does memory stay flat?

10,000 pods alive, three of which are replaced each second; 100 Events a second, of which 20 are new
and the rest one more count of a crash loop's, each with a frame of the pod. What an Event told is
remembered for nearly two hours, so it is the third that shows. The whole of a run but its sockets:
what the API server would say comes from a process beside it, and what leaves is taken at once.
"""

import asyncio
import gc
import json
import os
import tempfile
import time
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from bench.frames import numbered
from bench.whole import Whole
from event_tracer.cli.main import GC_THRESHOLD
from event_tracer.core.span import Span
from event_tracer.export.delivery import Answer
from event_tracer.kube.client import Api
from event_tracer.kube.resources import WholeKinds
from event_tracer.pipeline.bridge import Bridge, PipelineConfig
from event_tracer.pipeline.checkpoint import Checkpoint
from event_tracer.pipeline.stores import FileStore
from event_tracer.runtime.telemetry import Telemetry
from tests.doubles.virtual_time import START, run
from tests.scenarios import cluster as paper
from tests.scenarios.fields import SECOND, Raw

_PODS, _REPLACED, _REPEATS, _LOOPS = 10_000, 3, 80, 1_000
_HOURS, _HOUR, _SAMPLE = 3, 3_600, 60
_ORIGIN = 1_795_473_000 * SECOND
_CLUSTER = "4a6b1d0e-5a3f-4c52-9d3e-6f1b2c3d4e5f"


class Taken:
    """A back end that takes everything."""

    spans = 0

    async def deliver(self, spans: Sequence[Span]) -> Answer:
        """Count them."""
        self.spans += len(spans)
        return Answer(accepted=True)


class Stream:
    """The body of a WATCH, and the response that it belongs to."""

    content_type = "application/json"
    connection = None

    def __init__(self) -> None:
        self.content = self
        self._said = bytearray()
        self._has_more = asyncio.Event()

    def say(self, line: bytes) -> None:
        """One line more."""
        self._said += line
        self._has_more.set()

    async def iter_any(self) -> AsyncIterator[bytes]:
        """All that there is, whenever there is something."""
        while await self._has_more.wait():
            self._has_more.clear()
            said, self._said = bytes(self._said), bytearray()
            yield said


class Cluster:
    """A cluster of a process of its own, so that its size is not taken for the run's."""

    def __init__(self, *, pods: int, has_status: bool) -> None:
        context = get_context("spawn")
        self._pipe, there = context.Pipe()
        self._process = context.Process(target=_serve, args=(there, pods, has_status), daemon=True)
        self._process.start()

    def listed(self, plural: str) -> bytes:
        """A LIST of what is there of a resource."""
        self._pipe.send(("listed", plural))
        made: bytes = self._pipe.recv()
        return made

    def second(self, now: int) -> list[tuple[str, bytes]]:
        """What happens in the second that begins now (ns): lines of watches, by resource."""
        self._pipe.send(("second", now))
        made: list[tuple[str, bytes]] = self._pipe.recv()
        return made


class OnPaper(Api):
    """An API server on paper: its LISTs, and a WATCH of each resource that never ends."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self.streams: dict[str, Stream] = {}

    @property
    def now(self) -> int | None:
        """The simulated time."""
        return _ORIGIN + int((asyncio.get_running_loop().time() - START) * SECOND)

    async def read(self, path: str, *, query: Any = None, accept: str = "") -> bytes:
        """A whole LIST, as of now."""
        return self._cluster.listed(path.rpartition("/")[2])

    @asynccontextmanager
    async def open(self, path: str, **_: Any) -> AsyncIterator[Any]:
        """A WATCH."""
        stream = self.streams[path.rpartition("/")[2]] = Stream()
        yield stream

    async def live(self, *, seconds: int) -> None:
        """Go on, second by second."""
        for _ in range(seconds):
            await asyncio.sleep(1)
            assert self.now
            for resource, line in self._cluster.second(self.now - SECOND):
                self.streams[resource].say(line)


def _serve(pipe: Connection, pods: int, has_status: bool) -> None:
    churn = Churn(pods=pods, has_status=has_status)
    while True:
        name, argument = pipe.recv()
        pipe.send(getattr(churn, name)(argument))


class Churn:
    """What is there, and what happens each second."""

    def __init__(self, *, pods: int, has_status: bool) -> None:
        self._paper = paper.Cluster(now=_ORIGIN)
        self._whole = Whole(has_status=has_status)
        self._version = 0
        for number in range(pods // 10):
            self._paper.apply(f"app-{number}", replicas=10)
            self._paper.now = _ORIGIN
        self._alive = deque(name for resource, name in self._paper.objects if resource == "pods")
        self._loops: deque[tuple[Raw, int]] = deque()
        self._frames()

    def listed(self, plural: str) -> bytes:
        """A LIST of what is there of a resource; of Events nothing."""
        there = self._whole.objects.values()
        items = [frame["object"] for frame in there if frame["resource"] == plural]
        return json.dumps(
            {"metadata": {"resourceVersion": str(self._version)}, "items": items}
        ).encode()

    def second(self, now: int) -> list[tuple[str, bytes]]:
        """One second."""
        self._paper.now = now
        for _ in range(_REPLACED):
            self._replace()
        self._repeat()
        lines = [
            (frame["resource"], json.dumps({"type": frame["type"], "object": frame["object"]}))
            for frame in self._frames()
        ]
        return [(resource, line.encode() + b"\n") for resource, line in lines]

    def _replace(self) -> None:
        name = self._alive.popleft()
        owner = self._paper.objects["replicasets", name.rpartition("-")[0]]
        self._paper.replace_pod(name, owner)
        self._alive.append(next(reversed(self._paper.objects))[1])

    def _repeat(self) -> None:
        while len(self._loops) < min(_LOOPS, len(self._alive)):
            pod = self._paper.objects["pods", self._alive[-1 - len(self._loops)]]
            message = "Back-off restarting failed container web"
            event = self._paper.event(pod, "BackOff", "kubelet", message, type_="Warning")
            self._loops.append((event, 1))
            if len(self._loops) % 10 == 0:
                return
        for _ in range(_REPEATS):
            event, count = self._loops.popleft()
            self._paper.repeat(event, count=count + 1)
            self._loops.append((event, count + 1))

    def _frames(self) -> list[Raw]:
        """Those since the last call."""
        made = []
        for frame in self._paper.frames:
            for each in self._whole.frames(frame):
                self._version += 1
                made.append(numbered(each, self._version))
        self._paper.frames.clear()
        self._paper.times.clear()
        self._paper.events.clear()
        return made


def churn(*, scale: float, has_status: bool) -> dict[str, Any]:
    """RSS at the half and at the end of the last hour, CPU of an Event."""
    cluster = Cluster(pods=int(_PODS * scale), has_status=has_status)
    cluster.listed("pods")  # once it is there
    return run(_churn(OnPaper(cluster), has_status=has_status), guard=3_600)


async def _churn(api: OnPaper, *, has_status: bool) -> dict[str, Any]:
    gc.set_threshold(*GC_THRESHOLD)
    taken, sizes = Taken(), []
    with tempfile.TemporaryDirectory() as folder:
        bridge = Bridge(
            PipelineConfig(whole=WholeKinds(workloads=has_status)),
            api=api, delivery=taken, target="nowhere",
            store=FileStore(Path(folder) / "checkpoint"),
            metrics=Telemetry(exporter="none", rules=(), clock=time.monotonic),
            checkpoint=Checkpoint(cluster_uid=_CLUSTER),
        )  # fmt: skip
        stop = asyncio.Event()
        running = asyncio.create_task(bridge.run(stop))
        await asyncio.sleep(10)
        begun = time.process_time()
        for _ in range(_HOURS * _HOUR // _SAMPLE):
            await api.live(seconds=_SAMPLE)
            sizes.append(_rss())
        spent = time.process_time() - begun
        stop.set()
        await running
    half = len(sizes) - _HOUR // _SAMPLE // 2
    return {
        "spans": taken.spans, "CPU µs a span": round(spent / taken.spans * 1e6),
        "RSS MiB at first": round(sizes[0]), "after two hours and a half": round(sizes[half]),
        "at the end": round(sizes[-1]),
    }  # fmt: skip


def _rss() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
