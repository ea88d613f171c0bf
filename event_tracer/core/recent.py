"""A map that forgets what has not been used for a while: how every map here stays bounded."""

from collections import OrderedDict
from collections.abc import Iterator
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Recent(Generic[K, V]):
    """A map in order of last use. Times are whatever clock the caller keeps."""

    def __init__(self, *, most: int = 1_000_000) -> None:
        self._items: OrderedDict[K, tuple[int, V]] = OrderedDict()
        self._most = most

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[tuple[K, V]]:
        return ((key, value) for key, (_, value) in self._items.items())

    def peek(self, key: K) -> V | None:
        """The value of `key`, its last use left as it is."""
        item = self._items.get(key)
        return None if item is None else item[1]

    def get(self, key: K, *, now: int) -> V | None:
        """The value of `key`, which counts as a use."""
        item = self._items.get(key)
        if item is None:
            return None
        if item[0] < now:
            self.put(key, item[1], now=now)
        return item[1]

    def put(self, key: K, value: V, *, now: int) -> None:
        """Set `key`, dropping the one unused for longest where there are too many."""
        items = self._items
        if key in items:
            items.move_to_end(key)
        elif len(items) >= self._most:
            items.popitem(last=False)
        items[key] = (now, value)

    def drop(self, key: K) -> None:
        """Forget `key` if it is there."""
        self._items.pop(key, None)

    def expire(self, *, before: int) -> None:
        """Forget everything last used before `before`."""
        while self._items and next(iter(self._items.values()))[0] < before:
            self._items.popitem(last=False)
