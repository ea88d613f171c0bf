"""A state of what rolls out: complete or not, and of which generation.

Not compiled: msgspec reads a checkpoint by the hints of this class.
"""

from typing import NamedTuple


class RolloutState(NamedTuple):
    """From this Unix second on, an object of this generation was complete, or was not."""

    second: int
    generation: int
    is_complete: bool
