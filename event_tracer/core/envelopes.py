"""What the API server puts objects into: the lines of a watch, the pages of a LIST.

Apart from api_types.py, as pydantic reads none of these.
"""

from typing import Literal, Required, TypedDict

from msgspec import Raw

from event_tracer.core.api_types import CustomObject, EventObject, WholeObject
from event_tracer.core.record import Record

ChangeType = Literal["ADDED", "MODIFIED", "DELETED"]
"""What a line tells that is no bookmark and no error."""


class EventLine(Record, frozen=True):
    """A line of a watch of Events."""

    type: ChangeType
    object: EventObject


class ObjectLine(Record, frozen=True):
    """A line of a watch of anything else."""

    type: ChangeType
    object: CustomObject


class WholeLine(Record, frozen=True):
    """A line of a watch of objects whose status is read."""

    type: ChangeType
    object: WholeObject


ListMeta = TypedDict(
    "ListMeta", {"resourceVersion": Required[str], "continue": str | None}, total=False
)
"""metav1.ListMeta, as far as a LIST of many pages needs it."""


class ListPage(TypedDict, total=False):
    """A page of a LIST, its items unread; a dict, as one that is decoded otherwise is."""

    metadata: Required[ListMeta]
    items: list[Raw] | None
