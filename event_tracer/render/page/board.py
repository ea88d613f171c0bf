"""The newest stories of a run, as the page is told of them; in bounded memory."""

import asyncio
import json
import secrets
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from event_tracer.core.redaction import Kept, Redaction
from event_tracer.core.span import Span
from event_tracer.render.page import story_json


@dataclass(slots=True)
class _Story:
    """One story's sealed spans; `text` is what the page is told, empty where that is outdated."""

    spans: dict[bytes, Span] = field(default_factory=dict)
    version: int = 0
    text: str = ""


class Board:
    """Takes spans and holds the `most` newest.

    A story that changes moves to the end, and has a version of its own then.

    `unsealed` gives the object spans of a trace that are not sealed yet. `changed` is set once
    something has changed, and is another then; `forgotten` counts the stories that had no room.
    `name` tells this board from that of a run before.
    """

    def __init__(self, *, most: int) -> None:
        self.unsealed: Callable[[bytes], Iterable[Span]] = lambda _: ()
        self.changed = asyncio.Event()
        self.forgotten = 0
        self.name = secrets.token_hex(4)
        self._kept = Kept(Redaction(()))
        self._most = most
        self._stories: OrderedDict[bytes, _Story] = OrderedDict()
        self._size = 0
        self._version = 0

    def keep(self, redact: Redaction) -> Kept:
        """What redacts frames, and keeps the Events among them for the page."""
        self._kept = Kept(redact, most=self._most)
        return self._kept

    def take(self, spans: Sequence[Span]) -> None:
        """Take what has left the fold."""
        for span in spans:
            story = self._stories.setdefault(span.trace_id, _Story())
            self._size += span.span_id not in story.spans
            story.spans[span.span_id] = span
        for trace_id in dict.fromkeys(span.trace_id for span in spans):
            self._version += 1
            story = self._stories[trace_id]
            story.version, story.text = self._version, ""
            self._stories.move_to_end(trace_id)
        self._forget()
        self.changed.set()
        self.changed = asyncio.Event()

    def _forget(self) -> None:
        while self._size > self._most and len(self._stories) > 1:
            _, gone = self._stories.popitem(last=False)
            self._size -= len(gone.spans)
            self.forgotten += 1
        while self._size > self._most:  # of one story that has it all, the earliest
            (story,) = self._stories.values()
            del story.spans[next(iter(story.spans))]
            self._size -= 1

    # -- what a reader is told

    def known(self) -> str:
        """The ids of all stories, as JSON."""
        return json.dumps([trace_id.hex() for trace_id in self._stories])

    def since(self, version: int) -> list[tuple[int, bytes]]:
        """The stories that have changed since, by their versions then, in order."""
        news = []
        for trace_id, story in reversed(self._stories.items()):
            if story.version <= version:
                break
            news.append((story.version, trace_id))
        return news[::-1]

    def text(self, trace_id: bytes) -> str:
        """A story as JSON on one line; empty where it has been forgotten."""
        story = self._stories.get(trace_id)
        if story is None:
            return ""
        if not story.text:
            unsealed = {span.span_id: span for span in self.unsealed(trace_id)}
            spans = tuple((unsealed | story.spans).values())
            story.text = story_json(spans, events=self._kept.events)
        return story.text
