"""What the outcome of a story rests on that others know (law 6). Times are ns."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from event_tracer.core.changes import Change
from event_tracer.core.histories import Story
from event_tracer.core.repeats import Repeat
from event_tracer.core.story_errors import FactsOf
from event_tracer.core.times import SECOND

SURE = 120 * SECOND
"""Time (ns) for which an error beyond doubt stands until it ends the story, unless told else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Knowledge:
    """What outcome asks of others.

    `facts_of` gives the facts of an object, `repeats` its errors of which not each time was seen;
    `next_change` the change that ends a story, `previous` the trace of the story before one.
    `patience` is the time (ns) for which an error beyond doubt stands until it ends the story.
    """

    facts_of: FactsOf
    repeats: Callable[[str], Iterable[Repeat]]
    next_change: Callable[[Story], Change | None]
    previous: Callable[[Story], bytes | None]
    patience: int = SURE
