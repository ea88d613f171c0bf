"""Kinds and objects by the names that kubectl knows them by."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from event_tracer import EventTracerError
from event_tracer.cli.settings.options import SettingsError
from event_tracer.kube.client import Api
from event_tracer.kube.discovery import Named, served_everywhere
from event_tracer.kube.resources import NAMESPACES, WORKLOADS, Resource

# kubectl api-resources
_SHORT = {
    "deployments": "deploy", "statefulsets": "sts", "daemonsets": "ds", "cronjobs": "cj",
    "replicasets": "rs", "pods": "po", "services": "svc", "nodes": "no", "namespaces": "ns",
    "persistentvolumeclaims": "pvc",
}  # fmt: skip
_KNOWN = tuple(
    Named(each, frozenset({each.plural, each.kind.lower(), _SHORT.get(each.plural, each.plural)}))
    for each in (
        *WORKLOADS,
        NAMESPACES,
        Resource(plural="services", kind="Service"),
        Resource(plural="nodes", kind="Node", is_namespaced=False),
        Resource(plural="persistentvolumeclaims", kind="PersistentVolumeClaim"),
    )
)


_MOST = 3


class UnknownKindError(EventTracerError):
    """The cluster has no such kind; the message says which are near."""


def parse(words: Sequence[str]) -> tuple[str, str]:
    """`deployment/web`, `deployment web` or `deployment` → the kind's word and the name.

    Both are empty where nothing was asked for. Raises SettingsError for what is neither.
    """
    parts = words[0].split("/") if len(words) == 1 else list(words)
    if len(parts) > 2 or not all(parts) or any("/" in part for part in parts):
        raise SettingsError(f"{' '.join(words)!r} names no object: it is like deployment/web")
    kind, name = [*parts, "", ""][:2]
    return kind, name


async def find(api: Api, word: str) -> Resource:
    """What `word` stands for: `deploy`, `Deployment`, `deployments.apps`, `rollouts.argoproj.io`.

    Raises UnknownKindError, and ApiError.
    """
    if found := _found(word, _KNOWN):
        return found
    served = await served_everywhere(api)
    if found := _found(word, served):
        return found
    names = {name for named in (*_KNOWN, *served) for name in named.names}
    raise UnknownKindError(f"the cluster has no kind called {word}{near(word.lower(), names)}")


def near(word: str, names: Iterable[str]) -> str:
    """What may have been meant, as the end of a sentence."""
    known = sorted(names)
    # A Pod's name begins with that of its owner, which is what people remember.
    longer = [name for name in known if word and name.startswith(f"{word}-")]
    found = longer[:_MOST] or get_close_matches(word, known, n=_MOST)
    return f"; did you mean {' or '.join(found)}?" if found else ""


def _found(word: str, among: Iterable[Named]) -> Resource | None:
    name, _, group = word.lower().partition(".")
    for resource, names in among:
        versioned = f"{resource.version}.{resource.group}".rstrip(".")
        if name in names and group in ("", resource.group, versioned):
            return resource
    return None
