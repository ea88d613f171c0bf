"""What an Event says of other objects: which it names, and what belongs to what (laws 8 and 12)."""

import re
from collections.abc import Iterator

from event_tracer.core.children import (
    ANY_KIND,
    CHILDREN,
    COMPOSITE,
    CREATED_KINDS,
    REISSUED,
    WORKFLOW_NAME,
    WORKFLOW_UID,
    ChildRule,
    Tie,
)
from event_tracer.core.event import Event, ObjectReference
from event_tracer.core.kinds import KIND_OF_NAME
from event_tracer.core.record import Record
from event_tracer.core.tables import COMBINED

_RULES: dict[str, tuple[ChildRule, ...]] = {
    reason: tuple(rule for rule in CHILDREN if reason in rule.reasons)
    for reason in frozenset().union(*(rule.reasons for rule in CHILDREN))
}
_ANY_REASON: dict[str, tuple[ChildRule, ...]] = {
    kind: tuple(rule for rule in CHILDREN if not rule.reasons and kind in rule.kinds)
    for kind in frozenset().union(*(rule.kinds for rule in CHILDREN if not rule.reasons))
}
_NO_KINDS = frozenset({"container", "volume", "image", "user", "revision", "version", "new"})
_CREATES = re.compile(r"(?:[Cc]reat|[Dd]elet|[Ss]cal)(?:ed|ing|e)\b")
_MOST_REISSUED = 4  # times that one Event was told anew: a message may say so without end
_OWN_NOTHING = frozenset({"Pod", "Node", "Namespace"})  # of what is called after them


class Named(Record, frozen=True):
    """An object that an Event names, and the `parent` that it has by that."""

    kind: str
    namespace: str
    name: str
    parent: ObjectReference
    tie: Tie


def ties_of(event: Event) -> tuple[Named, ...]:
    """All objects that an Event names, the first first: by its message, else its annotations."""
    about = event.involved
    # Events about what is in no namespace are in this one (client-go tools/record/event.go).
    if not about.namespace and event.namespace != "default":
        about = about.but(namespace=event.namespace)
    found = tuple(_named(event.reason, event.message.removeprefix(COMBINED), about))
    return (*found, *_annotated(event, about)) if event.annotations else found


def _named(reason: str, message: str, about: ObjectReference) -> Iterator[Named]:
    for _ in range(_MOST_REISSUED):
        again = REISSUED.match(message)
        kind = KIND_OF_NAME.get(again["kind"]) if again else None
        if not again or not kind:
            break
        yield Named(kind, about.namespace, again["name"], about, _reissued(kind))
        message, about = again["message"], _reference(kind, about.namespace, again["name"])
    is_named = False
    for rule in (*_RULES.get(reason, ()), *_ANY_REASON.get(about.kind, ())):
        if rule.kinds and about.kind not in rule.kinds:
            continue
        if match := rule.pattern.match(message):
            is_named = is_named or "{name}" in rule.name
            yield _by_rule(rule, match.groupdict(), about)
    if not is_named and about.kind not in _OWN_NOTHING:
        yield from _created(message, about)


def _reissued(kind: str) -> Tie:
    return Tie.HAS if kind == "Pod" else Tie.OWNS


def _by_rule(rule: ChildRule, found: dict[str, str | None], about: ObjectReference) -> Named:
    parts = {key: value or "" for key, value in found.items()}
    parts |= {"about": about.name, "uid": about.uid}
    kind = rule.child or parts["kind"]
    namespace = parts.get("namespace") or about.namespace
    parent = about
    if rule.parent:
        of_kind, _, of_name = rule.parent.format_map(parts).partition(" ")
        parent = _reference(of_kind, namespace, of_name)
    return Named(kind, namespace, rule.name.format_map(parts), parent, rule.tie)


def _created(message: str, about: ObjectReference) -> Iterator[Named]:
    """The general rule: what is made, or deleted, under its maker's name is its maker's."""
    if not about.name or not _CREATES.search(message):
        return
    for pattern in CREATED_KINDS:
        match = pattern.match(message)
        if match and _is_in(match["name"], about.name):
            if match["kind"].lower() in _NO_KINDS or _is_itself(match, about):
                continue
            if match["scale"] and (match["name"] == about.name or "scale" in about.kind.lower()):
                return  # an autoscaler's target
            for kind in _kinds(match["more"], match["kind"]):
                namespace = match["namespace"] or about.namespace
                yield Named(kind, namespace, match["name"], about, Tie.OWNS)
            return


def _is_in(name: str, maker: str) -> bool:
    # Altinity's clickhouse-operator: `chi-logs-main-0-0` of `logs`
    return name.startswith(maker) or f"-{maker}-" in f"-{name}-"


def _is_itself(match: re.Match[str], about: ObjectReference) -> bool:
    # Also as "Snapshot shop/daily was successfully created", about a VolumeSnapshot.
    kind, own = match["kind"].lower(), about.kind.lower()
    is_short = own.endswith(kind) and kind not in KIND_OF_NAME
    return match["name"] == about.name and (kind == own or is_short)


def _kinds(more: str, word: str) -> tuple[str, ...]:
    """The kinds that words may mean, the likeliest first: `config map`, `gameserver`, `Gadget`."""
    words = [*more.split(), word]
    joined = ["".join(words[at:]).lower() for at in range(len(words))]
    if known := [KIND_OF_NAME[each] for each in joined if each in KIND_OF_NAME]:
        return (known[0],)
    return (word,) if word[0].isupper() else tuple(each.capitalize() for each in reversed(joined))


def _annotated(event: Event, about: ObjectReference) -> Iterator[Named]:
    annotations = dict(event.annotations)
    if name := annotations.get(COMPOSITE):
        yield Named(ANY_KIND, "", name, about, Tie.ATTACHES)
    # Argo Workflows' nodeEvents.sendAsPod: about the pod, its Workflow in annotations.
    if name := annotations.get(WORKFLOW_NAME):
        workflow = _reference("Workflow", about.namespace, name, annotations.get(WORKFLOW_UID, ""))
        yield Named(about.kind, about.namespace, about.name, workflow, Tie.OWNS)


def _reference(kind: str, namespace: str, name: str, uid: str = "") -> ObjectReference:
    return ObjectReference(kind, namespace, name, uid, "", 0, "")
