"""What Kubernetes' API writes, as pydantic models that forgive whatever a writer leaves out.

Events are core/v1 or events.k8s.io/v1: the same stored object under two sets of names
(pkg/apis/events/v1/conversion.go). Objects are full or PartialObjectMetadata.
"""

import json
from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel
from pydantic_core import from_json


class MalformedError(ValueError):
    """A frame that cannot be understood; the message says why, in one line."""


class _Model(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="ignore", alias_generator=to_camel, coerce_numbers_to_str=True
    )


class Reference(_Model):
    """core/v1 ObjectReference."""

    kind: str | None = None
    namespace: str | None = None
    name: str | None = None
    uid: str | None = None
    api_version: str | None = None
    resource_version: str | None = None
    field_path: str | None = None


class Source(_Model):
    """core/v1 EventSource; the new recorder must leave it empty."""

    component: str | None = None
    host: str | None = None


class Series(_Model):
    """EventSeries of either API."""

    count: int | None = None
    last_observed_time: str | None = None


class Written(_Model):
    """When one metav1.ManagedFieldsEntry was written (to the second)."""

    time: str | None = None


class ManagedFields(Written):
    """One metav1.ManagedFieldsEntry: who wrote which fields, and when."""

    manager: str | None = None
    operation: str | None = None
    subresource: str | None = None
    fields: dict[str, Any] | None = Field(default=None, validation_alias="fieldsV1")


class Owner(_Model):
    """metav1.OwnerReference."""

    api_version: str | None = None
    kind: str = ""
    name: str = ""
    uid: str | None = None
    controller: bool | None = None


class Meta(_Model):
    """metav1.ObjectMeta, as far as lineage and changes need it."""

    name: str | None = None
    generate_name: str | None = None
    namespace: str | None = None
    uid: str | None = None
    resource_version: str | None = None
    generation: int | None = None
    creation_timestamp: str | None = None
    deletion_timestamp: str | None = None
    deletion_grace_period_seconds: int | None = None
    labels: dict[str, str | None] | None = None
    annotations: dict[str, str | None] | None = None
    owner_references: tuple[Owner, ...] | None = None
    managed_fields: tuple[ManagedFields, ...] | None = None


class EventMeta(_Model):
    """metav1.ObjectMeta, as far as an Event's is read."""

    name: str | None = None
    namespace: str | None = None
    uid: str | None = None
    resource_version: str | None = None
    creation_timestamp: str | None = None
    managed_fields: tuple[Written, ...] | None = None


class EventObject(_Model):
    """An Event of either API."""

    metadata: EventMeta
    involved_object: Reference
    related: Reference | None = None
    reason: str | None = None
    message: str | None = None
    type: str | None = None
    action: str | None = None
    count: int | None = None
    series: Series | None = None
    source: Source | None = None
    reporting_component: str | None = None
    reporting_instance: str | None = None
    first_timestamp: str | None = None
    last_timestamp: str | None = None
    event_time: str | None = None


class AnyObject(_Model):
    """Any other object: its metadata is all that is read."""

    kind: str | None = None
    api_version: str | None = None
    metadata: Meta


# events.k8s.io/v1 → core/v1 (pkg/apis/events/v1/conversion.go)
_CORE_NAMES = {
    "regarding": "involvedObject", "note": "message", "deprecatedCount": "count",
    "deprecatedSource": "source", "reportingController": "reportingComponent",
    "deprecatedFirstTimestamp": "firstTimestamp", "deprecatedLastTimestamp": "lastTimestamp",
}  # fmt: skip
ModelT = TypeVar("ModelT", bound=_Model)


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
        return scrub(json.loads(text))
    except (ValueError, RecursionError) as error:
        raise MalformedError(f"not JSON: {error}") from None


def scrub(value: object) -> object:
    """`value` with a question mark for each half of a surrogate pair in it."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, Mapping):
        return {scrub(key): scrub(item) for key, item in value.items()}
    if isinstance(value, list):
        return [scrub(item) for item in value]
    return value


def read_event(raw: Mapping[str, Any]) -> EventObject:
    """An Event of either API. Raises MalformedError with what is wrong, in one line."""
    if "regarding" in raw:
        raw = {_CORE_NAMES.get(name, name): value for name, value in raw.items()}
    return read(EventObject, raw)


def read(model: type[ModelT], raw: object) -> ModelT:
    """Validate `raw` as `model`. Raises MalformedError with what is wrong, in one line."""
    try:
        made: ModelT = model.__pydantic_validator__.validate_python(raw)
        return made
    except ValidationError as error:
        raise MalformedError(_explain(error)) from None


def _explain(error: ValidationError) -> str:
    detail = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in detail["loc"]) or "object"
    return f"{where}: {detail['msg'].lower()}"
