"""POST, PUT and DELETE of one object, and questions for one's rights."""

import uuid
from base64 import b64decode
from collections.abc import Iterable
from copy import deepcopy
from datetime import UTC, datetime

from tests.doubles.apiserver.faults import Forbidden
from tests.doubles.apiserver.store import Kind, Store
from tests.doubles.apiserver.wire import Asked, RefusedError
from tests.scenarios.fields import Raw

_MOST = 1024 * 1024
_CHANGED = (
    "the object has been modified; please apply your changes to the latest version and try again"
)


def edited(store: Store, kind: Kind, asked: Asked, body: Raw, *, now: float) -> tuple[int, Raw]:
    """The status and the body of the answer; with dryRun=All nothing is written."""
    if asked.query.get("dryRun") == "All":
        store = deepcopy(store)
    _check_size(body)
    match asked.verb:
        case "create":
            return 201, _created(store, kind, asked.namespace, body, now)
        case "update":
            return 200, _updated(store, kind, asked, body)
        case "delete":
            return 200, _write(store, kind, "DELETED", _present(store, kind, asked))
    raise RefusedError(405, f"no {asked.method} here", reason="MethodNotAllowed")


def _check_size(body: Raw) -> None:
    """apis/core/validation: the values of a ConfigMap may take 1 MiB."""
    texts = [value.encode() for value in (body.get("data") or {}).values()]
    data = [b64decode(value) for value in (body.get("binaryData") or {}).values()]
    if sum(map(len, texts + data)) > _MOST:
        raise RefusedError(422, f"Too long: may not be more than {_MOST} bytes")


def _created(store: Store, kind: Kind, namespace: str, body: Raw, now: float) -> Raw:
    name = body["metadata"]["name"]
    if body["metadata"].get("resourceVersion"):
        raise RefusedError(400, "resourceVersion should not be set on objects to be created")
    if store.get(kind, f"{namespace}/{name}"):
        raise RefusedError(409, f'{kind.plural} "{name}" already exists', reason="AlreadyExists")
    since = datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    uid = str(uuid.uuid5(uuid.NAMESPACE_OID, f"{kind.plural}/{namespace}/{name}/{store.revision}"))
    made = {"namespace": namespace, "uid": uid, "creationTimestamp": since}
    return _write(store, kind, "ADDED", {**body, "metadata": {**body["metadata"], **made}})


def _updated(store: Store, kind: Kind, asked: Asked, body: Raw) -> Raw:
    present = _present(store, kind, asked)
    own, meta = present["metadata"], body["metadata"]
    kept = {name: own[name] for name in ("uid", "creationTimestamp", "resourceVersion")}
    given = {name: meta[name] for name in ("uid", "resourceVersion") if meta.get(name)}
    if not given.items() <= kept.items():
        what = f'Operation cannot be fulfilled on {kind.plural} "{asked.name}"'
        raise RefusedError(409, f"{what}: {_CHANGED}")
    made = {**body, "metadata": {"namespace": asked.namespace, **meta, **kept}}
    made |= {"kind": kind.kind, "apiVersion": kind.api_version}
    return present if made == present else _write(store, kind, "MODIFIED", made)


def _present(store: Store, kind: Kind, asked: Asked) -> Raw:
    present = store.get(kind, f"{asked.namespace}/{asked.name}")
    if present is None:
        raise RefusedError(404, f'{kind.plural} "{asked.name}" not found')
    return present


def _write(store: Store, kind: Kind, type_: str, item: Raw) -> Raw:
    return store.write({"type": type_, "resource": kind.resource, "object": item}).object


def reviewed(rules: Iterable[Forbidden], kinds: Iterable[Kind], body: Raw) -> Raw:
    """A SelfSubjectAccessReview, answered."""
    about = body["spec"]["resourceAttributes"]
    verb, namespace = about.get("verb", "*"), about.get("namespace", "")
    named = (about.get("group", ""), about.get("resource", "*"))
    found = (kind.resource for kind in kinds if (kind.group, kind.plural) == named)
    resource = next(found, named[1])
    denied = any(rule.meets(verb=verb, resource=resource, namespace=namespace) for rule in rules)
    return {**body, "status": {"allowed": not denied}}
