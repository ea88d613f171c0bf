"""How an API server speaks: what was asked for, refusals, and forms of an object."""

import gzip
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from aiohttp import web

from tests.doubles.apiserver.store import Kind
from tests.scenarios.fields import Raw

Form = Literal["", "PartialObjectMetadata", "PartialObjectMetadataList"]
REASONS = {
    400: "BadRequest", 401: "Unauthorized", 403: "Forbidden", 404: "NotFound",
    406: "NotAcceptable", 409: "Conflict", 410: "Expired", 422: "Invalid",
    429: "TooManyRequests", 500: "InternalError", 503: "ServiceUnavailable", 504: "Timeout",
}  # fmt: skip
_VERBS = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
_GZIP_ABOVE = 128 * 1024
"""apiserver endpoints/handlers/responsewriters/writers.go, defaultGzipThresholdBytes."""


class RefusedError(Exception):
    """The answer is a Status."""

    def __init__(self, code: int, message: str, **more: Any) -> None:
        super().__init__(message)
        self.code = code
        self.status = status(code, message, **more)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One request, and how an API server understands it."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    """Names in lower case."""
    time: float
    verb: str
    """get, list, continue, watch, create, update, patch, delete; discover for all else."""
    resource: str
    """As in a frame; for what is no resource its path."""
    namespace: str = ""
    name: str = ""
    kind: Kind | None = None

    @property
    def form(self) -> Form:
        """The form that Accept asks for; a 406 where there is none."""
        for clause in self.headers.get("accept", "*/*").split(","):
            words = [word.strip().partition("=") for word in clause.split(";")]
            terms = {name: value for name, _, value in words}
            form = terms.get("as", "")
            is_known = not form or (terms.get("g"), terms.get("v")) == ("meta.k8s.io", "v1")
            is_known = is_known and not (form and self.kind and not self.kind.has_metadata)
            if is_known and {"application/json", "application/*", "*/*"} & terms.keys():
                return _form(form)
        raise RefusedError(406, "only the following media types are accepted: application/json")


def _form(name: str) -> Form:
    match name:
        case "" | "PartialObjectMetadata" | "PartialObjectMetadataList":
            return name
    raise RefusedError(406, f"{name} is not served here")


def understand(request: web.BaseRequest, kinds: Iterable[Kind], time: float) -> Asked:
    """Read the path of a request."""
    sent, (group, version, rest) = request.headers, _place(request.path)
    namespace = rest.pop(1) if rest[:1] == ["namespaces"] and len(rest) > 2 else ""
    plural, name, *below = (rest[1:] if namespace else rest) + [""] * 2
    kind = _kind(kinds, (group, version, plural), is_known=not any(below))
    resource = kind.resource if kind else plural or request.path
    return Asked(
        method=request.method, path=request.path, query=dict(request.query),
        headers={key.lower(): ", ".join(sent.getall(key)) for key in sent}, time=time,
        verb=_verb(request, name) if plural else "discover",
        resource=resource, namespace=namespace, name=name, kind=kind,
    )  # fmt: skip


def _place(path: str) -> tuple[str, str, list[str]]:
    match path.strip("/").split("/"):
        case ["api", version, *rest]:
            return "", version, rest
        case ["apis", group, version, *rest]:
            return group, version, rest
    return "", "", []


def _kind(kinds: Iterable[Kind], at: tuple[str, str, str], *, is_known: bool) -> Kind | None:
    found = (kind for kind in kinds if (kind.group, kind.version, kind.plural) == at)
    return next(found, None) if is_known else None


def _verb(request: web.BaseRequest, name: str) -> str:
    if request.method != "GET":
        return _VERBS.get(request.method, request.method.lower())
    if is_set(request.query, "watch"):
        return "watch"
    return "get" if name else "continue" if request.query.get("continue") else "list"


def is_set(query: Mapping[str, str], name: str) -> bool:
    """apimachinery runtime, Convert_Slice_string_To_bool: all but false and 0 is true."""
    return query.get(name, "false").lower() not in ("false", "0")


def status(code: int, message: str, *, reason: str = "", **more: Any) -> Raw:
    """A Status that tells of a failure."""
    return {
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": message, "reason": reason or REASONS.get(code, ""), "code": code,
    } | more  # fmt: skip


def said(body: Raw, *, code: int = 200, accepts: str = "") -> web.Response:
    """JSON; large bodies compressed where that is accepted."""
    data = json.dumps(body).encode()
    if len(data) <= _GZIP_ABOVE or "gzip" not in accepts:
        return web.Response(body=data, status=code, content_type="application/json")
    headers = {"Content-Encoding": "gzip"}
    packed = gzip.compress(data, 1)
    return web.Response(body=packed, status=code, headers=headers, content_type="application/json")


def in_form(item: Raw, *, is_partial: bool) -> Raw:
    """The object, or its metadata alone."""
    if not is_partial:
        return item
    names = {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1"}
    return {**names, "metadata": item["metadata"]}
