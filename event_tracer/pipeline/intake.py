"""Everything that is read from the cluster, on its way into the fold."""

import asyncio
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Protocol

from event_tracer.core.event import Event, lowest_version, version_number
from event_tracer.core.filters import Redact
from event_tracer.core.frame import (
    Frame,
    Item,
    Listing,
    Replace,
    SyncState,
    Tick,
    parse_frame,
)
from event_tracer.core.objects import KubeObject, ObjectMetadata
from event_tracer.core.span import Span
from event_tracer.core.story import Stories
from event_tracer.core.times import SECOND
from event_tracer.core.wire import MalformedError
from event_tracer.kube.handler import Raw, WatchInfo
from event_tracer.kube.owners import Owners
from event_tracer.kube.resources import EVENTS, PODS, REPLICA_SETS
from event_tracer.kube.stream import AT_ONCE, PollInterval
from event_tracer.runtime.metrics import Metrics
from event_tracer.runtime.tasks import Spawn

# Events a little later than what they name; others at once, as each state may be a change.
_POLL_INTERVALS = {
    PODS: PollInterval(every=0.5),
    REPLICA_SETS: PollInterval(every=0.5),
    EVENTS: PollInterval(every=0.5, late=0.05),
}
_AHEAD = 60 * SECOND  # ns that an API server may be ahead of another

logger = logging.getLogger(__name__)


class Outlet(Protocol):
    """What takes the fold's spans; it writes no checkpoint unless `is_whole`."""

    is_whole: bool

    def add(self, spans: list[Span]) -> None:
        """Take what has left the fold."""

    @property
    def size(self) -> int:
        """The spans that are not acknowledged."""


class ClusterState(Protocol):
    """What an intake may ask of the reader whose frames it takes."""

    @property
    def owners(self) -> Owners:
        """Watches and GETs of objects."""

    @property
    def are_objects_read(self) -> bool:
        """Whether all that happened to objects was read."""

    @property
    def are_events_read(self) -> bool:
        """Whether all Events were read."""

    def update(self) -> None:
        """Some watch may have come live, or fallen behind."""


@dataclass(slots=True)
class _List:
    """A LIST under way."""

    frames: list[Frame] = field(default_factory=list)
    uids: set[str] = field(default_factory=set)


