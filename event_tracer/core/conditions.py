"""Conditions of a status: the API's common form of what is so, and since when.

Of a custom kind they are all that is read (law 11), by the rules of kstatus
(sigs.k8s.io/cli-utils, pkg/kstatus/README.md), which also tell the outcome. Seconds are Unix
seconds: the API writes whole ones, cut.
"""

from collections.abc import Iterator
from typing import NamedTuple

from event_tracer.core.record import Record

_FAILED = ("Stalled", "Failed")
_UNDER_WAY = "Reconciling"
_READY = ("Ready", "Healthy", "Complete", "Completed", "Succeeded", "Available")
"""Conditions that say that all is as it should be, the most telling first.

Argo Rollouts are Available all the while, and Healthy once an update is through.
"""


class Condition(Record, frozen=True):
    """A condition: since when it holds (`transition`), and when it was written (`update`).

    `observed` is the generation that it is about, None where nobody says.
    """

    status: str
    reason: str
    message: str
    transition: int | None
    update: int | None
    observed: int | None = None

    @property
    def holds(self) -> bool:
        """Whether its status is True."""
        return self.status == "True"


class ConditionChange(NamedTuple):
    """A condition of this type came to hold in this second, or to hold no more."""

    type: str
    is_true: bool
    second: int


class KStatus(Record, frozen=True):
    """How an object stands by kstatus, and the condition that says so."""

    condition: Condition
    is_failed: bool
    is_complete: bool


class ConditionsStatus(Record, frozen=True):
    """Status of an object of a custom kind; `observed` is None where nobody says."""

    observed: int | None
    conditions: tuple[tuple[str, Condition], ...]

    @property
    def changes(self) -> Iterator[ConditionChange]:
        """The last change of each condition."""
        for name, each in self.conditions:
            if each.transition is not None and each.status in ("True", "False"):
                yield ConditionChange(name, each.holds, each.transition)

    @property
    def kstatus(self) -> KStatus | None:
        """How the object stands; None where no condition says it."""
        found = dict(self.conditions)
        for name in (*_FAILED, _UNDER_WAY):
            if name in found and found[name].holds:
                return KStatus(found[name], is_failed=name in _FAILED, is_complete=False)
        ready = next((found[name] for name in _READY if name in found), None)
        return KStatus(ready, is_failed=False, is_complete=ready.holds) if ready else None

    def is_of(self, generation: int, found: KStatus) -> bool:
        """Whether what was found is said of `generation`, as far as anybody says of which."""
        observed = found.condition.observed if self.observed is None else self.observed
        return observed is None or observed >= generation
