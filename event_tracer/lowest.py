"""The least of many numbers that come and go."""

import heapq

_FEW = 1000


class Lowest:
    """A multiset that knows its least member."""

    def __init__(self) -> None:
        self._counts: dict[int, int] = {}
        self._heap: list[int] = []

    def add(self, number: int) -> None:
        """One more `number`."""
        count = self._counts.get(number, 0)
        if not count:
            heapq.heappush(self._heap, number)
        self._counts[number] = count + 1

    def remove(self, number: int) -> None:
        """One `number` less."""
        count = self._counts.pop(number) - 1
        if count:
            self._counts[number] = count
        # While the least one stays, what came and went above it would pile up.
        if len(self._heap) > 2 * len(self._counts) + _FEW:
            self._heap = sorted(self._counts)

    @property
    def value(self) -> int | None:
        """The least; None where there is none."""
        while self._heap and self._heap[0] not in self._counts:
            heapq.heappop(self._heap)
        return self._heap[0] if self._heap else None
