"""A counter of the bridge's own metrics."""

from collections import defaultdict
from collections.abc import Iterable

from opentelemetry.metrics import CallbackOptions, Meter, Observation


class Tally:
    """A counter for the hot path: it costs a tenth of the 2 to 4 µs of the SDK's add().

    `known` values are 0 from the start, so that an alert sees the first rise.
    """

    def __init__(
        self,
        meter: Meter,
        name: str,
        unit: str,
        description: str,
        *,
        attributes: tuple[str, ...] = (),
        known: Iterable[str] | None = None,
    ) -> None:
        self._attributes = attributes
        start: Iterable[tuple[str, ...]] = [()] if known is None else [(each,) for each in known]
        self._counts = defaultdict[tuple[str, ...], int](int, dict.fromkeys(start, 0))
        meter.create_observable_counter(name, [self._observe], unit, description)

    def add(self, *values: str, count: int = 1) -> None:
        """So many more, with these values of the attributes."""
        self._counts[values] += count

    def _observe(self, _: CallbackOptions) -> Iterable[Observation]:
        counts = list(self._counts.items())  # at once: another thread counts on
        return [
            Observation(count, dict(zip(self._attributes, values, strict=True)))
            for values, count in counts
        ]
