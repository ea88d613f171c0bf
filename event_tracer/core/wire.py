"""JSON of Kubernetes' API → the structs of `api_types`, no more of it made than is read."""

import json
import re
from collections.abc import Mapping
from typing import Any, TypeVar, cast

from msgspec import DecodeError, Raw, Struct
from msgspec.json import Decoder
from pydantic import ValidationError
from pydantic_core import from_json

from event_tracer import EventTracerError
from event_tracer.core.api_types import AnyObject, CustomObject, EventObject, WholeObject
from event_tracer.core.envelopes import EventLine, ListPage, ObjectLine, WholeLine
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
_PAGE = Decoder(ListPage)
_EVENT_ITEM = Decoder(EventObject)
_OBJECT_ITEM = Decoder(CustomObject)
_WHOLE_ITEM = Decoder(WholeObject)
_EVENT_LINE = Decoder(EventLine)
_OBJECT_LINE = Decoder(ObjectLine)
_WHOLE_LINE = Decoder(WholeLine)
_ANY = Decoder()
T = TypeVar("T")
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


def value_of(unread: object) -> object:
    """The value of what a line's reading has left as JSON."""
    return _ANY.decode(unread) if isinstance(unread, Raw) else unread


def read_event_line(text: bytes) -> EventLine | None:
    """JSON of a watch's line, no more of it made than is read; None where that is not enough."""
    return _read_line(_EVENT_LINE, text)


def read_object_line(text: bytes) -> ObjectLine | None:
    """The same of any other object."""
    return _read_line(_OBJECT_LINE, text)


def read_whole_line(text: bytes) -> WholeLine | None:
    """The same of an object whose status is read."""
    return _read_line(_WHOLE_LINE, text)


def read_page(text: bytes) -> ListPage | None:
    """JSON of a page of a LIST, none of its items read; None where it is not as nearly all are."""
    return _read_line(_PAGE, text)


def read_event_item(unread: Raw) -> EventObject | None:
    """An item of such a page, no more of it made than is read; None where that is not enough."""
    return _read_item(_EVENT_ITEM, unread)


def read_object_item(unread: Raw) -> CustomObject | None:
    """The same of any other object."""
    return _read_item(_OBJECT_ITEM, unread)


def read_whole_item(unread: Raw) -> WholeObject | None:
    """The same of an object whose status is read."""
    return _read_item(_WHOLE_ITEM, unread)


def _read_line(decoder: Decoder[T], text: bytes) -> T | None:
    try:
        if not text.isascii():
            text.decode()
    except UnicodeDecodeError:
        return None
    return _read_item(decoder, text)


def _read_item(decoder: Decoder[T], text: bytes) -> T | None:
    # msgspec takes a third of the CPU of pydantic, 6 µs for a pod's frame of 5 KB. What it skips it
    # does not decode; and it takes no number for a string, as it makes another of 0.0 ("0.0").
    try:
        return decoder.decode(text)
    except (DecodeError, RecursionError):
        return None


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
