"""The dated facts of all objects whose status is read, by identity (law 6)."""

from collections.abc import Collection, Iterable, Mapping
from itertools import chain
from typing import NamedTuple

from event_tracer.core.condition_facts import ConditionsFacts
from event_tracer.core.conditions import ConditionsStatus
from event_tracer.core.expiring import GenerationalCache
from event_tracer.core.facts import (
    Facts,
    PodFacts,
    RolloutFacts,
    RunFacts,
    SavedStatuses,
)
from event_tracer.core.objects import ObjectMetadata
from event_tracer.core.observed import joined, observed
from event_tracer.core.status import PodStatus, RolloutStatus, RunStatus
from event_tracer.core.times import UNUSED, second_of
from event_tracer.core.transitions import Transition, transitions_of

_HOUR = 3600
_MOST_TOLD = 5_000


class _OfStory(NamedTuple):
    """A story's `members`, as many as they were, and the facts of those that have any."""

    members: Collection[str]
    identities: tuple[str, ...]
    facts: SavedStatuses


class Statuses:
    """Facts of live objects as long as they live, of others for a while.

    `saved` are those of an earlier run: outcome rests on them, too. But a transition is new that
    no frame of this run showed before, for the earlier one may not have delivered it.
    """

    def __init__(self, saved: SavedStatuses | None = None) -> None:
        self._live: dict[str, Facts] = {}
        self._past: GenerationalCache[str, Facts] = GenerationalCache(keep=UNUSED)
        self._earlier: GenerationalCache[str, Facts] = GenerationalCache(keep=UNUSED)
        self._told: GenerationalCache[str, tuple[str, RolloutFacts]] = GenerationalCache(
            keep=UNUSED, most=_MOST_TOLD
        )
        for of_kind in saved or ():
            for identity, facts in of_kind:
                self._earlier.put(identity, facts)
        self._saved: dict[bytes, _OfStory] = {}
        self._stories_of: dict[str, dict[bytes, bool]] = {}  # by object, those saved
        self._stale: set[bytes] = set()  # of those some object has had a frame since
        # Both are asked for each object of each story, and are empty where nobody reads status.
        self._has_earlier, self._has_past = any(saved or ()), False

    def get(self, identity: str) -> Facts | None:
        """The facts of an object; None where no status was seen, or it says nothing of outcomes."""
        facts = self._get(identity)
        return None if isinstance(facts, ConditionsFacts) and not facts.is_telling else facts

    def _get(self, identity: str) -> Facts | None:
        facts = self._live.get(identity)
        if facts is None and self._has_past:
            facts = self._past.peek(identity)
        if not self._has_earlier:
            return facts
        earlier = self._earlier.peek(identity)
        return earlier if facts is None else facts if earlier is None else joined(earlier, facts)

    def observe(
        self, meta: ObjectMetadata, *, identity: str, deleted: bool, is_listed: bool,
        is_news: bool, now: int,
    ) -> list[Transition]:  # fmt: skip
        """Take in a frame; the transitions that it is the first to show.

        `is_listed`: it is of a LIST; `is_news`: of one as of now, and its object has changed since
        all was acknowledged. `now` is ns of the watermark.
        """
        found: list[Transition] = []
        before = self._live.get(identity) or self._past.peek(identity)
        before = before or self._first(identity, meta, is_news=is_news)
        after = observed(before, meta) if before else None
        if before and after:
            found = transitions_of(meta, before, after, is_listed=is_listed)
            if isinstance(after, RolloutFacts):
                after = _told(after, meta, is_listed=is_listed, now=now)
            if identity not in self._live:
                self._past.drop(identity)
            self._live[identity] = after
            self._note(identity, is_told=isinstance(after, RolloutFacts) and after.told > 0)
        if deleted:
            self.mark_deleted(identity, now=now)
        return found

    def _first(self, identity: str, meta: ObjectMetadata, *, is_news: bool) -> Facts | None:
        """Facts before the first frame of this run; None where it has no status."""
        status, created = meta.status, meta.created
        if isinstance(status, PodStatus):
            return PodFacts(created=created)
        if isinstance(status, RunStatus):
            return RunFacts(created=created)
        if isinstance(status, ConditionsStatus):
            return ConditionsFacts(created=created)
        if not isinstance(status, RolloutStatus):
            return None
        earlier = self._earlier.peek(identity)
        # Its completion was acknowledged, or a frame of before that would be the first.
        is_told = isinstance(earlier, RolloutFacts) and (
            meta.resource_version >= earlier.told_version and not is_news
        )
        told = earlier.told if isinstance(earlier, RolloutFacts) and is_told else 0
        return RolloutFacts(created=created, told=told, told_version=meta.resource_version)

    def mark_deleted(self, identity: str, *, now: int) -> None:
        """An object is gone, at `now` (ns of the watermark)."""
        facts = self._live.pop(identity, None)
        if facts is not None:
            self._past.put(identity, facts.but(gone=now))
            self._has_past = True
            self._note(identity, is_told=self._told.peek(identity) is not None)

    def _note(self, identity: str, *, is_told: bool) -> None:
        """The facts of an object have changed; `is_told`: its completion was news of late."""
        self._stale.update(self._stories_of.get(identity, ()))
        facts = self._get(identity) if is_told else None
        if isinstance(facts, RolloutFacts):
            self._told.put(identity, (identity, facts))

    def saved(self, stories: Mapping[bytes, Collection[str]]) -> SavedStatuses:
        """The facts of stories' objects, and of rollouts whose completion was news of late.

        Story by story; those of a story of which no frame came since are as the last time. To look
        up each of 3,300 pods took twice the CPU while 500 Events/s came.
        """
        if not (self._live or self._has_past or self._has_earlier):
            return SavedStatuses()  # nobody reads status
        for trace_id, saved in list(self._saved.items()):
            if stories.get(trace_id) is not saved.members:
                self._forget(trace_id)
        for trace_id, members in stories.items():
            before = self._saved.get(trace_id)
            if trace_id in self._stale or not before or len(before.identities) != len(members):
                self._save(trace_id, members)
        self._stale.clear()
        told = [saved for identity, saved in self._told if identity not in self._stories_of]
        found = [self._saved[each].facts for each in stories]
        found.append(SavedStatuses(rollouts=tuple(told)))
        return SavedStatuses(
            pods=tuple(chain.from_iterable([each.pods for each in found])),
            rollouts=tuple(chain.from_iterable([each.rollouts for each in found])),
            runs=tuple(chain.from_iterable([each.runs for each in found])),
            customs=tuple(chain.from_iterable([each.customs for each in found])),
        )

    def _save(self, trace_id: bytes, members: Collection[str]) -> None:
        identities, before = tuple(members), self._saved.get(trace_id)
        self._saved[trace_id] = _OfStory(members, identities, self._facts_of(identities))
        for identity in identities[len(before.identities) if before else 0 :]:  # it only grows
            self._stories_of.setdefault(identity, {})[trace_id] = True

    def _forget(self, trace_id: bytes) -> None:
        for identity in self._saved.pop(trace_id).identities:
            stories = self._stories_of[identity]
            del stories[trace_id]
            if not stories:
                del self._stories_of[identity]

    def _facts_of(self, identities: Iterable[str]) -> SavedStatuses:
        pods: list[tuple[str, PodFacts]] = []
        rollouts: list[tuple[str, RolloutFacts]] = []
        runs: list[tuple[str, RunFacts]] = []
        customs: list[tuple[str, ConditionsFacts]] = []
        for identity in identities:
            facts = self._get(identity)
            if isinstance(facts, PodFacts):
                pods.append((identity, facts))
            elif isinstance(facts, RolloutFacts):
                rollouts.append((identity, facts))
            elif isinstance(facts, RunFacts):
                runs.append((identity, facts))
            elif isinstance(facts, ConditionsFacts):
                customs.append((identity, facts))
        return SavedStatuses(tuple(pods), tuple(rollouts), tuple(runs), tuple(customs))

    def expire(self, *, now: int) -> None:
        """Forget what has been gone for longer than an Event lives."""
        self._past.expire(now=now)
        self._earlier.expire(now=now)
        self._told.expire(now=now)
        self._stale.update(self._saved)


def _told(facts: RolloutFacts, meta: ObjectMetadata, *, is_listed: bool, now: int) -> RolloutFacts:
    """Facts that note whether the completion of this generation needs no telling any more."""
    generation = meta.generation or 0
    changed = max((each.second or 0 for each in meta.writes if each.spec), default=0)
    # Nobody saw whether an old change was ever complete before; it is no news now (law 11).
    is_old = is_listed and max(changed, meta.created or 0) < second_of(now) - _HOUR
    was_complete = any(each.generation == generation and each.is_complete for each in facts.states)
    if generation <= facts.told or not (was_complete or is_old):
        return facts
    return facts.but(told=generation, told_version=meta.resource_version)
