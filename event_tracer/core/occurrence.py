"""The core's central type: something that happened to an object, once (law 1).

Each source has a module of its own, which makes occurrences of what it reads and describes them
(`event_source`); `mapping.describe` is where sources are listed. What comes after (the reorder
buffer, stories, span starts, filters, object spans) knows an Occurrence alone.
"""

from event_tracer.core.event import Event, ObjectReference
from event_tracer.core.record import Record
from event_tracer.core.span import AttributeValue
from event_tracer.core.transitions import Transition

Source = Event | Transition


class Child(Record, frozen=True):
    """An object of `kind` that a message names; `owned` where the Event's object owns it."""

    kind: str
    namespace: str
    name: str
    owned: bool


class Occurrence(Record, frozen=True):
    """Something that happened to the object `about`, once; it becomes exactly one event span.

    `time` is its end in ns, ranked within a whole second (law 3); `key` and `count` name it, and
    order those of one time. `first_time` (ns) is that of its source's first occurrence, None where
    nobody wrote one; `is_first` tells whether this is it. `type` is Normal, Warning or a writer's
    own word. `version` is the resourceVersion of what showed it, 0 where there is none; `is_status`
    tells whether that is an object's status rather than an Event.
    `generation` is that of the object `about` whose change it belongs to, where it tells one.

    Name, attributes and message are made of `source` when it leaves: a LIST has occurrences by
    the ten thousand, whose attributes would take five times the memory.
    """

    time: int
    key: str
    count: int
    about: ObjectReference
    namespace: str
    reason: str
    type: str
    service: str
    is_first: bool
    first_time: int | None
    version: int
    child: Child | None
    source: Source
    is_status: bool = False
    generation: int | None = None


class Description(Record, frozen=True):
    """Content of an event span; absent attributes are empty.

    `start` is when it began (ns), where its source states that.
    """

    span_id: bytes
    start: int | None
    name: str
    message: str
    attributes: dict[str, AttributeValue]
    is_error: bool
