"""What of a story tells why it went as it did: its errors, folded, the most telling first."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from event_tracer.core.span import Span, text_of
from event_tracer.core.tables import COMBINED
from event_tracer.render.outcome import about_of, error_kind, reason_of
from event_tracer.render.waterfall import Row

_DONE = frozenset({"RolloutComplete", "Completed"})
_VARIES = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")  # uids of pods


@dataclass(frozen=True, slots=True, kw_only=True)
class Clue:
    """Occurrences that say the same of one object, or of several of one kind.

    Times are ns; `spans` are the oldest first, `messages` differ, the newest last.
    """

    step: str
    container: str
    is_error: bool
    count: int
    objects: int
    first: int
    last: int
    messages: tuple[str, ...]
    spans: tuple[Span, ...]

    @property
    def exit_codes(self) -> tuple[int, ...]:
        """The exit codes that differ."""
        codes = (
            value for span in self.spans for name, value in span.attributes
            if name == "event_tracer.container.exit_code" and isinstance(value, int)
        )  # fmt: skip
        return tuple(dict.fromkeys(codes))

    @property
    def event_uids(self) -> tuple[str, ...]:
        """The uids of the Events, the oldest first; a status has none."""
        uids = (text_of(span.attributes, "k8s.event.uid") for span in self.spans)
        return tuple(dict.fromkeys(filter(None, uids)))


def clues_of(rows: Sequence[Row], *, below: Span, objects: Mapping[bytes, Row]) -> tuple[Clue, ...]:
    """The errors below an object, and completions; `objects` are the object rows by span id."""
    groups: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        if not row.outcome and _tells(row) and _is_below(row.spans[0], below, objects):
            groups.setdefault(_key(row), []).append(row)
    return tuple(sorted(map(_clue, groups.values()), key=_order))


def is_explained_by(span: Span, clue: Clue) -> bool:
    """Whether the cause that an object's span states is told by this clue."""
    reason = text_of(span.attributes, "event_tracer.cause.reason")
    about = text_of(span.attributes, "event_tracer.cause.object")
    if not span.error or (reason and clue.step != reason):
        return False
    # What a root alone states: of all else the most telling comes first.
    return any(each.error is not None and about in ("", about_of(each)) for each in clue.spans)


def _tells(row: Row) -> bool:
    return bool(row.messages) or reason_of(row.spans[0]) in _DONE


def _is_below(span: Span, above: Span, objects: Mapping[bytes, Row]) -> bool:
    at: Span | None = span
    while at is not None and at.span_id != above.span_id:
        row = objects.get(at.parent_id)
        at = row.spans[0] if row else None
    # What has lost its parent stands beside the root.
    return at is not None or not above.parent_id


def _key(row: Row) -> tuple[str, ...]:
    span = row.spans[0]
    kind, container = (
        text_of(span.attributes, name) for name in ("k8s.object.kind", "k8s.container.name")
    )
    return row.name, row.service, kind, container, _plain(row.messages[-1:], span)


def _plain(messages: Sequence[str], span: Span) -> str:
    """A message without the names of what it is about: of siblings the same."""
    name = text_of(span.attributes, "k8s.object.name")
    text = messages[0] if messages else ""
    return _VARIES.sub("*", text.replace(name, "*") if name else text)


def _clue(rows: list[Row]) -> Clue:
    spans = sorted((span for row in rows for span in row.spans), key=lambda span: span.end)
    newest = max(rows, key=lambda row: row.end)
    first = rows[0].spans[0]
    # A row's messages may name things that are made anew each time: so does each pod of a quota.
    seen = dict.fromkeys(_shortened(newest))
    return Clue(
        step=first.name,
        container=text_of(first.attributes, "k8s.container.name"),
        is_error=bool(newest.messages),
        count=sum(max(row.count, 1) for row in rows),
        objects=len({about_of(row.spans[0]) for row in rows}),
        first=min(row.moment for row in rows),
        last=newest.end,
        messages=tuple(seen),
        spans=tuple(spans),
    )


def _shortened(row: Row) -> Iterator[str]:
    """The messages of a row that differ in more than generated words, the newest last."""
    known: dict[str, str] = {}
    for message in row.messages:
        key = _GENERATED.sub("*", message.removeprefix(COMBINED))
        known.pop(key, None)
        known[key] = message
    yield from known.values()


_GENERATED = re.compile(r"-[bcdfghjklmnpqrstvwxz2456789]{5}\b|\b\d+\b")


def _order(clue: Clue) -> tuple[bool, int, int]:
    return not clue.is_error, error_kind(clue.spans[-1]), -clue.last
