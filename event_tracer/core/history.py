"""The history of one root: its changes, from the frames of its metadata and its Events."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from operator import attrgetter

from event_tracer.core.changes import (
    FOLLOWS,
    NOBODY,
    Change,
    ControllerAction,
    PendingChange,
    is_autoscaled,
    without_answers,
)
from event_tracer.core.event import Event
from event_tracer.core.kinds import CONTROLLERS
from event_tracer.core.objects import ObjectMetadata, Write
from event_tracer.core.status import RolloutStatus
from event_tracer.core.tables import COMBINED
from event_tracer.core.times import SECOND, second_of

_MOST = 64
_MOST_ACTED = 32  # a rollout has some twenty, and they may be read before the change itself
_MOST_UNDATED = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """The changes of one root, oldest first, and what tells the next one.

    `owner` is the identity of the custom resource that owns it, empty for a root. `completed` is
    the newest generation that its status called complete, None where no status was seen.
    """

    changes: tuple[Change, ...] = ()
    pending: tuple[PendingChange, ...] = ()
    actions: tuple[ControllerAction, ...] = ()
    generation: int | None = None
    deletion: int | None = None
    written: tuple[tuple[tuple[str, str, str, bool], int], ...] = ()
    status_second: int = -1
    seen: bool = False
    owner: str = ""
    is_paused: bool = False
    completed: int | None = None

    def observe(self, meta: ObjectMetadata, *, now: int) -> "History":
        """This history after a frame of the root's metadata."""
        if self._has_observed(meta):
            return self
        history = self._with_status(meta)
        if meta.deletion_asked is not None and self.deletion is None:
            gone = Change(second=meta.deletion_asked, verb="Delete", manager=NOBODY)
            history = history._add(replace(gone, generation=meta.generation))
        if not self.seen:
            history = history._first_sight(meta, now=now)
        elif (meta.generation or 0) > (self.generation or 0) and (
            meta.deletion_asked == self.deletion  # asking for deletion raises it, too
        ):
            history = history._risen(meta, now=now)
        return replace(
            history,
            seen=True,
            generation=meta.generation,
            deletion=meta.deletion_asked,
            written=tuple(_newest(meta.writes).items()),
            status_second=max(self.status_second, meta.status_second or -1),
            is_paused=meta.is_paused,
            completed=_completed(meta, self.completed),
        )

    def _has_observed(self, meta: ObjectMetadata) -> bool:
        """Whether it is a frame of before, as a restart reads some anew.

        Where etcd was restored a generation comes again, but its writes are later ones.
        """
        latest = max((second for _, second in self.written), default=-1)
        is_later = any((write.second or -1) > latest for write in meta.writes)
        return self.seen and (meta.generation or 0) < (self.generation or 0) and not is_later

    def observe_event(self, event: Event) -> "History":
        """This history after an Event about the root: its controller's may date a change.

        A controller's Event refers to the resourceVersion it acted on, except a combined one,
        whose reference is that of the first it combines.
        """
        kind, version = event.involved.kind, event.involved.resource_version
        is_controller = event.component == CONTROLLERS.get(kind, event.component)
        if not version or not is_controller or event.message.startswith(COMBINED):
            return self
        action = ControllerAction(resource_version=version, second=second_of(event.time))
        return replace(
            self,
            actions=(*self.actions, action)[-_MOST_ACTED:],
            pending=tuple(item.observe_event((action,)) for item in self.pending),
        )

    def observe_scale(self, event: Event) -> "History":
        """This history after an autoscaler's word that it scaled this root."""
        change = Change(second=second_of(event.time), verb="Scale", manager=event.component)
        is_own = any(is_autoscaled(each.change) for each in self.pending)
        return self if self._is_answer(change) and not is_own else self._add(change)

    def fix_dates(self, *, before: int) -> "History":
        """This history with the dates fixed of what was seen, and dated, before `before` (ns)."""
        if not self.pending:
            return self
        # The frame of a resume states no time of its own: the watermark may be far behind it.
        due = [
            item for item in self.pending
            if item.dated and max(item.seen, item.dated.second * SECOND) < before
        ]  # fmt: skip
        if not due:
            return self
        left = tuple(item for item in self.pending if item not in due)
        history = replace(self, pending=left)
        for item in due:
            history = history._add(item.dated)
        return history

    def with_changes(self, changes: Iterable[Change]) -> "History":
        """This history with changes that something else dates."""
        history = self
        for change in changes:
            history = history._add(change)
        return history

    @property
    def dated(self) -> tuple[Change, ...]:
        """All changes, as far as they can be dated by now."""
        return self._as_dated().changes if self.pending else self.changes

    def with_first_event(self, second: int) -> "History":
        """This history of a root that nothing dates: its first occurrence in `second` does."""
        return self._add(Change(second=second, verb="Events", manager=NOBODY))

    def _as_dated(self) -> "History":
        history = self
        for item in self.pending:
            history = history._add(item.dated)
        return history

    def _first_sight(self, meta: ObjectMetadata, *, now: int) -> "History":
        history, created = self, meta.created
        spec = [w for w in meta.writes if w.spec and w.second is not None]
        if created is not None:
            who = next((w.manager for w in spec if w.second == created), NOBODY)
            generation = 1 if meta.generation else None
            change = Change(second=created, verb="Create", manager=who, generation=generation)
            history = history._add(change)
        # Without a generation, or at the first, nothing has changed since (a claim's binding, a
        # node's cordon touch the spec, too): as a watch would tell, a rise being the sign.
        is_changed = created is None or (meta.generation or 0) > 1
        for write in spec if is_changed else ():
            if created is None or (write.second or 0) > created:
                history = history._add(_change(write, meta.generation))
        return history._unanswered(meta, now=now)

    def _unanswered(self, meta: ObjectMetadata, *, now: int) -> "History":
        """This history with a scale or a resume that the controller has not answered yet."""
        status, answered = meta.status, meta.status_second or -1
        if not isinstance(status, RolloutStatus) or status.observed >= (meta.generation or 0):
            return self
        condition = status.progressing
        was_paused = condition is not None and condition.reason == "DeploymentPaused"
        is_written = any(each.spec and (each.second or -1) >= answered for each in meta.writes)
        if is_written and (status.paused or not was_paused):
            return self
        change = replace(self, is_paused=was_paused)._undated(meta, is_signed=False)
        if change is None or self._is_answer(change):
            return self
        return self._wait_for_answer(change, meta, answered=answered, now=now)

    def _risen(self, meta: ObjectMetadata, *, now: int) -> "History":
        before = dict(self.written)
        risen = [w for w in meta.writes if (w.second or -1) > before.get(w.key, -1)]
        dated = [_change(write, meta.generation) for write in risen if write.spec]
        history = self
        for change in dated:
            if not self._is_answer(change):
                history = history._add(change)
        undated = None if dated else self._undated(meta, is_signed=bool(risen))
        if undated is None or self._is_answer(undated):
            return history
        return history._wait_for_answer(undated, meta, answered=self.status_second, now=now)

    def _wait_for_answer(
        self, change: Change, meta: ObjectMetadata, *, answered: int, now: int
    ) -> "History":
        """This history with a change that its controller, whose last word `answered` is, dates."""
        status_second = -1 if meta.status_second is None else meta.status_second
        waiting = PendingChange(
            change=change,
            resource_version=meta.resource_version,
            status_second=answered,
            seen=now,
            # A LIST may show the write and the controller's answer to it at once.
            by_status=status_second if status_second > answered else None,
        )
        pending = (*self.pending, waiting.observe_event(self.actions))
        return replace(self, pending=pending[-_MOST_UNDATED:])

    def _undated(self, meta: ObjectMetadata, *, is_signed: bool) -> Change | None:
        """The change of a rise that no write of the spec dates; `is_signed`: another has a date."""
        if meta.is_paused != self.is_paused:
            verb = "Pause" if meta.is_paused else "Resume"
            return Change(second=0, verb=verb, manager=NOBODY, generation=meta.generation)
        unsigned = [w for w in meta.writes if w.spec and w.second is None]
        return None if is_signed or not unsigned else _change(unsigned[0], meta.generation)

    def _with_status(self, meta: ObjectMetadata) -> "History":
        second = meta.status_second
        if not self.pending or second is None:
            return self
        return replace(
            self,
            pending=tuple(
                replace(item, by_status=second)
                if item.by_status is None and second > item.status_second
                else item
                for item in self.pending
            ),
        )

    def _add(self, change: Change | None) -> "History":
        if change is None:
            return self
        same = [item for item in self.changes if item.second == change.second]
        if same and not _replaces(same[0], change):
            return self
        kept = [item for item in self.changes if item.second != change.second]
        ordered = sorted([*kept, change], key=attrgetter("second"))
        return replace(self, changes=without_answers(ordered)[-_MOST:])

    def _is_answer(self, change: Change) -> bool:
        """Whether it is the autoscaler's, to a change whose rollout has not been complete."""
        is_rolling = self.completed is not None and self.completed < (self.generation or 0)
        return is_rolling and is_autoscaled(change)


