"""The objects of a story, and those below each."""

from collections.abc import Iterable, Iterator

from event_tracer.core.saved_story import Member


class Members:
    """The objects of a story by identity, in the order in which they joined.

    Those below one are kept beside: a story of 5,000 pods asks it for each, and to look through all
    took ten times the CPU of 500 stories of ten.
    """

    def __init__(self, members: Iterable[tuple[str, Member]] = ()) -> None:
        self._all: dict[str, Member] = {}
        self._below: dict[str, dict[str, bool]] = {}
        for identity, member in members:
            self.put(identity, member)

    def __len__(self) -> int:
        """How many they are."""
        return len(self._all)

    def __iter__(self) -> Iterator[str]:
        """The identities of all."""
        return iter(self._all)

    def __contains__(self, identity: object) -> bool:
        """Whether an object is of the story."""
        return identity in self._all

    def get(self, identity: str) -> Member | None:
        """One of them."""
        return self._all.get(identity)

    def put(self, identity: str, member: Member) -> None:
        """Take in one, or what is known of it now."""
        before = self._all.get(identity)
        self._all[identity] = member
        if before is not None and before.above == member.above:
            return
        for each in before.above if before else ():
            self._below[each].pop(identity, None)
        for each in member.above:
            self._below.setdefault(each, {})[identity] = True

    def below(self, identity: str) -> Iterable[str]:
        """The objects below one."""
        return self._below.get(identity, ())
