"""The map that forgets what was not used for a while: so every map here stays bounded."""

from collections.abc import Iterator
from itertools import chain
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class GenerationalCache(Generic[K, V]):
    """A map of three generations: use moves an entry to the newest, a rotation drops the oldest.

    An entry stays for at least `keep` after its last use, and while it is among the `most` last
    used; at most half as many again stay beside these. A use costs what it costs in a dict, where
    an ordered map pays for each. Times are in whatever unit the caller's `now` has.
    """

    def __init__(self, *, keep: int = 0, most: int = 500_000) -> None:
        self._new: dict[K, V] = {}
        self._old: dict[K, V] = {}
        self._oldest: dict[K, V] = {}
        self._keep = keep
        self._most = most
        self._turned = 0

    def __iter__(self) -> Iterator[tuple[K, V]]:
        """All of it, the newest last."""
        return chain(self._oldest.items(), self._old.items(), self._new.items())

    def keys(self) -> Iterator[K]:
        """The keys of all of it, the newest last."""
        return chain(self._oldest, self._old, self._new)

    def peek(self, key: K) -> V | None:
        """The value of `key`, its last use left as it is."""
        value = self._new.get(key)
        return self._before(key) if value is None else value

    def get(self, key: K) -> V | None:
        """The value of `key`, which counts as a use."""
        value = self._new.get(key)
        if value is None and (value := self._before(key)) is not None:
            self.put(key, value)
        return value

    def put(self, key: K, value: V) -> None:
        """Set `key`."""
        new = self._new
        if new.pop(key, None) is None:
            self._old.pop(key, None)
            self._oldest.pop(key, None)
        new[key] = value  # at the end: each generation is in order of use
        if len(new) * 2 >= self._most:
            self._rotate(self._needed())

    def drop(self, key: K) -> None:
        """Forget `key` if it is there."""
        self._new.pop(key, None)
        self._old.pop(key, None)
        self._oldest.pop(key, None)

    def expire(self, *, now: int) -> bool:
        """Forget what was not used for long, as of `now`; to be called more often than that.

        True if it was time to.
        """
        if (now - self._turned) * 2 < self._keep:
            return False
        self._turned = now
        self._rotate()
        return True

    def _before(self, key: K) -> V | None:
        value = self._old.get(key)
        return self._oldest.get(key) if value is None else value

    def _needed(self) -> dict[K, V]:
        """The newest entries of the oldest generation, where the others have fewer than `most`."""
        missing = self._most - len(self._new) - len(self._old)
        return dict(list(self._oldest.items())[-missing:]) if missing > 0 else {}

    def _rotate(self, kept: dict[K, V] | None = None) -> None:
        oldest = kept | self._old if kept else self._old
        self._oldest, self._old, self._new = oldest, self._new, {}
