"""The dated facts of all objects whose status is read, by identity (law 6)."""

from collections.abc import Iterable

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


class Statuses:
    """Facts of live objects as long as they live, of others for a while.

    `saved` are those of an earlier run: outcome rests on them, too. But a transition is new that
    no frame of this run showed before, for the earlier one may not have delivered it.
    """

    def __init__(self, saved: SavedStatuses | None = None) -> None:
        self._live: dict[str, Facts] = {}
        self._past: GenerationalCache[str, Facts] = GenerationalCache(keep=UNUSED)
        self._earlier: GenerationalCache[str, Facts] = GenerationalCache(keep=UNUSED)
        self._told: GenerationalCache[str, bool] = GenerationalCache(keep=UNUSED, most=_MOST_TOLD)
        for of_kind in saved or ():
            for identity, facts in of_kind:
                self._earlier.put(identity, facts)
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
                if after.told:
                    self._told.put(identity, True)
            if identity not in self._live:
                self._past.drop(identity)
            self._live[identity] = after
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
            self._past.put(identity, facts._replace(gone=now))
            self._has_past = True

    def saved(self, identities: Iterable[str]) -> SavedStatuses:
        """The facts of these objects, and of rollouts whose completion was news of late."""
        told = (identity for identity, _ in self._told)
        known = ((each, self._get(each)) for each in dict.fromkeys((*identities, *told)))
        found = [(each, facts) for each, facts in known if facts is not None]
        return SavedStatuses(
            pods=tuple((each, it) for each, it in found if isinstance(it, PodFacts)),
            rollouts=tuple((each, it) for each, it in found if isinstance(it, RolloutFacts)),
            runs=tuple((each, it) for each, it in found if isinstance(it, RunFacts)),
            customs=tuple((each, it) for each, it in found if isinstance(it, ConditionsFacts)),
        )

    def expire(self, *, now: int) -> None:
        """Forget what has been gone for longer than an Event lives."""
        self._past.expire(now=now)
        self._earlier.expire(now=now)
        self._told.expire(now=now)


def _told(facts: RolloutFacts, meta: ObjectMetadata, *, is_listed: bool, now: int) -> RolloutFacts:
    """Facts that note whether the completion of this generation needs no telling any more."""
    generation = meta.generation or 0
    changed = max((each.second or 0 for each in meta.writes if each.spec), default=0)
    # Nobody saw whether an old change was ever complete before; it is no news now (law 11).
    is_old = is_listed and max(changed, meta.created or 0) < second_of(now) - _HOUR
    was_complete = any(each.generation == generation and each.is_complete for each in facts.states)
    if generation <= facts.told or not (was_complete or is_old):
        return facts
    return facts._replace(told=generation, told_version=meta.resource_version)