class Intake:
    """Reads all watches. An Event waits here for the GET of an object that no watch brings."""

    def __init__(
        self, stories: Stories, *, reader: ClusterState, outlet: Outlet, capacity: int,
        now: Callable[[], int | None], metrics: Metrics, redact: Redact | None, spawn: Spawn,
    ) -> None:  # fmt: skip
        self._stories = stories
        self._reader = reader
        self._outlet = outlet
        self._capacity = capacity
        self._now = now
        self._metrics = metrics
        self._redact = redact
        self._spawn = spawn
        self._lists: dict[tuple[str, str], _List] = {}
        self._held: dict[int, Frame] = {}  # by id(): the Events that wait here
        self._latest = 0  # ns; the newest time that was believable when it was last asked
        self._freed = asyncio.Event()
        self._sync = SyncState(events_behind=True, objects_behind=True)
        self.feed(self._sync)

    @property
    def is_synced(self) -> bool:
        """Whether all that has happened was read."""
        return self._sync == SyncState()

    @property
    def lowest_version(self) -> int:
        """The lowest resourceVersion of an Event that has not left the fold; 0 without any."""
        held = (_version(frame) for frame in self._held.values())
        return lowest_version((*held, self._stories.waiting.lowest_version))

    def feed(self, item: Item) -> None:
        """Feed the fold, and pass on what it lets go."""
        # Nothing is awaited between the two, so no cancellation can lose a span; and what a
        # mistake of ours interrupts is not whole, so that no checkpoint says it was told.
        self._outlet.is_whole = False
        spans = self._stories.feed(item)
        if spans:
            self._outlet.add(spans)
        self._outlet.is_whole = True
        if isinstance(item, Tick):
            self._freed.set()

    async def release_due(self) -> None:
        """Pass on what is due, as far as the back end keeps up."""
        while self._stories.waiting.has_due and self._outlet.size < self._capacity // 2:
            self.feed(Tick(now=self._stories.watermark))
            await asyncio.sleep(0)

    # -- FrameHandler

    def on_list_begin(self, watch: WatchInfo) -> None:
        """A LIST begins, perhaps for another time."""
        self._lists[watch.namespace, watch.resource.name] = _List()

    def on_page(self, watch: WatchInfo, raws: list[Raw]) -> None:
        """Some of a LIST's items, as frames."""
        found = self._lists[watch.namespace, watch.resource.name]
        frames = [frame for raw in raws if (frame := self._parse(raw))]
        if watch.resource is EVENTS:
            found.frames += frames
            for _ in frames:
                self._metrics.received("LISTED")
            return
        self._objects(frames)
        found.uids.update(frame.body.uid for frame in frames)

    async def on_list(self, watch: WatchInfo, listing: Listing) -> None:
        """A LIST is complete."""
        found = self._lists.pop((watch.namespace, watch.resource.name))
        if watch.resource is not EVENTS:
            uids, kind = frozenset(found.uids), watch.resource.kind
            if self._reader.owners.is_alone(kind):
                self.feed(Replace(kind=kind, namespace=watch.namespace, uids=uids))
            return
        await self._look_up(found.frames)
        if listing.cause:
            logger.warning("reading starts over", extra={"cause": listing.cause})
        self.feed(replace(listing, frames=tuple(found.frames)))

    @property
    def wants_raw(self) -> bool:
        """Whether each frame comes as JSON: it is to be redacted, or kept as it is."""
        return self._redact is not None

    def on_frame(self, watch: WatchInfo, type_: str, frame: Frame) -> int | None:
        """One frame, parsed; returns the newest time (ns) that the API server wrote in it."""
        return self._take(type_, self._dated(frame))

    def on_raw(self, watch: WatchInfo, raw: Raw) -> int | None:
        """One frame as JSON; returns as `on_frame`, None where it is unusable."""
        frame = self._parse(raw)
        return self._take(raw["type"], frame) if frame else None

    def _take(self, type_: str, frame: Frame) -> int | None:
        if isinstance(frame.body, Event):
            self._metrics.received(type_)
            self._event(frame)
        else:
            self._objects([frame])
            if self._missing(frame):  # an Event about it may be waiting already
                self._spawn(self._look_up([frame]), "look up an owner")
        return frame.body.server_time

    def on_status_change(self, watch: WatchInfo) -> None:
        """`is_live` or `is_denied` changed."""
        self._reader.update()

    def poll_interval(self, watch: WatchInfo) -> PollInterval:
        """How often its stream is read."""
        return _POLL_INTERVALS.get(watch.resource, AT_ONCE)

    def has_capacity(self, watch: WatchInfo) -> bool:
        """Whether it can take more now."""
        return watch.resource is not EVENTS or self._size < self._capacity

    async def wait_for_capacity(self, watch: WatchInfo) -> None:
        """Return once it is half empty."""
        while self._size > self._capacity // 2:
            self._freed.clear()
            await self._freed.wait()

    @property
    def _size(self) -> int:
        """The occurrences and spans that are in memory."""
        return len(self._held) + len(self._stories.waiting) + self._outlet.size

    # -- inside

    def update_sync_state(self) -> None:
        """Feed the fold which watches are behind, where that changed."""
        sync = SyncState(
            events_behind=not self._reader.are_events_read or bool(self._held),
            objects_behind=not self._reader.are_objects_read,
        )
        if sync != self._sync:
            self._sync = sync
            self.feed(sync)

    def _parse(self, raw: Raw) -> Frame | None:
        try:
            return self._dated(parse_frame(self._redact(raw) if self._redact else raw))
        except MalformedError as error:
            self._metrics.dropped("malformed")
            logger.warning(
                "a frame cannot be used", extra={"resource": raw["resource"], "reason": str(error)}
            )
            return None

    def _dated(self, frame: Frame) -> Frame:
        # Whoever writes an object may write times into its managedFields; a time of the future
        # would stop the fold's clock until then.
        written = frame.body.server_time
        if written is None or written <= self._latest:
            return frame
        now = self._now()
        self._latest = written if now is None else now + _AHEAD
        if written <= self._latest:
            return frame
        return frame._replace(body=frame.body._replace(server_time=None))

    def _objects(self, frames: list[Frame]) -> None:
        for frame in frames:
            if isinstance(frame.body, ObjectMetadata) and frame.body.owner and not frame.deleted:
                self._reader.owners.meet(frame.body.owner)
        self.feed(Listing(frames=tuple(frames)) if len(frames) != 1 else frames[0])

    def _event(self, frame: Frame) -> None:
        if frame.deleted or not self._missing(frame):
            self.feed(frame)
            return
        self._held[id(frame)] = frame
        self.update_sync_state()
        self._spawn(self._hold(frame), "hold an Event")

    async def _hold(self, frame: Frame) -> None:
        await self._look_up([frame])
        del self._held[id(frame)]
        self.feed(frame)
        self.update_sync_state()

    async def _look_up(self, frames: Iterable[Frame]) -> None:
        """GET what is above these objects, or those of these Events, and only a GET can tell."""
        while missing := {item.identity: item for frame in frames for item in self._missing(frame)}:
            await asyncio.gather(*(self._fetch(item) for item in missing.values()))

    def _missing(self, frame: Frame) -> list[KubeObject]:
        if frame.deleted:
            return []
        return [
            item
            for item in self._stories.unknown(frame.body)
            if self._reader.owners.may_fetch(item)
        ]

    async def _fetch(self, item: KubeObject) -> None:
        raw = await self._reader.owners.fetch(item)
        frame = self._parse(raw) if raw else None
        if frame:
            # No watch will tell of its end, so it is remembered as long as what is gone.
            self._objects([frame._replace(deleted=True)])
            body = frame.body
            if isinstance(body, ObjectMetadata) and body.owner:
                self._reader.owners.meet(body.owner)


def _version(frame: Frame) -> int:
    return version_number(frame.body.resource_version) if isinstance(frame.body, Event) else 0
