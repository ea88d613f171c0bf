"""The lowest resourceVersions of what is not acknowledged: a checkpoint's positions (law 9)."""

from collections.abc import Iterable
from typing import NamedTuple, Protocol


class Versioned(Protocol):
    """An occurrence, or its span."""

    @property
    def version(self) -> int:
        """The resourceVersion of what showed it; 0 where there is none."""

    @property
    def is_status(self) -> bool:
        """Whether that is an object's status rather than an Event."""


class LowestVersions(NamedTuple):
    """The lowest resourceVersion by source; 0 where there is nothing of it.

    Each source has its own, for Events may live in an etcd of their own, whose versions are
    another count (kube-apiserver --etcd-servers-overrides).
    """

    events: int = 0
    statuses: int = 0


def lowest_versions(items: Iterable[Versioned]) -> LowestVersions:
    """The lowest resourceVersions of some occurrences or spans."""
    events = statuses = 0
    for item in items:
        version = item.version
        if item.is_status:
            if version and not 0 < statuses <= version:
                statuses = version
        elif version and not 0 < events <= version:
            events = version
    return LowestVersions(events, statuses)


def lowest_of(several: Iterable[LowestVersions]) -> LowestVersions:
    """The lowest of each source."""
    events, statuses = zip(*several, strict=True)
    return LowestVersions(
        min(filter(None, events), default=0), min(filter(None, statuses), default=0)
    )
