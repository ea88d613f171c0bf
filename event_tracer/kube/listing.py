"""The requests of a Watch: LIST of one resource, page by page, and WATCH."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any

from aiohttp import ClientResponse
from msgspec import Raw

from event_tracer.core.decoding import LIST_PAGE, read_text
from event_tracer.core.event import version_number
from event_tracer.core.frame import Frame, Listing, parse_item
from event_tracer.core.wire import MalformedError, decode
from event_tracer.kube.client import Api, ApiError
from event_tracer.kube.resources import EVENTS, Resource
from event_tracer.kube.watch_state import Start

PAGE = 500


class StaleError(Exception):
    """The resourceVersion is of no use any more; the message is the cause in one word."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some items of the LIST as of `version`; `unusable` of them were no objects.

    `frames` are those that were parsed, `objects` the others, as JSON; `versions` those of all.
    """

    version: str
    frames: list[Frame]
    objects: list[dict[str, Any]]
    versions: list[str]
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
        # A typed List (PodList) leaves out what all its items are; a WATCH says it of each.
        is_typed = is_whole and resource is not EVENTS
        names = {"kind": resource.kind, "apiVersion": resource.api_version}
        self._left_out = names if is_typed else {}

    async def pages(
        self, *, exact: str = "", selector: str = "", parsed: bool = False
    ) -> AsyncIterator[Page]:
        """All pages, of one version: `exact`, or the newest; those with the `selector`'s labels.

        Items are JSON, or where they are to be `parsed` frames, save the odd one. Raises StaleError
        where that version has gone meanwhile, ApiError for the rest.
        """
        query: dict[str, str | int] = {"limit": PAGE}
        if exact:
            query |= {"resourceVersion": exact, "resourceVersionMatch": "Exact"}
        labels = {"labelSelector": selector} if selector else {}
        query |= labels
        while True:
            page, token = await self._page(query, parsed=parsed)
            yield page
            if not token:
                return
            query = {"limit": PAGE, "continue": token, **labels}

    async def version(self) -> str:
        """The newest version. Raises ApiError."""
        version, _, _ = _unpacked(await self._get({"limit": 1}))
        return version

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

    async def _page(self, query: Mapping[str, str | int], *, parsed: bool) -> tuple[Page, str]:
        """A page, and the token of the next; its bytes and items are gone once it is returned."""
        version, token, items = _unpacked(await self._get(query))
        frames, objects, versions = [], [], []
        name, kind, left_out = self._resource.name, self._resource.kind, self._left_out
        for item in items:
            line = None
            if parsed and isinstance(item, Raw):
                line = parse_item(item, resource=name, kind=kind, left_out=left_out)
            if line:
                frames.append(line.frame)
                versions.append(line.version)
            elif _is_object(body := _value(item)):
                objects.append({**left_out, **body})
                versions.append(version_of(body))
        page = Page(
            version=version, frames=frames, objects=objects, versions=versions,
            unusable=len(items) - len(versions),
        )  # fmt: skip
        return page, token

    async def _get(self, query: Mapping[str, str | int]) -> bytes:
        accept = self._resource.accept(is_whole=self._is_whole, is_list=True)
        try:
            return await self._api.read(self._path, query=query, accept=accept)
        except ApiError as error:
            # 504: of the future. `continue` and versions expire with etcd's history.
            is_exact = "resourceVersion" in query and error.status in (400, 422, 504)
            if error.status == 410 or is_exact:
                raise StaleError("expired") from None
            raise


def listing_of(start: Start, version: str, *, read: str, comes_again: bool) -> Listing:
    """The kind of a LIST as of `version` with which a Watch starts so, having read up to `read`.

    `comes_again`: a WATCH from there on brings what is above it.
    """
    before, now = version_number(read), version_number(version)
    if start is Start.FROM_NOW:
        return Listing(version=version, emitted_up_to=now)
    if before > now:  # etcd was restored from a backup: versions begin again
        return Listing(version=version, cause=Start.RESTORED.value)
    if start is Start.FIRST:
        learn_only = before > 0 and comes_again
        return Listing(version=version, emitted_up_to=before, learn_only=learn_only)
    return Listing(version=version, emitted_up_to=before, cause=start.value)


def _unpacked(body: bytes) -> tuple[str, str, list[Any]]:
    """A page's version, the token of the next, and its items: each unread, or all as JSON."""
    try:
        page: Any = read_text(LIST_PAGE, body) or decode(body)
        meta, items = page["metadata"], list(page.get("items") or ())
        return str(meta["resourceVersion"]), str(meta.get("continue") or ""), items
    except MalformedError as error:
        raise ApiError(f"the answer is {error}", status=502) from None
    except (TypeError, KeyError, AttributeError):
        raise ApiError("the answer is no list", status=502) from None


def _value(item: object) -> Any:
    try:
        return decode(bytes(item)) if isinstance(item, Raw) else item
    except MalformedError:
        return None


def _is_object(item: object) -> bool:
    return isinstance(item, dict) and isinstance(item.get("metadata"), dict)


def version_of(body: Mapping[str, Any]) -> str:
    """The resourceVersion of an object; empty where it has none."""
    return str((body.get("metadata") or {}).get("resourceVersion") or "")


def frame_of(line: bytes) -> tuple[str, Mapping[str, Any], str]:
    """The type, object and resourceVersion that a line of a WATCH tells. Raises MalformedError."""
    try:
        raw = decode(line)
        return raw["type"], raw["object"], version_of(raw["object"])
    except (TypeError, KeyError, AttributeError):
        raise MalformedError("no frame of a watch") from None
