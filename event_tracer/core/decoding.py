"""JSON of lines and pages → the structs of `api_types`, no more of it made than is read."""

from typing import Any, TypeVar

from msgspec import DecodeError, Raw
from msgspec.json import Decoder

from event_tracer.core.api_types import CustomObject, EventObject, WholeObject
from event_tracer.core.envelopes import EventLine, ListPage, ObjectLine, WholeLine

_PAGE = Decoder(ListPage)
_EVENT_ITEM = Decoder(EventObject)
_OBJECT_ITEM = Decoder(CustomObject)
_WHOLE_ITEM = Decoder(WholeObject)
_EVENT_LINE = Decoder(EventLine)
_OBJECT_LINE = Decoder(ObjectLine)
_WHOLE_LINE = Decoder(WholeLine)
_ANY = Decoder()
T = TypeVar("T")


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


def _read_item(decoder: Decoder[T], text: Any) -> T | None:  # bytes or, of msgspec, Raw
    # msgspec takes a third of the CPU of pydantic, 6 µs for a pod's frame of 5 KB. What it skips it
    # does not decode; and it takes no number for a string, as it makes another of 0.0 ("0.0").
    try:
        return decoder.decode(text)
    except (DecodeError, RecursionError):
        return None
