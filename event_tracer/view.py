"""Waterfalls in a terminal, as wide as it is; plain text where there is none."""

import os
import unicodedata
from dataclasses import dataclass
from typing import TextIO

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from event_tracer.core.timeline import ASCII, UNICODE, Glyphs, Scale, below, branch
from event_tracer.core.times import MICROSECOND, human, rfc3339
from event_tracer.core.waterfall import Row, Waterfall

_PLAIN_WIDTH = 120  # of a pipe or a file, which has none
_GAP = 2
_LEAST_BAR = 12
_ROOMY_BAR = 24
_MESSAGES = 3
_MESSAGE_LINES = 3
_COLOURS = (
    "cyan", "green", "magenta", "bright_blue", "bright_cyan", "bright_green", "bright_magenta",
    "blue",
)  # fmt: skip
_OUTCOMES = {"settled": "green", "pending": "yellow", "failed": "bold red"}
_ERROR = "red"
_DIM = "dim"
_MILLISECOND = 1_000 * MICROSECOND


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Leave it to the command, which ends well when its reader has seen enough."""
        raise BrokenPipeError


def console(file: TextIO, *, width: int | None = None) -> Console:
    """A console that takes every character of its input as what it is."""
    made = _Console(file=file, width=width, highlight=False, markup=False, emoji=False)
    if width is None and not made.is_terminal and "COLUMNS" not in os.environ:
        made.width = _PLAIN_WIDTH
    return made


def glyphs_for(made: Console) -> Glyphs:
    """Lines that the console's encoding can say."""
    try:
        "━•├┼└╷".encode(made.encoding)
    except UnicodeEncodeError:
        return ASCII
    return UNICODE


def visible(text: str) -> str:
    """`text` with everything that moves the cursor or turns the writing spelt out.

    What a cluster's users write into messages must not command the reader's terminal.
    """
    return "".join(_spelt(character) for character in " ".join(text.split()))


def _spelt(character: str) -> str:
    # Cc: C0, C1; Cf: bidirectional marks, zero width; Zl, Zp: line ends; Cs, Co, Cn: no text.
    if unicodedata.category(character) not in ("Cc", "Cf", "Zl", "Zp", "Cs", "Co", "Cn"):
        return character
    return character.encode("unicode_escape").decode("ascii")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layout:
    """The cells of each column; `bar` is 0 where there is no room for one."""

    who: int
    what: int
    bar: int
    at: int
    took: int


