"""The errors of a story, and the time from which each stands no more (law 6). Times are ns."""

from collections.abc import Callable, Iterable

from event_tracer.core.errors import ErrorKey, Kind, Standing
from event_tracer.core.facts import STAGED, Facts, PodFacts, RunFacts
from event_tracer.core.histories import Story
from event_tracer.core.members import Members
from event_tracer.core.object_outcome import NEVER, end_of, undone_in_pod

FactsOf = Callable[[str], Facts | None]
Errors = dict[str, dict[ErrorKey, Standing]]
"""The errors that stand, by their object."""


class StoryErrors:
    """The errors of `story`, which a newer change `replaced` (ns), if any; all by `facts_of`."""

    def __init__(
        self, errors: Errors, *, story: Story, members: Members, facts_of: FactsOf,
        replaced: int | None,
    ) -> None:  # fmt: skip
        self._errors = errors
        self._replaced = replaced
        self._story = story
        self._members = members
        self._facts_of = facts_of

    def below(self, identity: str) -> list[tuple[Standing, int]]:
        """The errors below an object, each with the time from which it stands no more."""
        return [(each, self._undone(each, above)) for each, above in self._below(identity)]

    def sure_since(self, identity: str) -> list[int]:
        """Since when errors below an object are beyond doubt, also such as stand no more."""
        return [each.surely for each, _ in self._below(identity) if each.surely is not None]

    def _below(self, identity: str) -> list[tuple[Standing, tuple[str, ...]]]:
        """The errors below an object, each with what is above its own."""
        found: list[tuple[Standing, tuple[str, ...]]] = []
        if not self._errors:
            return found
        # Of nearly all objects of a large story, its pods, nothing is below.
        abouts = self._errors if self._members.below(identity) else (identity,)
        for about in abouts:
            errors = self._errors.get(about)
            if not errors:
                continue
            member = self._members.get(about)
            above = member.above if member else ()
            for each in errors.values():
                if about == identity or (identity in above and not self._is_of_before(each)):
                    found.append((each, above))
        return found

    def _is_of_before(self, error: Standing) -> bool:
        """An error about a pod that the change has found there, and does not make worse.

        Broken pods stay until new ones are available (deployment/rolling.go), which are waited for.
        """
        if self._story.hours or self._story.change.verb == "Events":
            return False
        facts = self._facts_of(error.identity)
        created = facts.created if isinstance(facts, PodFacts) else None
        return created is not None and created < self._story.change.second

    def _undone(self, error: Standing, above: tuple[str, ...]) -> int:
        """The time from which an error stands no more, by the facts."""
        facts = self._facts_of(error.identity)
        for owner in (error.identity, *above):
            run = self._facts_of(owner)
            if isinstance(run, RunFacts) and run.end is not None and not run.failed:
                return end_of(run.end)
        if isinstance(facts, PodFacts):
            undone = undone_in_pod(error, facts)
            # Controllers count no pod that has failed (controller_utils.go, FilterActivePods).
            return min(undone, self._completed_again(error, above)) if facts.failed else undone
        if error.about.startswith("Pod ") and any(map(self._facts_of, above)):
            # Where status is read a pod without any is gone: taken by the newer change, for what
            # went before has said so (`Killing`, `SuccessfulDelete`).
            return error.last if self._replaced is None else max(error.last, self._replaced)
        if error.kind in (Kind.CREATION, Kind.DEADLINE, Kind.OTHER):
            return self._completed_again(error, (error.identity, *above))
        return NEVER

    def _completed_again(self, error: Standing, owners: Iterable[str]) -> int:
        for owner in owners:
            facts = self._facts_of(owner)
            for state in facts.states if isinstance(facts, STAGED) else ():
                if state.is_complete and end_of(state.second) >= error.last:
                    return end_of(state.second)
        return NEVER
