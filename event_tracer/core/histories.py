"""The changes of every root, and the story that an occurrence belongs to by them (law 5)."""

from collections.abc import Iterable
from dataclasses import replace

from event_tracer.core.chain import CHANGED_THEMSELVES, Chain, KubeObject, makes_runs, usual_creator
from event_tracer.core.changes import (
    HOUR,
    NOBODY,
    Change,
    hours_since,
    is_autoscaled,
    newest,
    until_generation,
)
from event_tracer.core.event import Event
from event_tracer.core.expiring import GenerationalCache
from event_tracer.core.history import History, merged
from event_tracer.core.kinds import BUILT_IN, CONTROLLERS
from event_tracer.core.lineage import is_uuid
from event_tracer.core.moments import Moments
from event_tracer.core.objects import ObjectMetadata
from event_tracer.core.record import Record
from event_tracer.core.times import SECOND, UNUSED, second_of

_KEPT = 2 * HOUR * SECOND
_NEVER = 2**63
_WITH_TEMPLATES = frozenset({"Deployment", "StatefulSet", "DaemonSet"})
_UNKNOWN = History()
Saved = tuple[tuple[str, History], ...]


class Story(Record, frozen=True):
    """One trace, named by its `key`; `root` is the identity of a root with changes.

    Where it tells of one run, `run` is that one's identity, and there is no such root.
    """

    key: str
    change: Change
    hours: int = 0
    root: str = ""
    run: str = ""

    @property
    def began(self) -> int:
        """Time before which nothing of it began (ns): 0 where only an Event dates it."""
        if self.run or (self.change.verb == "Events" and not self.hours):
            return 0
        return (self.change.second + self.hours * HOUR) * SECOND


