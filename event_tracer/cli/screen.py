"""Where `wait` writes: in place on a terminal, line by line in a log."""

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import TextIO

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from event_tracer.cli import pipelines
from event_tracer.cli.process import complain
from event_tracer.render.lines import visible
from event_tracer.render.terminal import console
from event_tracer.runtime.logs import mask


class Screen:
    """Where is written what happens: in place on a terminal, else line by line.

    With -o json or markdown standard output has these alone. A reader that goes away ends the
    lines, not the waiting: the exit code is still asked for.
    """

    def __init__(self, output: str) -> None:
        self._is_text = output == "text"
        self._out: Console = console(sys.stdout if self._is_text else sys.stderr)
        self._live: Live | None = None
        self._said: set[str] = set()
        self._notes: list[str] = []
        self._is_github = pipelines.is_github(os.environ)
        self._is_broken = False

    @property
    def is_terminal(self) -> bool:
        """Whether it is redrawn in place."""
        return self._out.is_terminal and not self._is_github

    def __enter__(self) -> "Screen":
        if self.is_terminal:
            self._live = Live(console=self._out, auto_refresh=False, redirect_stderr=False)
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        live, self._live = self._live, None
        if live:
            live.stop()
            for note in self._notes:
                complain(note)

    def once(self, text: str) -> None:
        """Say something to standard error, the first time."""
        if text not in self._said:
            self._said.add(text)
            self.note(text)

    def note(self, text: str) -> None:
        """Say something to standard error, on a terminal below what is drawn."""
        if self._live:
            self._notes.append(text)
        else:
            complain(text)

    def lines(self, lines: Sequence[str]) -> None:
        """Write lines of a log."""
        for line in lines if not self._live else ():
            self._write(f"{line}\n", to=sys.stdout if self._is_text else sys.stderr)

    def draw(self, lines: Sequence[Text]) -> None:
        """Draw in place, as much as there is room for."""
        if not self._live:
            return
        notes = [Text(visible(mask(note)), style="yellow") for note in self._notes[-3:]]
        room = max(self._out.height - 1 - len(notes), 1)
        for line in lines:
            line.no_wrap, line.overflow = True, "ellipsis"
        self._live.update(Group(*lines[:room], *notes), refresh=True)

    def commands(self, lines: Sequence[str]) -> None:
        """Write a pipeline's own commands: it reads both streams."""
        for line in lines:
            self._write(f"{line}\n", to=sys.stdout if self._is_text else sys.stderr)

    def result(self, text: str) -> None:
        """Write to standard output what was asked for."""
        self._write(text, to=sys.stdout)

    def _write(self, text: str, *, to: TextIO) -> None:
        if self._is_broken:
            return
        if self._is_github and self._is_text and not text.startswith("::"):
            text = "".join(map(pipelines.harmless, text.splitlines(keepends=True)))
        try:
            to.write(text)
            to.flush()
        except BrokenPipeError:
            self._is_broken = True
            with suppress(OSError, ValueError):  # what has no descriptor has nothing to flush
                os.dup2(os.open(os.devnull, os.O_WRONLY), to.fileno())
            complain("nobody reads any more; waiting on for the exit code")
