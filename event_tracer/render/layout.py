"""The columns of a waterfall in so many cells: who, what, the chart, when and how long."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len, chop_cells

from event_tracer.render.rows import Row
from event_tracer.render.waterfall import Waterfall

GAP = 2
WIDE = ("NODE", "IMAGE", "COUNT")
"""What -o wide adds."""
_LEAST_CHART = 24
_NARROW = 80  # cells, below which a chart may be half as long
_INDENT = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The cells of each column; 0 where there is no room for it.

    Without `who` a row's colour stands for its service; without `chart` rows are a plain list.
    `wide` are those of what -o wide adds, `message` what is left for a message after them.
    """

    who: int
    what: int
    chart: int
    at: int
    took: int
    wide: tuple[int, ...] = ()
    message: int = 0


def layout_of(
    trace: Waterfall, *, services: Sequence[str], names: Sequence[str], width: int, is_wide: bool
) -> Layout:
    """The columns for a trace, of whose rows `services` and `names` are what is to be drawn."""
    rows = trace.rows
    depths = [_INDENT * len(row.last) for row in rows]
    who = max(depth + cell_len(each) for depth, each in zip(depths, services, strict=True))
    what = max(map(cell_len, names))
    both = max(depth + cell_len(each) for depth, each in zip(depths, names, strict=True))
    at = max(len(trace.at(row)) for row in rows)
    took = max(len(row.took) for row in rows)
    if is_wide and (found := _wide(rows, who=who, what=what, at=at, took=took, width=width)):
        return found
    least = _LEAST_CHART if width >= _NARROW else _LEAST_CHART // 2
    for columns in ((who, what, at), (who, what, 0), (0, both, 0)):
        chart = width - _cells(*columns, took)
        if chart >= (_LEAST_CHART if columns[2] else least):
            who, what, at = columns
            return Layout(who=who, what=what, chart=chart, at=at, took=took)
    if width < _NARROW or is_wide:
        return Layout(who=0, what=both, chart=0, at=0, took=took)
    what = width - _cells(least, took)
    return Layout(who=0, what=what - GAP, chart=least, at=0, took=took)


def _wide(
    rows: Sequence[Row], *, who: int, what: int, at: int, took: int, width: int
) -> Layout | None:
    """With columns of their own for what is added, where these are whole."""
    columns = zip(*map(wide_cells, rows), strict=True)
    heads = zip(WIDE, columns, strict=True)
    wide = tuple(max(map(cell_len, (head, *cells))) for head, cells in heads)
    left = width - _cells(who, what, _LEAST_CHART, at, took, *wide)
    if left < 0:
        return None
    return Layout(who=who, what=what, chart=_LEAST_CHART, at=at, took=took, wide=wide, message=left)


def wide_cells(row: Row) -> tuple[str, ...]:
    """What -o wide adds to a row."""
    return row.node, row.image, str(row.count or "")


def _cells(*columns: int) -> int:
    """The cells of columns with what is between them, and between them and a chart."""
    return sum(cells + GAP for cells in columns if cells)


def shortened(text: str, cells: int, *, more: str) -> str:
    """`text` in so many cells, its begin and its end, which tells siblings apart."""
    if cell_len(text) <= cells:
        return text
    left = max(cells - cell_len(more), 2)
    head = chop_cells(text, left // 2)[0]
    tail = chop_cells(text[::-1], left - cell_len(head))[0][::-1]
    return f"{head}{more}{tail}"
