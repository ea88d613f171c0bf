"""The fold: frames and ticks in, spans out.

A story is what one trace tells: what happened under one root within an hour of a change of it.
"""

from collections.abc import Callable

from event_tracer.core.event import Event, version_number
from event_tracer.core.event_source import named_child, occurrence_of
from event_tracer.core.frame import Frame, Item, Listing, Replace, SyncState, Tick
from event_tracer.core.histories import Histories, Story
from event_tracer.core.lineage import Lineage
from event_tracer.core.mapping import Mapper, Naming, Place, describe, lineage_names
from event_tracer.core.object_spans import Settling, pod_of
from event_tracer.core.objects import Chain, KubeObject, ObjectMetadata, changes_by_itself
from event_tracer.core.occurrence import Child, Occurrence
from event_tracer.core.reorder import ReorderBuffer
from event_tracer.core.seen import SERVICE, Seen, gap_span
from event_tracer.core.span import Span, object_span_id, trace_id
from event_tracer.core.span_start import FirstTimes, start_of
from event_tracer.core.state import State
from event_tracer.core.times import SECOND, second_of

REORDER = SECOND
"""How long an occurrence waits for what explains it, in ns of the fold's clock."""
_GRACE = 2 * SECOND
_SWEEP = 60 * SECOND
_NO_LIMIT = 2**63


def _keep_all(_: Occurrence) -> bool:
    return True


