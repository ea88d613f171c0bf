"""Which resource serves objects of a kind."""

import asyncio
from collections.abc import Iterator
from typing import Any, NamedTuple

from event_tracer.kube.client import Api, ApiError
from event_tracer.kube.resources import EVENTS, NAMESPACES, WORKLOADS, Resource

_KEPT = 300.0  # seconds; a CustomResourceDefinition may come later than what names it
_KNOWN = {(item.api_version, item.kind): item for item in (*WORKLOADS, NAMESPACES, EVENTS)}
# Event references to Nodes come without apiVersion from the kubelet (pkg/kubelet/kubelet.go).
_CORE_KINDS = frozenset({"Node", "Pod", "Namespace", "Service", "PersistentVolume"})


class Named(NamedTuple):
    """A resource and the names that kubectl knows it by, all in lower case."""

    resource: Resource
    names: frozenset[str]


async def served(api: Api, api_version: str) -> tuple[Named, ...]:
    """What one version of a group serves; nothing where it is refused. Raises ApiError."""
    group, _, version = api_version.rpartition("/")
    try:
        body = await api.get(f"/{'apis' if group else 'api'}/{api_version}")
    except ApiError as error:
        if not error.is_refusal:
            raise
        return ()
    return tuple(_named(body, group=group, version=version))


async def served_everywhere(api: Api) -> tuple[Named, ...]:
    """What all groups serve in the version that each prefers. Raises ApiError."""
    body = await api.get("/apis")
    preferred = [group.get("preferredVersion") or {} for group in body.get("groups") or ()]
    versions = ["v1", *(str(each.get("groupVersion") or "") for each in preferred)]
    found = await asyncio.gather(*(_served_if_well(api, each) for each in versions if each))
    return tuple(named for each in found for named in each)


async def _served_if_well(api: Api, api_version: str) -> tuple[Named, ...]:
    try:
        return await served(api, api_version)
    except ApiError as error:
        if not error.status:
            raise
        return ()  # an aggregated API whose server is away hinders no other


def _named(body: Any, *, group: str, version: str) -> Iterator[Named]:
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
        yield Named(found, frozenset(str(name).lower() for name in names if name))


class Discovery:
    """Asks the API server once for each group and version, again where it lacked a kind."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._found: dict[tuple[str, str], Resource] = dict(_KNOWN)
        self._asked: dict[str, float] = {}  # the loop's time

    async def find(self, api_version: str, kind: str) -> Resource | None:
        """The resource of `kind`; None where there is none. Raises ApiError."""
        if not api_version and kind in _CORE_KINDS:
            api_version = "v1"
        key = (api_version, kind)
        now = asyncio.get_running_loop().time()
        is_known = key in self._found or not api_version
        if not is_known and now - self._asked.get(api_version, -_KEPT) >= _KEPT:
            await self._ask(api_version)
        return self._found.get(key)

    async def _ask(self, api_version: str) -> None:
        found = await served(self._api, api_version)
        self._asked[api_version] = asyncio.get_running_loop().time()
        for named in found:
            self._found.setdefault((api_version, named.resource.kind), named.resource)
