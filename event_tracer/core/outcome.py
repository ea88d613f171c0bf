"""When an object comes to rest, and how it stands then (law 6): one function for all who ask.

All of it is of one story, in the API's own times: what its occurrences said (`errors`, `awaited`),
and the dated facts of the objects in it. Times are ns; one that never comes is NEVER.
"""

from collections.abc import Iterable, Iterator, Mapping

from event_tracer.core.changes import HOUR
from event_tracer.core.condition_facts import ConditionsFacts
from event_tracer.core.errors import MAY_RESOLVE, Standing
from event_tracer.core.facts import STAGED, Facts, PodFacts, RolloutFacts, RunFacts
from event_tracer.core.histories import Story
from event_tracer.core.knowledge import Knowledge
from event_tracer.core.members import Members
from event_tracer.core.object_outcome import (
    NEVER,
    End,
    Kill,
    cause_of,
    end_of,
    has_ended,
    is_over_at,
    left_at,
    pod_closing,
    readiness_at,
    start_of,
    status_failure,
)
from event_tracer.core.progress import doing_of, progress_of, ready_at, told_more
from event_tracer.core.rollout_outcome import FAILED, Rollout, latest_state
from event_tracer.core.saved_story import Awaited, Doing, Member
from event_tracer.core.story_errors import Errors, StoryErrors
from event_tracer.core.times import SECOND
from event_tracer.core.verdict import Cause, Verdict

SESSION_GAP = 30 * SECOND
"""The session gap: silence, in the occurrences' own times (ns), after which an object may rest."""
_NO_PROGRESS = 600 * SECOND
_SKEW = 2 * SECOND
_LONGEST_RUN = 24 * HOUR
_WORST = ("failed", "progressing", "superseded", "complete", "started")


