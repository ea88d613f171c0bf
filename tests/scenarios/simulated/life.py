"""How pods of an image fare."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

NEVER = math.inf
HOPELESS = 1000
"""So many tries are more than anybody waits for."""


@dataclass(frozen=True, kw_only=True)
class Life:
    """What becomes of one pod; all in seconds.

    `ready` is from the start of a container to its readiness; without it there is no probe. Until
    then the probe warns every `warns`. `gate` is from then to the opening of a readiness gate.
    `runs` are (length, exit code) of the container's first runs; the next goes on for ever, or
    dies after each `dies`, exit 1. `lost` is a time after readiness in which the probe fails, by
    (begin, end). `stop` is how long it takes to go; meanwhile the probe fails if `ails`.
    `misconfigured` is how often its container cannot be made, for want of a ConfigMap; a liveness
    probe `kills` it after so long, each time.
    """

    schedule: float = 0.005
    pull: float = 0
    failed_pulls: int = 0
    init: tuple[float, ...] = ()
    ready: float | None = None
    warns: float | None = None
    gate: float | None = None
    runs: tuple[tuple[float, int], ...] = ()
    dies: float | None = None
    reason: str = "Error"
    lost: tuple[float, float] | None = None
    stop: float = 1.5
    grace: int = 30
    ails: bool = False
    misconfigured: int = 0
    kills: float | None = None

    @property
    def is_hopeless(self) -> bool:
        """Whether it comes to no good end."""
        never = NEVER in (self.ready, self.gate, self.schedule)
        tries = max(self.failed_pulls, self.misconfigured)
        return never or tries >= HOPELESS or (self.dies or self.kills) is not None

    def run(self, number: int) -> tuple[float, int]:
        """Length and exit code of the container's n-th run, from 0."""
        if number < len(self.runs):
            return self.runs[number]
        if self.kills is not None:
            return self.kills, 137
        if self.dies is None:
            return NEVER, 0
        return self.dies, 137 if self.reason == "OOMKilled" else 1

    def steps(self, seen: float) -> Iterator[tuple[float, str]]:
        """What happens in one run, by seconds since its start; the kubelet has `seen` it then."""
        if self.ready is None:
            yield seen, "ready"
            opened = seen
        else:
            yield seen, "seen"
            opened = max(seen, self.ready)
            if self.ready != NEVER:
                yield opened, "ready"
            yield from self._warnings(seen, min(opened, 7200))
        if self.gate is not None and self.gate != NEVER:
            yield opened + self.gate, "open"
        if self.lost:
            begin, end = opened + self.lost[0], opened + self.lost[1]
            yield from ((begin + probe, "warn") for probe in range(3))
            yield begin + 2.01, "unready"
            yield end, "ready"
        if self.kills is not None:
            yield self.kills - 7, "ill"
            yield self.kills - 2, "kill"

    def _warnings(self, begin: float, end: float) -> Iterator[tuple[float, str]]:
        at = begin + 0.05
        while self.warns is not None and at < end - 0.01:
            yield at, "warn"
            at += self.warns


HEALTHY = Life()
