"""Dated facts of an object of a custom kind, from the frames of its conditions (laws 6 and 11).

Not compiled: msgspec reads a checkpoint by the hints of these classes. Seconds are Unix
seconds of the API's own; `gone` is ns of the watermark.
"""

from event_tracer.core.conditions import ConditionChange, ConditionsStatus, KStatus
from event_tracer.core.objects import ObjectMetadata
from event_tracer.core.record import SavedRecord
from event_tracer.core.rollout_state import RolloutState

_MOST_CHANGES = 32
_MOST_STATES = 16
_MOST_FAILURES = 4


class Failure(SavedRecord, frozen=True):
    """A condition said that the object had failed, from a second `until` another, if any."""

    second: int
    until: int | None
    generation: int
    reason: str
    message: str


class ConditionsFacts(SavedRecord, frozen=True):
    """Those of an object of a custom kind; `states` and `failures` are the oldest first.

    `changes` are those of conditions that frames have shown. Where no frame `is_telling`, none of
    its conditions says how it stands.
    """

    created: int | None
    asked: int | None = None
    gone: int | None = None
    is_telling: bool = False
    states: tuple[RolloutState, ...] = ()
    failures: tuple[Failure, ...] = ()
    changes: tuple[ConditionChange, ...] = ()

    @property
    def failed_at(self) -> int | None:
        """The second in which it failed, if it has not recovered."""
        last = self.failures[-1] if self.failures else None
        return None if last is None or last.until is not None else last.second

    def observe(self, meta: ObjectMetadata, status: ConditionsStatus) -> "ConditionsFacts":
        """These facts after a frame."""
        generation, found = meta.generation or 0, status.kstatus
        states, failures = self.states, self.failures
        now = found if found and status.is_of(generation, found) else None
        if now:
            second = self._second(meta, now)
            state = RolloutState(second, generation, now.is_complete)
            if not states or states[-1].told != state.told:
                states = (*states, state)[-_MOST_STATES:]
            failures = self._failures(now, second, generation)
        elif found:  # and the controller has not observed the newest generation
            failures = self._recovered(_changed(meta) or meta.created or 0)
        shown = tuple(status.changes)
        earlier = [each for each in self.changes if each not in shown]
        return ConditionsFacts(
            created=meta.created,
            asked=meta.deletion_asked,
            gone=self.gone,
            is_telling=self.is_telling or found is not None,
            states=states,
            failures=failures[-_MOST_FAILURES:],
            changes=(*earlier, *shown)[-max(_MOST_CHANGES, len(shown)) :],
        )

    def _second(self, meta: ObjectMetadata, found: KStatus) -> int:
        """The second since which it stands so: its condition's, where that is of the generation."""
        last = self.states[-1] if self.states else None
        least = 0 if last is None else last.second
        if last is not None and last.generation != meta.generation:
            least += 1
        changed, transition = _changed(meta), found.condition.transition
        if changed is not None:
            least = max(least, changed)
        if transition is not None and transition >= least:
            return transition
        return max(least, meta.status_second or meta.written or 0)

    def _failures(self, found: KStatus, second: int, generation: int) -> tuple[Failure, ...]:
        if not found.is_failed:
            return self._recovered(second)
        reason, message = found.condition.reason, found.condition.message
        if self.failed_at is not None and (last := self.failures[-1]).generation == generation:
            return (*self.failures[:-1], last.but(reason=reason, message=message))
        return (*self._recovered(second), Failure(second, None, generation, reason, message))

    def _recovered(self, second: int) -> tuple[Failure, ...]:
        if self.failed_at is None:
            return self.failures
        until = max(second, self.failed_at)
        return (*self.failures[:-1], self.failures[-1].but(until=until))

    def after(self, earlier: "ConditionsFacts") -> "ConditionsFacts":
        """These facts of one run, with the failures that only an `earlier` one has seen."""
        first = self.failures[0].second if self.failures else None
        before = [each for each in earlier.failures if first is None or each.second < first]
        return self.but(
            is_telling=self.is_telling or earlier.is_telling,
            failures=(*before, *self.failures)[-_MOST_FAILURES:],
        )


def _changed(meta: ObjectMetadata) -> int | None:
    """The second of the newest dated write of its spec, else of its creation."""
    seconds = [each.second for each in meta.writes if each.spec and each.second is not None]
    return max(seconds, default=meta.created)
