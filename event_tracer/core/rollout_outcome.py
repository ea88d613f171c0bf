"""How far a workload's rollout came, for one change of it (law 6). Times are ns."""

from typing import NamedTuple

from event_tracer.core.changes import Change
from event_tracer.core.condition_facts import ConditionsFacts
from event_tracer.core.facts import Facts, RolloutFacts, Staged
from event_tracer.core.object_outcome import NEVER, end_of, start_of
from event_tracer.core.rollout_state import RolloutState
from event_tracer.core.times import SECOND

FAILED = 30 * SECOND
"""The time (ns) after which a story ends that Kubernetes says has failed."""


class Rollout(NamedTuple):
    """What a workload's facts say of the rollout of `change`, until the `next` one."""

    change: Change
    next: Change | None

    def completed(self, facts: Staged) -> RolloutState | None:
        """The first state in which this change's generation was complete."""
        generation = self.change.generation or 0
        for state in facts.states:
            if state.is_complete and state.generation >= generation and self._is_before(state):
                return state
        second = facts.available if isinstance(facts, RolloutFacts) else None
        if second is None or not self.is_before(facts):
            return None
        is_in_time = self.change.second <= second < (self.next.second if self.next else 0)
        return RolloutState(second, generation, True) if is_in_time else None

    def is_before(self, facts: Staged) -> bool:
        """Whether the next change had come by the first frame, so that nobody saw this one's."""
        following = self.next
        if following is None or following.workload != self.change.workload:
            return False
        return isinstance(facts, RolloutFacts) and (following.generation or 0) <= facts.first

    def _is_before(self, state: RolloutState) -> bool:
        """A state is not of the change that followed."""
        if self.next is None:
            return True
        if self.next_generation is not None:
            return state.generation < self.next_generation
        return state.second < self.next.second

    @property
    def next_generation(self) -> int | None:
        """The generation of the change that followed, where it is of the same workload."""
        is_same = self.next is not None and self.next.workload == self.change.workload
        return self.next.generation if self.next and is_same else None

    def state_at(self, facts: Staged, time: int) -> RolloutState | None:
        """The state of this change's generation at `time`."""
        generation, found = self.change.generation or 0, None
        for state in facts.states:
            if _is_by(state, time) and state.generation >= generation and self._is_before(state):
                found = state
        return found

    def closing(self, facts: Staged, *, is_root: bool) -> int:
        """The time at which the step of an object ends; of the root, its change's."""
        state = facts.states[-1] if facts.states else None
        if isinstance(facts, ConditionsFacts):
            # Where nobody says of which generation, its first state may be that of before.
            state = self.state_at(facts, NEVER) if is_root else state
            if not is_root and (failed := facts.failed_at) is not None:
                return end_of(failed)
        elif is_root:
            state = self.completed(facts)
        return end_of(state.second) if state and state.is_complete else NEVER

    def failed_end(self, facts: Facts | None) -> int:
        """When a story ends in which Kubernetes, or a controller, said that this change failed."""
        second = facts.timed_out if isinstance(facts, RolloutFacts) else None
        if isinstance(facts, ConditionsFacts):
            second = facts.failed_at
        is_told = second is not None and second >= self.change.second
        return end_of(second) + FAILED if second is not None and is_told else NEVER

    def is_late(self, facts: Facts | None, at: int) -> bool:
        """Whether Kubernetes said by `at` that this change's rollout has failed."""
        if not isinstance(facts, RolloutFacts) or facts.timed_out is None:
            return False
        state = self.state_at(facts, at)
        is_complete = state is not None and state.is_complete
        return self.change.second <= facts.timed_out and not is_complete and (
            start_of(facts.timed_out) <= at
        )  # fmt: skip


def latest_state(facts: Staged, at: int) -> RolloutState | None:
    """The state of a workload at `at`, of whatever change."""
    return next((state for state in reversed(facts.states) if _is_by(state, at)), None)


def _is_by(state: RolloutState, time: int) -> bool:
    return (end_of(state.second) if state.is_complete else start_of(state.second)) <= time
