"""The fold: frames and ticks in, spans out.

A story is what one trace tells: what happened under one root within an hour of a change of it.
"""

from collections.abc import Callable
from operator import itemgetter

from event_tracer.core.event import Event, parse_resource_version
from event_tracer.core.frame import Frame, Item, Listing, Tick
from event_tracer.core.histories import Histories, Story
from event_tracer.core.lineage import UNUSED, Chain, Child, KubeObject, Lineage, named_child
from event_tracer.core.mapping import Mapper, Naming, Place, lineage_names
from event_tracer.core.objects import ObjectMetadata
from event_tracer.core.recent import Recent
from event_tracer.core.settle import Pod, Settling, Unsettled, pod_of
from event_tracer.core.span import Span, object_span_id, trace_id
from event_tracer.core.start import FirstTimes, start_of
from event_tracer.core.state import State
from event_tracer.core.times import SECOND, second_of

REORDER = SECOND
"""How long an occurrence waits for what explains it, in ns of the fold's clock."""
_GRACE = 2 * SECOND
_SWEEP = 60 * SECOND
_FORGOTTEN = 2 * 3600 * SECOND  # an Event lives an hour after its last write (--event-ttl)
_MOST_SENT = 50_000
_MOST_SEEN = 200_000
_MOST_COUNTS = 64
# clock at arrival, time, the Event's key, count, itself, and the child that it names
_Waiting = tuple[int, int, str, int, Event, Child | None]
_BY_TIME = itemgetter(1, 2, 3)


def _keep_all(_: Event) -> bool:
    return True


