"""Takes all frames of a cluster into the fold."""

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from event_tracer.core.filters import Redact
from event_tracer.core.frame import Frame, Line, Listing, Replace, SyncState
from event_tracer.core.story import Stories
from event_tracer.core.versions import LowestVersions, lowest_of
from event_tracer.kube.handler import Raw, WatchInfo
from event_tracer.kube.resources import EVENTS
from event_tracer.kube.stream import PollInterval
from event_tracer.pipeline.cluster_reader import ClusterReader
from event_tracer.pipeline.feed import Feed
from event_tracer.pipeline.frame_parser import FrameParser
from event_tracer.pipeline.owner_lookups import OwnerLookups
from event_tracer.runtime.metrics import Metrics
from event_tracer.runtime.tasks import Spawn

_EVERY = 0.75  # seconds: so that one wake-up does for all
_OBJECTS = PollInterval(every=_EVERY)
# A little later than what they are about: whoever tells of an object has seen it before.
_EVENTS = PollInterval(every=_EVERY, late=0.05)
TICK = PollInterval(every=_EVERY, late=0.06)
"""After both, so that what was read leaves at once."""

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class _List:
    """A LIST under way."""

    frames: list[Frame] = field(default_factory=list)
    uids: set[str] = field(default_factory=set)


class Intake:
    """Handles the frames of all watches; `now` is the API server's clock (ns)."""

    def __init__(
        self, stories: Stories, *, reader: ClusterReader["Intake"], feed: Feed,
        now: Callable[[], int | None], redact: Redact | None, metrics: Metrics, spawn: Spawn,
    ) -> None:  # fmt: skip
        self._reader = reader
        self._feed = feed
        self._metrics = metrics
        self._parser = FrameParser(redact=redact, metrics=metrics, now=now)
        self._lookups = OwnerLookups(
            stories, reader=reader, feed=feed, parser=self._parser, spawn=spawn
        )
        self._lists: dict[tuple[str, str], _List] = {}
        self._sync = SyncState(events_behind=True, objects_behind=True)
        self._feed.feed(self._sync)

    @property
    def is_synced(self) -> bool:
        """All that has happened was read."""
        return self._sync == SyncState()

    @property
    def lowest_versions(self) -> LowestVersions:
        """The lowest resourceVersions of what has not left the fold."""
        held = LowestVersions(events=self._lookups.lowest_version)
        return lowest_of((held, self._feed.lowest_versions))

    def update_sync_state(self) -> None:
        """Feed the fold which watches are behind, where that changed."""
        reader = self._reader
        sync = SyncState(
            events_behind=not reader.are_events_read or len(self._lookups) > 0,
            # A transition waits for an Event before it, which may date the change of its story.
            objects_behind=not reader.are_objects_read or reader.are_events_awaited,
        )
        if sync != self._sync:
            self._sync = sync
            self._feed.feed(sync)

    # -- FrameHandler

    def on_list_begin(self, watch: WatchInfo) -> None:
        """A LIST begins, perhaps for another time."""
        self._lists[watch.namespace, watch.resource.name] = _List()

    def on_page(
        self, watch: WatchInfo, frames: list[Frame], raws: list[Raw], listing: Listing
    ) -> None:
        """Some items of a LIST: those that were parsed, and the others, which may be unusable."""
        found = self._lists[watch.namespace, watch.resource.name]
        frames = [self._parser.drop_future_time(frame) for frame in frames]
        frames += [frame for raw in raws if (frame := self._parser.parse(raw))]
        if watch.resource is EVENTS:
            found.frames += frames
            self._metrics.received("LISTED", len(frames))
            return
        since = self._reader.told_since(watch, listing)
        page = replace(self._with_gap(watch, listing), tell_since=since, cause="")
        self._lookups.feed_objects(frames, page)
        found.uids.update(frame.body.uid for frame in frames)

    def _with_gap(self, watch: WatchInfo, listing: Listing) -> Listing:
        """A LIST with the place and the begin of the gap before it, if there is one."""
        if not listing.cause:
            return listing
        read_until = self._reader.read_until(watch) or None
        resource, namespace = watch.resource.name, watch.namespace
        return replace(listing, resource=resource, namespace=namespace, read_until=read_until)

    async def on_list(self, watch: WatchInfo, listing: Listing) -> None:
        """A LIST is complete; its Events come by time, with all that is above their objects."""
        found = self._lists.pop((watch.namespace, watch.resource.name))
        if listing.cause:
            extra = {"resource": watch.resource.name, "cause": listing.cause}
            logger.warning("reading starts over", extra=extra)
            listing = self._with_gap(watch, listing)
        if watch.resource is not EVENTS:
            uids, kind = frozenset(found.uids), watch.resource.kind
            if self._reader.owners.is_alone(kind):
                self._feed.feed(Replace(kind=kind, namespace=watch.namespace, uids=uids))
            if listing.cause:
                self._feed.feed(listing)
            return
        await self._lookups.look_up(found.frames)
        self._feed.feed(replace(listing, frames=tuple(found.frames)))

    @property
    def wants_raw(self) -> bool:
        """Each frame comes as JSON: it is to be redacted, or kept as it is."""
        return self._parser.wants_raw

    def on_lines(self, watch: WatchInfo, lines: Sequence[Line]) -> int | None:
        """Frames, parsed; returns the newest time (ns) that the API server wrote in them."""
        frames = [self._parser.drop_future_time(line.frame) for line in lines]
        if watch.resource is EVENTS:
            for type_, count in Counter(line.type for line in lines).items():
                self._metrics.received(type_, count)
        self._lookups.feed(frames)
        written = (frame.body.server_time for frame in frames)
        return max((time for time in written if time is not None), default=None)

    def on_raw(self, watch: WatchInfo, raw: Raw) -> int | None:
        """One frame as JSON; returns as `on_lines`, None where it is unusable."""
        frame = self._parser.parse(raw)
        if not frame:
            return None
        if watch.resource is EVENTS:
            self._metrics.received(raw["type"])
        self._lookups.feed([frame])
        return frame.body.server_time

    def on_status_change(self, watch: WatchInfo) -> None:
        """Note that `is_live` or `is_denied` changed."""
        self._reader.update()

    def poll_interval(self, watch: WatchInfo) -> PollInterval:
        """The interval at which its stream is read."""
        return _EVENTS if watch.resource is EVENTS else _OBJECTS

    def has_capacity(self, watch: WatchInfo) -> bool:
        """More can be taken now."""
        return watch.resource is not EVENTS or self._feed.has_capacity(len(self._lookups))

    async def wait_for_capacity(self, watch: WatchInfo) -> None:
        """Return once it is half empty."""
        while not self._feed.is_half_empty(len(self._lookups)):
            await self._feed.tick()
