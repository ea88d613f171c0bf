"""Times on a line of character cells: bars, instants, and the axis above them."""

from collections.abc import Iterable
from dataclasses import dataclass

from event_tracer.core.times import MICROSECOND, SECOND, elapsed, human

_STEPS = (
    *(figure * 10**power for power in range(3, 9) for figure in (1, 2, 5)),
    *(figure * SECOND for figure in (1, 2, 5, 10, 15, 30)),
    *(figure * 60 * SECOND for figure in (1, 2, 5, 10, 15, 30)),
    *(figure * 3600 * SECOND for figure in (1, 2, 3, 6, 12, 24, 48, 96, 192)),
)
_LABEL = 9  # cells that a label takes, with room after it


@dataclass(frozen=True, slots=True, kw_only=True)
class Glyphs:
    """The characters that lines are drawn with."""

    bar: str
    instant: str
    missing: str
    left: str
    line: str
    right: str
    point: str
    branch: str
    corner: str
    trunk: str
    blank: str
    tick: str
    more: str
    mark: str
    wait: str
    later: str


UNICODE = Glyphs(
    bar="━", instant="•", missing="◦", left="├", line="─", right="┤", point="┼",
    branch="├─ ", corner="└─ ", trunk="│  ", blank="   ", tick="╷", more="…", mark="◀", wait="░",
    later="┄",
)  # fmt: skip
ASCII = Glyphs(
    bar="=", instant="*", missing="o", left="[", line="-", right="]", point="+",
    branch="|- ", corner="`- ", trunk="|  ", blank="   ", tick="'", more="...", mark="<", wait=".",
    later=".",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """`width` cells that stand for the time from `start` to `end` (ns)."""

    start: int
    end: int
    width: int

    def cell(self, time: int) -> int:
        """The cell that holds `time`."""
        if not elapsed(self.start, self.end):
            return 0
        share = (time - self.start) / (self.end - self.start)
        return min(max(int(share * self.width), 0), self.width - 1)

    def events(
        self, intervals: Iterable[tuple[int, int]], *, first: int | None, glyphs: Glyphs,
        waits: Iterable[tuple[int, int]] = (),
    ) -> str:  # fmt: skip
        """Occurrences: a bar for a duration, a dot for an instant, a hollow one for `first`.

        What was waited before one is a bar of its own shade.
        """
        cells = [" "] * self.width
        for start, end in waits:
            began, ended = self.cell(start), self.cell(end)
            cells[began : ended + 1] = glyphs.wait * (ended + 1 - began)
        if first is not None:
            cells[self.cell(first)] = glyphs.missing
        for start, end in sorted(intervals):
            first, last = self.cell(start), self.cell(end)
            if end - start <= MICROSECOND:
                cells[last] = glyphs.instant
            else:
                cells[first : last + 1] = glyphs.bar * (last + 1 - first)
        return "".join(cells)

    def extent(self, start: int, end: int, *, later: int | None, glyphs: Glyphs) -> str:
        """An object, from its first to its last, and a thin line on to what came `later`."""
        first, last = self.cell(start), self.cell(end)
        after = glyphs.later * (self.cell(later) - last) if later is not None else ""
        inner = glyphs.line * (last - first - 1)
        bar = f"{glyphs.left}{inner}{glyphs.right}" if last > first else glyphs.point
        return f"{' ' * first}{bar}{after}".ljust(self.width)

    def axis(self, *, glyphs: Glyphs) -> str:
        """Round times since `start`, each whole and beginning at its cell."""
        length = max(elapsed(self.start, self.end), 1)
        least = min(_LABEL, self.width // 3)
        step = next((step for step in _STEPS if self.width * step // length >= least), _STEPS[-1])
        line = ""
        for number in range(length // step + 1):
            at = self.cell(self.start + number * step)
            label = glyphs.tick + (human(number * step) if number else "0")
            if at >= len(line) + bool(line) and at + len(label) <= self.width:
                line = line.ljust(at) + label
        return line.ljust(self.width)


def branch(last: tuple[bool, ...], *, glyphs: Glyphs) -> str:
    """The tree's lines before a row."""
    if not last:
        return ""
    return _trunk(last[:-1], glyphs) + (glyphs.corner if last[-1] else glyphs.branch)


def below(last: tuple[bool, ...], *, has_children: bool, glyphs: Glyphs) -> str:
    """The tree's lines before a line that continues a row."""
    return _trunk(last, glyphs) + (glyphs.trunk if has_children else "")


def _trunk(last: tuple[bool, ...], glyphs: Glyphs) -> str:
    return "".join(glyphs.blank if is_last else glyphs.trunk for is_last in last)
