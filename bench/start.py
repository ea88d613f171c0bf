"""What a command costs that a person waits for."""

import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

from bench.frames import last_states, lines, rollouts
from bench.processes import COMMAND, Measured, rig

_RUNS = 5
_LIFE = 6 * 10**9  # ns, nearly: of a rollout of twelve pods


def start(*, scale: float) -> dict[str, Any]:
    """`--version`, and `replay` of the sample: CPU, and the largest RSS."""
    del scale
    return {
        f"{name} {what}": value
        for name in ("--version", "replay")
        for what, value in _best(partial(Measured, [*COMMAND, name], environ={})).items()
        if what != "wall s"
    }


def show(*, scale: float, has_status: bool) -> dict[str, Any]:
    """`show -A` of the last hour: 10,000 Events and 2,000 pods, in rollouts of twelve."""
    count = int(167 * scale)
    lives = rollouts(count, pods=12, start=time.time_ns() - count * _LIFE)
    there = last_states(lives, has_status=has_status)
    found = Counter(frame["resource"] for frame in there.values())
    with rig([line.decode() for line in lines(there.values())]) as made:
        cost = _best(partial(made.show, has_status=has_status))
    return {"Events": found["events"], "pods": found["pods"], **cost}


def _best(begin: Callable[[], Measured]) -> dict[str, Any]:
    return min((begin().cost() for _ in range(_RUNS)), key=lambda cost: cost.cpu).told()
