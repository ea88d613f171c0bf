"""Parents of objects by the messages that name them (laws 8 and 12)."""

from operator import attrgetter

from event_tracer.core.children import ANY_KIND
from event_tracer.core.event import ObjectReference
from event_tracer.core.expiring import GenerationalCache
from event_tracer.core.kinds import BUILT_IN
from event_tracer.core.record import Record
from event_tracer.core.times import UNUSED

Name = tuple[str, str, str]  # kind, namespace, name

_MOST = 4
_GENERATED = "-*"
_SECOND = attrgetter("second")


class ParentClaim(Record, frozen=True):
    """A message's word, by a component, of a Unix second, that an object has this parent.

    One that is not `is_near` only says that it is somewhere above.
    """

    second: int
    parent: ObjectReference
    component: str
    is_near: bool


class Claims:
    """What messages have said of the parents of objects, by the objects' names."""

    def __init__(self) -> None:
        self._known: GenerationalCache[Name, tuple[ParentClaim, ...]] = GenerationalCache(
            keep=UNUSED
        )
        self._has_generated = self._has_any_kind = False

    def add(self, name: Name, claim: ParentClaim) -> None:
        """Take in one; of one parent the first word counts."""
        name = _key(name)
        self._has_generated = self._has_generated or name[2].endswith(_GENERATED)
        self._has_any_kind = self._has_any_kind or name[0] == ANY_KIND
        before = self._known.peek(name) or ()
        same = [each for each in before if each.parent.equals(claim.parent)]
        others = [each for each in before if not each.parent.equals(claim.parent)]
        claim = claim.but(second=min([claim.second, *(each.second for each in same)]))
        self._known.put(name, tuple(sorted((*others, claim), key=_SECOND)[-_MOST:]))

    def parent(self, name: Name, *, second: int) -> ObjectReference | None:
        """The parent of an object as of Unix `second`, if any message names it."""
        claims = self._known.get(_key(name)) or self._of_any_kind(name)
        if not claims:
            return None
        near = [each for each in claims if each.is_near] or claims
        # A recreated owner may name a child as its forerunner did: the newest word at the time
        # counts, and a child may be heard of just before its creation is told.
        known = [each for each in near if each.second <= second + 1]
        return (max(known, key=_order) if known else min(near, key=_order)).parent

    def _of_any_kind(self, name: Name) -> tuple[ParentClaim, ...] | None:
        kind, namespace, plain = name
        is_told = self._has_any_kind and kind not in BUILT_IN
        return self._known.get((ANY_KIND, namespace, plain)) if is_told else None

    def parent_of_generated(self, name: Name, *, second: int) -> ObjectReference | None:
        """The same where a message has a `*` for the end of the name, which may have `-` in it."""
        kind, namespace, stem = name
        while self._has_generated and "-" in stem:
            stem = stem.rpartition("-")[0]
            if found := self.parent((kind, namespace, stem + _GENERATED), second=second):
                return found
        return None

    def component(self, name: Name) -> str:
        """The component whose message named an object first, empty where none did."""
        claims = self._known.peek(_key(name)) or self._of_any_kind(name)
        return next((each.component for each in claims if each.component), "") if claims else ""

    def expire(self, *, now: int) -> None:
        """Forget what nothing has asked for in a long time; `now` is ns of the watermark."""
        self._known.expire(now=now)


def _key(name: Name) -> Name:
    # "Created gameserver: arena-x7k2p" is of a GameServer (agones gameserversets/controller.go)
    kind, namespace, plain = name
    return kind.lower(), namespace, plain


def _order(claim: ParentClaim) -> tuple[int, str, str]:
    return claim.second, claim.parent.uid, claim.parent.name
