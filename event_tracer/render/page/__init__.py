"""Stories as one page for a browser, which asks no network for anything."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from event_tracer.core.span import Span
from event_tracer.render.page.document import Document, document, embedded
from event_tracer.render.page.story import story


def html(spans: Iterable[Span], *, events: Mapping[str, Mapping[str, Any]], title: str) -> str:
    """The page of `spans`; `events` are raw Events by uid, of which it keeps those they tell of.

    Whatever must not be told, redacted, is to be so in `events` too.
    """
    traces: dict[bytes, list[Span]] = {}
    for span in spans:
        traces.setdefault(span.trace_id, []).append(span)
    told = [story(each, events=events) for each in traces.values()]
    return document({"title": title, "stories": told}, title=title).text


def story_json(spans: Sequence[Span], *, events: Mapping[str, Mapping[str, Any]]) -> str:
    """One trace's spans, of which there is one at least, as the page takes them: on one line."""
    return embedded(story(spans, events=events))


def live(*, title: str) -> Document:
    """The page that asks the server it came from for its stories."""
    return document({"title": title, "live": True, "stories": []}, title=title, connects=True)