class View:
    """Draws on one console; a service keeps its colour."""

    def __init__(self, made: Console) -> None:
        self._console = made
        self._glyphs = glyphs_for(made)
        self._colours: dict[str, str] = {}

    def show(self, trace: Waterfall) -> None:
        """Draw one trace and an empty line after it."""
        layout = self._layout(trace)
        scale = Scale(start=trace.start, end=trace.end, width=layout.bar) if layout.bar else None
        self._head(trace, layout, scale)
        for number, row in enumerate(trace.rows):
            following = trace.rows[number + 1] if number + 1 < len(trace.rows) else None
            has_children = following is not None and len(following.last) > len(row.last)
            self._print(self._line(row, trace, layout, scale))
            self._messages(row, layout, has_children=has_children)
        self._print(Text())

    # -- one trace

    def _layout(self, trace: Waterfall) -> _Layout:
        rows = trace.rows
        who = max(3 * len(row.last) + cell_len(visible(row.service)) for row in rows)
        what = max(cell_len(_what(row)) for row in rows)
        at = max(len(_at(row, trace)) for row in rows)
        took = max(len(_took(row)) for row in rows)
        room = self._console.width - who - what - took - 3 * _GAP
        if room - at - _GAP >= _ROOMY_BAR:
            return _Layout(who=who, what=what, bar=room - at - _GAP, at=at, took=took)
        bar = room if room >= _LEAST_BAR else 0
        return _Layout(who=who, what=what, bar=bar, at=0 if bar else at, took=took)

    def _head(self, trace: Waterfall, layout: _Layout, scale: Scale | None) -> None:
        title = Text(visible(trace.title), style="bold")
        if trace.outcome:
            title.append("  ")
            title.append(trace.outcome, style=_OUTCOMES.get(trace.outcome, ""))
            if trace.end - trace.start > MICROSECOND:
                title.append(f" after {human(trace.end - trace.start)}", style=_DIM)
        self._print(title)
        at = rfc3339(trace.start // _MILLISECOND * _MILLISECOND)
        where = (visible(trace.namespace), f"from {at}", f"trace {trace.trace_id}")
        self._print(Text("  ".join(part for part in where if part), style=_DIM))
        if scale:
            line = " " * (layout.who + layout.what + 4) + scale.axis(glyphs=self._glyphs)
            self._print(Text(line.rstrip(), style=_DIM))

    def _line(self, row: Row, trace: Waterfall, layout: _Layout, scale: Scale | None) -> Text:
        colour = self._colour(row.service)
        line = Text().append(branch(row.last, glyphs=self._glyphs), style=_DIM)
        service = Text(visible(row.service), style=colour)
        if scale is None:
            return self._narrow(row, trace, line.append_text(service))
        line.append_text(service).append(" " * (layout.who - cell_len(line.plain) + 2))
        line.append_text(_name(row))
        line.append(" " * (layout.what - cell_len(_what(row)) + 2))
        line.append(self._bar(row, scale), style=_ERROR if row.messages else colour)
        if layout.at:
            line.append(f"  {_at(row, trace):>{layout.at}}", style=_DIM)
        line.append(f"  {_took(row):>{layout.took}}")
        line.rstrip()
        return line

    def _narrow(self, row: Row, trace: Waterfall, line: Text) -> Text:
        line.append("  ").append_text(_name(row))
        line.append(f"  {_at(row, trace)}", style=_DIM)
        return line.append(f"  {_took(row)}" if _took(row) else "")

    def _bar(self, row: Row, scale: Scale) -> str:
        if row.outcome:
            return scale.extent(row.start, row.end, glyphs=self._glyphs)
        return scale.events(row.intervals, glyphs=self._glyphs)

    def _messages(self, row: Row, layout: _Layout, *, has_children: bool) -> None:
        trunk = below(row.last, has_children=has_children, glyphs=self._glyphs)
        indent = layout.who + 2 if layout.bar else len(trunk)
        width = max(self._console.width - indent, 20)
        hidden = len(row.messages) - _MESSAGES
        more = [f"and {hidden} earlier messages"] if hidden > 0 else []
        for message in (*row.messages[-_MESSAGES:], *more):
            for part in self._wrapped(message, width):
                self._print(Text().append(trunk.ljust(indent), style=_DIM).append_text(part))

    def _wrapped(self, message: str, width: int) -> list[Text]:
        text, room = visible(message), width * _MESSAGE_LINES * 9 // 10  # lines break at words
        if cell_len(text) > room:
            # Go's errors end with their cause, after all that it was wrapped in.
            text = f"{text[: room // 2]} {self._glyphs.more} {text[-room // 2 :]}"
        lines = list(Text(text, style=_ERROR).wrap(self._console, width))
        for line in lines:
            line.rstrip()
        return lines

    def _colour(self, service: str) -> str:
        return self._colours.setdefault(service, _COLOURS[len(self._colours) % len(_COLOURS)])

    def _print(self, line: Text) -> None:
        self._console.print(line, soft_wrap=True)


def _what(row: Row) -> str:
    return "  ".join(part for part in (visible(row.name), row.repeats) if part)


def _name(row: Row) -> Text:
    outcome = _OUTCOMES.get(row.outcome, "") if row.outcome != "settled" else ""
    text = Text(visible(row.name), style=_ERROR if row.messages else outcome)
    return text.append(f"  {row.repeats}", style=_DIM) if row.repeats else text


def _at(row: Row, trace: Waterfall) -> str:
    moment = row.start if row.outcome else row.intervals[0][1]
    return f"+{human(moment - trace.start)}" if moment - trace.start > MICROSECOND else "+0"


def _took(row: Row) -> str:
    if row.outcome or len(row.intervals) == 1:
        return "" if row.is_instant else human(row.end - row.start)
    return ""
