"""The dated facts of all objects whose status is read, by identity (law 6)."""

from collections.abc import Iterable

from event_tracer.core.expiring import GenerationalCache
from event_tracer.core.facts import (
    Facts,
    PodFacts,
    RolloutFacts,
    RunFacts,
    SavedStatuses,
    joined,
)
from event_tracer.core.objects import ObjectMetadata
from event_tracer.core.status import PodStatus, RolloutStatus, RunStatus
from event_tracer.core.times import UNUSED, second_of
from event_tracer.core.transitions import Transition, transitions_of

_HOUR = 3600


class Statuses:
    """Facts of live objects as long as they live, of others for a while.

    `saved` are those of an earlier run: outcome rests on them, too. But a transition is new that
    no frame of this run showed before, for the earlier one may not have delivered it.
    """

    def __init__(self, saved: SavedStatuses | None = None) -> None:
        self._live: dict[str, Facts] = {}
        self._past: GenerationalCache[str, Facts] = GenerationalCache(keep=UNUSED)
        self._earlier: GenerationalCache[str, Facts] = GenerationalCache(keep=UNUSED)
        for of_kind in saved or ():
            for identity, facts in of_kind:
                self._earlier.put(identity, facts)
        # Both are asked for each object of each story, and are empty where nobody reads status.
        self._has_earlier, self._has_past = any(saved or ()), False

    def get(self, identity: str) -> Facts | None:
        """The facts of an object; None where its status was never seen."""
        facts = self._live.get(identity)
        if facts is None and self._has_past:
            facts = self._past.peek(identity)
        if not self._has_earlier:
            return facts
        earlier = self._earlier.peek(identity)
        return earlier if facts is None else facts if earlier is None else joined(earlier, facts)

    def observe(
        self, meta: ObjectMetadata, *, identity: str, deleted: bool, is_listed: bool, now: int
    ) -> list[Transition]:
        """Take in a frame; the transitions that it is the first to show.

        `is_listed`: it is of a LIST. `now` is ns of the watermark.
        """
        before, found = self._live.get(identity) or self._past.peek(identity), []
        after = _after(before, meta)
        if after is not None:
            known = before or type(after)(created=meta.created)
            found = list(transitions_of(meta, known, after, is_listed=is_listed))
            if isinstance(after, RolloutFacts):
                after = _told(after, meta, is_listed=is_listed, now=now)
            if before is None:
                self._past.drop(identity)
            self._live[identity] = after
        if deleted:
            self.mark_deleted(identity, now=now)
        return found

    def mark_deleted(self, identity: str, *, now: int) -> None:
        """An object is gone, at `now` (ns of the watermark)."""
        facts = self._live.pop(identity, None)
        if facts is not None:
            self._past.put(identity, facts._replace(gone=now))
            self._has_past = True

    def saved(self, identities: Iterable[str]) -> SavedStatuses:
        """The facts of these objects."""
        known = ((each, self.get(each)) for each in identities)
        found = [(each, facts) for each, facts in known if facts is not None]
        return SavedStatuses(
            pods=tuple((each, it) for each, it in found if isinstance(it, PodFacts)),
            rollouts=tuple((each, it) for each, it in found if isinstance(it, RolloutFacts)),
            runs=tuple((each, it) for each, it in found if isinstance(it, RunFacts)),
        )

    def expire(self, *, now: int) -> None:
        """Forget what has been gone for longer than an Event lives."""
        self._past.expire(now=now)
        self._earlier.expire(now=now)


def _after(before: Facts | None, meta: ObjectMetadata) -> Facts | None:
    status = meta.status
    if isinstance(status, PodStatus):
        pod = before if isinstance(before, PodFacts) else PodFacts(created=meta.created)
        return pod.observe(meta, status)
    if isinstance(status, RolloutStatus):
        known = before if isinstance(before, RolloutFacts) else RolloutFacts(created=meta.created)
        return known.observe(meta, status)
    if isinstance(status, RunStatus):
        run = before if isinstance(before, RunFacts) else RunFacts(created=meta.created)
        return run.observe(meta, status)
    return None


def _told(facts: RolloutFacts, meta: ObjectMetadata, *, is_listed: bool, now: int) -> RolloutFacts:
    """Facts that note whether the completion of this generation needs no telling any more."""
    generation = meta.generation or 0
    changed = max((each.second or 0 for each in meta.writes if each.spec), default=0)
    # Nobody saw whether an old change was ever complete before; it is no news now (law 11).
    is_old = is_listed and max(changed, meta.created or 0) < second_of(now) - _HOUR
    is_complete = bool(facts.states) and facts.states[-1].is_complete
    return facts._replace(told=max(facts.told, generation)) if is_complete or is_old else facts