class Stories:
    """The fold. `keep` chooses, at the very end, which event spans leave."""

    def __init__(
        self,
        *,
        naming: Naming | None = None,
        cluster_uid: str = "",
        keep: Callable[[Event], bool] = _keep_all,
        state: State | None = None,
    ) -> None:
        self._naming = naming or Naming()
        self._keep = keep
        self._clock = state.clock if state else 0
        self._swept = self._clock
        self._lineage = Lineage()
        self._firsts = FirstTimes()
        self._histories = Histories(state.histories if state else (), now=self._clock)
        self._seen: Recent[str, tuple[tuple[int, int], ...]] = Recent(most=_MOST_SEEN)
        self._waiting: list[_Waiting] = []
        self._settling = Settling()
        self._sent: Recent[bytes, bool] = Recent(most=_MOST_SENT)
        self._has_told = state is not None
        self._use_cluster(cluster_uid or (state.cluster_uid if state else ""))
        if state:
            self._restore(state)

    def feed(self, item: Item) -> list[Span]:
        """Take in one item; give the spans that it lets go, in no particular order."""
        if isinstance(item, Tick):
            self._clock = max(self._clock, item.now)
        elif isinstance(item, Frame):
            self._feed_frame(item)
        else:
            self._feed_listing(item)
        return self._release()

    @property
    def clock(self) -> int:
        """The newest time (ns) that the API server wrote, or a tick's."""
        return self._clock

    def state(self) -> State:
        """What a restart needs, as of now."""
        return State(
            clock=self._clock,
            cluster_uid=self._cluster_uid,
            histories=self._histories.saved(now=self._clock),
            unsettled=tuple(self._settling),
            sent=tuple(span_id for span_id, _ in self._sent),
        )

    def _restore(self, state: State) -> None:
        for item in state.unsettled:
            self._settling.open(item)
        for span_id in state.sent:
            self._sent.put(span_id, True, now=self._clock)

    def _use_cluster(self, uid: str) -> None:
        self._cluster_uid = uid
        self._mapper = Mapper(naming=self._naming, cluster_uid=uid)

    # -- taking in

    def _feed_frame(self, frame: Frame) -> None:
        event = frame.body
        if not isinstance(event, Event):
            self._learn_object(event, deleted=frame.deleted)
            return
        child = self._bind(event)
        self._remember(event)
        self._meet(event, child, deleted=frame.deleted, known=-1)

    def _feed_listing(self, listing: Listing) -> None:
        # A LIST comes in key order (pods before the ReplicaSet that names them): objects first,
        # then what messages and references say, then occurrences.
        events: list[tuple[Event, bool]] = []
        for frame in listing.frames:
            if isinstance(frame.body, Event):
                events.append((frame.body, frame.deleted))
            else:
                self._learn_object(frame.body, deleted=frame.deleted)
        children = [self._bind(event) for event, _ in events]
        for event, _ in events:
            self._remember(event)
        for (event, deleted), child in zip(events, children, strict=True):
            self._meet(event, child, deleted=deleted, known=listing.known)

    def _advance(self, time: int | None) -> None:
        if time is not None and time > self._clock:
            self._clock = time

    def _learn_object(self, meta: ObjectMetadata, *, deleted: bool) -> None:
        self._advance(meta.server_time)
        # Its uid is the cluster's; once a span has left, another trace id would tear its story.
        is_cluster = meta.kind == "Namespace" and meta.name == "kube-system"
        if is_cluster and not self._cluster_uid and not self._has_told:
            self._use_cluster(meta.uid)
        item = self._lineage.learn(meta, deleted=deleted, now=self._clock)
        if not item.owner or item.kind == "Job":
            self._histories.observe(item, meta, deleted=deleted, now=self._clock)

    def _bind(self, event: Event) -> Child | None:
        """Learn the names that an Event binds; give the child that its message names."""
        self._advance(event.server_time)
        child = named_child(event)
        self._lineage.learn_event(event, child, now=self._clock)
        return child

    def _remember(self, event: Event) -> None:
        """Learn when things were, once all names are bound."""
        identity = self._lineage.find(event.involved, now=self._clock).identity
        self._firsts.learn(event, identity=identity, now=self._clock)
        self._histories.witness(identity, event, now=self._clock)

    def _meet(self, event: Event, child: Child | None, *, deleted: bool, known: int) -> None:
        key = event.key
        if deleted:
            self._seen.drop(key)
            return
        counts = self._seen.peek(key) or ()
        occurrence = (event.count, event.time)
        if occurrence in counts:
            return
        kept = (*counts[1 - _MOST_COUNTS :], occurrence) if counts else (occurrence,)
        self._seen.put(key, kept, now=self._clock)
        if known < 0 or (parse_resource_version(event.resource_version) or 0) > known:
            self._waiting.append((self._clock, occurrence[1], key, occurrence[0], event, child))

    # -- letting go

    def _release(self) -> list[Span]:
        spans: list[Span] = []
        if self._waiting and self._waiting[0][0] + REORDER < self._clock:
            ready = [entry for entry in self._waiting if entry[0] + REORDER < self._clock]
            self._waiting = self._waiting[len(ready) :]
            # Between two frames nothing new is learnt, and one object has Events by the dozen.
            places: dict[tuple[str, int, str], Place] = {}
            self._has_told = True
            for *_, event, child in sorted(ready, key=_BY_TIME):
                span, is_wanted = self._tell(event, child, places)
                if is_wanted:
                    spans.append(span)
        for item in self._settling.sealed(before=self._clock - REORDER - _GRACE):
            if item.wanted:
                self._sent.put(item.span_id, True, now=self._clock)
                spans.append(self._mapper.object_span(item.verdict()))
        if self._clock - self._swept > _SWEEP:
            self._sweep()
        return spans

    def _tell(
        self, event: Event, child: Child | None, places: dict[tuple[str, int, str], Place]
    ) -> tuple[Span, bool]:
        item = self._lineage.find(event.involved, now=self._clock)
        second = max(second_of(event.time), item.created or 0)
        job = child if child and child.kind == "Job" and child.owned else None
        key = (item.identity, second, job.name if job else "")
        place = places.get(key)
        if place is None:
            began = second if event.first_time is None else second_of(event.first_time)
            place = places[key] = self._place(item, job, second=second, began=began)
        start = start_of(event, item=item, firsts=self._firsts, now=self._clock)
        span = self._mapper.event_span(event, place=place, start=start)
        is_wanted = self._keep(event)
        self._cover(span, place, pod=pod_of(event, child), wanted=is_wanted)
        return span, is_wanted

    def _place(self, item: KubeObject, job: Child | None, *, second: int, began: int) -> Place:
        chain = self._lineage.chain(item, second=second, now=self._clock)
        story = self._story(chain, job, second=second, began=began)
        trace = trace_id(cluster_uid=self._cluster_uid, story_key=story.key)
        return Place(
            story=story,
            trace_id=trace,
            chain=chain,
            span_ids=tuple(object_span_id(trace=trace, identity=each.identity) for each in chain),
            names=lineage_names(chain),
        )

    def _cover(self, span: Span, place: Place, *, pod: Pod | None, wanted: bool) -> None:
        for depth, span_id in enumerate(place.span_ids):
            unsettled = self._settling.get(span_id)
            if unsettled is None:
                if self._sent.get(span_id, now=self._clock):
                    continue
                unsettled = self._unsettled(span, place, depth)
                self._settling.open(unsettled)
            unsettled.cover(span, pod=pod, wanted=wanted)

    def _unsettled(self, span: Span, place: Place, depth: int) -> Unsettled:
        ids, story = place.span_ids, place.story
        is_root = depth + 1 == len(ids)
        previous = self._histories.previous(story) if is_root else None
        return Unsettled(
            trace_id=span.trace_id,
            span_id=ids[depth],
            parent_id=b"" if is_root else ids[depth + 1],
            chain=place.chain[depth:],
            change=story.change,
            hours=story.hours,
            previous_trace_id=trace_id(cluster_uid=self._cluster_uid, story_key=previous)
            if previous
            else None,
            start=span.start,
            first=span.end,
            newest=(span.end, span.span_id),
        )

    def _story(self, chain: Chain, child: Child | None, *, second: int, began: int) -> Story:
        job = next((item for item in chain if item.kind == "Job"), None)
        if child:
            job = self._lineage.find_named(child, now=self._clock)
        if job:
            is_root = job is chain[-1]
            return self._histories.run(job, is_root=is_root, second=second, now=self._clock)
        fixed = self._clock - REORDER
        return self._histories.story(
            chain, second=second, began=began, fixed=fixed, now=self._clock
        )

    def _sweep(self) -> None:
        self._swept = self._clock
        self._seen.expire(before=self._clock - _FORGOTTEN)
        self._lineage.expire(now=self._clock)
        self._firsts.expire(before=self._clock - UNUSED)
        self._histories.expire(now=self._clock)
