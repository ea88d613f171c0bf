"""One story as the page takes it, for JSON: its rows, its spans and their raw Events."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from event_tracer.core.span import Attributes, AttributeValue, Span, text_of
from event_tracer.core.times import MICROSECOND, rfc3339
from event_tracer.core.wire import without_managed_fields
from event_tracer.render.outcome import last_word
from event_tracer.render.page.kubectl import Container, commands, restarted
from event_tracer.render.page.telling import telling
from event_tracer.render.waterfall import Row, Waterfall, waterfall

Events = Mapping[str, Mapping[str, Any]]
_MILLISECOND = 1_000 * MICROSECOND
_NOT_WELL = frozenset({"failed", "progressing"})


class _Tables:
    """Texts and resources by number, as a story has each many times."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}
        self.resources: dict[Attributes, int] = {}

    def of(self, text: str) -> int:
        return self.numbers.setdefault(text, len(self.numbers))

    def pairs(self, pairs: Attributes) -> list[int]:
        return [self.of(text) for key, value in pairs for text in (key, _text(value))]

    def resource(self, resource: Attributes) -> int:
        return self.resources.setdefault(resource, len(self.resources))


def _text(value: AttributeValue) -> str:
    return ", ".join(value) if isinstance(value, tuple) else str(value)


def story(spans: Sequence[Span], *, events: Events) -> dict[str, Any]:
    """One trace's spans, at least one, with the raw Events of these spans out of `events`.

    Times are ns since the story's start, which JavaScript's numbers hold for a hundred days.

    After its title stand `says` (`complete in 42 s`) and `cause`: why it failed, or how far it has
    come. `about` is the root, which many stories may have. A row's `lines` are those of its
    `messages` that its name does not tell, `waits` what was waited before each of its spans (a
    pod from its container's start until it is ready), `since` the time (ms since 1970) of
    its first occurrence where that lies before the story.
    """
    trace, tables = waterfall(spans), _Tables()
    came_back = restarted(spans)
    rows = [_row(row, trace, tables, came_back) for row in trace.rows]
    raw = {uid: without_managed_fields(events[uid]) for uid in _uids(spans) if uid in events}
    return {
        "id": trace.trace_id,
        **_title(trace),
        **_times(trace),
        "spans": len(spans),
        "warnings": sum(span.error is not None and span.kind == "event" for span in spans),
        "services": list(dict.fromkeys(row.service for row in trace.rows)),
        "kinds": list(dict.fromkeys(_kinds(spans))),
        "namespaces": list(dict.fromkeys(_namespaces(spans))),
        "rows": rows,
        "resources": [tables.pairs(resource) for resource in tables.resources],
        "events": raw,
        "texts": list(tables.numbers),
    }


def _title(trace: Waterfall) -> dict[str, Any]:
    return {
        "title": trace.title,
        "namespace": trace.namespace,
        "about": trace.about,
        "group": f"{trace.title} {_identity(trace.rows[0].spans[0])}",
        "outcome": trace.outcome,
        "rank": int(last_word(trace.outcome) != "failed"),
        "telling": _telling(trace),
        "says": trace.heading.says,
        "cause": trace.heading.why,
    }


def _times(trace: Waterfall) -> dict[str, Any]:
    return {
        "start": rfc3339(trace.start),
        "began": rfc3339(trace.start // _MILLISECOND * _MILLISECOND),
        "ms": trace.start // _MILLISECOND,
        "newest": trace.end // _MILLISECOND,
        "length": trace.end - trace.start,
        "took": trace.took,
    }


def _telling(trace: Waterfall) -> str:
    """The id of the span to look at first; empty where all is well."""
    if last_word(trace.outcome) not in _NOT_WELL:
        return ""
    found = telling(trace.rows[0].spans[0], (span for row in trace.rows for span in row.spans))
    return found.span_id.hex() if found else ""


def _identity(root: Span) -> str:
    names = ("k8s.namespace.name", "k8s.object.name", "k8s.object.uid")
    return " ".join(text_of(root.attributes, name) for name in names)


def _row(
    row: Row, trace: Waterfall, tables: _Tables, came_back: Collection[Container]
) -> dict[str, Any]:
    facts = {
        "depth": len(row.last),
        "service": tables.of(row.service),
        "name": tables.of(row.title),
        "repeats": row.note,
        "outcome": row.outcome,
        "messages": [tables.of(message) for message in row.messages],
        "lines": [tables.of(line) for line in row.lines],
        "waits": [[start - trace.start, end - trace.start] for start, end in row.waits],
        "since": None if row.since is None else row.since // _MILLISECOND,
        "later": None if row.later is None else row.later - trace.start,
        "first": None if row.first is None else row.first - trace.start,
        "at": trace.at(row),
        "took": row.took,
        "commands": list(commands(row.spans[0], restarted=came_back)),
        "spans": [_span(span, trace, tables) for span in row.spans],
    }
    return {key: value for key, value in facts.items() if value not in ("", [], None)}


def _span(span: Span, trace: Waterfall, tables: _Tables) -> list[Any]:
    """Id, start, end, number of the resource, attributes, error."""
    return [
        span.span_id.hex(),
        span.start - trace.start,
        span.end - trace.start,
        tables.resource(span.resource),
        tables.pairs(span.attributes),
        -1 if span.error is None else tables.of(span.error),
    ]


def _kinds(spans: Iterable[Span]) -> Iterator[str]:
    return filter(None, (text_of(span.attributes, "k8s.object.kind") for span in spans))


def _namespaces(spans: Iterable[Span]) -> Iterator[str]:
    return (text_of(span.attributes, "k8s.namespace.name") for span in spans)


def _uids(spans: Iterable[Span]) -> Iterator[str]:
    return filter(None, (text_of(span.attributes, "k8s.event.uid") for span in spans))
