"""A state of what rolls out: complete or not, and of which generation.

Not compiled: msgspec reads a checkpoint by the hints of this class.
"""

from event_tracer.core.record import SavedRecord


class RolloutState(SavedRecord, frozen=True):
    """From this Unix second on, an object of this generation was complete, or was not."""

    second: int
    generation: int
    is_complete: bool

    @property
    def told(self) -> tuple[int, bool]:
        """What it says but for since when."""
        return self.generation, self.is_complete