class Case:
    """All that outcome rests on, of one story; what is `awaited` are steps that are open."""

    def __init__(
        self, *, story: Story, root: str, progress: int,
        members: Members, errors: Errors, awaited: Iterable[Awaited],
        kills: Mapping[tuple[str, str], Kill], doing: Mapping[str, Doing], knowledge: Knowledge,
    ) -> None:  # fmt: skip
        self._kills = kills
        self._doing = doing
        self._change = story.change
        self._hours = story.hours
        self._root = story.change.workload or root
        self._run = story.run
        self._progress = progress
        self._members = members
        self._awaited = awaited
        self._facts_of = knowledge.facts_of
        self._repeats = knowledge.repeats
        self._patience = knowledge.patience
        self._next = knowledge.next_change(story)
        self._errors = StoryErrors(
            errors, story=story, members=members, facts_of=knowledge.facts_of,
            replaced=None if self._next is None else start_of(self._next.second),
        )  # fmt: skip
        self._rollout = Rollout(self._change, self._next)

    # -- at rest

    def end(self, identity: str, *, last: int) -> End:
        """End of the span of an object whose last occurrence was at `last`."""
        errors = self._errors.below(identity)
        rest = self._rest(self._open_steps(identity, errors), last + SESSION_GAP)
        ends = [rest, self._failed(), self._limit(), *self._doubtless(errors)]
        root = self._facts_of(self._root)
        if root is not None and root.gone is not None:
            ends.append(max(root.gone, last + SESSION_GAP))
        end = max(last, min(ends))
        if self._next and start_of(self._next.second) <= end:
            return End(max(last, start_of(self._next.second)), is_replaced=True)
        return End(end)

    def may_end(self, identity: str) -> Iterator[int]:
        """When its span ends if what is undone by now fails again."""
        yield from (since + self._patience for since in self._errors.sure_since(identity))
        yield self._rollout.failed_end(self._facts_of(self._root))

    def _doubtless(self, errors: Iterable[tuple[Standing, int]]) -> Iterator[int]:
        """When errors have stood for so long that they end the story."""
        for error, until in errors:
            if error.surely is not None and until > error.surely + self._patience:
                yield error.surely + self._patience

    def is_doubtless(self, identity: str, *, last: int, at: int) -> bool:
        """Whether a failure of an object at `at` is beyond doubt (`last`: as `end` has it).

        Kubernetes says so, an error has stood for so long, or the object's span has ended.
        """
        facts = self._facts_of(identity)
        is_told = not isinstance(facts, ConditionsFacts) and self._told(identity, facts, at)
        times = (*self._doubtless(self._errors.below(identity)), self.end(identity, last=last).time)
        return bool(is_told) or min(times) <= at

    def _rest(self, steps: Iterable[tuple[int, int]], rest: int) -> int:
        """`rest`, or the end of the steps that are open by then, and of those open by their end."""
        for began, ended in sorted([step for step in steps if step[1] > rest]):  # few are
            if began <= rest:
                rest = max(rest, ended)
        return rest

    def _open_steps(
        self, identity: str, errors: Iterable[tuple[Standing, int]]
    ) -> Iterator[tuple[int, int]]:
        for each, member in self._below(identity):
            yield member.since, self._closing(each, member)
            for first, last in self._repeats(each):  # the last may wait yet
                yield first, last + SESSION_GAP
        for error, until in errors:
            yield error.since, until
        for step in self._steps(identity):
            yield step.began, NEVER

    def _closing(self, identity: str, member: Member) -> int:
        facts = self._facts_of(identity)
        if facts is None:
            return 0
        if member.kind == "ReplicaSet" and member.above:
            return 0  # its Deployment tells
        left = left_at(facts)
        return min(self._done(identity, facts), NEVER if left is None else left)

    def _done(self, identity: str, facts: Facts) -> int:
        if isinstance(facts, PodFacts):
            return pod_closing(facts)
        if isinstance(facts, RunFacts):
            return NEVER if facts.end is None else end_of(facts.end)
        return self._rollout.closing(facts, is_root=identity == self._root)

    def completed_after(self, *, at: int) -> int | None:
        """Seconds from the change to the first completion of its generation, if it was by `at`."""
        if self._hours:
            return None
        facts = self._facts_of(self._run or self._root)
        second: int | None = None
        if isinstance(facts, RunFacts) and not facts.failed:
            second = facts.end
        elif isinstance(facts, STAGED) and (state := self._rollout.completed(facts)):
            second = state.second
        if second is None or start_of(second) > at:
            return None
        return max(0, second - self._change.second)

    def progress(self, *, at: int) -> str:
        """How far the root has come by `at`, which is under way."""
        if self._hours:
            return ""
        below = (self._facts_of(each) for each, _ in self._below(self._root))
        pods = (facts for facts in below if isinstance(facts, PodFacts))
        facts = self._facts_of(self._run or self._root)
        return progress_of(facts, change=self._change, pods=pods, at=at)

    def doing(self, identity: str, *, at: int) -> Cause | None:
        """What a pod below an object that was never ready by `at` has been doing for longest."""
        pods = {it: member for it, member in self._below(identity) if it in self._doing}
        return doing_of(pods, self._doing, facts_of=self._facts_of, at=at)

    def ready(self, identity: str, *, at: int) -> str:
        """The ready pods of a workload at `at` of those it is to have, like `2/3`."""
        facts = self._facts_of(identity)
        if identity == self._root and (before := self._rollout.next_generation) is not None:
            return ready_at(facts, at, before=before)
        return ready_at(facts, at)

    def _failed(self) -> int:
        """When the story ends as Kubernetes says that it has failed."""
        run = self._facts_of(self._run) if self._run else None
        if isinstance(run, RunFacts):
            return end_of(run.end) + FAILED if run.failed and run.end is not None else NEVER
        facts = self._facts_of(self._root)
        end = self._rollout.failed_end(facts)
        if end == NEVER or not isinstance(facts, STAGED):
            return end
        state = self._rollout.state_at(facts, end)
        return NEVER if state and state.is_complete else end

    def _limit(self) -> int:
        """When the story ends at the latest."""
        if self._run:
            return (self._change.second + _LONGEST_RUN) * SECOND
        limit = (self._change.second + (self._hours + 1) * HOUR) * SECOND
        facts = self._facts_of(self._root)
        is_open = isinstance(facts, RolloutFacts) and not self._rollout.completed(facts)
        if isinstance(facts, RolloutFacts) and is_open and facts.deadline:
            began = max(facts.progress or 0, self._change.second)
            return min(limit, (began + facts.deadline) * SECOND + FAILED)
        return min(limit, self._last_progress(facts) + _NO_PROGRESS)

    def _last_progress(self, facts: Facts | None) -> int:
        state = self._rollout.completed(facts) if isinstance(facts, STAGED) else None
        return max(self._progress, end_of(state.second)) if state else self._progress

    # -- below

    def _below(self, identity: str) -> Iterator[tuple[str, Member]]:
        """The object itself, and all below it."""
        if member := self._members.get(identity):
            yield identity, member
        for each in self._members.below(identity):
            if member := self._members.get(each):
                yield each, member

    def _steps(self, identity: str) -> Iterator[Awaited]:
        return (each for each in self._awaited if identity in each.above)

    # -- outcome

    def verdict(self, identity: str, *, end: End, known: int = NEVER) -> Verdict:
        """Outcome of an object at `end`; what happened was read up to `known`.

        The silence after a recording does not undo an error that is beyond doubt. What has not
        ended has not failed by an error that may resolve itself.
        """
        at, is_replaced = end.time, end.is_replaced
        # A change takes its predecessor's pods away, in the same second or by an API server whose
        # clock is a little behind: that undoes nothing.
        before = at - _SKEW if is_replaced else at
        surely = min(before, known)
        standing = [
            error for error, until in self._errors.below(identity)
            if error.since <= at and until > (before if error.surely is None else surely)
            and until > error.last  # as what is told of a pod that is ready
            and (error.surely is not None or not is_replaced)
        ]  # fmt: skip
        facts = self._facts_of(identity)
        told = self._told(identity, facts, at)
        run_ended = isinstance(facts, RunFacts) and has_ended(facts, at)
        cause = cause_of(standing, kills=self._kills)
        is_failed = any(not (end.is_open and each.kind in MAY_RESOLVE) for each in standing)
        if told or (is_failed and not run_ended):
            return Verdict("failed", told_more(cause or told, self.doing(identity, at=at)))
        if facts is None:
            return self._by_events(identity, end=end, known=known, hindrance=cause)
        if self._has_done(identity, facts, at):
            return Verdict("complete")
        if not is_replaced:
            return Verdict("progressing", hindrance=cause or self.doing(identity, at=at))
        if identity != self._root or not isinstance(facts, RolloutFacts):
            return Verdict("superseded")
        if self._rollout.completed(facts):
            return Verdict("complete")
        return Verdict("started" if self._rollout.is_before(facts) else "superseded")

    def _told(self, identity: str, facts: Facts | None, at: int) -> Cause | None:
        """The cause where status itself says that an object has failed."""
        if facts is None:
            return None
        is_late = self._rollout.is_late(facts, at)
        since = self._change.second if identity == self._root else 0
        member = self._members.get(identity)
        assert member
        return status_failure(member, facts, at=at, since=since, is_late=is_late)

    def _has_done(self, identity: str, facts: Facts, at: int) -> bool:
        """Status says that it is complete, or it was asked to go."""
        left = left_at(facts)
        if left is not None and left <= at:
            return True
        if isinstance(facts, PodFacts):
            ready = readiness_at(facts, at)
            return is_over_at(facts, at) or (ready is not None and ready.is_ready)
        if isinstance(facts, RunFacts):
            return has_ended(facts, at)
        if identity == self._root:
            state = self._rollout.state_at(facts, at)
        else:
            state = latest_state(facts, at)
        return state is not None and state.is_complete

    def _by_events(
        self, identity: str, *, end: End, known: int, hindrance: Cause | None
    ) -> Verdict:
        """Outcome of an object without a status of its own, that has not failed by an error."""
        children = [
            each for each, member in self._below(identity)
            if member.above[:1] == (identity,) and self._has_status(each)
        ]  # fmt: skip
        if children:
            verdicts = [self.verdict(each, end=end, known=known) for each in children]
            return min(verdicts, key=lambda each: _WORST.index(each.outcome))
        is_waiting = hindrance is not None or any(self._steps(identity))
        return Verdict("progressing" if is_waiting else "started", hindrance=hindrance)

    def _has_status(self, identity: str) -> bool:
        return any(self._facts_of(each) for each, _ in self._below(identity))
