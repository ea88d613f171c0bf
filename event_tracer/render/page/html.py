"""The two pages: of stories that are over, all in one file, and of a run as it goes on."""

from collections.abc import Iterable

from event_tracer.core.span import Span
from event_tracer.core.traces import TraceBuffer
from event_tracer.render.page.document import Document, document
from event_tracer.render.page.story import Events, story


def story_page(spans: Iterable[Span], *, events: Events, title: str) -> str:
    """The page of `spans`, with the raw Events of these spans out of `events`.

    Messages that are redacted in the spans must be so in `events` too.
    """
    buffer = TraceBuffer()
    traces = [tuple(buffer.spans(trace_id).values()) for trace_id in buffer.add(spans)]
    stories = [story(trace, events=events) for trace in traces]
    return document({"title": title, "stories": stories}, title=title).text


def live_page(*, title: str) -> Document:
    """The page that asks the server it came from for its stories."""
    return document({"title": title, "live": True, "stories": []}, title=title, connects=True)
