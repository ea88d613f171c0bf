"""Object → controller owner → … → root, from metadata or, without it, from messages."""

import re
from collections.abc import Iterator
from functools import lru_cache

from event_tracer.core.chain import Chain, KubeObject, usual_creator
from event_tracer.core.children import Tie
from event_tracer.core.claims import Claims, Name, ParentClaim
from event_tracer.core.event import Event, ObjectReference, reference_to
from event_tracer.core.expiring import GenerationalCache
from event_tracer.core.kinds import BUILT_IN
from event_tracer.core.objects import ObjectMetadata
from event_tracer.core.occurrence import Child
from event_tracer.core.span import Attributes
from event_tracer.core.ties import Named
from event_tracer.core.times import SECOND, UNUSED, second_of

TOMBSTONE = 15 * 60 * SECOND
"""ns for which a deleted object is remembered: Killing and its like come late."""
_MOST_GONE = 50_000
_MOST_SAVED = 5_000
_LONGEST_CHAIN = 16
_LAST_WORD = re.compile(r"(?<=[A-Za-z])[A-Z][a-z]+$")
# Custom kinds whose attribute would say something else: k8s.cluster.name is Kubernetes' own.
_TAKEN = frozenset({"cluster", "container", "event"})


class Lineage:
    """Objects and their owners, as far as they are known."""

    def __init__(self, tombstones: tuple[KubeObject, ...] = ()) -> None:
        self._objects: dict[str, KubeObject] = {}
        self._deleted: GenerationalCache[str, KubeObject] = GenerationalCache(
            keep=TOMBSTONE, most=_MOST_GONE
        )
        self._uids: dict[Name, str] = {}  # of the live
        self._names: GenerationalCache[Name, str] = GenerationalCache(keep=UNUSED)
        self._parents = Claims()
        self._hosts: GenerationalCache[Name, str] = GenerationalCache(keep=UNUSED)
        self._attached = Claims()  # to what does not own it (law 12)
        self._heard: GenerationalCache[Name, int] = GenerationalCache(keep=UNUSED)  # first, second
        for item in tombstones:
            self.mark_deleted(item)

    @property
    def tombstones(self) -> tuple[KubeObject, ...]:
        """The objects deleted of late, the oldest first."""
        return tuple(item for _, item in self._deleted)[-_MOST_SAVED:]

    def observe(self, meta: ObjectMetadata, *, deleted: bool) -> KubeObject:
        """Take in a frame of metadata."""
        item = _kube_object(meta)
        before = self._objects.get(item.identity)
        # A manager's entry tells of its newest write only.
        creator = self._namer(_name_of(meta)) or (before and before.creator) or meta.creator
        item = _created_by(item, creator)
        if not deleted:
            self._objects[item.identity] = item
            self._uids[item.kind, item.namespace, item.name] = item.uid
            return item
        self.mark_deleted(item)
        return item

    def unlisted(self, kind: str, namespace: str, uids: frozenset[str]) -> list[KubeObject]:
        """The live objects of `kind` in `namespace` (anywhere if empty) that are not in `uids`."""
        return [
            item
            for item in self._objects.values()
            if item.kind == kind and namespace in ("", item.namespace) and item.uid not in uids
        ]

    def mark_deleted(self, item: KubeObject) -> None:
        """Keep a tombstone of an object that is gone."""
        self._objects.pop(item.identity, None)
        self._deleted.put(item.identity, item)
        name = (item.kind, item.namespace, item.name)
        if self._uids.get(name, item.uid) == item.uid:
            self._uids.pop(name, None)
            if item.uid:
                self._names.put(name, item.uid)

    def observe_event(self, event: Event, ties: tuple[Named, ...]) -> None:
        """Take in the names that an Event binds: its object's uid, and those that it names."""
        about = event.involved
        if about.uid not in self._objects and is_uuid(about.uid) and about.kind != "Node":
            name = (about.kind, about.namespace, about.name)
            self._names.put(name, about.uid)
            second = second_of(event.time)
            self._heard.put(name, min(self._heard.peek(name) or second, second))
        if event.component == "kubelet" and event.host and about.name.endswith(f"-{event.host}"):
            # A static pod, whose uid is none of the API's (kubelet config/common.go).
            self._hosts.put((about.kind, about.namespace, about.name), event.host)
        for tie in ties:
            self._observe_tie(tie, event)

    def _observe_tie(self, tie: Named, event: Event) -> None:
        name, component = (tie.kind, tie.namespace, tie.name), event.component
        of = tie.parent
        parent = _parent(of.kind, of.namespace, of.name, of.uid, of.api_version)
        claim = ParentClaim(second_of(event.time), parent, component, tie.tie is not Tie.HAS)
        if tie.tie in (Tie.OWNS, Tie.HAS):
            self._parents.add(name, claim)
            self._note_creator(name, component)
        elif tie.tie is Tie.ATTACHES:
            self._attached.add(name, claim)
            self._note_creator(name, component)
        elif tie.tie is Tie.JOINS:
            self._attached.add(name, claim.but(component=""))
        elif tie.tie is Tie.BELONGS:
            other = claim.but(parent=_parent(*name, "", ""), component="")
            self._attached.add(_name_of(tie.parent), other)
            target = self.find(tie.parent).owner
            if target and tie.kind == "Pod":  # of what an autoscaler evicts it knows the owner
                above = _parent(target.kind, tie.namespace, target.name, "", target.api_version)
                far = claim.but(parent=above, component="", is_near=False)
                self._parents.add(name, far)

    def _note_creator(self, name: Name, component: str) -> None:
        """The component that names an object made it, whoever else is known by its metadata."""
        known = self._objects.get(self._uids.get(name) or "/".join(name))
        if known:
            self._objects[known.identity] = _created_by(known, component)

    def _namer(self, name: Name) -> str:
        """The component whose message named an object."""
        return self._parents.component(name) or self._attached.component(name)

    def find(self, reference: ObjectReference) -> KubeObject:
        """The object that a reference means, whether it was ever seen or not."""
        name = (reference.kind, reference.namespace, reference.name)
        return self._find(name, reference.uid, reference.api_version)

    def unknown(self, about: ObjectReference | ObjectMetadata, *, second: int) -> list[KubeObject]:
        """Objects on the chain of one, as of Unix `second`, that have not been seen themselves."""
        if self._is_whole(about.uid):
            return []
        item = self._find((about.kind, about.namespace, about.name), about.uid, about.api_version)
        return [each for each in self._ascend(item, second=second) if not each.known]

    def is_live(self, identity: str) -> bool:
        """Whether an object is there, by what was read of it."""
        return identity in self._objects

    def find_child(self, child: Child) -> KubeObject:
        """The object that a message names."""
        return self._find((child.kind, child.namespace, child.name), "", "")

    def chain(self, item: KubeObject, *, second: int) -> Chain:
        """`item` and its controller owners as of Unix `second`, the root last."""
        return tuple(self._ascend(item, second=second))

    def expire(self, *, now: int) -> None:
        """Forget what nothing has asked for in a long time; `now` is ns of the watermark."""
        self._deleted.expire(now=now)
        self._names.expire(now=now)
        self._parents.expire(now=now)
        self._attached.expire(now=now)
        self._hosts.expire(now=now)
        self._heard.expire(now=now)

    def _is_whole(self, uid: str) -> bool:
        """Whether an object is there, and so is all above it: of nearly all this is true."""
        for _ in range(_LONGEST_CHAIN):
            item = self._objects.get(uid)
            if item is None or item.owner is None:
                return item is not None
            uid = item.owner.uid
        return False

    def _find(self, name: Name, uid: str, api_version: str) -> KubeObject:
        kind, namespace, plain = name
        known = self._objects.get(uid)
        if known:
            # A frame of a custom resource may not say its kind; what refers to it does.
            return known if known.kind == kind or not kind else known.but(kind=kind)
        # Node references carry a uid, the node's name or nothing, as their writer likes
        # (kubelet.go, node controller_utils.go); names of nodes are unique.
        if kind == "Node":
            uid = ""
        elif not is_uuid(uid):
            uid = self._uids.get(name) or self._names.get(name) or ""
        identity = uid or "/".join(name)
        known = self._objects.get(identity) or self._deleted.peek(identity)
        return known or KubeObject(
            identity=identity,
            uid=uid,
            kind=kind,
            api_version=api_version,
            namespace=namespace,
            name=plain,
            creator=self._namer(name),
            other_owners=(f"Node {host}",) if (host := self._hosts.peek(name)) else (),
        )

    def _ascend(self, item: KubeObject, *, second: int) -> Iterator[KubeObject]:
        seen = {item.identity}
        yield item
        # An ownerReference may name anything, itself included; the API server does not check.
        while (owner := self._owner(item, second=second)) and len(seen) < _LONGEST_CHAIN:
            if owner.identity in seen:
                return
            yield owner
            seen.add(owner.identity)
            item = owner

    def _owner(self, item: KubeObject, *, second: int) -> KubeObject | None:
        if item.owner:
            owner = item.owner
            # An owner lives in its dependent's namespace (or is cluster-scoped).
            name = (owner.kind, item.namespace, owner.name)
            found = self._find(name, owner.uid, owner.api_version)
            is_placed = found.known or owner.kind in BUILT_IN or self._names.peek(name)
            return found if is_placed else found.but(is_placed=False)
        named = _name_of(item)
        parent = self._attached.parent(named, second=second)
        if parent is None and (not item.known or item.other_owners):
            parent = self._named_parent(named, second=second)
            # One that was read and has no controller says itself whom it belongs to, if anyone.
            if item.known and parent and f"{parent.kind} {parent.name}" not in item.other_owners:
                parent = None
        return self.find(parent) if parent else None

    def _named_parent(self, named: Name, *, second: int) -> ObjectReference | None:
        """The parent by messages: of the whole name, of what was not generated of it, for short."""
        if parent := self._parents.parent(named, second=second):
            return parent
        heard = self._heard.peek(named)
        first = second if heard is None else min(heard, second)
        if parent := self._parents.parent_of_generated(named, second=first):
            return parent
        short = _short_kind(named[0])
        return self._parents.parent((short, *named[1:]), second=second) if short else None


