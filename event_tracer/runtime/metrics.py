"""Counts of what one process does, without anything that exports them."""

from collections.abc import Callable
from typing import Literal, Protocol

Lookup = Literal["found", "absent", "forbidden", "error"]
"""Result of a request for one owner's metadata."""


class Metrics(Protocol):
    """Counters and durations of a process; every reason is one of few words."""

    def received(self, type_: str, count: int = 1) -> None:
        """Events were read: ADDED, MODIFIED, DELETED, or LISTED."""

    def occurrence(self) -> None:
        """An occurrence was found: a count and a time of an Event that were not seen before."""

    def dropped(self, reason: str) -> None:
        """A frame could not be used, as it is "malformed"."""

    def filtered(self, rule: str) -> None:
        """A filter held an event span back; `rule` is a core.filters.Rule."""

    def restarted(self, resource: str, cause: str) -> None:
        """The watch of a resource ("pods") was begun again."""

    def looked_up(self, result: Lookup) -> None:
        """The metadata of one owner was asked for."""

    def gap(self, hidden: int) -> None:
        """A watch had expired, which hid at least so many occurrences."""

    def checkpoint(self, ok: bool) -> None:
        """The checkpoint was written, or could not be."""

    def ids_dropped(self, count: int) -> None:
        """So many ids had to leave the checkpoint."""

    def exported(self, count: int, error_type: str = "") -> None:
        """So many spans were acknowledged, or lost for this reason."""

    def inflight(self, delta: int) -> None:
        """So many more spans (less, if negative) are being sent."""

    def operation(self, seconds: float, error_type: str = "") -> None:
        """One request to the back end took so long."""

    def acknowledged(self) -> None:
        """The back end has just acknowledged spans."""

    def lag(self, seconds: float) -> None:
        """A batch was acknowledged so long after its oldest Event."""

    def watch_queue(self, read: Callable[[], int]) -> None:
        """Use `read` for the number of spans that wait; any thread may call it."""

    def watch_refused(self, read: Callable[[], tuple[int, float]]) -> None:
        """Use `read` for the number of spans refused, and for how many seconds; as above."""

    def watch_sealed_early(self, read: Callable[[], int]) -> None:
        """Use `read` for the number of object spans sealed as they stood; as above."""


class NullMetrics:
    """Metrics that nobody reads; to be inherited from where a few of them matter."""

    def received(self, type_: str, count: int = 1) -> None:
        """Nothing."""

    def occurrence(self) -> None:
        """Nothing."""

    def dropped(self, reason: str) -> None:
        """Nothing."""

    def filtered(self, rule: str) -> None:
        """Nothing."""

    def restarted(self, resource: str, cause: str) -> None:
        """Nothing."""

    def looked_up(self, result: Lookup) -> None:
        """Nothing."""

    def gap(self, hidden: int) -> None:
        """Nothing."""

    def checkpoint(self, ok: bool) -> None:
        """Nothing."""

    def ids_dropped(self, count: int) -> None:
        """Nothing."""

    def exported(self, count: int, error_type: str = "") -> None:
        """Nothing."""

    def inflight(self, delta: int) -> None:
        """Nothing."""

    def operation(self, seconds: float, error_type: str = "") -> None:
        """Nothing."""

    def acknowledged(self) -> None:
        """Nothing."""

    def lag(self, seconds: float) -> None:
        """Nothing."""

    def watch_queue(self, read: Callable[[], int]) -> None:
        """Nothing."""

    def watch_refused(self, read: Callable[[], tuple[int, float]]) -> None:
        """Nothing."""

    def watch_sealed_early(self, read: Callable[[], int]) -> None:
        """Nothing."""
