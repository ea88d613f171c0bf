"""Captures of whole objects, and the truth about each story in them."""

import json
from collections.abc import Iterable, Sequence
from functools import cache
from io import BytesIO
from typing import NamedTuple

from event_tracer.core.frame import Item
from event_tracer.core.span import Span
from event_tracer.core.story import Stories
from event_tracer.core.times import SECOND, parse_timestamp, second_of
from event_tracer.core.traces import traces_of
from event_tracer.recording.reader import Problem, items
from tests.scenarios.folding import RECORDINGS, attributes

FOLDER = RECORDINGS / "status"


class Truth(NamedTuple):
    """What became of one story, by a program that shares nothing with the project.

    `end` is its last occurrence (s), of a failed one a lower bound; `complete_at` (s) is when its
    generation was complete for the first time.
    """

    file: str
    kind: str
    name: str
    verb: str
    second: int
    outcome: str
    end: float
    complete_at: int | None
    errors: Sequence[str]

    def __str__(self) -> str:
        return f"{self.file}-{self.verb}-{self.name}-{self.second % 10_000}"


TRUTH = tuple(
    Truth(**json.loads(line)) for line in (FOLDER / "truth.jsonl").read_text().splitlines()
)
CAPTURES = tuple(sorted(path.name.removesuffix(".jsonl.gz") for path in FOLDER.glob("*.gz")))


class Told(NamedTuple):
    """A story as its root span tells it. `end` and `completed_after` in s."""

    root: Span
    title: str
    verb: str
    second: int
    outcome: str
    end: float
    completed_after: float | None

    @property
    def cause(self) -> dict[str, str]:
        """`reason`, `message` and `object` of its cause."""
        prefix = "event_tracer.cause."
        found = attributes(self.root)
        return {
            key.removeprefix(prefix): str(found[key]) for key in found if key.startswith(prefix)
        }


def read(name: str) -> tuple[Item, ...]:
    """All items of a capture, as `replay` reads them."""
    problems: list[Problem] = []
    path = str(FOLDER / f"{name}.jsonl.gz")
    found = tuple(items([path], stdin=BytesIO(), on_problem=problems.append))
    assert not problems
    return found


def spans_of(given: Iterable[Item]) -> tuple[Span, ...]:
    """All spans of a stream of items, as `replay` groups them."""
    return tuple(span for trace in traces_of(given, Stories()) for span in trace)


@cache
def captured(name: str) -> tuple[Span, ...]:
    """All spans of a capture."""
    return spans_of(read(name))


def told(spans: Iterable[Span]) -> list[Told]:
    """The stories among spans, by their roots, in order of their changes."""
    found = [_told(span) for span in spans if span.kind == "object" and not span.parent_id]
    return sorted(found, key=lambda story: (story.second, story.title))


def _told(root: Span) -> Told:
    found = attributes(root)
    completed = found.get("event_tracer.completed_after")
    return Told(
        root=root,
        title=root.name,
        verb=str(found["event_tracer.change.verb"]),
        second=second_of(parse_timestamp(str(found["event_tracer.change.time"])) or 0),
        outcome=str(found["event_tracer.outcome"]),
        end=root.end / SECOND,
        completed_after=None if completed is None else float(completed),
    )


def is_verb(truth: str, verb: str) -> bool:
    """Whether a story's verb is the truth's, which knows no restart from an update."""
    return verb == truth or (truth, verb) == ("Update", "Restart")
