"""The newest stories and raw Events of a run, for its page; in bounded memory."""

import asyncio
import json
import secrets
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from event_tracer.core.filters import Redact
from event_tracer.core.frame import holds_event
from event_tracer.core.span import Span
from event_tracer.core.traces import TraceBuffer
from event_tracer.core.wire import without_managed_fields
from event_tracer.render.page.document import embedded
from event_tracer.render.page.story import Events, story

_RENEWED = 25  # stories at a time


class RawEvents:
    """Redacts raw frames and keeps their Events: the newest, each as it was last.

    `by_uid` has `max_events` of them at most, all where that is None.
    """

    def __init__(self, redact: Redact, *, max_events: int | None = None) -> None:
        self.by_uid: OrderedDict[str, Mapping[str, Any]] = OrderedDict()
        self._redact = redact
        self._max_events = max_events

    def __call__(self, raw: Mapping[str, Any]) -> Mapping[str, Any]:
        """The frame with its message redacted."""
        clean = self._redact(raw)
        if holds_event(clean):
            self._keep(clean["object"])
        return clean

    def _keep(self, event: object) -> None:
        meta = event.get("metadata") if isinstance(event, Mapping) else None
        uid = meta.get("uid") if isinstance(meta, Mapping) else None
        if not isinstance(event, Mapping) or not isinstance(uid, str) or not uid:
            return
        self.by_uid[uid] = without_managed_fields(event)
        self.by_uid.move_to_end(uid)
        if self._max_events is not None and len(self.by_uid) > self._max_events:
            self.by_uid.popitem(last=False)


class StoryStore:
    """The newest stories, `max_spans` spans at most.

    A story that changes moves to the end and gets a version of its own. `events` are raw Events by
    uid; `preview` gives the object spans of a trace that are not sealed yet.

    `changed` is set at the next change, and replaced by another then; `forgotten` counts the
    stories that had no room; `name` is another in each run.
    """

    def __init__(
        self,
        *,
        max_spans: int,
        events: Events = MappingProxyType({}),
        preview: Callable[[bytes], Iterable[Span]] = lambda _: (),
    ) -> None:
        self.changed = asyncio.Event()
        self.forgotten = 0
        self.name = secrets.token_hex(4)
        self._events = events
        self._preview = preview
        self._buffer = TraceBuffer(max_spans=max_spans)
        self._versions: dict[bytes, int] = {}  # in the order of the changes
        self._texts: dict[bytes, str] = {}
        self._open: dict[bytes, None] = {}  # of those that have a text, by the age of that
        self._version = 0

    def take(self, spans: Sequence[Span]) -> None:
        """Take in spans that have left the fold."""
        for trace_id in self._buffer.add(spans):
            self._forget(trace_id)
            self._number(trace_id)
        for trace_id in self._buffer.evict():
            self._forget(trace_id)
            self.forgotten += 1
        self._buffer.trim()
        self._wake()

    def renew(self) -> None:
        """Tell anew what is under way: how far it has come changes as time goes on.

        Of many the next few, so that what else the run does need not wait.
        """
        is_news = False
        for trace_id in tuple(self._open)[:_RENEWED]:
            before = self._texts.pop(trace_id)
            if self.text(trace_id) != before:
                self._number(trace_id)
                is_news = True
        if is_news:
            self._wake()

    def _number(self, trace_id: bytes) -> None:
        self._version += 1
        self._versions.pop(trace_id, None)
        self._versions[trace_id] = self._version

    def _forget(self, trace_id: bytes) -> None:
        self._versions.pop(trace_id, None)
        self._texts.pop(trace_id, None)
        self._open.pop(trace_id, None)

    def _wake(self) -> None:
        self.changed.set()
        self.changed = asyncio.Event()

    # -- read by the server

    def known(self) -> str:
        """The ids of all stories, as JSON."""
        return json.dumps([trace_id.hex() for trace_id in self._versions])

    def since(self, version: int) -> list[tuple[int, bytes]]:
        """The stories that have changed since, by their versions, in order."""
        news = []
        for trace_id, changed in reversed(self._versions.items()):
            if changed <= version:
                break
            news.append((changed, trace_id))
        return news[::-1]

    def text(self, trace_id: bytes) -> str:
        """A story as JSON on one line; empty where it has been forgotten."""
        if trace_id not in self._versions:
            return ""
        if trace_id not in self._texts:
            unsealed = {span.span_id: span for span in self._preview(trace_id)}
            self._open.pop(trace_id, None)
            if unsealed:
                self._open[trace_id] = None
            spans = tuple({**unsealed, **self._buffer.spans(trace_id)}.values())
            self._texts[trace_id] = embedded(story(spans, events=self._events))
        return self._texts[trace_id]
