"""Text on lines of so many cells: what is not torn, and what is no command to a terminal."""

import re
from collections.abc import Iterable, Iterator

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from event_tracer.runtime.logs import printable

_TOGETHER = re.compile(r"(?<=\()[^()]*(?=\))|\b[\d,]+ (?:tries|times|restarts?|more)\b")
_GLUE = "\ue000"  # of Unicode's private area: a space to nobody, one cell wide
_GAP = "  "


def visible(text: str) -> str:
    """`text` on one line, with all that is no character of its own spelt out."""
    return printable(" ".join(text.split()))


def broken(title: Text, console: Console) -> Iterator[Text]:
    """A title's lines: broken at words, but not within what stands in brackets or is counted."""
    text = title.copy()
    text.plain = _TOGETHER.sub(lambda match: match[0].replace(" ", _GLUE), title.plain)
    for line in text.wrap(console, console.width):
        line.plain = line.plain.replace(_GLUE, " ")
        line.rstrip()
        yield line


def packed(parts: Iterable[str], width: int) -> Iterator[str]:
    """Parts that are never broken, as many on a line as `width` cells have room for."""
    line = ""
    for part in parts:
        if line and cell_len(line) + len(_GAP) + cell_len(part) > width:
            yield line
            line = ""
        line += f"{_GAP if line else ''}{part}"
    yield line
