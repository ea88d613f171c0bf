"""How an object stands from second to second, as its watcher sees it in simulated time."""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from event_tracer.core.event import ObjectReference
from event_tracer.core.frame import Tick, parse_frame
from event_tracer.core.knowledge import SURE
from event_tracer.core.span import Span
from event_tracer.core.stand import Stand
from event_tracer.core.story import Stories
from tests.scenarios.fields import SECOND, Raw


class Moment(NamedTuple):
    """One second: its time (ns), how the object stands, what has left the fold, what has not."""

    now: int
    stand: Stand
    spans: list[Span]
    preview: Callable[[bytes], list[Span]]


def about(kind: str, name: str, namespace: str = "shop") -> ObjectReference:
    """An object by its name."""
    return ObjectReference(
        kind=kind, namespace=namespace, name=name, uid="", api_version="", resource_version=0,
        field_path="",
    )  # fmt: skip


def moments(
    frames: Iterable[Raw],
    what: ObjectReference,
    *,
    step: float = 1.0,
    after: float = 5.0,
    patience: int = SURE,
) -> Iterator[Moment]:
    """Each step from the first frame on, to `after` seconds beyond the last."""
    stories, spans, due = Stories(patience=patience), list[Span](), 0
    for raw in (*frames, None):
        due = due or (raw["received"] if raw else 0)
        end = raw["received"] if raw else due + int(after * SECOND)
        while due <= end:
            spans += stories.feed(Tick(now=due))
            yield Moment(due, stories.stand(what), spans, stories.preview)
            spans, due = [], due + int(step * SECOND)
        if raw:
            spans += stories.feed(parse_frame(raw))
