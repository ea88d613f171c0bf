"""One cluster's frames read in other ways than frame by frame: LISTs, restarts, other orders."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from event_tracer.core.event import version_number
from event_tracer.core.frame import END, Frame, Listing, Replace, SyncState, Tick, parse_frame
from event_tracer.core.span import Span
from event_tracer.core.story import Stories
from event_tracer.pipeline.checkpoint import Checkpoint, CheckpointEncoder, decode
from tests.scenarios.fields import SECOND

Raw = Mapping[str, Any]
EVENTS = "events"
HOUR = 3600 * SECOND


_parsed: dict[int, tuple[Raw, Frame]] = {}
_MOST_PARSED = 10_000


def parse(raw: Raw) -> Frame:
    """A frame, parsed once for all its readings."""
    if id(raw) not in _parsed:
        if len(_parsed) >= _MOST_PARSED:
            _parsed.clear()
        _parsed[id(raw)] = (raw, parse_frame(raw))  # kept, so that its id is no other's
    return _parsed[id(raw)][1]


def version(raw: Raw) -> int:
    """The resourceVersion of a frame's object."""
    return version_number(raw["object"]["metadata"]["resourceVersion"])


def watched(raws: Iterable[Raw]) -> list[Span]:
    """All spans of frames, one after the other, to their end."""
    stories = Stories()
    spans = [span for raw in raws for span in stories.feed(parse(raw))]
    return spans + stories.feed(END)


def watched_with_ticks(raws: Sequence[Raw], *, every: int = SECOND) -> list[Span]:
    """The same by a run, whose clock (the frames' own times of arrival) goes on in silence."""
    stories = Stories()
    spans: list[Span] = []
    now = raws[0]["received"]
    for raw in raws:
        while now + every < raw["received"]:
            now += every
            spans += stories.feed(Tick(now=now))
        spans += stories.feed(parse(raw))
    return spans + stories.feed(END)


@dataclass
class Server:
    """What an API server holds after some frames."""

    held: dict[tuple[str, str], Raw] = field(default_factory=dict)

    def apply(self, raw: Raw) -> None:
        """Store one frame's object, or remove it."""
        key = (raw["resource"], raw["object"]["metadata"]["uid"])
        if raw["type"] == "DELETED":
            self.held.pop(key, None)
        else:
            self.held[key] = raw

    @property
    def resources(self) -> list[str]:
        """The resources of objects that it holds."""
        return sorted({resource for resource, _ in self.held} - {EVENTS})

    def list(self, resource: str) -> list[Raw]:
        """LIST, in order of keys."""
        found = [raw for (of, _), raw in self.held.items() if of == resource]
        return sorted(found, key=lambda raw: str(raw["object"]["metadata"]["name"]))


def server_after(raws: Iterable[Raw]) -> Server:
    """The server after these frames."""
    server = Server()
    for raw in raws:
        server.apply(raw)
    return server


def listed_then_watched(raws: Sequence[Raw], cut: int) -> list[Span]:
    """A first start after `cut` frames: objects are listed, then Events, then all is watched."""
    stories, spans = _listed(raws[:cut])
    for raw in raws[cut:]:
        spans += stories.feed(parse(raw))
    return spans + stories.feed(END)


def looked_at(raws: Sequence[Raw], now: int) -> list[Span]:
    """A look at the moment `now` (ns), as `show` and `link` take it."""
    stories, spans = _listed([raw for raw in raws if raw["received"] <= now])
    return spans + stories.look(now=now)


def undated_at(raws: Sequence[Raw], now: int) -> list[str]:
    """What a look at the moment `now` (ns) says that it cannot date."""
    stories, _ = _listed([raw for raw in raws if raw["received"] <= now])
    stories.look(now=now)
    return [text for texts in stories.undated.values() for text in texts]


