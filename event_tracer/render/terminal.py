"""Waterfalls in a terminal, as wide as it is; plain text where there is none."""

import os
import shutil
from collections.abc import Iterator
from datetime import UTC, tzinfo
from typing import TextIO

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from event_tracer.core.times import MICROSECOND, SECOND, rfc3339
from event_tracer.render.layout import GAP, WIDE, Layout, layout_of, shortened, wide_cells
from event_tracer.render.lines import broken, packed, visible
from event_tracer.render.outcome import last_word
from event_tracer.render.timeline import ASCII, UNICODE, Glyphs, Scale, below, branch
from event_tracer.render.waterfall import Row, Waterfall

_PLAIN_WIDTH = 120  # of a pipe or a file, which has none
_MESSAGES = 3
_RECALLED = 5  # titles at most
_MESSAGE_LINES = 3
_COLOURS = (
    "cyan", "green", "magenta", "bright_blue", "bright_cyan", "bright_green", "bright_magenta",
    "blue",
)  # fmt: skip
_OUTCOMES = {
    "complete": "green", "failed": "bold red", "progressing": "yellow", "superseded": "yellow",
    "started": "dim",
}  # fmt: skip
_FINE = frozenset({"", "complete", "started"})
_ERROR = "red"
_DIM = "dim"
_MILLISECOND = 1_000 * MICROSECOND


def _style_of(outcome: str) -> str:
    return _OUTCOMES.get(last_word(outcome), "")


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Raise it: the command ends well when its reader has seen enough."""
        raise BrokenPipeError


def console(file: TextIO, *, width: int = 0) -> Console:
    """A console that takes all text as it stands; `width` 0 is its own."""
    made = _Console(file=file, highlight=False, markup=False, emoji=False, width=width or None)
    if not width and not made.is_terminal and "COLUMNS" not in os.environ:
        made.width = _PLAIN_WIDTH
    if made.width < 1:  # COLUMNS=0, as of a terminal that nobody has told its size
        made.width = shutil.get_terminal_size((_PLAIN_WIDTH, 0)).columns
    return made


def glyphs_for(made: Console) -> Glyphs:
    """The glyphs that the console's encoding has."""
    try:
        "━•◦├┼└╷…◀┄".encode(made.encoding)
    except UnicodeEncodeError:
        return ASCII
    return UNICODE


