"""Law 3 in pictures: a rank orders one second, and is never shown as a duration."""

import io
from typing import Any

import pytest
from rich.console import Console

from event_tracer.core.span import Span
from event_tracer.core.tables import RANK
from event_tracer.core.times import SECOND, elapsed, end_of_second, second_of, start_of_second
from event_tracer.render.page.story import story
from event_tracer.render.terminal import View
from event_tracer.render.waterfall import waterfall
from tests.scenarios.event import UID, T, event
from tests.scenarios.folding import listing, tell


def one_second(*reasons: str, count: int = 3) -> list[Span]:
    """Spans of Events of one Pod, all of one whole second."""
    items = [
        event(reason=reason, message="", count=count, metadata={"uid": f"{UID[:-1]}{number}"})
        for number, reason in enumerate(reasons)
    ]
    return tell([listing({"resource": "events", "object": item} for item in items)])


def test_one_second_has_an_order_and_no_length() -> None:
    """Neither in the terminal nor in the page's data."""
    spans = one_second("Pulled", "Created", "Started")
    picture, page = waterfall(spans), story(spans, events={})
    rows: list[dict[str, Any]] = page["rows"]

    assert [row.name for row in picture.rows][1:] == ["Pulled", "Created", "Started"]
    assert {picture.took, *(row.took for row in picture.rows)} == {""}
    assert {picture.at(row) for row in picture.rows} == {"+0"}
    assert {row.repeats for row in picture.rows[1:]} == {"x3"}
    assert page["took"] == ""
    assert {row["at"] for row in rows} == {"+0"}
    assert "µs" not in drawn(spans)


def drawn(spans: list[Span]) -> str:
    """The picture in the terminal, axis and all."""
    out = io.StringIO()
    View(Console(file=out, width=120)).show(waterfall(spans))
    return out.getvalue()


@pytest.mark.parametrize(
    ("start", "end", "known"),
    [
        (T, T, 0),
        (T, T + 1000, 0),
        (T + 14_000, T + 71_000, 0),
        (T + 14_000, T + 5 * SECOND + 14_000, 5 * SECOND),
        (T + 14_000, T + 300_000_001, 299_986_001),
        (T + 250_000_000, T + 250_300_000, 300_000),
        (T + 123_456_789, end_of_second(second_of(T), rank=RANK["Ready"]), 876_445_211),
        (start_of_second(second_of(T), rank=1), end_of_second(second_of(T), rank=902), 0),
    ],
)
def test_what_is_known_of_a_duration(start: int, end: int, known: int) -> None:
    """Of two times that only their second and rank tell nothing, of any other all."""
    assert elapsed(start, end) == known
