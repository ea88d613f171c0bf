"""The changes of every root, and the story that an occurrence belongs to by them (law 5)."""

from typing import NamedTuple

from event_tracer.core.chain import Chain, KubeObject
from event_tracer.core.changes import HOUR, NOBODY, Change, History, hours_since
from event_tracer.core.event import Event
from event_tracer.core.expiring import GenerationalCache
from event_tracer.core.kinds import CONTROLLERS
from event_tracer.core.lineage import Lineage, lineage_names
from event_tracer.core.objects import ObjectMetadata
from event_tracer.core.occurrence import Child, Occurrence
from event_tracer.core.span import Attributes, object_span_id, trace_id
from event_tracer.core.tables import CREATORS
from event_tracer.core.times import SECOND, UNUSED, second_of

_KEPT = 2 * HOUR * SECOND
_NEVER = 2**63
_UNKNOWN = History()
Saved = tuple[tuple[str, History], ...]


class Story(NamedTuple):
    """One trace, named by its `key`; `root` is the identity of a root with changes."""

    key: str
    change: Change
    hours: int = 0
    root: str = ""


class Histories:
    """The dated changes of roots, by identity. All `now` are ns of the watermark."""

    def __init__(self, saved: Saved = ()) -> None:
        # A live root is remembered as long as it lives, for the next change is told by the
        # difference to the frame before; the others fade.
        self._live: dict[str, History] = {}
        self._past: GenerationalCache[str, History] = GenerationalCache(keep=_KEPT)
        for identity, history in saved:
            self._past.put(identity, history)

    def observe(self, item: KubeObject, meta: ObjectMetadata, *, deleted: bool, now: int) -> None:
        """Take in a frame of a root's metadata."""
        history = self._get(item.identity).observe(meta, now=now)
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

    def observe_event(self, identity: str, event: Event) -> None:
        """Take in an Event about what may be a root: it may date a change."""
        history = self._peek(identity)
        # It may be read before the root itself, which then has its date already.
        if history.seen or event.involved.kind in CONTROLLERS:
            self._put(identity, history.observe_event(event))

    def story(self, chain: Chain, *, second: int, first_second: int, final_before: int) -> Story:
        """The story of the chain's root to which an occurrence in Unix `second` belongs.

        `first_second` is that of its Event's first occurrence, which dates what nothing else does.
        Dates of what was read before `final_before` (ns of the watermark) are final.
        """
        root = chain[-1].identity
        known = self._get(root)
        history = known.fix_dates(before=final_before)
        change = history.at(second)
        if change is None:
            history = history.with_first_event(min(first_second, second))
            change = history.changes[0]
        if history is not known:
            self._put(root, history)
        hours = hours_since(change, second)
        return Story(key=_key(root, change, hours), change=change, hours=hours, root=root)

    def previous(self, story: Story) -> str | None:
        """The key of the story before `story`, where known."""
        before = self._peek(story.root).before(story.change)
        return _key(story.root, before, 0) if before else None

    def run(self, job: KubeObject, *, is_root: bool, second: int) -> Story:
        """The story of a Job, which is one run, however long it takes and whoever asks for it."""
        change = self._get(job.identity).at(0)
        if not is_root:
            creator = CREATORS["Job"]["CronJob"]
            change = Change(second=change.second if change else second, verb="", manager=creator)
        unknown = Change(second=second, verb="Events", manager=NOBODY)
        return Story(key=job.identity, change=change or unknown)

    def saved(self, *, now: int) -> Saved:
        """The histories of roots of which an Event may still come, the oldest change first."""
        horizon = second_of(now - UNUSED) - HOUR
        kept = (
            (identity, history)
            for identity, history in (*self._live.items(), *self._past)
            if history.pending or (history.changes and history.changes[-1].second >= horizon)
        )
        return tuple(sorted(kept, key=_last_change))

    def expire(self, *, now: int) -> None:
        """Forget roots that are gone or were never known, unused for two hours."""
        self._past.expire(now=now)

    def _get(self, identity: str) -> History:
        return self._live.get(identity) or self._past.get(identity) or _UNKNOWN

    def _peek(self, identity: str) -> History:
        return self._live.get(identity) or self._past.peek(identity) or _UNKNOWN

    def _put(self, identity: str, history: History) -> None:
        if identity in self._live:
            self._live[identity] = history
        else:
            self._past.put(identity, history)


def _last_change(saved: tuple[str, History]) -> int:
    """The second of the newest change; what waits for a date is newer than all."""
    history = saved[1]
    return _NEVER if history.pending else history.changes[-1].second


def _key(root: str, change: Change, hours: int) -> str:
    return f"{root} {change.second} {hours}"


class Placement(NamedTuple):
    """Place of an occurrence: its story's trace, its object and all above it, root last.

    `span_ids` are those of the chain's object spans, `names` the attributes that name them.
    """

    story: Story
    trace_id: bytes
    chain: Chain
    span_ids: tuple[bytes, ...]
    names: Attributes


class Placer:
    """Places occurrences: the chain of the object, the story, the trace and the ids."""

    def __init__(self, lineage: Lineage, histories: Histories, *, cluster_uid: str) -> None:
        self._lineage = lineage
        self._histories = histories
        self._cluster_uid = cluster_uid
        self._placed: dict[tuple[str, int, str], Placement] = {}

    def forget(self) -> None:
        """Start anew: something was learnt since the last occurrence was placed."""
        self._placed.clear()

    def place(self, occurrence: Occurrence, item: KubeObject, *, final_before: int) -> Placement:
        """The placement of an occurrence about `item`.

        Dates of changes that were read before `final_before` (ns of the watermark) are final.
        """
        # An object that came to be later was not there for an earlier change (law 5).
        second = max(second_of(occurrence.time), item.created or 0)
        run = self._named_run(occurrence.child)
        # One object has Events by the dozen, and those of one second share their placement.
        key = (item.identity, second, run.identity if run else "")
        placement = self._placed.get(key)
        if placement is None:
            chain = self._lineage.chain(item, second=second)
            run = run or next((each for each in chain if each.kind == "Job"), None)
            if run:
                story = self._histories.run(run, is_root=run is chain[-1], second=second)
            else:
                first = occurrence.first_time
                story = self._histories.story(
                    chain,
                    second=second,
                    first_second=second if first is None else second_of(first),
                    final_before=final_before,
                )
            placement = self._placed[key] = self._placement(chain, story)
        return placement

    def previous_trace(self, story: Story) -> bytes | None:
        """The trace of the story before `story`, where that is known."""
        key = self._histories.previous(story)
        return trace_id(cluster_uid=self._cluster_uid, story_key=key) if key else None

    def _named_run(self, child: Child | None) -> KubeObject | None:
        is_run = child is not None and child.kind == "Job" and child.owned
        return self._lineage.find_child(child) if child and is_run else None

    def _placement(self, chain: Chain, story: Story) -> Placement:
        trace = trace_id(cluster_uid=self._cluster_uid, story_key=story.key)
        return Placement(
            story=story,
            trace_id=trace,
            chain=chain,
            span_ids=tuple(object_span_id(trace=trace, identity=item.identity) for item in chain),
            names=lineage_names(chain),
        )
