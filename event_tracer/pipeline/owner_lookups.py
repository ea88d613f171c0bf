"""Objects for the fold, and GETs of those above them that no watch brings."""

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from event_tracer.core.chain import KubeObject, OwnerReference
from event_tracer.core.event import Event, version_number
from event_tracer.core.frame import Frame, Listing
from event_tracer.core.objects import ObjectMetadata
from event_tracer.core.story import Stories
from event_tracer.kube.owners import Owners
from event_tracer.pipeline.cluster_reader import ClusterReader
from event_tracer.pipeline.feed import Feed
from event_tracer.pipeline.frame_parser import FrameParser
from event_tracer.runtime.tasks import Spawn


class OwnerLookups:
    """Completes lineages: an Event waits here for the GET of an object that no watch brings."""

    def __init__(
        self, stories: Stories, *, reader: ClusterReader[Any], feed: Feed, parser: FrameParser,
        spawn: Spawn,
    ) -> None:  # fmt: skip
        self._stories = stories
        self._reader = reader
        self._feed = feed
        self._parser = parser
        self._spawn = spawn
        self._held: dict[int, Frame] = {}  # by id(): the Events that wait here

    def __len__(self) -> int:
        """The number of Events that wait here."""
        return len(self._held)

    @property
    def lowest_version(self) -> int:
        """The lowest resourceVersion of an Event that waits here; 0 without any."""
        events = (frame.body for frame in self._held.values() if isinstance(frame.body, Event))
        versions = (version_number(event.resource_version) for event in events)
        return min(filter(None, versions), default=0)

    @property
    def _owners(self) -> Owners:
        return self._reader.owners

    def feed_objects(self, frames: list[Frame], listing: Listing) -> None:
        """Feed objects of a LIST; the kinds of their owners are watched from then on."""
        self._watch_owners(frames)
        self._feed.feed(replace(listing, frames=tuple(frames)))

    def _watch_owners(self, frames: list[Frame]) -> None:
        # Of thousands of objects few have owners of different kinds.
        owners: dict[tuple[str, str], OwnerReference] = {}
        for frame in frames:
            body = frame.body
            if isinstance(body, ObjectMetadata) and body.owner and not frame.deleted:
                owners[body.owner.api_version, body.owner.kind] = body.owner
        for owner in owners.values():
            self._owners.on_owner(owner)

    def feed(self, frames: list[Frame]) -> None:
        """Feed frames of a WATCH: an Event once nothing is missing above its object."""
        self._watch_owners(frames)
        for frame in frames:
            if isinstance(frame.body, Event):
                self._feed_event(frame)
            else:
                self._feed_object(frame)

    def _feed_object(self, frame: Frame) -> None:
        self._feed.feed(frame)
        if self._missing(frame):  # an Event about it may be waiting already
            self._spawn(self.look_up([frame]), "look up an owner")

    def _feed_event(self, frame: Frame) -> None:
        if not self._missing(frame):
            self._feed.feed(frame)
            return
        self._held[id(frame)] = frame
        self._reader.update()
        self._spawn(self._hold(frame), "hold an Event")

    async def _hold(self, frame: Frame) -> None:
        await self.look_up([frame])
        del self._held[id(frame)]
        self._feed.feed(frame)
        self._reader.update()

    async def look_up(self, frames: Iterable[Frame]) -> None:
        """GET all above these objects, or above those of these Events, that only a GET can tell."""
        while missing := {item.identity: item for frame in frames for item in self._missing(frame)}:
            await asyncio.gather(*(self._fetch(item) for item in missing.values()))

    def _missing(self, frame: Frame) -> list[KubeObject]:
        if frame.deleted:
            return []
        unknown = self._stories.unknown(frame.body)
        return [item for item in unknown if self._owners.may_fetch(item)] if unknown else unknown

    async def _fetch(self, item: KubeObject) -> None:
        raw = await self._owners.fetch(item)
        frame = self._parser.parse(raw) if raw else None
        if frame:
            body = frame.body
            if isinstance(body, ObjectMetadata):
                # No watch will bring its end, so it is kept as long as an object that was deleted;
                # nor what becomes of its status.
                self.feed_objects([Frame(body.but(status=None), deleted=True)], Listing())
                if body.owner:
                    self._owners.on_owner(body.owner)