def _listed(raws: Sequence[Raw]) -> tuple[Stories, list[Span]]:
    """A fold that has listed all that these frames left; transitions of the last hour are told."""
    server, stories = server_after(raws), Stories()
    spans: list[Span] = list(stories.feed(SyncState(events_behind=True, objects_behind=True)))
    since = max((raw["received"] for raw in raws), default=0) - HOUR
    for resource in server.resources:
        frames = tuple(map(parse, server.list(resource)))
        spans += stories.feed(Listing(frames=frames, tell_since=since))
    spans += stories.feed(Listing(frames=tuple(map(parse, server.list(EVENTS)))))
    return stories, spans + stories.feed(SyncState())


class Run:
    """A fold that reads frame by frame and may be lost after any of them.

    `expected` are the spans of a run that nothing was lost in: they tell which occurrences have
    not left yet, and so the position of each watch that a checkpoint states (law 9).
    """

    def __init__(self, raws: Sequence[Raw], expected: Collection[Span]) -> None:
        self.raws = raws
        self._due = [span for span in expected if span.kind == "event"]
        self._resource = {version(raw): raw["resource"] for raw in raws}
        self._stories = Stories()
        self._at = 0
        self.spans: list[Span] = []

    def feed(self) -> None:
        """One frame more."""
        self.spans += self._stories.feed(parse(self.raws[self._at]))
        self._at += 1

    def lost_and_restarted(self) -> list[Span]:
        """All spans, those before and those after a loss at this moment."""
        saved, _ = CheckpointEncoder().encode(Checkpoint(state=self._stories.state()))
        after = Stories(state=decode(saved).state)
        spans = [*self.spans, *after.feed(SyncState(events_behind=True, objects_behind=True))]
        positions = self._positions()
        spans += self._teach(after, positions)
        for raw in self.raws[: self._at]:
            if version(raw) > positions[raw["resource"]]:
                spans += after.feed(parse(raw))
        spans += after.feed(SyncState())
        for raw in self.raws[self._at :]:
            spans += after.feed(parse(raw))
        return spans + after.feed(END)

    def _positions(self) -> dict[str, int]:
        """The highest versions at and below which every occurrence has left."""
        told = {span.span_id for span in self.spans}
        read = self.raws[: self._at]
        found = {raw["resource"]: version(raw) for raw in read}
        newest = max(found.values(), default=0)
        for span in self._due:
            if span.span_id in told or span.version > newest:
                continue
            resource = self._resource[span.version]
            if resource in found:
                found[resource] = min(found[resource], span.version - 1)
        return found

    def _teach(self, after: Stories, positions: Mapping[str, int]) -> list[Span]:
        """LISTs of objects as of their positions, one of Events as of now."""
        spans: list[Span] = []
        read = self.raws[: self._at]
        for resource, position in positions.items():
            if resource == EVENTS:
                continue
            before = [
                raw for raw in read if raw["resource"] == resource and version(raw) <= position
            ]
            kept = server_after(before).list(resource)
            frames = tuple(map(parse, kept))
            at = f"{position}"
            spans += after.feed(
                Listing(frames=frames, version=at, emitted_up_to=position, learn_only=True)
            )
            uids = frozenset(raw["object"]["metadata"]["uid"] for raw in kept)
            kind = next(raw["kind"] for raw in read if raw["resource"] == resource)
            spans += after.feed(Replace(kind=kind, namespace="", uids=uids))
        events = tuple(map(parse, server_after(read).list(EVENTS)))
        known = positions.get(EVENTS, 0)
        spans += after.feed(Listing(frames=events, emitted_up_to=known, learn_only=True))
        return spans


def shuffled(raws: Sequence[Raw], late: Mapping[str, int]) -> list[Raw]:
    """The frames as a second replica reads them: each watch in its order, some later (ns)."""
    stream = [
        (raw["received"] + late.get(raw["resource"], 0), number) for number, raw in enumerate(raws)
    ]
    return [raws[number] for _, number in sorted(stream)]
