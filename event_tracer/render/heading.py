"""What stands after the name of a story: its outcome with its length, and why.

One function for all who show a story: the terminal, the page, `run --to console`.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from event_tracer.core.span import Attributes, Span, text_of
from event_tracer.core.times import SECOND, human
from event_tracer.core.verdict import lower_kind
from event_tracer.render.outcome import Later, about_of, again_of
from event_tracer.render.rows import Row

_FAILED = "failed"
_COUNTED = re.compile(r"\d (?:restarts?|tries|times)$")
_LONG = 10 * SECOND  # of a completion, from which on one asks what took so long


class Heading(NamedTuple):
    """`says` is like `complete in 42 s` or `complete, then failed after 12 m`.

    `why` is why it failed, how far it has come, or what took long; empty where nothing tells.
    """

    says: str
    why: str


def heading_of(root: Span, later: Later | None, *, start: int, rows: Sequence[Row] = ()) -> Heading:
    """The heading of a story that began at `start` (ns), by its root, what came later, its rows."""
    outcome, attributes = text_of(root.attributes, "event_tracer.outcome"), root.attributes
    if later:
        why = later.cause.text(of=about_of(root)) if later.cause else ""
        return Heading(f"{outcome}, then {later.word} after {in_words(later.time - start)}", why)
    if outcome == _FAILED:
        return Heading(outcome, _failure(root, rows))
    if outcome == "complete" and (took := _completed_after(root)) is not None:
        return Heading(f"{outcome} in {in_words(took)}", _slowest(rows, start=start, took=took))
    return Heading(outcome, text_of(attributes, "event_tracer.progress"))


def _failure(root: Span, rows: Sequence[Row]) -> str:
    """The cause of a failure; what it counts ends with the root, and what came later is added."""
    why, message = root.error or "", text_of(root.attributes, "event_tracer.cause.message")
    if not _COUNTED.search(message) or not why.startswith(message):
        return why
    under = (span for row in rows for span in row.spans if span.kind == "event")
    again = again_of(root, under)
    return f"{message}, then {again:,} more{why[len(message) :]}" if again else why


def _slowest(rows: Sequence[Row], *, start: int, took: int) -> str:
    """The step that took most of a completion, if that was long and one did."""
    steps = [
        (until - since, said, row) for row in rows if (said := _step(row))
        for since, until in row.waits or row.intervals if until <= start + took + SECOND
    ]  # fmt: skip
    length, said, row = max(steps, key=lambda step: step[0], default=(0, "", None))
    if row is None or took < _LONG or length < took / 2:
        return ""
    return f"{said} took {in_words(length)} ({lower_kind(about_of(row.spans[0]))})"


def _step(row: Row) -> str:
    """A step that a completion waits for, in words; of a container's life only an init one's."""
    if row.name.startswith("Terminated") and row.container.startswith("init "):
        return f"init container {row.container.removeprefix('init ')}"
    if row.name == "Pulled":
        return f'pulling image "{row.image}"' if row.image else "pulling its image"
    return {"Ready": "becoming ready", "Scheduled": "scheduling"}.get(row.name, "")


def _completed_after(root: Span) -> int | None:
    """Time (ns) from the change to its completion; of a deletion all that its story took."""
    seconds = _number(root.attributes, "event_tracer.completed_after")
    if seconds is not None:
        return max(seconds, 1) * SECOND  # both ends are whole seconds
    is_deletion = text_of(root.attributes, "event_tracer.change.verb") == "Delete"
    return root.end - root.start if is_deletion else None


def in_words(duration: int) -> str:
    """ns → whole seconds, minutes or hours as in a sentence: `42 s`, `1m45s`, `12 m`, `2h05m`."""
    seconds = max(round(duration / SECOND), 1)
    if seconds < 60:
        return f"{seconds} s"
    if seconds >= 600:
        seconds -= seconds % 60
    text = human(seconds * SECOND)
    return f"{text[:-1]} {text[-1]}" if text[:-1].isdecimal() else text


def _number(attributes: Attributes, name: str) -> int | None:
    return next((v for k, v in attributes if k == name and isinstance(v, int)), None)
