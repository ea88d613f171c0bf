"""One watch of an API server on paper, and what its handler is given."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from itertools import pairwise
from typing import Any

from aiohttp import web
from kubernetes_asyncio.client import ApiClient, Configuration

from event_tracer.core.frame import Frame, Line, Listing
from event_tracer.core.times import parse_timestamp
from event_tracer.kube.client import Api
from event_tracer.kube.handler import WatchInfo
from event_tracer.kube.resources import EVENTS, Resource
from event_tracer.kube.stream import AT_ONCE, PollInterval
from event_tracer.kube.watch import Watch
from event_tracer.runtime.metrics import NullMetrics
from tests.doubles.apiserver.faults import Answer
from tests.doubles.apiserver.server import ApiServer
from tests.doubles.apiserver.wire import Asked
from tests.scenarios.fields import SECOND, Raw, stamp
from tests.scenarios.inside import inside


class Recorder(NullMetrics):
    """The handler, and the counts, of one watch."""

    wants_raw = True

    def __init__(self) -> None:
        self.begun = 0
        self.pages: list[list[str]] = []
        """The names of items, page by page, since the last LIST began."""
        self.lists: list[Listing] = []
        self.types: list[tuple[str, str]] = []
        """The kind and apiVersion of all objects."""
        self.frames: list[str] = []
        """The names of objects, frame by frame."""
        self.times: list[float] = []
        """The loop's time at each of them."""
        self.standings: list[tuple[bool, bool]] = []
        """is_live and is_denied at each change."""
        self.lost: Counter[str] = Counter()
        self.causes: list[str] = []
        self.most: int | None = None
        """So many frames have room."""
        self.looks = AT_ONCE
        """How often it looks at a stream."""

    @property
    def names(self) -> list[str]:
        """All items of the last LIST."""
        return [name for page in self.pages for name in page]

    # -- FrameHandler

    def on_list_begin(self, watch: WatchInfo) -> None:
        self.begun += 1
        self.pages = []

    def on_page(
        self, watch: WatchInfo, frames: list[Frame], raws: list[Raw], listing: Listing
    ) -> None:
        self.pages.append([raw["object"]["metadata"]["name"] for raw in raws])
        self.types += [_type(raw) for raw in raws]

    async def on_list(self, watch: WatchInfo, listing: Listing) -> None:
        self.lists.append(listing)

    def on_raw(self, watch: WatchInfo, raw: Raw) -> int | None:
        meta = raw["object"].get("metadata") or {}
        self.frames.append(meta.get("name", ""))
        self.types.append(_type(raw))
        self.times.append(asyncio.get_running_loop().time())
        return parse_timestamp(meta.get("creationTimestamp"))

    def on_status_change(self, watch: WatchInfo) -> None:
        self.standings.append((watch.is_live, watch.is_denied))

    def on_lines(self, watch: WatchInfo, lines: Sequence[Line]) -> int | None:
        raise NotImplementedError

    def poll_interval(self, watch: WatchInfo) -> PollInterval:
        return self.looks

    def has_capacity(self, watch: WatchInfo) -> bool:
        return self.most is None or len(self.frames) < self.most

    async def wait_for_capacity(self, watch: WatchInfo) -> None:
        await until(lambda: self.has_capacity(watch))

    # -- Metrics

    def dropped(self, reason: str) -> None:
        self.lost[reason] += 1

    def restarted(self, resource: str, cause: str) -> None:
        self.causes.append(cause)


def _type(raw: Raw) -> tuple[str, str]:
    return raw["object"].get("kind", ""), raw["object"].get("apiVersion", "")


class Bench:
    """A watch between a server and a recorder."""

    def __init__(self, server: ApiServer) -> None:
        self.server, self.told = server, Recorder()
        self.api = Api(self._connect)
        self._tasks: list[asyncio.Task[None]] = []

    async def _connect(self) -> ApiClient:
        return ApiClient(Configuration(host=self.server.url))

    async def watch(self, resource: Resource = EVENTS, **options: Any) -> Watch:
        """Start a watch, and let it get as far as it does in a few seconds."""
        made = Watch(self.api, resource, handler=self.told, metrics=self.told, **options)
        self._tasks.append(asyncio.create_task(made.run(), name="watch"))
        await asyncio.sleep(5)
        return made

    def write(self, name: str, *, resource: str = "events") -> int:
        """A new object, of now; its resourceVersion."""
        created = stamp(int(self.server.now()) * SECOND)
        meta = {"namespace": "shop", "name": name, "uid": name, "creationTimestamp": created}
        frame = {"type": "ADDED", "resource": resource, "object": {"metadata": meta}}
        return self.server.write(frame)

    def since(self, start: int, verb: str = "*") -> list[Asked]:
        """The requests from the one with this number on."""
        verbs = {verb} if verb != "*" else {"list", "continue", "watch"}
        return [asked for asked in self.server.requests[start:] if asked.verb in verbs]

    async def end(self) -> None:
        """Stop; a watch that has ended by itself is a failure."""
        assert not any(task.done() for task in self._tasks), self._tasks
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.api.close()


@asynccontextmanager
async def _bench() -> AsyncIterator[Bench]:
    random.seed(0)
    async with ApiServer() as server:
        bench = Bench(server)
        try:
            yield bench
        finally:
            await bench.end()


on_bench = inside(_bench)
"""Give a test a bench."""


async def until(is_so: Callable[[], bool]) -> None:
    """Wait for it, to a tenth of a second."""
    for _ in range(36_000):
        if is_so():
            return
        await asyncio.sleep(0.1)
    raise AssertionError("not within an hour")


def gaps(asked: list[Asked]) -> list[float]:
    """The seconds between requests."""
    times = [one.time for one in asked]
    return [after - before for before, after in pairwise(times)]


def says(*lines: bytes, after: float = 0.0) -> Answer:
    """200 at once; these lines later; then a clean end."""

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        made = web.StreamResponse(headers={"Content-Type": "application/json"})
        await made.prepare(request)
        await asyncio.sleep(after)
        for line in lines:
            await made.write(line + b"\n")
        return made

    return answer
