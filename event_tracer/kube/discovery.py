"""Discovery: the resources that a cluster serves, by kind and by name, and its uid."""

import asyncio
import logging
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from typing import Any, NamedTuple

from event_tracer import EventTracerError
from event_tracer.core.kinds import KINDS
from event_tracer.kube.client import Api, ApiError
from event_tracer.kube.resources import NAMESPACES, RESOURCES, Resource

_KEPT = 300.0  # seconds; a CustomResourceDefinition may come later than what names it
_MAX_HINTS = 3
_KUBE_SYSTEM = "kube-system"

logger = logging.getLogger(__name__)


class UnknownKindError(EventTracerError):
    """The cluster has no such kind; the message names those that are near."""


class NamedResource(NamedTuple):
    """A resource and kubectl's names for it, all in lower case."""

    resource: Resource
    names: frozenset[str]


_OWN = tuple(NamedResource(RESOURCES[row.kind], row.names) for row in KINDS)


async def list_resources(api: Api, api_version: str) -> tuple[NamedResource, ...]:
    """Resources of one version of a group; none where it is refused. Raises ApiError."""
    group, _, version = api_version.rpartition("/")
    try:
        body = await api.get(f"/{'apis' if group else 'api'}/{api_version}")
    except ApiError as error:
        if not error.is_refusal:
            raise
        return ()
    return tuple(_named(body, group=group, version=version))


async def list_all_resources(api: Api) -> tuple[NamedResource, ...]:
    """Resources of all groups, in the version that each prefers. Raises ApiError."""
    body = await api.get("/apis")
    preferred = [group.get("preferredVersion") or {} for group in body.get("groups") or ()]
    versions = ["v1", *(str(each.get("groupVersion") or "") for each in preferred)]
    found = await asyncio.gather(*(_list_if_served(api, each) for each in versions if each))
    return tuple(named for each in found for named in each)


async def _list_if_served(api: Api, api_version: str) -> tuple[NamedResource, ...]:
    try:
        return await list_resources(api, api_version)
    except ApiError as error:
        if not error.status:
            raise
        return ()  # an aggregated API whose server is away hinders no other


def _named(body: Any, *, group: str, version: str) -> Iterator[NamedResource]:
    for item in body.get("resources") or ():
        plural, kind = (item.get("name"), item.get("kind")) if isinstance(item, dict) else ("", "")
        if not isinstance(plural, str) or not isinstance(kind, str) or "/" in plural:
            continue  # a subresource, or no resource at all
        found = Resource(
            plural=plural,
            kind=kind,
            group=group,
            version=version,
            is_namespaced=bool(item.get("namespaced")),
        )
        names = (plural, kind, item.get("singularName"), *(item.get("shortNames") or ()))
        yield NamedResource(found, frozenset(str(name).lower() for name in names if name))


class Discovery:
    """Asks the API server once for each group and version, again where it lacked a kind."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._found: dict[tuple[str, str], Resource] = {
            (each.api_version, each.kind): each for each in RESOURCES.values()
        }
        self._asked: dict[str, float] = {}  # the loop's time

    async def find(self, api_version: str, kind: str) -> Resource | None:
        """The resource of `kind`; None where there is none. Raises ApiError."""
        # The kubelet's Event references to Nodes have no apiVersion (pkg/kubelet/kubelet.go).
        if not api_version and kind in RESOURCES and not RESOURCES[kind].group:
            api_version = "v1"
        key = (api_version, kind)
        now = asyncio.get_running_loop().time()
        is_known = key in self._found or not api_version
        if not is_known and now - self._asked.get(api_version, -_KEPT) >= _KEPT:
            await self._ask(api_version)
        return self._found.get(key)

    async def _ask(self, api_version: str) -> None:
        found = await list_resources(self._api, api_version)
        self._asked[api_version] = asyncio.get_running_loop().time()
        for named in found:
            self._found.setdefault((api_version, named.resource.kind), named.resource)


async def find_by_name(api: Api, word: str) -> Resource:
    """Resource that `word` stands for, as kubectl takes it: `deploy`, `rollouts.argoproj.io`.

    Raises UnknownKindError, and ApiError.
    """
    if found := _find_among(word, _OWN):
        return found
    everything = await list_all_resources(api)
    if found := _find_among(word, everything):
        return found
    hint = did_you_mean(word.lower(), {name for _, names in (*_OWN, *everything) for name in names})
    raise UnknownKindError(f"the cluster has no kind called {word}{hint}")


def did_you_mean(word: str, names: Iterable[str]) -> str:
    """The names near to `word`, as the end of a sentence; empty where none is."""
    known = sorted(names)
    # A Pod's name begins with that of its owner, which is what people remember.
    longer = [name for name in known if word and name.startswith(f"{word}-")]
    found = longer[:_MAX_HINTS] or get_close_matches(word, known, n=_MAX_HINTS)
    return f"; did you mean {' or '.join(found)}?" if found else ""


def _find_among(word: str, among: Iterable[NamedResource]) -> Resource | None:
    name, _, group = word.lower().partition(".")
    for resource, names in among:
        versioned = f"{resource.version}.{resource.group}".rstrip(".")
        if name in names and group in ("", resource.group, versioned):
            return resource
    return None


async def kube_system(api: Api) -> dict[str, object]:
    """The namespace whose uid is the cluster's, as a frame. Raises ApiError."""
    body = await api.get(NAMESPACES.path(name=_KUBE_SYSTEM), accept=NAMESPACES.accept())
    if not (isinstance(body.get("metadata"), dict) and body["metadata"].get("uid")):
        raise ApiError(f"{_KUBE_SYSTEM} came without a uid", status=502)
    return NAMESPACES.frame(body)


async def cluster_uid(api: Api) -> str:
    """The cluster's uid; empty where it may not be read. Raises ApiError where nobody answers."""
    try:
        frame = await kube_system(api)
    except ApiError as error:
        if not error.is_refusal:
            raise
        logger.warning("the cluster's uid may not be read", extra={"error": str(error)})
        return ""
    body = frame["object"]
    assert isinstance(body, dict)
    return str(body["metadata"]["uid"])
