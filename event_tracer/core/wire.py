"""Objects as Kubernetes' API writes them, validated by pydantic, which forgives what is left out.

Typed dicts by the API's own names: pydantic checks them four times as fast as it builds models.

Events are core/v1 or events.k8s.io/v1: the same stored object under two sets of names
(pkg/apis/events/v1/conversion.go). Objects are full or PartialObjectMetadata.
"""

import json
from collections.abc import Mapping
from typing import (
    Any,
    Required,  # pydantic asks for these before 3.12
    TypeVar,
)

from pydantic import ConfigDict, TypeAdapter, ValidationError, with_config
from pydantic_core import from_json
from typing_extensions import TypedDict

from event_tracer import EventTracerError


class MalformedError(EventTracerError):
    """A frame that cannot be understood; the message says why, in one line."""


_FORGIVING = with_config(ConfigDict(extra="ignore", coerce_numbers_to_str=True))


@_FORGIVING
class Reference(TypedDict, total=False):
    """core/v1 ObjectReference."""

    kind: str | None
    namespace: str | None
    name: str | None
    uid: str | None
    apiVersion: str | None
    resourceVersion: str | None
    fieldPath: str | None


@_FORGIVING
class Source(TypedDict, total=False):
    """core/v1 EventSource; the new recorder must leave it empty."""

    component: str | None
    host: str | None


@_FORGIVING
class Series(TypedDict, total=False):
    """EventSeries of either API."""

    count: int | None
    lastObservedTime: str | None


@_FORGIVING
class WriteTime(TypedDict, total=False):
    """The time of one metav1.ManagedFieldsEntry (to the second)."""

    time: str | None


@_FORGIVING
class ManagedFields(TypedDict, total=False):
    """One metav1.ManagedFieldsEntry: who wrote which fields, and when (to the second)."""

    manager: str | None
    operation: str | None
    subresource: str | None
    time: str | None
    fieldsV1: dict[str, Any] | None


@_FORGIVING
class Owner(TypedDict, total=False):
    """metav1.OwnerReference."""

    apiVersion: str | None
    kind: str | None
    name: str | None
    uid: str | None
    controller: bool | None


@_FORGIVING
class EventMeta(TypedDict, total=False):
    """metav1.ObjectMeta, as far as an Event's is read."""

    name: str | None
    namespace: str | None
    uid: str | None
    resourceVersion: str | None
    creationTimestamp: str | None
    managedFields: list[WriteTime] | None


@_FORGIVING
class Meta(TypedDict, total=False):
    """metav1.ObjectMeta, as far as lineage and changes need it."""

    name: str | None
    generateName: str | None
    namespace: str | None
    uid: str | None
    resourceVersion: str | None
    generation: int | None
    creationTimestamp: str | None
    deletionTimestamp: str | None
    deletionGracePeriodSeconds: int | None
    labels: dict[str, str | None] | None
    annotations: dict[str, str | None] | None
    ownerReferences: list[Owner] | None
    managedFields: list[ManagedFields] | None


@_FORGIVING
class EventObject(TypedDict, total=False):
    """An Event, by core/v1's names."""

    metadata: Required[EventMeta]
    involvedObject: Required[Reference]
    related: Reference | None
    reason: str | None
    message: str | None
    type: str | None
    action: str | None
    count: int | None
    series: Series | None
    source: Source | None
    reportingComponent: str | None
    reportingInstance: str | None
    firstTimestamp: str | None
    lastTimestamp: str | None
    eventTime: str | None


@_FORGIVING
class AnyObject(TypedDict, total=False):
    """Any other object: its metadata is all that is read."""

    kind: str | None
    apiVersion: str | None
    metadata: Required[Meta]


class EventLine(TypedDict):
    """A line of a watch of Events."""

    type: str
    object: EventObject


class ObjectLine(TypedDict):
    """A line of a watch of anything else."""

    type: str
    object: AnyObject


# events.k8s.io/v1 → core/v1 (pkg/apis/events/v1/conversion.go)
_CORE_NAMES = {
    "regarding": "involvedObject", "note": "message", "deprecatedCount": "count",
    "deprecatedSource": "source", "reportingController": "reportingComponent",
    "deprecatedFirstTimestamp": "firstTimestamp", "deprecatedLastTimestamp": "lastTimestamp",
}  # fmt: skip
_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_EVENT = TypeAdapter(EventObject)
_OBJECT = TypeAdapter(AnyObject)
_EVENT_LINE = TypeAdapter(EventLine)
_OBJECT_LINE = TypeAdapter(ObjectLine)
T = TypeVar("T")


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
    """A raw object without what kubectl apply keeps: a copy of all of it, Secrets' data too."""
    meta = raw.get("metadata")
    annotations = meta.get("annotations") if isinstance(meta, Mapping) else None
    if not isinstance(annotations, Mapping) or _APPLIED not in annotations:
        return raw
    kept = {key: value for key, value in annotations.items() if key != _APPLIED}
    return {**raw, "metadata": {**raw["metadata"], "annotations": kept}}


def read_event(raw: Mapping[str, Any]) -> EventObject:
    """An Event of either API. Raises MalformedError with what is wrong, in one line."""
    if "regarding" in raw:
        raw = {_CORE_NAMES.get(name, name): value for name, value in raw.items()}
    return _read(_EVENT, raw)


def read_object(raw: Mapping[str, Any]) -> AnyObject:
    """Any other object. Raises MalformedError with what is wrong, in one line."""
    return _read(_OBJECT, raw)


def read_event_line(text: bytes) -> EventLine | None:
    """JSON of a watch's line, no more of it made than is read; None where that is not enough."""
    return _read_line(_EVENT_LINE, text)


def read_object_line(text: bytes) -> ObjectLine | None:
    """The same of any other object."""
    return _read_line(_OBJECT_LINE, text)


def _read_line(adapter: TypeAdapter[T], text: bytes) -> T | None:
    # An API server writes strings for strings; read from JSON, 0.0 would become another one ("0")
    # than read from Python ("0.0").
    try:
        return adapter.validate_json(text, strict=True)
    except ValidationError:
        return None


def _read(adapter: TypeAdapter[T], raw: object) -> T:
    try:
        return adapter.validate_python(raw)
    except ValidationError as error:
        raise MalformedError(_explain(error)) from None


def _explain(error: ValidationError) -> str:
    detail = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in detail["loc"]) or "object"
    return f"{where}: {detail['msg'].lower()}"