@lru_cache(maxsize=1024)
def _short_kind(kind: str) -> str:
    # "Created cluster train-7qk2v" is a RayCluster's (kuberay rayjob_controller.go before 1.1).
    last = _LAST_WORD.search(kind)
    return last[0] if last and kind not in BUILT_IN else ""


def _name_of(item: KubeObject | ObjectReference | ObjectMetadata) -> Name:
    return item.kind, item.namespace, item.name


def _created_by(item: KubeObject, creator: str) -> KubeObject:
    """`item` with who made it, where that is not its owner's controller."""
    if not creator or (item.owner and usual_creator(item, item.owner) == creator):
        return item
    return item.but(creator=creator)


@lru_cache(maxsize=4096)
def _parent(kind: str, namespace: str, name: str, uid: str, api_version: str) -> ObjectReference:
    # One for the thousand children that an owner may have.
    return reference_to(kind, namespace, name, uid, api_version)


def _kube_object(meta: ObjectMetadata) -> KubeObject:
    uid = meta.uid if is_uuid(meta.uid) and meta.kind != "Node" else ""
    is_root = meta.owner is None
    return KubeObject(
        identity=uid or f"{meta.kind}/{meta.namespace}/{meta.name}",
        uid=uid,
        kind=meta.kind,
        api_version=meta.api_version,
        namespace=meta.namespace,
        name=meta.name,
        generate_name=meta.generate_name,
        known=True,
        owner=meta.owner,
        other_owners=meta.other_owners,
        created=meta.created,
        labels=tuple(meta.labels.items()) if is_root else (),
        annotations=tuple(meta.annotations.items()) if is_root else (),
    )


def is_uuid(text: str) -> bool:
    """Whether `text` has a UUID's shape: a static pod's uid is an MD5 sum, a node's its name."""
    return len(text) == 36 and text[8] == text[13] == text[18] == text[23] == "-"


@lru_cache(maxsize=1024)
def kind_attribute(kind: str, part: str) -> str:
    """`k8s.<kind>.name` or `.uid`, as the semantic conventions write it for known kinds."""
    word = kind.lower() or "object"
    return f"k8s.{word}_object.{part}" if word in _TAKEN else f"k8s.{word}.{part}"


def lineage_names(chain: Chain) -> Attributes:
    """The attributes that name a chain's objects, the root first: on every span of a trace."""
    return tuple(
        (kind_attribute(item.kind, "name"), item.name) for item in reversed(chain) if item.name
    )
