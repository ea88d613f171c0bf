"""Conditions of a status: the API's common form of what is so, and since when.

Of a custom kind they are all that is read (law 11), by the rules of kstatus
(sigs.k8s.io/cli-utils, pkg/kstatus/README.md), which also tell the outcome. Seconds are Unix
seconds: the API writes whole ones, cut.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from event_tracer.core import api_types
from event_tracer.core.times import parse_timestamp, second_of
from event_tracer.core.wire import number_of

_FAILED = ("Stalled", "Failed")
_UNDER_WAY = "Reconciling"
_READY = ("Ready", "Healthy", "Complete", "Completed", "Succeeded", "Available")
"""Conditions that say that all is as it should be, the most telling first.

Argo Rollouts are Available all the while, and Healthy once an update is through.
"""


class Condition(NamedTuple):
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


class KStatus(NamedTuple):
    """How an object stands by kstatus, and the condition that says so."""

    condition: Condition
    is_failed: bool
    is_complete: bool


class ConditionsStatus(NamedTuple):
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


def custom_status(status: api_types.CustomStatus) -> ConditionsStatus:
    """Status of an object of a custom kind, as it was read."""
    return ConditionsStatus(
        observed=number_of(status.get("observedGeneration")),
        conditions=tuple(
            (each.get("type") or "", _condition(each, number_of(each.get("observedGeneration"))))
            for each in status.get("conditions") or ()
        ),
    )


def conditions_of(
    conditions: Iterable[api_types.Condition] | None, types: frozenset[str]
) -> Mapping[str, Condition]:
    """The conditions of these types: a pod has five, of which three are read."""
    return {
        name: _condition(each)
        for each in conditions or ()
        if (name := each.get("type")) in types and name
    }


def _condition(item: api_types.Condition, observed: int | None = None) -> Condition:
    # By position, in the order of the fields: a pod's once for each frame.
    return Condition(
        item.get("status") or "", item.get("reason") or "", item.get("message") or "",
        second_in(item.get("lastTransitionTime")), second_in(item.get("lastUpdateTime")), observed,
    )  # fmt: skip


def second_in(stamp: str | None) -> int | None:
    """The Unix second of a timestamp; None where it is none."""
    time = parse_timestamp(stamp)
    return None if time is None else second_of(time)
