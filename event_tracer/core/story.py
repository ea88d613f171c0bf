"""The fold: frames and ticks in, spans out.

A story is one trace: what happened under one root within an hour of a change of it (law 5). An
item goes through four steps: what it says of objects is learnt; the occurrences in it
wait in the reorder buffer; those that are due are placed in a story and become event spans, and
extend the object spans above them; object spans that have come to rest are sealed (law 6).
"""

from collections.abc import Callable, Iterable

from event_tracer.core.chain import KubeObject
from event_tracer.core.cluster import Cluster
from event_tracer.core.event import Event, ObjectReference
from event_tracer.core.event_source import occurrence_of
from event_tracer.core.frame import END, Frame, Item, Listing, Replace, SyncState, Tick
from event_tracer.core.knowledge import SURE
from event_tracer.core.mapping import Mapper, Naming, describe
from event_tracer.core.object_spans import OpenObjectSpans
from event_tracer.core.objects import ObjectMetadata
from event_tracer.core.occurrence import Child, Occurrence
from event_tracer.core.reorder import ReorderBuffer
from event_tracer.core.seen import SERVICE, Seen, gap_span
from event_tracer.core.span import Span
from event_tracer.core.span_start import start_of
from event_tracer.core.stand import Stand, stand_of
from event_tracer.core.state import State
from event_tracer.core.status import PodStatus
from event_tracer.core.times import SECOND
from event_tracer.core.transition_source import occurrence_of_transition

REORDER = SECOND
"""Time that an occurrence waits in the reorder buffer, in ns of the watermark."""
_GRACE = 2 * SECOND
_SWEEP = 60 * SECOND
_NO_LIMIT = 2**63


def _keep_all(_: Occurrence) -> bool:
    return True


