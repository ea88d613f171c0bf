"""Objects of an ownership chain, as a checkpoint keeps them.

Not compiled: pydantic validates a checkpoint by the hints of these classes, and mypyc erases those
of a NamedTuple.
"""

from typing import NamedTuple

from event_tracer.core.event import ObjectReference


class OwnerReference(NamedTuple):
    """The controller owner of an object: at most one (apimachinery controller_ref.go)."""

    kind: str
    name: str
    uid: str
    api_version: str


class KubeObject(NamedTuple):
    """An object on an ownership chain. `created` is a Unix second, None where unknown.

    `labels` and `annotations` are kept for roots alone.
    """

    identity: str
    uid: str
    kind: str
    api_version: str
    namespace: str
    name: str
    generate_name: str = ""
    known: bool = False
    owner: OwnerReference | None = None
    other_owners: tuple[str, ...] = ()
    created: int | None = None
    labels: tuple[tuple[str, str], ...] = ()
    annotations: tuple[tuple[str, str], ...] = ()


CHANGED_THEMSELVES = frozenset({"Job", "Deployment", "StatefulSet", "DaemonSet"})
"""Kinds whose changes count where they are owned: a CronJob's runs, an operator's workloads."""


def changes_by_itself(item: KubeObject) -> bool:
    """Whether it is a root, as far as is known, or of a kind whose changes count anyhow (law 5)."""
    return item.owner is None or item.kind in CHANGED_THEMSELVES


def object_of(reference: ObjectReference) -> KubeObject:
    """An object as far as a reference alone describes it."""
    return KubeObject(
        identity=reference.uid or f"{reference.kind}/{reference.namespace}/{reference.name}",
        uid=reference.uid,
        kind=reference.kind,
        api_version=reference.api_version,
        namespace=reference.namespace,
        name=reference.name,
    )


Chain = tuple[KubeObject, ...]  # from the object to its root
