"""JSON of lines and pages → the structs of `api_types`, no more of it made than is read."""

from typing import Any, TypeVar

from msgspec import DecodeError, Raw
from msgspec.json import Decoder

from event_tracer.core.api_types import CustomObject, EventObject, WholeObject
from event_tracer.core.envelopes import EventLine, ListPage, ObjectLine, WholeLine

LIST_PAGE = Decoder(ListPage)
"""A page of a LIST, none of whose items is read."""
EVENT_LINE = Decoder(EventLine)
OBJECT_LINE = Decoder(ObjectLine)
WHOLE_LINE = Decoder(WholeLine)
"""Lines of a watch: of an Event, of any other object, of one whose status is read."""
EVENT_ITEM = Decoder(EventObject)
OBJECT_ITEM = Decoder(CustomObject)
WHOLE_ITEM = Decoder(WholeObject)
"""Items of a page, likewise."""
_ANY = Decoder()
T = TypeVar("T")


def value_of(unread: object) -> object:
    """The value of what a line's reading has left as JSON."""
    return _ANY.decode(unread) if isinstance(unread, Raw) else unread


def read_text(decoder: Decoder[T], text: bytes) -> T | None:
    """A line or a page, as its JSON came; None where it is not as nearly all are."""
    try:
        if not text.isascii():
            text.decode()
    except UnicodeDecodeError:
        return None
    return read_item(decoder, text)


def read_item(decoder: Decoder[T], unread: Any) -> T | None:
    """An item of a page that was read, as JSON (bytes or msgspec's Raw); None as above."""
    # msgspec takes a third of the CPU of pydantic, 6 µs for a pod's frame of 5 KB. What it skips it
    # does not decode; and it takes no number for a string, as it makes another of 0.0 ("0.0").
    try:
        return decoder.decode(unread)
    except (DecodeError, RecursionError):
        return None
