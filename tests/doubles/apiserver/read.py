"""LIST, GET and discovery, as an API server answers them."""

import base64
import json
from bisect import bisect_right
from collections.abc import Iterable
from itertools import groupby

from aiohttp import web

from tests.doubles.apiserver.store import Kind, Snapshot, Store
from tests.doubles.apiserver.wire import Asked, RefusedError, in_form, said
from tests.scenarios.fields import Raw

_VERBS = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]
_LATER = {"reason": "Timeout", "details": {"causes": [{"reason": "ResourceVersionTooLarge"}]}}


def found(store: Store, kind: Kind, asked: Asked) -> Raw:
    """GET of one object."""
    if asked.form == "PartialObjectMetadataList":
        raise RefusedError(406, "you requested PartialObjectMetadataList, but it is not a list")
    item = store.get(kind, f"{asked.namespace}/{asked.name}")
    if item is None:
        raise RefusedError(404, f'{kind.plural} "{asked.name}" not found')
    return in_form(item, is_partial=asked.form == "PartialObjectMetadata")


def listed(store: Store, kind: Kind, asked: Asked) -> Raw:
    """LIST: a page of what there was at one revision."""
    if asked.form == "PartialObjectMetadata":
        raise RefusedError(406, "you requested PartialObjectMetadata, but it is a list")
    revision, start = _position(store, asked)
    items = _within(store.snapshot(kind, revision), asked.namespace)
    items = _selected(items, asked.query.get("labelSelector", ""))
    first = bisect_right(items, start, key=lambda item: item[0])
    last = first + (int(asked.query.get("limit") or 0) or len(items))
    meta: Raw = {"resourceVersion": str(revision)}
    if last < len(items):
        meta |= {"continue": _token(revision, items[last - 1][0])}
        meta |= {"remainingItemCount": len(items) - last}
    return _list(kind, asked, meta, [item for _, item in items[first:last]])


def _list(kind: Kind, asked: Asked, meta: Raw, items: list[Raw]) -> Raw:
    """Items of a built-in type do not say their type; no items of metadata are null."""
    if asked.form:
        names = {"kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1"}
        return {**names, "metadata": meta, "items": _partial(items) or None}
    bare = items if kind.is_custom else [_bare(item) for item in items]
    names = {"kind": f"{kind.kind}List", "apiVersion": kind.api_version}
    return {**names, "metadata": meta, "items": bare}


def _partial(items: list[Raw]) -> list[Raw]:
    return [in_form(item, is_partial=True) for item in items]


def _bare(item: Raw) -> Raw:
    return {name: value for name, value in item.items() if name not in ("kind", "apiVersion")}


def _within(items: Snapshot, namespace: str) -> Snapshot:
    """One namespace, or all."""
    if not namespace:
        return items
    return tuple(item for item in items if item[0].startswith(f"{namespace}/"))


def _selected(items: Snapshot, selector: str) -> Snapshot:
    """Those with labels, each as `name=value` or `name!=value`."""
    found = items
    for each in filter(None, selector.split(",")):
        name, sign, value = each.partition("=")
        if not name or not sign:
            raise RefusedError(400, f"unable to parse requirement: {each}")
        is_not = name.endswith("!")
        found = tuple(
            item for item in found
            if is_not != (item[1]["metadata"].get("labels", {}).get(name.rstrip("!")) == value)
        )  # fmt: skip
    return found


def _position(store: Store, asked: Asked) -> tuple[int, str]:
    """At which revision, and after which key."""
    query = asked.query
    wanted, match = query.get("resourceVersion", ""), query.get("resourceVersionMatch", "")
    if unknown := {"fieldSelector"} & {name for name in query if query[name]}:
        raise RefusedError(400, f"this server knows no {unknown}")
    if query.get("continue"):
        return _continued(store, query["continue"], wanted, match)
    if match and (not wanted or (match == "Exact" and wanted == "0")):
        raise RefusedError(422, "resourceVersionMatch is forbidden unless resourceVersion is set")
    if int(wanted or 0) > store.revision:
        raise RefusedError(504, f"Too large resource version: {wanted}", **_LATER)
    if match != "Exact":
        return store.revision, ""
    if int(wanted) < store.compacted:
        raise RefusedError(410, f"The provided resource version is too old: {wanted}")
    return int(wanted), ""


def _continued(store: Store, token: str, wanted: str, match: str) -> tuple[int, str]:
    if wanted not in ("", "0") or match:
        raise RefusedError(400, "specifying resource version is not allowed when using continue")
    try:
        read = json.loads(base64.urlsafe_b64decode(token))
    except ValueError:
        raise RefusedError(400, "continue key is not valid") from None
    if read["rv"] < store.compacted:
        fresh = {"continue": _token(store.revision, read["start"])}
        message = "The provided continue parameter is too old to display a consistent list result."
        raise RefusedError(410, message, metadata=fresh)
    return read["rv"], read["start"]


def _token(revision: int, start: str) -> str:
    read = {"v": "meta.k8s.io/v1", "rv": revision, "start": start}
    return base64.urlsafe_b64encode(json.dumps(read).encode()).decode()


def discovered(kinds: Iterable[Kind], path: str) -> web.Response:
    """What is served under a path: groups, or the resources of one version of a group."""
    groups = _groups(kinds)
    match path.strip("/").split("/"):
        case ["api"]:
            return said({"kind": "APIVersions", "versions": ["v1"]})
        case ["apis"]:
            made = [_group(name, found) for name, found in groups.items() if name]
            return said({"kind": "APIGroupList", "apiVersion": "v1", "groups": made})
        case ["apis", name] if name in groups:
            return said({"kind": "APIGroup", "apiVersion": "v1", **_group(name, groups[name])})
        case ["api" | "apis", *at]:
            here = [kind for kind in kinds if kind.api_version == "/".join(at)]
            return _resources(here) if here else nowhere()
    return nowhere()


def nowhere() -> web.Response:
    """A path nobody serves: no Status, but text."""
    return web.Response(status=404, text="404 page not found\n")


def _groups(kinds: Iterable[Kind]) -> dict[str, list[Kind]]:
    def name(kind: Kind) -> str:
        return kind.group

    return {group: list(found) for group, found in groupby(sorted(kinds, key=name), name)}


def _group(name: str, kinds: list[Kind]) -> Raw:
    found = sorted({kind.version for kind in kinds}, reverse=True)
    versions = [{"groupVersion": f"{name}/{version}", "version": version} for version in found]
    return {"name": name, "versions": versions, "preferredVersion": versions[0]}


def _resources(kinds: list[Kind]) -> web.Response:
    made = [row for kind in kinds for row in _rows(kind)]
    names = {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": kinds[0].api_version}
    return said({**names, "resources": made})


def _rows(kind: Kind) -> list[Raw]:
    """A resource and its subresources: these repeat its kind, and /scale has one of elsewhere."""
    same = {"singularName": kind.kind.lower(), "namespaced": kind.namespaced}
    short = {"shortNames": list(kind.short)} if kind.short else {}
    rows = [{"name": kind.plural, "kind": kind.kind, "verbs": _VERBS, **same, **short}]
    rows += [{"name": f"{kind.plural}/status", "kind": kind.kind, "verbs": ["get"], **same}]
    if kind.group == "apps":
        scale = {"kind": "Scale", "group": "autoscaling", "version": "v1"}
        rows += [{"name": f"{kind.plural}/scale", "verbs": ["get"], **same, **scale}]
    return rows