class Stories:
    """The fold. `keep` chooses, at the very end, which event spans leave.

    At most `most` occurrences leave with one item; what is left over leaves with the next. An error
    beyond doubt stands for `patience` (ns) until it ends a story.
    """

    def __init__(
        self, *, naming: Naming | None = None, cluster_uid: str = "",
        keep: Callable[[Occurrence], bool] = _keep_all, state: State | None = None,
        most: int = _NO_LIMIT, patience: int = SURE,
    ) -> None:  # fmt: skip
        self._naming = naming or Naming()
        self._keep = keep
        self._watermark = self._synced_until = self._swept = state.watermark if state else 0
        self._known_until = self._watermark  # END is silence for ever, of which nothing is known
        self._released = -1
        self._sync = SyncState()
        self._seen = Seen(state.counts, state.ends) if state else Seen()
        self._cluster = Cluster(state, last_seen=self._seen.last)
        self._waiting = ReorderBuffer(most=most)
        self._gaps: list[Span] = []
        self._knowledge = self._cluster.knowledge(
            previous=lambda story: self._placer.previous_trace(story), patience=patience
        )
        earlier = (state.unsettled, state.sent, state.stories) if state else ()
        self._object_spans = OpenObjectSpans(self._knowledge, *earlier)
        self._has_emitted = state is not None
        self._use_cluster(cluster_uid or (state.cluster_uid if state else ""))

    def feed(self, item: Item) -> list[Span]:
        """Take in one item; give the spans that it lets go, in no particular order."""
        match item:
            case Frame():
                self._feed_frame(item)
            case Tick():
                self._watermark = max(self._watermark, item.now)
                self._known_until = self._known_until if item is END else self._watermark
            case Listing():
                self._feed_listing(item)
            case Replace():
                self._cluster.replace(item, now=self._watermark)
            case SyncState():
                self._sync, self._released = item, -1
        return [] if self._is_still else self._release()

    @property
    def watermark(self) -> int:
        """The newest time (ns) that the API server itself wrote, or a tick's (law 7)."""
        return self._watermark

    @property
    def cluster_uid(self) -> str:
        """The uid that makes ids differ between clusters."""
        return self._cluster_uid

    @property
    def waiting(self) -> ReorderBuffer:
        """The occurrences that have not left yet."""
        return self._waiting

    @property
    def undated(self) -> dict[str, tuple[str, ...]]:
        """The changes that nothing read so far dates, in words, by the identity of their root."""
        return self._cluster.histories.undated

    @property
    def sealed_early(self) -> int:
        """The object spans that were sealed as they stood, for want of room (law 9)."""
        return self._object_spans.sealed_early

    def preview(self, trace_id: bytes | None = None) -> list[Span]:
        """The object spans that are not sealed yet, of one trace or all, as they would be now."""
        return [
            self._mapper.object_span(self._object_spans.preview(item, at=self._watermark + SECOND))
            for item in self._object_spans
            if item.is_exported and trace_id in (None, item.trace_id)
        ]

    def stand(self, about: ObjectReference) -> Stand:
        """How an object stands now, by the newest change of its root."""
        return stand_of(
            about, cluster=self._cluster, spans=self._object_spans, knowledge=self._knowledge,
            at=self._watermark + SECOND,
        )  # fmt: skip

    def look(self, *, now: int) -> list[Span]:
        """All spans that are left, as they stand at `now` (ns): silence after that says nothing."""
        spans = self.feed(Tick(now=now))
        return spans + self._emit_due(before=_NO_LIMIT) + self.preview()

    def unknown(self, body: Event | ObjectMetadata) -> list[KubeObject]:
        """Objects on the chain of an object, or of an Event's, that were not seen themselves."""
        return self._cluster.unknown(body)

    def state(self) -> State:
        """The fold's part of a checkpoint, as of now."""
        return State(
            watermark=self._emitted_until,
            cluster_uid=self._cluster_uid,
            histories=self._cluster.histories.saved(now=self._synced_until),
            unsettled=self._object_spans.unsettled(),
            stories=self._object_spans.stories,
            statuses=self._cluster.statuses.saved(self._object_spans.members),
            sent=self._object_spans.sent,
            tombstones=self._cluster.lineage.tombstones,
            counts=self._seen.counts(),
            ends=self._seen.ends(),
        )

    def _use_cluster(self, uid: str) -> None:
        self._cluster_uid = uid
        self._mapper = Mapper(naming=self._naming, cluster_uid=uid)
        self._placer = self._cluster.placer(cluster_uid=uid)

    # -- taking in

    def _feed_frame(self, frame: Frame) -> None:
        event = frame.body
        if not isinstance(event, Event):
            self._learn_object(event, deleted=frame.deleted)
            return
        child = self._bind(event)
        self._cluster.observe_times(event)
        self._take(occurrence_of(event, child), deleted=frame.deleted)

    def _feed_listing(self, listing: Listing) -> None:
        # A LIST comes in key order (pods before the ReplicaSet that names them): objects first,
        # then what messages and references say, then occurrences.
        events: list[tuple[Event, bool]] = []
        for frame in listing.frames:
            if isinstance(frame.body, Event):
                events.append((frame.body, frame.deleted))
            else:
                self._learn_object(frame.body, deleted=frame.deleted, listing=listing)
        children = [self._bind(event) for event, _ in events]
        for event, _ in events:
            self._cluster.observe_times(event)
        found = [
            (occurrence_of(event, child), deleted)
            for (event, deleted), child in zip(events, children, strict=True)
        ]
        if listing.cause:
            self._add_gap(listing, (each for each, deleted in found if not deleted))
        for occurrence, deleted in found:
            if listing.has_emitted(occurrence.version):
                self._take(occurrence, deleted=deleted, is_emitted=True)
            elif not listing.learn_only:
                self._take(occurrence, deleted=deleted)

    def _add_gap(self, listing: Listing, latest: Iterable[Occurrence]) -> None:
        since = self._synced_until if listing.read_until is None else listing.read_until
        above = (each for each in latest if not listing.has_emitted(each.version))
        if listing.resource == "pods":
            hidden = self._seen.take_hidden_ends(listing.namespace)
        else:
            hidden = self._seen.hidden_events(above, since=since)
        span = gap_span(
            hidden, listing=listing, since=since, until=self._watermark,
            cluster_uid=self._cluster_uid, resource=self._mapper.resource(SERVICE),
        )  # fmt: skip
        self._gaps.append(span)

    def _advance(self, time: int | None) -> None:
        if time is not None and time > self._watermark:
            self._watermark = self._known_until = time

    def _learn_object(
        self, meta: ObjectMetadata, *, deleted: bool, listing: Listing | None = None
    ) -> None:
        self._advance(meta.server_time)
        if isinstance(meta.status, PodStatus) and meta.status.terminations:
            ends, pod = meta.status.terminations, (meta.namespace, meta.uid)
            in_gap = listing is not None and listing.read_until is not None
            self._seen.observe_ends(ends, pod=pod, deleted=deleted, in_gap=in_gap)
        # Its uid is the cluster's; once a span has left, another trace id would tear its story.
        is_cluster = meta.kind == "Namespace" and meta.name == "kube-system"
        if is_cluster and not self._cluster_uid and not self._has_emitted:
            self._use_cluster(meta.uid)
        now, since = self._watermark, 0 if listing is None else listing.tell_since
        if listing and listing.has_emitted(meta.resource_version):
            since = None
        found = self._cluster.observe(
            meta, deleted=deleted, is_listed=listing is not None,
            is_news=listing is not None and since is not None, now=now,
        )  # fmt: skip
        for transition in found:
            if since is not None and transition.stated >= since:
                self._waiting.add(occurrence_of_transition(transition), now=now)

    def _bind(self, event: Event) -> Child | None:
        self._advance(event.server_time)
        return self._cluster.bind(event)

    def _take(
        self, occurrence: Occurrence, *, deleted: bool = False, is_emitted: bool = False
    ) -> None:
        if deleted:
            self._seen.forget(occurrence.key)
        elif self._seen.observe(occurrence) and not is_emitted:
            self._waiting.add(occurrence, now=self._watermark)

    # -- letting go

    @property
    def _is_still(self) -> bool:
        # Only a watermark that rises lets anything leave, and the API server writes whole seconds.
        return self._watermark == self._released and not (self._gaps or self._waiting.has_due)

    def _release(self) -> list[Span]:
        spans, self._gaps = self._gaps, []
        self._released = self._watermark
        sync = self._sync
        if not (sync.events_behind or sync.objects_behind):
            self._synced_until = self._watermark
        if not sync.objects_behind:
            spans += self._emit_due(before=self._watermark - REORDER)
        before = self._emitted_until - REORDER - _GRACE
        sealed = self._object_spans.pop_sealed(before=before, now=self._known_until)
        spans += map(self._mapper.object_span, sealed)
        if self._synced_until - self._swept > _SWEEP:
            self._sweep()
        return spans

    @property
    def _emitted_until(self) -> int:
        # An occurrence that still waits may belong to an object span that is due.
        return min(self._synced_until, self._waiting.earliest + REORDER + _GRACE)

    def _emit_due(self, *, before: int) -> list[Span]:
        self._placer.forget()
        due = self._waiting.pop_due(before=before)
        self._has_emitted = self._has_emitted or bool(due)
        emitted = [self._emit(occurrence) for occurrence in due]
        return [span for span, is_exported in emitted if is_exported]

    def _emit(self, occurrence: Occurrence) -> tuple[Span, bool]:
        item = self._cluster.find(occurrence.about)
        final = self._synced_until - REORDER
        placement = self._placer.place(occurrence, item, final_before=final)
        said = describe(occurrence.source)
        start = start_of(
            occurrence, name=said.name, stated=said.start, since=placement.story.began, item=item,
            firsts=self._cluster.firsts,
        )  # fmt: skip
        span = self._mapper.event_span(occurrence, said, placement=placement, start=start)
        is_exported = self._keep(occurrence)
        self._object_spans.extend(span, placement, occurrence, said, is_exported=is_exported)
        return span, is_exported

    def _sweep(self) -> None:
        now = self._swept = self._synced_until
        self._seen.expire(now=now)
        self._cluster.expire(now=now)
        self._placer.expire(now=now)