class View:
    """Draws on one console; a service keeps its colour.

    Times are those of `zone`, the machine's where it is None. `wide` adds columns, or lines where
    there is no room for them, and messages whole.
    """

    def __init__(self, made: Console, *, zone: tzinfo | None = UTC, wide: bool = False) -> None:
        self.console = made
        self._zone = zone
        self._wide = wide
        self._glyphs = glyphs_for(made)
        self._colours: dict[str, str] = {}
        self._drawn = 0  # lines
        self._failed: list[tuple[int, Text]] = []  # titles, and the lines drawn before each

    def show(self, trace: Waterfall) -> None:
        """Draw one trace and an empty line after it."""
        if last_word(trace.outcome) == "failed":
            self._failed.append((self._drawn, self._title(trace)))
        for line in self.lines(trace):
            self.console.print(line, soft_wrap=True)
            self._drawn += 1

    def recall(self) -> None:
        """Draw the titles once more of what failed and has scrolled off a terminal."""
        seen = self._drawn - self.console.height
        gone = [title for before, title in self._failed if before < seen + _RECALLED]
        if not self.console.is_terminal or seen <= 0:
            return
        for title in gone[:_RECALLED]:
            self.console.print(title, no_wrap=True, overflow="ellipsis")

    def lines(self, trace: Waterfall) -> Iterator[Text]:
        """The lines of one trace, the last of them empty."""
        if trace.is_brief:
            yield from broken(self._title(trace), self.console)
            yield Text()
            return
        layout = self._layout(trace)
        scale = Scale(start=trace.start, end=trace.end, width=layout.chart)
        yield from self._head(trace, layout, scale)
        for number, row in enumerate(trace.rows):
            following = trace.rows[number + 1] if number + 1 < len(trace.rows) else None
            has_children = following is not None and len(following.last) > len(row.last)
            line = self._line(row, trace, layout, scale) if layout.chart else self._item(row, trace)
            yield self._widened(line, row, layout) if layout.wide else line
            yield from self._below(row, layout, has_children=has_children)
        yield Text()

    # -- one trace

    def _layout(self, trace: Waterfall) -> Layout:
        return layout_of(
            trace, width=self.console.width, is_wide=self._wide,
            services=[visible(row.service) for row in trace.rows],
            names=[self._name(row).plain for row in trace.rows],
        )  # fmt: skip

    def _head(self, trace: Waterfall, layout: Layout, scale: Scale) -> Iterator[Text]:
        yield from broken(self._title(trace), self.console)
        at = rfc3339(trace.start // _MILLISECOND * _MILLISECOND, zone=self._zone)
        facts = [at, trace.took, trace.namespace and f"namespace {visible(trace.namespace)}"]
        if layout.chart and not layout.who and not self._has_colours:
            facts.insert(2, f"by {visible(trace.rows[0].service)}")
        facts.append(f"trace {trace.trace_id}")
        for line in packed(filter(None, facts), self.console.width):
            yield Text(line, style=_DIM)
        if layout.chart and not layout.who and self._has_colours:
            yield from self._legend(trace).wrap(self.console, self.console.width)
        if layout.chart:
            before = layout.what + GAP + (layout.who + GAP if layout.who else 0)
            line = " " * before + scale.axis(glyphs=self._glyphs)
            if layout.wide:
                line += " " * (layout.at + GAP if layout.at else 0)
                line += f"  {'':{layout.took}}" if layout.took else ""
                line += _columns(WIDE, layout.wide)
                line += "  MESSAGE" if layout.message >= len("MESSAGE") + GAP else ""
            yield Text(line.rstrip(), style=_DIM)

    def _title(self, trace: Waterfall) -> Text:
        title = Text().append(visible(trace.title), style="bold")
        heading = trace.heading
        if heading.says:
            title.append("  ").append(heading.says, style=_style_of(trace.outcome))
        if heading.why:
            room, why = 3 * self.console.width, visible(heading.why)
            more = f" {self._glyphs.more} "
            title.append("  ").append(why if self._wide else shortened(why, room, more=more))
        if trace.before:
            title.append(f"  before that {trace.before}", style=_DIM)
        if trace.is_brief and trace.namespace:
            title.append(f"  namespace {visible(trace.namespace)}", style=_DIM)
        return title

    def _legend(self, trace: Waterfall) -> Text:
        line = Text()
        for service in dict.fromkeys(row.service for row in trace.rows):
            line.append("  " if line else "")
            line.append(visible(service), style=self._colour(service))
        return line

    def _line(self, row: Row, trace: Waterfall, layout: Layout, scale: Scale) -> Text:
        colour = self._colour(row.service)
        line = Text().append(branch(row.last, glyphs=self._glyphs), style=_DIM)
        if layout.who:
            line.append(visible(row.service), style=colour)
            _fill(line, layout.who + GAP).append_text(self._name(row))
            _fill(line, layout.who + GAP + layout.what + GAP)
        else:
            room = layout.what - cell_len(line.plain)
            line.append_text(self._name(row, colour=colour, room=room))
            _fill(line, layout.what + GAP)
        line.append(self._bar(row, scale), style=_ERROR if row.messages else colour)
        if layout.at:
            line.append(f"  {trace.at(row):>{layout.at}}", style=_DIM)
        if layout.took:
            line.append(f"  {row.took:>{layout.took}}")
        line.rstrip()
        return line

    def _item(self, row: Row, trace: Waterfall) -> Text:
        line = Text().append(branch(row.last, glyphs=self._glyphs), style=_DIM)
        line.append(visible(row.service), style=self._colour(row.service))
        line.append("  ").append_text(self._name(row)).append(f"  {trace.at(row)}", style=_DIM)
        return line.append(f"  {row.took}" if row.took else "")

    def _widened(self, line: Text, row: Row, layout: Layout) -> Text:
        before = (layout.who, layout.what, layout.chart, layout.at, layout.took)
        _fill(line, sum(cells + GAP for cells in before if cells) - GAP)
        line.append(_columns(tuple(map(visible, wide_cells(row))), layout.wide), style=_DIM)
        if self._has_room(row, layout):
            line.append(f"  {visible(row.message)}")
        line.rstrip()
        return line

    def _has_room(self, row: Row, layout: Layout) -> bool:
        """Whether the message of a row that has no lines below it stands beside it."""
        room = layout.message - GAP
        return bool(layout.wide) and not row.lines and cell_len(visible(row.message)) <= room

    def _bar(self, row: Row, scale: Scale) -> str:
        if row.outcome:
            return scale.extent(row.start, row.end, later=row.later, glyphs=self._glyphs)
        return scale.events(row.intervals, first=row.first, glyphs=self._glyphs, waits=row.waits)

    def _below(self, row: Row, layout: Layout, *, has_children: bool) -> Iterator[Text]:
        """The lines that belong to a row: its messages and what is wide."""
        trunk = below(row.last, has_children=has_children, glyphs=self._glyphs)
        indent = layout.who + GAP if layout.who else len(trunk)
        width = max(self.console.width - indent, 20)
        hidden = 0 if self._wide else len(row.lines) - _MESSAGES
        more = [f"and {hidden} earlier messages"] if hidden > 0 else []
        parts = [
            part for message in (*row.lines[max(hidden, 0) :], *more)
            for part in self._wrapped(message, width)
        ]  # fmt: skip
        if self._wide:
            parts += self._wide_lines(row, layout, width)
        for part in parts:
            yield Text().append(trunk.ljust(indent), style=_DIM).append_text(part)

    def _wide_lines(self, row: Row, layout: Layout, width: int) -> list[Text]:
        facts = zip(("node", "image", "count"), wide_cells(row), strict=True)
        said = [] if layout.wide else [f"{name} {visible(it)}" for name, it in facts if it]
        message = "" if row.lines or self._has_room(row, layout) else visible(row.message)
        lines = [
            line for each in ("  ".join(said), message) if each
            for line in Text(each, style=_DIM).wrap(self.console, width)
        ]  # fmt: skip
        for line in lines:
            line.rstrip()
        return lines

    def _wrapped(self, message: str, width: int, *, lines: int = _MESSAGE_LINES) -> list[Text]:
        text, room = visible(message), width * lines * 9 // 10  # lines break at words
        if cell_len(text) > room and not self._wide:
            # Go's errors end with their cause, after all that it was wrapped in.
            text = f"{text[: room // 2]} {self._glyphs.more} {text[-room // 2 :]}"
        wrapped = list(Text(text, style=_ERROR).wrap(self.console, width))
        for line in wrapped:
            line.rstrip()
        return wrapped

    def _colour(self, service: str) -> str:
        return self._colours.setdefault(service, _COLOURS[len(self._colours) % len(_COLOURS)])

    @property
    def _has_colours(self) -> bool:
        return self.console.color_system is not None

    def _name(self, row: Row, *, colour: str = "", room: int = 0) -> Text:
        is_fine = row.outcome in _FINE
        style = _ERROR if row.messages else (not is_fine and _style_of(row.outcome)) or colour
        note, name = self._note(row), visible(row.title)
        marked = 2 * row.is_marked
        if room and cell_len(name) + cell_len(note) + marked > room:
            note = note.partition(" over ")[0]  # which the chart shows
            name = shortened(name, room - cell_len(note) - marked, more=self._glyphs.more)
        text = Text().append(name, style=f"{style} bold" if row.is_marked else style)
        if row.is_marked:
            text.append(f" {self._glyphs.mark}", style="bold")
        return text.append(note, style=_DIM)

    def _note(self, row: Row) -> str:
        since = f"since {self._clock(row.since)}" if row.since is not None else ""
        return "".join(f"  {each}" for each in (row.note, since) if each)

    def _clock(self, time: int) -> str:
        """Date and time of what was before a story, to the second."""
        return rfc3339(time // SECOND * SECOND, zone=self._zone)[:19].replace("T", " ")


def _columns(texts: tuple[str, ...], cells: tuple[int, ...]) -> str:
    pairs = zip(texts, cells, strict=True)
    return "".join(f"  {text}{' ' * (width - cell_len(text))}" for text, width in pairs)


def _fill(line: Text, cells: int) -> Text:
    return line.append(" " * (cells - cell_len(line.plain)))
