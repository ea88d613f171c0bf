"""Which event spans leave; and what no Event can match, refused at start."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal

from event_tracer.core.occurrence import Occurrence

Rule = Literal["namespace", "kind", "reason", "type"]
# kubectl api-resources: kind and the short names and plurals that people type
_NAMES = {
    "Pod": "po pod pods",
    "ReplicaSet": "rs replicaset replicasets",
    "Deployment": "deploy deployment deployments",
    "StatefulSet": "sts statefulset statefulsets",
    "DaemonSet": "ds daemonset daemonsets",
    "Job": "job jobs",
    "CronJob": "cj cronjob cronjobs",
    "Node": "no node nodes",
    "Namespace": "ns namespace namespaces",
    "Service": "svc service services",
    "Ingress": "ing ingress ingresses",
    "PersistentVolumeClaim": "pvc persistentvolumeclaim persistentvolumeclaims",
    "PersistentVolume": "pv persistentvolume persistentvolumes",
    "HorizontalPodAutoscaler": "hpa horizontalpodautoscaler horizontalpodautoscalers",
}
_KINDS = {name: kind for kind, names in _NAMES.items() for name in names.split()}
_TYPES = {"normal": "Normal", "warning": "Warning"}
_NAMESPACE = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")  # RFC 1123 label
_KIND = re.compile(r"[A-Z][A-Za-z0-9]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """What to keep and what to leave out; an empty set keeps all, or leaves out nothing."""

    namespace: frozenset[str] = frozenset()
    exclude_namespace: frozenset[str] = frozenset()
    kind: frozenset[str] = frozenset()
    exclude_kind: frozenset[str] = frozenset()
    reason: frozenset[str] = frozenset()
    exclude_reason: frozenset[str] = frozenset()
    type: frozenset[str] = frozenset()
    exclude_type: frozenset[str] = frozenset()

    def rule(self, occurrence: Occurrence) -> Rule | Literal[""]:
        """The rule that leaves an occurrence out; empty where none does."""
        if not _passes(occurrence.namespace, self.namespace, self.exclude_namespace):
            return "namespace"
        if not _passes(occurrence.about.kind, self.kind, self.exclude_kind):
            return "kind"
        if not _passes(occurrence.reason.lower(), self.reason, self.exclude_reason):
            return "reason"
        if not _passes(occurrence.type, self.type, self.exclude_type):
            return "type"
        return ""


def _passes(value: str, only: frozenset[str], never: frozenset[str]) -> bool:
    return (not only or value in only) and value not in never


def check(filter_: Filter) -> None:
    """Raise ValueError where no Event at all can pass `filter_`."""
    for name in ("namespace", "kind", "reason", "type"):
        only, never = getattr(filter_, name), getattr(filter_, f"exclude_{name}")
        if only and only <= never:
            words = ",".join(sorted(only))
            raise ValueError(f"--{name} {words} and --exclude-{name} together leave nothing")
    if not filter_.type and filter_.exclude_type >= set(_TYPES.values()):
        raise ValueError("--exclude-type Normal,Warning leaves nothing")


def namespaces(names: Iterable[str]) -> tuple[str, ...]:
    """Check names of namespaces. Raises ValueError for one that cannot be."""
    for name in names:
        if not _NAMESPACE.fullmatch(name):
            raise ValueError(f"no namespace can be called {name}")
    return tuple(dict.fromkeys(names))


def kinds(names: Iterable[str]) -> tuple[str, ...]:
    """kubectl's names of kinds → kinds. Raises ValueError for what cannot be one."""
    return tuple(_kind(name) for name in names)


def reasons(names: Iterable[str]) -> tuple[str, ...]:
    """Reasons as they are compared: in any case."""
    return tuple(name.lower() for name in names)


def types(names: Iterable[str]) -> tuple[str, ...]:
    """Check types, in any case. Raises ValueError for one that no Event has."""
    for name in names:
        if name.lower() not in _TYPES:
            raise ValueError(f"no Event is of type {name}; there are Normal and Warning")
    return tuple(_TYPES[name.lower()] for name in names)


def _kind(name: str) -> str:
    kind = _KINDS.get(name.lower(), name)
    if _KIND.fullmatch(kind):  # a custom kind may be called anything of that shape
        return kind
    near = get_close_matches(name.lower(), _KINDS, n=1)
    hint = f"did you mean {_KINDS[near[0]]}?" if near else "kinds are written like Deployment"
    raise ValueError(f"there is no kind called {name}; {hint}")