def _completed(meta: ObjectMetadata, before: int | None) -> int | None:
    if not isinstance(meta.status, RolloutStatus):
        return before
    # Once for each generation: a pod that fails later makes no rollout of it.
    return meta.generation if meta.status.is_complete else before or 0


def _newest(writes: tuple[Write, ...]) -> dict[tuple[str, str, str, bool], int]:
    newest: dict[tuple[str, str, str, bool], int] = {}
    for write in writes:
        if write.second is not None:
            newest[write.key] = max(write.second, newest.get(write.key, -1))
    return newest


def _replaces(known: Change, change: Change) -> bool:
    # Of two edits in one second the first names the story, whichever was dated first.
    if known.generation is not None and change.generation is not None:
        return change.generation < known.generation
    return known.verb == "Events"


def _change(write: Write, generation: int | None) -> Change:
    second, manager = write.second or 0, write.manager or NOBODY
    return Change(second=second, verb=write.verb, manager=manager, generation=generation)


def merged(own: tuple[Change, ...], owned: Iterable[tuple[str, History]]) -> tuple[Change, ...]:
    """The changes of a custom resource's story: its own, and those of workloads that it owns.

    An operator's change that follows one of the resource itself belongs to that one.
    """
    known = [each for each in own if each.verb != "Events"]
    found = [
        _of_workload(change, identity, is_known=bool(known))
        for identity, history in owned
        for change in history.dated
        if not any(0 <= change.second - each.second <= FOLLOWS for each in known)
    ]
    return tuple(sorted((*known, *found), key=_order)) if found else own


def _order(change: Change) -> tuple[int, str]:
    return change.second, change.workload


@lru_cache(maxsize=1024)
def _of_workload(change: Change, identity: str, *, is_known: bool) -> Change:
    # A resource that was there before is not created with one more workload. One change for all
    # spans of a story: the checkpoint keeps what is the same object once.
    verb = "Update" if is_known and change.verb == "Create" else change.verb
    return replace(change, verb=verb, workload=identity)
