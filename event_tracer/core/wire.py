"""JSON of Kubernetes' API → Python, and that → the structs of `api_types`, by pydantic.

Not compiled: what recurses in C has no limit, and a file may hold a list that holds itself.
"""

import json
import re
from collections.abc import Mapping
from typing import Any, TypeVar, cast

from msgspec import Struct
from pydantic import ValidationError
from pydantic_core import from_json

from event_tracer import EventTracerError
from event_tracer.core.api_types import AnyObject, CustomObject, EventObject, WholeObject
from event_tracer.core.forgiving import adapter


class MalformedError(EventTracerError):
    """A frame that cannot be understood; the message says why, in one line."""


# events.k8s.io/v1 → core/v1 (pkg/apis/events/v1/conversion.go)
_CORE_NAMES = {
    "regarding": "involvedObject", "note": "message", "deprecatedCount": "count",
    "deprecatedSource": "source", "reportingController": "reportingComponent",
    "deprecatedFirstTimestamp": "firstTimestamp", "deprecatedLastTimestamp": "lastTimestamp",
}  # fmt: skip
# Annotations in which a tool keeps the whole manifest that it applied.
APPLIED = frozenset({
    "kubectl.kubernetes.io/last-applied-configuration", "kapp.k14s.io/original",
    "objectset.rio.cattle.io/applied", "banzaicloud.com/last-applied",
    "kopf.zalando.org/last-handled-configuration",
})  # fmt: skip
_NUMERAL = re.compile("-?[0-9]{1,18}")
Item = TypeVar("Item", bound=Struct)
Whole = TypeVar("Whole", CustomObject, WholeObject)


def decode(text: bytes | str) -> Any:
    """JSON → Python. Raises MalformedError saying what is wrong and where in `text`.

    JSON may hold half of a surrogate pair ("\\ud800"), which neither UTF-8 nor protobuf can
    say: it becomes a question mark.
    """
    try:
        return from_json(text, cache_strings="keys")
    except ValueError as error:
        problem = str(error)
    if "surrogate" not in problem and "escape" not in problem:
        raise MalformedError(f"not JSON: {problem}")
    try:
        return replace_surrogates(json.loads(text))
    except (ValueError, RecursionError) as error:
        raise MalformedError(f"not JSON: {error}") from None


def replace_surrogates(value: object) -> object:
    """`value` with a question mark for each half of a surrogate pair in it."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, Mapping):
        return {replace_surrogates(key): replace_surrogates(item) for key, item in value.items()}
    if isinstance(value, list):
        return [replace_surrogates(item) for item in value]
    return value


def without_managed_fields(raw: Mapping[str, Any]) -> Mapping[str, Any]:
    """A raw object without what nobody reads and what may hold a whole manifest."""
    meta = without_applied(raw).get("metadata")
    if not isinstance(meta, Mapping):
        return raw
    kept = {key: value for key, value in meta.items() if key != "managedFields"}
    return {**raw, "metadata": kept}


def without_applied(raw: Mapping[str, Any]) -> Mapping[str, Any]:
    """A raw object without what `kubectl apply` and its like keep: all of it, Secrets' data too."""
    meta = raw.get("metadata")
    annotations = meta.get("annotations") if isinstance(meta, Mapping) else None
    if not isinstance(annotations, Mapping) or APPLIED.isdisjoint(annotations):
        return raw
    kept = {key: value for key, value in annotations.items() if key not in APPLIED}
    return {**raw, "metadata": {**raw["metadata"], "annotations": kept}}


def number_of(value: object) -> int | None:
    """A number, also where it is written as a string; None where it is none.

    Argo Rollouts write a generation so.
    """
    is_number = type(value) is int or (isinstance(value, str) and _NUMERAL.fullmatch(value))
    return int(cast(int | str, value)) if is_number else None


def read_event(raw: Mapping[str, Any]) -> EventObject:
    """An Event of either API. Raises MalformedError with what is wrong, in one line."""
    if "regarding" in raw or str(raw.get("apiVersion")).startswith("events.k8s.io/"):
        raw = {_CORE_NAMES.get(name, name): value for name, value in raw.items()}
    return _read(EventObject, raw)


def read_object(raw: Mapping[str, Any]) -> CustomObject:
    """Any other object; without its status where that is malformed.

    Raises MalformedError where its metadata is, with what is wrong, in one line.
    """
    return _read_forgiving(CustomObject, raw)


def read_whole(raw: Mapping[str, Any]) -> WholeObject:
    """The same of a pod, workload or run, whose status is read by rules of its own."""
    return _read_forgiving(WholeObject, raw)


def _read(type_: type[Item], raw: object) -> Item:
    try:
        return cast(Item, adapter(type_).validate_python(raw))
    except ValidationError as error:
        raise MalformedError(_explain(error)) from None


def _read_forgiving(type_: type[Whole], raw: object) -> Whole:
    try:
        return _read(type_, raw)
    except MalformedError:
        item = _read(AnyObject, raw)
    return type_(metadata=item.metadata, kind=item.kind, apiVersion=item.apiVersion)


def _explain(error: ValidationError) -> str:
    detail = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in detail["loc"]) or "object"
    return f"{where}: {detail['msg'].lower()}"
