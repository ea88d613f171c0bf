"""All that frames have said of a cluster's objects: owners, changes, first times, status."""

from collections.abc import Callable

from event_tracer.core.chain import KubeObject, changes_by_itself
from event_tracer.core.children import SCALES
from event_tracer.core.event import Event, ObjectReference
from event_tracer.core.event_source import child_of
from event_tracer.core.frame import Replace
from event_tracer.core.histories import Histories, Story
from event_tracer.core.knowledge import SURE, Knowledge
from event_tracer.core.lineage import Lineage
from event_tracer.core.objects import ObjectMetadata
from event_tracer.core.occurrence import Child
from event_tracer.core.placer import Placer
from event_tracer.core.repeats import LastSeen, Repeats
from event_tracer.core.span_start import FirstTimes
from event_tracer.core.state import State
from event_tracer.core.statuses import Statuses
from event_tracer.core.ties import ties_of
from event_tracer.core.times import second_of
from event_tracer.core.transitions import Transition

_TEMPLATES = frozenset({"ReplicaSet", "ControllerRevision"})


class Cluster:
    """What is known of objects; `state` is that of an earlier run. `now` is ns of the watermark."""

    def __init__(self, state: State | None, *, last_seen: LastSeen) -> None:
        self.lineage = Lineage(state.tombstones if state else ())
        self.histories = Histories(state.histories if state else ())
        self.statuses = Statuses(state.statuses if state else None)
        self.firsts = FirstTimes()
        self._repeats = Repeats(last_seen)

    def observe(
        self, meta: ObjectMetadata, *, deleted: bool, is_listed: bool, is_news: bool, now: int
    ) -> list[Transition]:
        """Take in a frame of an object; the transitions that it is the first to show."""
        item = self.lineage.observe(meta, deleted=deleted)
        if changes_by_itself(item):
            self.histories.observe(item, meta, deleted=deleted, now=now)
        elif item.kind in _TEMPLATES and not deleted:
            self.histories.observe_template(item, meta)
        return self.statuses.observe(
            meta, identity=item.identity, deleted=deleted, is_listed=is_listed, is_news=is_news,
            now=now,
        )  # fmt: skip

    def bind(self, event: Event) -> Child | None:
        """Learn the names that an Event binds; give the child that its message names."""
        ties = ties_of(event)
        self.lineage.observe_event(event, ties)
        return child_of(ties) if ties else None

    def observe_times(self, event: Event) -> None:
        """Learn when things were, once all names are bound."""
        item = self.lineage.find(event.involved)
        self.firsts.learn(event, identity=item.identity)
        self._repeats.learn(event, identity=item.identity)
        if event.reason in SCALES and (target := self._target(item, event)):
            self.histories.observe_scale(target.identity, event)
        elif changes_by_itself(item):
            self.histories.observe_event(item.identity, event)

    def _target(self, item: KubeObject, event: Event) -> KubeObject | None:
        """What an autoscaler scales, if that is known."""
        above = self.lineage.chain(item, second=second_of(event.time))[1:]
        return above[0] if above else None

    def replace(self, replace: Replace, *, now: int) -> None:
        """Take in that what a LIST did not show is gone."""
        for item in self.lineage.unlisted(replace.kind, replace.namespace, replace.uids):
            self.lineage.mark_deleted(item)
            self.histories.mark_deleted(item.identity)
            self.statuses.mark_deleted(item.identity, now=now)

    def find(self, about: ObjectReference) -> KubeObject:
        """The object that a reference means, whether it was ever seen or not."""
        return self.lineage.find(about)

    def unknown(self, body: Event | ObjectMetadata) -> list[KubeObject]:
        """Objects on the chain of an object, or of an Event's, that were not seen themselves."""
        if isinstance(body, Event):
            return self.lineage.unknown(body.involved, second=second_of(body.time))
        return self.lineage.unknown(body, second=body.created or 0)

    def placer(self, *, cluster_uid: str) -> Placer:
        """What places occurrences in stories, whose ids hold the cluster's uid."""
        return Placer(self.lineage, self.histories, cluster_uid=cluster_uid)

    def knowledge(
        self, *, previous: Callable[[Story], bytes | None], patience: int = SURE
    ) -> Knowledge:
        """What outcome asks for; `previous` gives the trace of the story before one.

        `patience` is the time (ns) for which an error beyond doubt stands until it ends a story.
        """
        return Knowledge(
            facts_of=self.statuses.get,
            repeats=self._repeats.get,
            next_change=self.histories.next_change,
            previous=previous,
            patience=patience,
        )

    def expire(self, *, now: int) -> None:
        """Forget what nothing has asked for in a long time."""
        self.lineage.expire(now=now)
        self.firsts.expire(now=now)
        self.histories.expire(now=now)
        self.statuses.expire(now=now)
        self._repeats.expire(now=now)
