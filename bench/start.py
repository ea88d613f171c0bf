"""What a command costs before it does anything."""

from typing import Any

from bench.processes import COMMAND, Measured

_RUNS = 5


def start(*, scale: float) -> dict[str, Any]:
    """`--version`, and `replay` of the sample: CPU, and the largest RSS."""
    del scale
    return {
        f"{name} {what}": value
        for name in ("--version", "replay")
        for what, value in _best(name).items()
        if what != "wall s"
    }


def _best(name: str) -> dict[str, Any]:
    costs = [Measured([*COMMAND, name], environ={}).cost() for _ in range(_RUNS)]
    return min(costs, key=lambda cost: cost.cpu).told()