class Histories:
    """The dated changes of roots, by identity. All `now` are ns of the watermark."""

    def __init__(self, saved: Saved = ()) -> None:
        # A live root is remembered as long as it lives, for the next change is told by the
        # difference to the frame before; the others fade.
        self._live: dict[str, History] = {}
        self._past: GenerationalCache[str, History] = GenerationalCache(keep=_KEPT)
        self._owned: dict[str, set[str]] = {}  # by a custom resource, its workloads
        self._moments = Moments()
        self._changed: dict[str, bool] = {}  # since `saved` was asked for
        self._saved: dict[str, tuple[int, tuple[str, History]]] = {}  # each after its last change
        for identity, history in saved:
            self._put(identity, history)
            self._note_owner(identity, history.owner)

    def observe(self, item: KubeObject, meta: ObjectMetadata, *, deleted: bool, now: int) -> None:
        """Take in a frame of a root's metadata."""
        known = self._get(item.identity)
        if not known.seen and meta.kind in _WITH_TEMPLATES:
            self._moments.see(item.identity, meta, now=now)
        history = known.observe(meta, now=now)
        if (owner := _custom_owner(item)) != history.owner:
            history = replace(history, owner=owner)
            self._note_owner(item.identity, owner)
        self._changed[item.identity] = True
        self._past.drop(item.identity)
        self._live.pop(item.identity, None)
        if deleted:
            self._past.put(item.identity, history)
        else:
            self._live[item.identity] = history

    def mark_deleted(self, identity: str) -> None:
        """A live root is gone."""
        if history := self._live.pop(identity, None):
            self._past.put(identity, history)

    def observe_template(self, item: KubeObject, meta: ObjectMetadata) -> None:
        """Take in what keeps a template: its workload has had that since it was made."""
        owner = item.owner
        if owner and owner.kind in _WITH_TEMPLATES:
            is_dated = self._peek(owner.uid).seen
            self._moments.observe_template(owner.uid, meta, is_dated=is_dated)

    def observe_event(self, identity: str, event: Event) -> None:
        """Take in an Event about what may be a root: it may date a change."""
        history = self._peek(identity)
        if event.involved.kind == "Deployment":
            self._moments.observe_event(identity, event, is_dated=history.seen)
        # It may be read before the root itself, which then has its date already.
        if history.seen or event.involved.kind in CONTROLLERS:
            self._put(identity, history.observe_event(event))

    def observe_scale(self, identity: str, event: Event) -> None:
        """Take in an autoscaler's Event, which tells when it scaled what may be a root."""
        if (history := self._peek(identity)).seen:
            self._put(identity, history.observe_scale(event))

    def story(
        self, chain: Chain, *, second: int, first_second: int, final_before: int,
        generation: int | None = None,
    ) -> Story:  # fmt: skip
        """The story of the chain's root to which an occurrence in Unix `second` belongs.

        `first_second` is that of its Event's first occurrence, which dates what nothing else does.
        Dates of what was read before `final_before` (ns of the watermark) are final.
        `generation` is that of the chain's first object, where the occurrence belongs to it.
        """
        root = chain[-1].identity
        owned = self._workloads(chain)
        for identity in (root, *owned):
            self._fix_dates(identity, before=final_before)
        changes = self._changes(root, owned)
        if generation is not None:
            about = chain[0].identity if chain[1:] else ""
            changes = until_generation(changes, about, generation) or changes
        change = newest(changes, second)
        if change is None:
            history = self._get(root).with_first_event(min(first_second, second))
            self._put(root, history)
            change = history.changes[0]
        hours = hours_since(change, second)
        return Story(key=_key(root, change, hours), change=change, hours=hours, root=root)

    def next_change(self, story: Story) -> Change | None:
        """The change that ends `story`: the first of a later second."""
        changes, second = self._of_story(story), story.change.second
        if not changes or changes[-1].second <= second:  # nearly always
            return None
        return next(each for each in changes if each.second > second)

    def newest_change(self, chain: Chain) -> Change | None:
        """The newest change of a chain's root, or of its workload, whether it is dated or not.

        Only a dated scale of the autoscaler is known to be a change by itself.
        """
        root, owned = chain[-1].identity, self._workloads(chain)
        changes = self._changes(root, owned)
        waiting = [
            replace(each.change, second=second_of(each.seen))
            for identity in (root, *owned)
            for each in self._peek(identity).pending
            if each.dated is None and not is_autoscaled(each.change)
        ]
        return waiting[-1] if waiting else changes[-1] if changes else None

    def previous(self, story: Story) -> str | None:
        """The key of the story before `story`, where known: before the n-th hour the (n-1)-th."""
        if story.hours:
            return _key(story.root, story.change, story.hours - 1) if story.root else None
        earlier = [each for each in self._of_story(story) if each.second < story.change.second]
        return _key(story.root, earlier[-1], 0) if earlier else None

    def run(self, job: KubeObject, *, is_root: bool, second: int) -> Story:
        """The story of one run, however long it takes and whoever asks for it."""
        change = newest(self._get(job.identity).dated, 0)
        if not is_root:
            usual = usual_creator(job, job.owner) if job.owner else ""
            second = change.second if change else second
            change = Change(second=second, verb="", manager=job.creator or usual or NOBODY)
        unknown = Change(second=second, verb="Events", manager=NOBODY)
        return Story(key=job.identity, change=change or unknown, run=job.identity)

    @property
    def undated(self) -> dict[str, tuple[str, ...]]:
        """In words, the changes of roots that one look cannot date."""
        return self._moments.undated

    def saved(self, *, now: int) -> Saved:
        """The histories of roots of which an Event may still come, the oldest change first.

        Looked up is only what has changed since the last time: a root lives for months.
        """
        for identity in self._changed:
            history = self._peek(identity)
            self._saved[identity] = (_last_change(history), (identity, history))
        self._changed.clear()
        horizon = second_of(now - UNUSED) - HOUR
        kept = sorted([each for each in self._saved.values() if each[0] >= horizon])
        if len(kept) < len(self._saved):
            self._saved = {saved[0]: (second, saved) for second, saved in kept}
        return tuple([saved for _, saved in kept])

    def expire(self, *, now: int) -> None:
        """Forget roots that are gone or were never known, unused for two hours."""
        self._moments.expire(now=now)
        if not self._past.expire(now=now):
            return  # nothing was forgotten, and there may be roots by the thousand
        known = {each for each in (*self._changed, *self._saved) if self._is_known(each)}
        self._changed = {each: True for each in self._changed if each in known}
        self._saved = {each: saved for each, saved in self._saved.items() if each in known}
        for owner, owned in list(self._owned.items()):
            owned &= {each for each in owned if self._is_known(each)}
            if not owned:
                del self._owned[owner]

    def _note_owner(self, identity: str, owner: str) -> None:
        if owner:
            self._owned.setdefault(owner, set()).add(identity)

    def _workloads(self, chain: Chain) -> Iterable[str]:
        """The workloads whose changes count for what happened to the chain's first object."""
        if chain[-1].kind in BUILT_IN:
            return ()
        if not chain[1:]:
            return self._owned.get(chain[0].identity, ())
        # A Job further below is of what owns it, as an analysis of a Rollout.
        found = [each for each in chain[:-1] if each.kind in CHANGED_THEMSELVES][-1:]
        return [each.identity for each in found if each.kind != "Job" or each is chain[-2]]

    def _of_story(self, story: Story) -> tuple[Change, ...]:
        workload = story.change.workload
        owned = [workload] if workload else self._owned.get(story.root, ())
        return self._changes(story.root, owned)

    def _changes(self, root: str, owned: Iterable[str]) -> tuple[Change, ...]:
        own = self._peek(root).dated
        return merged(own, [(each, self._peek(each)) for each in owned]) if owned else own

    def _fix_dates(self, identity: str, *, before: int) -> None:
        known = self._get(identity)
        history = known.fix_dates(before=before)
        if found := self._moments.take(identity):
            history = history.with_changes(found.changes)
        if history is not known:
            self._put(identity, history)

    def _get(self, identity: str) -> History:
        return self._live.get(identity) or self._past.get(identity) or _UNKNOWN

    def _peek(self, identity: str) -> History:
        return self._live.get(identity) or self._past.peek(identity) or _UNKNOWN

    def _is_known(self, identity: str) -> bool:
        return self._peek(identity) is not _UNKNOWN

    def _put(self, identity: str, history: History) -> None:
        self._changed[identity] = True
        if identity in self._live:
            self._live[identity] = history
        else:
            self._past.put(identity, history)


def _custom_owner(item: KubeObject) -> str:
    """The identity of the custom resource that owns a workload; empty for any other object."""
    owner = item.owner
    if owner is None or owner.kind in BUILT_IN or makes_runs(owner.kind, item.kind):
        return ""
    return owner.uid if is_uuid(owner.uid) else f"{owner.kind}/{item.namespace}/{owner.name}"


def _last_change(history: History) -> int:
    """The second of the newest change; what waits for a date is newer than all."""
    if history.pending:
        return _NEVER
    return history.changes[-1].second if history.changes else -_NEVER


def _key(root: str, change: Change, hours: int) -> str:
    return f"{root} {change.second} {hours}"
