"""All watches of one cluster: those of objects first, then those of Events."""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Generic, Protocol, TypeVar

from event_tracer.core.frame import Listing
from event_tracer.core.times import SECOND
from event_tracer.kube.client import Api
from event_tracer.kube.handler import FrameHandler, WatchInfo
from event_tracer.kube.owners import Owners
from event_tracer.kube.resources import EVENTS, Resource, WholeKinds, each_namespace
from event_tracer.kube.watch import Watch
from event_tracer.runtime.metrics import Metrics
from event_tracer.runtime.tasks import Spawn


class ClusterHandler(FrameHandler, Protocol):
    """Takes the frames of all watches."""

    def update_sync_state(self) -> None:
        """Some watch may have come live, or fallen behind."""


_EVENTS_LIVE = 3600 * SECOND  # ns; kube-apiserver's --event-ttl: so much of the past is told
_MARGIN = 60 * SECOND  # ns by which a status may state an earlier time than that of its writing
_PATIENCE = 300.0  # seconds

H = TypeVar("H", bound=ClusterHandler)


class ClusterReader(Generic[H]):
    """Owns all watches of a cluster, and what they have been read up to.

    `handler` makes what takes the frames; it gets this reader, whose `owners` it may ask once
    frames come. `events` and `objects` are the resourceVersions to begin with: the former by
    namespace, the latter by `namespace/resource`, as is `read`: the times (ns) up to which an
    earlier run read all. `from_now`: without one, what a first LIST finds was emitted before. Of
    kinds that are not `whole` the metadata is read; `also` are kinds to read besides workloads.
    """

    def __init__(
        self, api: Api, *, handler: Callable[["ClusterReader[H]"], H], metrics: Metrics,
        namespaces: Iterable[str], whole: WholeKinds, spawn: Spawn, from_now: bool = False,
        events: Mapping[str, str] | None = None, objects: Mapping[str, str] | None = None,
        read: Mapping[str, int] | None = None, also: Iterable[Resource] = (),
    ) -> None:  # fmt: skip
        self._api = api
        self._metrics = metrics
        self._namespaces = each_namespace(namespaces)
        self._events = events or {}
        self._objects = objects or {}
        self._read = read or {}
        self._from_now = from_now
        self._started = 0  # ns
        self._events_behind_at: float | None = None  # the loop's time
        self._spawn = spawn
        self._objects_read = asyncio.Event()
        self.event_watches: list[Watch] = []
        """None before all objects were read."""
        self.handler = handler(self)
        self.owners = Owners(
            api, handler=self.handler, metrics=metrics, namespaces=namespaces, whole=whole,
            versions=self._objects, spawn=spawn, on_change=self.update, also=also,
        )  # fmt: skip

    async def run(self) -> None:
        """Start all watches: an Event is emitted with what is known of its object."""
        self._started = self.now
        self.owners.start()
        await self._objects_read.wait()
        self.event_watches += [self._watch_events(namespace) for namespace in self._namespaces]
        self._events_behind_at = asyncio.get_running_loop().time()
        for watch in self.event_watches:
            self._spawn(watch.run(), f"watch events {watch.namespace}".strip())

    def update(self) -> None:
        """Note that some watch may have come live, or fallen behind."""
        if not self._objects_read.is_set() and self.are_objects_read:
            self._objects_read.set()
        self.handler.update_sync_state()

    @property
    def watches(self) -> list[Watch]:
        """Those of objects and of Events, as far as they are started."""
        return [*self.owners.watches, *self.event_watches]

    @property
    def are_objects_read(self) -> bool:
        """All that happened to objects was read, as far as it can be had."""
        return self.owners.are_live

    @property
    def are_events_read(self) -> bool:
        """All Events were read, as far as it is allowed."""
        watches = self.event_watches
        return bool(watches) and all(watch.is_live or watch.is_denied for watch in watches)

    @property
    def are_events_awaited(self) -> bool:
        """Some Event may still be read that happened before what was read of objects.

        So it is while Events are behind, for five minutes; a full queue must be emptied first.
        """
        if self.are_events_read:
            self._events_behind_at = None
            return False
        now = asyncio.get_running_loop().time()
        if self._events_behind_at is None:
            self._events_behind_at = now
        is_paused = any(watch.is_paused for watch in self.event_watches)
        is_overdue = bool(self.event_watches) and now - self._events_behind_at > _PATIENCE
        return not (is_paused or is_overdue)

    @property
    def event_versions(self) -> dict[str, str]:
        """The highest resourceVersion of an Event that was read, by namespace."""
        begun = {namespace: self._events.get(namespace, "") for namespace in self._namespaces}
        return begun | {watch.namespace: watch.version for watch in self.event_watches}

    @property
    def object_versions(self) -> dict[str, str]:
        """The resourceVersions that were read last, by `namespace/resource`."""
        return {**self._objects, **self.owners.versions}

    @property
    def read_times(self) -> dict[str, int]:
        """The times (ns) up to which all was read, by `namespace/resource`."""
        now = {watch.place: self.read_until(watch) for watch in self.watches}
        return {**self._read, **{place: time for place, time in now.items() if time}}

    def read_until(self, watch: WatchInfo) -> int:
        """The time (ns) up to which a watch has read all, if only in an earlier run; 0: never."""
        if watch.last_read is None:
            return self._read.get(watch.place, 0)
        silence = asyncio.get_running_loop().time() - watch.last_read
        return self.now - int(silence * SECOND)

    def told_since(self, watch: WatchInfo, listing: Listing) -> int | None:
        """The time (ns) from which on a LIST's transitions are occurrences; None: none is."""
        if listing.learn_only:
            return None
        read_until = self.read_until(watch) if listing.cause else 0
        if read_until:
            return read_until - _MARGIN
        return max(self.now - _EVENTS_LIVE, self._started if self._from_now else 0)

    @property
    def now(self) -> int:
        """The API server's clock (ns), or this machine's before it has answered."""
        # A proxy may leave out the Date header.
        return self._api.now or time.time_ns()

    def _watch_events(self, namespace: str) -> Watch:
        return Watch(
            self._api, EVENTS, handler=self.handler, metrics=self._metrics, namespace=namespace,
            version=self._events.get(namespace, ""), from_now=self._from_now,
        )  # fmt: skip
