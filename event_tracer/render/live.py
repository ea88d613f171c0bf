"""Stories as they happen: each once it has settled, or the newest in place on a terminal."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

from rich.console import Group
from rich.live import Live
from rich.text import Text

from event_tracer.core.span import Span
from event_tracer.core.traces import Trace, TraceBuffer
from event_tracer.export.delivery import Answer
from event_tracer.render.lines import visible
from event_tracer.render.listing import lay_out, listed
from event_tracer.render.selection import Selection
from event_tracer.render.terminal import View
from event_tracer.render.waterfall import Waterfall
from event_tracer.runtime.logs import Complain, mask

MAX_SPANS = 50_000


class LiveView(Protocol):
    """Draws stories as they grow."""

    def update(self, spans: Sequence[Span], unsealed: Iterable[Span], *, note: str) -> None:
        """Take in `spans` and draw.

        `unsealed` are all object spans that are not sealed, as they are now; `note` is a trouble.
        """


class SettledPrinter:
    """Draws a trace when it has settled: its root, and what comes later.

    Repeats under what has settled are drawn again once the trace is twice as long. `lay_out` gives
    None for a trace that nobody wants to see.
    """

    def __init__(
        self,
        view: View,
        *,
        lay_out: Callable[[Sequence[Span]], Waterfall | None],
        complain: Complain = lambda note: None,
        max_spans: int = MAX_SPANS,
    ) -> None:
        self._view = view
        self._lay_out = lay_out
        self._complain = complain
        self._note = ""
        self._buffer = TraceBuffer(max_spans=max_spans)
        self._drawn: dict[bytes, int] = {}  # the number of the trace's spans then

    async def deliver(self, spans: Sequence[Span]) -> Answer:
        """Draw what has settled with these."""
        self._draw_settled(spans)
        return Answer(accepted=True)

    def update(self, spans: Sequence[Span], unsealed: Iterable[Span], *, note: str) -> None:
        """Draw what has settled with `spans`; complain of a new `note`."""
        self._draw_settled(spans)
        if note and note != self._note:
            self._complain(note)
        self._note = note

    def _draw_settled(self, spans: Sequence[Span]) -> None:
        with_object = {span.trace_id for span in spans if span.kind == "object"}
        for trace_id in self._buffer.add(spans):
            if self._is_due(trace_id, has_object=trace_id in with_object):
                self._draw(trace_id)
        for trace_id in self._buffer.evict():
            self._drawn.pop(trace_id, None)

    def _is_due(self, trace_id: bytes, *, has_object: bool) -> bool:
        trace = self._buffer.spans(trace_id)
        # An object span leaves when it has settled, so all parents are there when all have.
        is_whole = all(not span.parent_id or span.parent_id in trace for span in trace.values())
        return is_whole and (has_object or len(trace) >= 2 * self._drawn.get(trace_id, 0))

    def _draw(self, trace_id: bytes) -> None:
        spans = tuple(self._buffer.spans(trace_id).values())
        self._drawn[trace_id] = len(spans)
        if trace := self._lay_out(spans):
            self._view.show(trace)


class InPlaceView:
    """The first of the selected stories in place, as many as the terminal has lines for."""

    def __init__(self, display: Live, view: View, selection: Selection) -> None:
        self._display = display
        self._view = view
        self._selection = selection
        self._buffer = TraceBuffer(max_spans=MAX_SPANS)

    def update(self, spans: Sequence[Span], unsealed: Iterable[Span], *, note: str) -> None:
        """Draw all there is, a trouble or that there is nothing in the last line."""
        self._buffer.add(spans)
        self._buffer.evict()
        wanted = self._selection.matching(self._traces(unsealed))
        pictures = (lay_out(self._selection, each) for each in listed(self._selection, wanted))
        lines = [line for picture in pictures for line in self._view.lines(picture)]
        last = [mask(note) or "nothing has happened yet"] if note or not lines else []
        room = max(self._view.console.height - 1, 1)
        lines = lines[: max(room - len(last), 0)]
        lines += [Text(visible(each), style="yellow") for each in last]
        for line in lines:
            line.no_wrap, line.overflow = True, "crop"
        self._display.update(Group(*lines), refresh=True)

    def _traces(self, unsealed: Iterable[Span]) -> list[Trace]:
        objects = TraceBuffer()
        objects.add(unsealed)
        return [
            tuple({**objects.spans(trace_id), **self._buffer.spans(trace_id)}.values())
            for trace_id in self._buffer
        ]


@contextmanager
def live_view(view: View, selection: Selection, *, complain: Complain) -> Iterator[LiveView]:
    """Stories on the view's console: in place on a terminal, else each once it has settled."""
    if not view.console.is_terminal:
        yield SettledPrinter(view, lay_out=selection.lay_out_matching, complain=complain)
        return
    reading = Text("reading")
    with Live(reading, console=view.console, auto_refresh=False, redirect_stderr=False) as display:
        yield InPlaceView(display, view, selection)