class Stories:
    """The fold. `keep` chooses, at the very end, which event spans leave.

    At most `most` occurrences leave with one item; what is left over leaves with the next.
    """

    def __init__(
        self, *, naming: Naming | None = None, cluster_uid: str = "",
        keep: Callable[[Occurrence], bool] = _keep_all, state: State | None = None,
        most: int = _NO_LIMIT,
    ) -> None:  # fmt: skip
        self._naming = naming or Naming()
        self._keep = keep
        self._clock = self._horizon = self._swept = state.clock if state else 0
        self._released = -1
        self._sync = SyncState()
        self._lineage = Lineage(state.gone if state else ())
        self._firsts = FirstTimes()
        self._histories = Histories(state.histories if state else ())
        self._seen = Seen(state.counts if state else ())
        self._waiting = ReorderBuffer(most=most)
        self._gaps: list[Span] = []
        self._settling = Settling(state.unsettled, state.sent) if state else Settling()
        self._has_told = state is not None
        self._use_cluster(cluster_uid or (state.cluster_uid if state else ""))

    def feed(self, item: Item) -> list[Span]:
        """Take in one item; give the spans that it lets go, in no particular order."""
        match item:
            case Frame():
                self._feed_frame(item)
            case Tick():
                self._advance(item.now)
            case Listing():
                self._feed_listing(item)
            case Replace():
                self._feed_replace(item)
            case SyncState():
                self._sync, self._released = item, -1
        return [] if self._is_still else self._release()

    @property
    def clock(self) -> int:
        """The newest time (ns) that the API server wrote, or a tick's."""
        return self._clock

    @property
    def cluster_uid(self) -> str:
        """What makes ids differ between clusters."""
        return self._cluster_uid

    @property
    def waiting(self) -> ReorderBuffer:
        """The occurrences that have not left yet."""
        return self._waiting

    def preview(self, trace_id: bytes | None = None) -> list[Span]:
        """The object spans that are not sealed yet, of one trace or all, as they would be now."""
        return [
            self._mapper.object_span(item.verdict())
            for item in self._settling
            if item.wanted and trace_id in (None, item.trace_id)
        ]

    def unknown(self, body: Event | ObjectMetadata) -> list[KubeObject]:
        """What is on the chain of an object, or of an Event's, and has not been seen itself."""
        if isinstance(body, Event):
            return self._lineage.unknown(body.involved, second=second_of(body.time))
        return self._lineage.unknown(body, second=body.created or 0)

    def state(self) -> State:
        """What a restart needs, as of now."""
        return State(
            clock=self._told_until,
            cluster_uid=self._cluster_uid,
            histories=self._histories.saved(now=self._horizon),
            unsettled=tuple(item.copy() for item in self._settling),
            sent=self._settling.sent,
            gone=self._lineage.gone,
            counts=self._seen.counts(),
        )

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
        self._meet(event, child, deleted=frame.deleted, is_emitted=False)

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
        if listing.cause:
            self._tell_gap([event for event, deleted in events if not deleted], listing)
        for (event, deleted), child in zip(events, children, strict=True):
            is_emitted = listing.has_emitted(version_number(event.resource_version))
            if not listing.learn_only or is_emitted:
                self._meet(event, child, deleted=deleted, is_emitted=is_emitted)

    def _feed_replace(self, replace: Replace) -> None:
        for item in self._lineage.missing(replace.kind, replace.namespace, replace.uids):
            self._lineage.bury(item)
            self._histories.bury(item.identity)

    def _tell_gap(self, events: list[Event], listing: Listing) -> None:
        told = gap_span(
            (
                event
                for event in events
                if not listing.has_emitted(version_number(event.resource_version))
            ),
            seen=self._seen,
            cause=listing.cause,
            since=self._horizon,
            until=self._clock,
            cluster_uid=self._cluster_uid,
            resource=self._mapper.resource(SERVICE),
        )
        if told:
            self._gaps.append(told)

    def _advance(self, time: int | None) -> None:
        if time is not None and time > self._clock:
            self._clock = time

    def _learn_object(self, meta: ObjectMetadata, *, deleted: bool) -> None:
        self._advance(meta.server_time)
        # Its uid is the cluster's; once a span has left, another trace id would tear its story.
        is_cluster = meta.kind == "Namespace" and meta.name == "kube-system"
        if is_cluster and not self._cluster_uid and not self._has_told:
            self._use_cluster(meta.uid)
        item = self._lineage.learn(meta, deleted=deleted)
        if changes_by_itself(item):
            self._histories.observe(item, meta, deleted=deleted, now=self._clock)

    def _bind(self, event: Event) -> Child | None:
        """Learn the names that an Event binds; give the child that its message names."""
        self._advance(event.server_time)
        child = named_child(event)
        self._lineage.learn_event(event, child)
        return child

    def _remember(self, event: Event) -> None:
        """Learn when things were, once all names are bound."""
        item = self._lineage.find(event.involved)
        self._firsts.learn(event, identity=item.identity)
        if changes_by_itself(item):
            self._histories.witness(item.identity, event)

    def _meet(self, event: Event, child: Child | None, *, deleted: bool, is_emitted: bool) -> None:
        if deleted:
            self._seen.forget(event)
        elif self._seen.meet(event) and not is_emitted:
            self._waiting.add(occurrence_of(event, child), now=self._clock)

    # -- letting go

    @property
    def _is_still(self) -> bool:
        # Only a clock that moves lets go, and the API server writes whole seconds.
        return self._clock == self._released and not (self._gaps or self._waiting.has_due)

    def _release(self) -> list[Span]:
        spans, self._gaps = self._gaps, []
        self._released = self._clock
        sync = self._sync
        if not (sync.events_behind or sync.objects_behind):
            self._horizon = self._clock
        if not sync.objects_behind:
            spans += self._tell_ready()
        for verdict in self._settling.sealed(before=self._told_until - REORDER - _GRACE):
            spans.append(self._mapper.object_span(verdict))
        if self._horizon - self._swept > _SWEEP:
            self._sweep()
        return spans

    @property
    def _told_until(self) -> int:
        # What still waits may belong to an object span whose time has come.
        return min(self._horizon, self._waiting.earliest + REORDER + _GRACE)

    def _tell_ready(self) -> list[Span]:
        ready = self._waiting.pop_due(before=self._clock - REORDER)
        spans: list[Span] = []
        # Between two frames nothing new is learnt, and one object has Events by the dozen.
        places: dict[tuple[str, int, str], Place] = {}
        for occurrence in ready:
            self._has_told = True
            span, is_wanted = self._tell(occurrence, places)
            if is_wanted:
                spans.append(span)
        return spans

    def _tell(
        self, occurrence: Occurrence, places: dict[tuple[str, int, str], Place]
    ) -> tuple[Span, bool]:
        item, child = self._lineage.find(occurrence.about), occurrence.child
        second = max(second_of(occurrence.time), item.created or 0)
        job = child if child and child.kind == "Job" and child.owned else None
        key = (item.identity, second, job.name if job else "")
        place = places.get(key)
        if place is None:
            first = occurrence.first_time
            began = second if first is None else second_of(first)
            place = places[key] = self._place(item, job, second=second, began=began)
        said = describe(occurrence.source)
        start = start_of(occurrence, stated=said.start, item=item, firsts=self._firsts)
        span = self._mapper.event_span(occurrence, said, place=place, start=start)
        is_wanted = self._keep(occurrence)
        self._settling.cover(
            span,
            place,
            pod=pod_of(occurrence),
            wanted=is_wanted,
            previous=self._previous,
        )
        return span, is_wanted

    def _place(self, item: KubeObject, job: Child | None, *, second: int, began: int) -> Place:
        chain = self._lineage.chain(item, second=second)
        story = self._story(chain, job, second=second, began=began)
        trace = trace_id(cluster_uid=self._cluster_uid, story_key=story.key)
        return Place(
            story=story,
            trace_id=trace,
            chain=chain,
            span_ids=tuple(object_span_id(trace=trace, identity=each.identity) for each in chain),
            names=lineage_names(chain),
        )

    def _previous(self, story: Story) -> bytes | None:
        key = self._histories.previous(story)
        return trace_id(cluster_uid=self._cluster_uid, story_key=key) if key else None

    def _story(self, chain: Chain, child: Child | None, *, second: int, began: int) -> Story:
        job = next((item for item in chain if item.kind == "Job"), None)
        if child:
            job = self._lineage.find_named(child)
        if job:
            is_root = job is chain[-1]
            return self._histories.run(job, is_root=is_root, second=second)
        fixed = self._horizon - REORDER
        return self._histories.story(chain, second=second, began=began, fixed=fixed)

    def _sweep(self) -> None:
        now = self._swept = self._horizon
        self._seen.expire(now=now)
        self._lineage.expire(now=now)
        self._firsts.expire(now=now)
        self._histories.expire(now=now)
