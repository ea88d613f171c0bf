"""What `show --follow` draws on: a terminal, in place, or a pipe, story by story."""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from types import TracebackType
from typing import Protocol

from rich.console import Console, Group
from rich.live import Live as Display
from rich.text import Text

from event_tracer.core.span import Span
from event_tracer.render.live import Live
from event_tracer.render.selection import Selection
from event_tracer.render.terminal import View, visible
from event_tracer.runtime.logs import mask

Complain = Callable[[str], None]
_MOST_SPANS = 50_000


class Board(Protocol):
    """Where stories are drawn as they grow, within `with`."""

    def __enter__(self) -> "Board": ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    async def take(self, spans: Sequence[Span]) -> None:
        """Take what has left the fold."""

    def draw(self, unsealed: Iterable[Span], *, note: str) -> None:
        """Draw all there is; `unsealed` are object spans as they are now, `note` a trouble."""


class Screen:
    """The newest stories in place, as many as the terminal has lines for."""

    def __init__(self, on: Console, view: View, selection: Selection) -> None:
        self._console = on
        self._view = view
        self._selection = selection
        self._traces: OrderedDict[bytes, dict[bytes, Span]] = OrderedDict()
        self._size = 0
        self._display = Display(console=on, auto_refresh=False, redirect_stderr=False)

    def __enter__(self) -> "Screen":
        self._display.update(Text("reading"))
        self._display.start(refresh=True)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._display.stop()

    async def take(self, spans: Sequence[Span]) -> None:
        """Take what has left the fold."""
        for span in spans:
            trace = self._traces.setdefault(span.trace_id, {})
            self._traces.move_to_end(span.trace_id)
            self._size += span.span_id not in trace
            trace[span.span_id] = span
        while self._size > _MOST_SPANS and len(self._traces) > 1:
            _, gone = self._traces.popitem(last=False)
            self._size -= len(gone)

    def draw(self, unsealed: Iterable[Span], *, note: str) -> None:
        """Draw all there is."""
        objects: dict[bytes, list[Span]] = {}
        for span in unsealed:
            objects.setdefault(span.trace_id, []).append(span)
        traces = [
            (*spans.values(), *objects.get(trace_id, ()))
            for trace_id, spans in self._traces.items()
        ]
        ordered = sorted(traces, key=lambda trace: max(span.end for span in trace))
        shown = self._selection.newest(self._selection.matching(ordered))
        lines = [
            line for trace in shown for line in self._view.lines(self._selection.lay_out(trace))
        ]
        if note or not lines:
            lines.append(Text(visible(mask(note) or "nothing has happened yet"), style="yellow"))
        room = max(self._console.height - 1, 1)
        for line in lines:
            line.no_wrap, line.overflow = True, "crop"
        self._display.update(Group(*lines[-room:]), refresh=True)


class Printer:
    """Each story once it has settled, below the one before."""

    def __init__(self, on: Console, view: View, selection: Selection, complain: Complain) -> None:
        self._complain = complain
        self._live = Live(view, lay_out=selection.lay_out_matching)
        self._console = on
        self._note = ""

    def __enter__(self) -> "Printer":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._console.file.flush()

    async def take(self, spans: Sequence[Span]) -> None:
        """Take what has left the fold."""
        if spans:
            await self._live.deliver(spans)
            self._console.file.flush()

    def draw(self, unsealed: Iterable[Span], *, note: str) -> None:
        """Tell of a trouble once."""
        if note and note != self._note:
            self._complain(note)
        self._note = note


def board(view: View, selection: Selection, *, complain: Complain) -> Board:
    """The one that suits the view's console."""
    on = view.console
    return Screen(on, view, selection) if on.is_terminal else Printer(on, view, selection, complain)
