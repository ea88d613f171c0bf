"""The requests of a Watch: LIST of one resource, page by page, and WATCH."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from typing import Any

from aiohttp import ClientResponse

from event_tracer.kube.client import Api, ApiError
from event_tracer.kube.resources import EVENTS, Resource

PAGE = 500


class StaleError(Exception):
    """The resourceVersion is of no use any more; the message is the cause in one word."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some items of the LIST as of `version`; `unusable` of them were no objects."""

    items: tuple[Mapping[str, Any], ...]
    version: str
    unusable: int


class Lister:
    """LIST and WATCH of one resource in one namespace, or in all where it is empty.

    Events come whole, other objects where `is_whole`; else their metadata does.
    """

    def __init__(
        self, api: Api, resource: Resource, *, namespace: str, is_whole: bool = False
    ) -> None:
        self._api = api
        self._resource = resource
        self._is_whole = is_whole or resource is EVENTS
        self._path = resource.path(namespace=namespace)

    async def pages(self, *, exact: str = "", selector: str = "") -> AsyncIterator[Page]:
        """All pages, of one version: `exact`, or the newest; those with the `selector`'s labels.

        Raises StaleError where that has gone meanwhile, ApiError for the rest.
        """
        query: dict[str, str | int] = {"limit": PAGE}
        if exact:
            query |= {"resourceVersion": exact, "resourceVersionMatch": "Exact"}
        labels = {"labelSelector": selector} if selector else {}
        query |= labels
        while True:
            page, token = _page(await self._get(query))
            yield self._typed(page)
            if not token:
                return
            query = {"limit": PAGE, "continue": token, **labels}

    async def version(self) -> str:
        """The newest version. Raises ApiError."""
        page, _ = _page(await self._get({"limit": 1}))
        return page.version

    def watch(
        self, version: str, *, seconds: int, idle_timeout: float
    ) -> AbstractAsyncContextManager[ClientResponse]:
        """Open a WATCH from `version` on, which the server ends after `seconds`.

        Raises ApiError, also while it is read: if it says nothing for `idle_timeout` seconds.
        """
        query: dict[str, str | int] = {
            "watch": "true", "resourceVersion": version, "timeoutSeconds": seconds,
            "allowWatchBookmarks": "true",
        }  # fmt: skip
        accept = self._resource.accept(is_whole=self._is_whole)
        return self._api.open(self._path, query=query, accept=accept, idle_timeout=idle_timeout)

    def _typed(self, page: Page) -> Page:
        # A typed List (PodList) leaves out what all its items are; a WATCH says it of each.
        if not self._is_whole or self._resource is EVENTS:
            return page
        names = {"kind": self._resource.kind, "apiVersion": self._resource.api_version}
        return replace(page, items=tuple({**names, **item} for item in page.items))

    async def _get(self, query: Mapping[str, str | int]) -> Any:
        accept = self._resource.accept(is_whole=self._is_whole, is_list=True)
        try:
            return await self._api.get(self._path, query=query, accept=accept)
        except ApiError as error:
            # 504: of the future. `continue` and versions expire with etcd's history.
            is_exact = "resourceVersion" in query and error.status in (400, 422, 504)
            if error.status == 410 or is_exact:
                raise StaleError("expired") from None
            raise


def _page(body: Any) -> tuple[Page, str]:
    try:
        meta, items = body["metadata"], list(body.get("items") or ())
        version, token = str(meta["resourceVersion"]), str(meta.get("continue") or "")
    except (TypeError, KeyError, AttributeError):
        raise ApiError("the answer is no list", status=502) from None
    usable = tuple(item for item in items if _is_object(item))
    return Page(items=usable, version=version, unusable=len(items) - len(usable)), token


def _is_object(item: object) -> bool:
    return isinstance(item, dict) and isinstance(item.get("metadata"), dict)


def version_of(body: Mapping[str, Any]) -> str:
    """The resourceVersion of an object; empty where it has none."""
    return str((body.get("metadata") or {}).get("resourceVersion") or "")
