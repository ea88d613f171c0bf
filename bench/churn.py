"""An hour of a large cluster in simulated time: does memory stay flat?

10,000 pods alive, three of which are replaced each second; 100 occurrences a second, of which 20
are new Events and the rest one more count of a crash loop's. The whole of a run but its sockets:
what the API server would say is made here, and what leaves is taken at once.
"""

import asyncio
import json
import os
import tempfile
import time
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from event_tracer.api import Api
from event_tracer.bridge import Bridge
from event_tracer.checkpoint import Checkpoint, FileStore
from event_tracer.core.span import Span
from event_tracer.live_settings import RunSettings
from event_tracer.sender import Answer
from event_tracer.telemetry import Telemetry
from tests.cluster import Cluster
from tests.fields import SECOND, Raw
from tests.virtual import START, run

_PODS, _REPLACED, _REPEATS, _LOOPS = 10_000, 3, 80, 1_000
_HOUR, _SAMPLE = 3_600, 60
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
        self.chunks: asyncio.Queue[bytes] = asyncio.Queue()

    async def iter_any(self) -> AsyncIterator[bytes]:
        """What comes, as it comes."""
        while True:
            yield await self.chunks.get()


class Paper(Api):
    """An API server on paper: its LISTs, and a WATCH of each resource that never ends."""

    def __init__(self, cluster: "Churn") -> None:
        self._cluster = cluster
        self.streams: dict[str, Stream] = {}

    @property
    def now(self) -> int | None:
        """The simulated time."""
        return self._cluster.clock()

    async def get(self, path: str, *, query: Any = None, accept: str = "") -> Any:
        """A whole LIST, as of now."""
        plural = path.rpartition("/")[2]
        items = self._cluster.items(plural)
        return {"metadata": {"resourceVersion": str(self._cluster.paper.version)}, "items": items}

    @asynccontextmanager
    async def open(self, path: str, **_: Any) -> AsyncIterator[Any]:
        """A WATCH."""
        stream = self.streams[path.rpartition("/")[2]] = Stream()
        yield stream


class Churn:
    """The cluster: what is there, and what happens each second."""

    def __init__(self, *, pods: int) -> None:
        self.paper = Cluster(now=_ORIGIN)
        self.api = Paper(self)
        for number in range(pods // 10):
            self.paper.apply(f"app-{number}", replicas=10)
            self.paper.now = _ORIGIN
        self._alive = deque(name for resource, name in self.paper.objects if resource == "pods")
        self._loops: deque[tuple[Raw, int]] = deque()
        self._forget()

    def clock(self) -> int:
        """ns."""
        return _ORIGIN + int((asyncio.get_running_loop().time() - START) * SECOND)

    def items(self, plural: str) -> list[Raw]:
        """What is there of a resource; of Events nothing."""
        return [
            {"metadata": item["metadata"]}
            for (resource, _), item in self.paper.objects.items()
            if resource.partition(".")[0] == plural
        ]

    async def live(self, *, seconds: int) -> None:
        """Go on, second by second."""
        for _ in range(seconds):
            await asyncio.sleep(1)
            self.paper.now = self.clock() - SECOND
            for _ in range(_REPLACED):
                self._replace()
            self._repeat()
            for frame in self.paper.frames:
                line = json.dumps({"type": frame["type"], "object": frame["object"]}).encode()
                self.api.streams[frame["resource"]].chunks.put_nowait(line + b"\n")
            self._forget()

    def _replace(self) -> None:
        name = self._alive.popleft()
        owner = self.paper.objects["replicasets", name.rpartition("-")[0]]
        self.paper.replace_pod(name, owner)
        self._alive.append(next(reversed(self.paper.objects))[1])

    def _repeat(self) -> None:
        while len(self._loops) < min(_LOOPS, len(self._alive)):
            pod = self.paper.objects["pods", self._alive[-1 - len(self._loops)]]
            message = "Back-off restarting failed container web"
            event = self.paper.event(pod, "BackOff", "kubelet", message, type_="Warning")
            self._loops.append((event, 1))
            if len(self._loops) % 10 == 0:
                return
        for _ in range(_REPEATS):
            event, count = self._loops.popleft()
            self.paper.repeat(event, count=count + 1)
            self._loops.append((event, count + 1))

    def _forget(self) -> None:
        self.paper.frames.clear()
        self.paper.times.clear()
        self.paper.events.clear()


def churn(*, scale: float) -> dict[str, Any]:
    """RSS at the half and at the end of the hour, CPU of an occurrence."""
    return run(_churn(pods=int(_PODS * scale)), guard=3_600)


async def _churn(*, pods: int) -> dict[str, Any]:
    cluster, taken, sizes = Churn(pods=pods), Taken(), []
    with tempfile.TemporaryDirectory() as folder:
        bridge = Bridge(
            RunSettings(), api=cluster.api, delivery=taken, target="nowhere",
            store=FileStore(Path(folder) / "checkpoint"),
            telemetry=Telemetry(exporter="none", clock=time.monotonic),
            checkpoint=Checkpoint(cluster_uid=_CLUSTER),
        )  # fmt: skip
        stop = asyncio.Event()
        running = asyncio.create_task(bridge.run(stop))
        await asyncio.sleep(10)
        begun = time.process_time()
        for _ in range(_HOUR // _SAMPLE):
            await cluster.live(seconds=_SAMPLE)
            sizes.append(_rss())
        spent = time.process_time() - begun
        stop.set()
        await running
    half = len(sizes) // 2
    return {
        "spans": taken.spans, "CPU s, with what makes the frames": round(spent, 1),
        "RSS MiB at half": round(sizes[half]), "at the end": round(sizes[-1]),
        "largest": round(max(sizes)),
    }  # fmt: skip


def _rss() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
