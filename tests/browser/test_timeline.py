"""The timeline of the page: its axis, its marks and its zoom."""

from pathlib import Path

import pytest

from event_tracer.core.times import SECOND, human, parse_duration
from event_tracer.render.outcome import last_word
from tests.browser.pages import of_recordings, of_spans, rollout, stories_of
from tests.browser.tabs import Open
from tests.scenarios.folding import roots


def test_the_labels_of_the_axis_are_whole(tmp_path: Path, open_page: Open) -> None:
    """A time that has no room beside its line is not told by half."""
    address = of_recordings(tmp_path, "status/bad-config.jsonl.gz")
    for width in range(1000, 1450, 50):
        tab = open_page(address, width=width)
        axis = tab.page.locator("#axis").bounding_box()
        assert axis
        for label in tab.page.locator("#axis span").all():
            box = label.bounding_box()
            assert box
            assert not label.inner_text() or box["x"] + box["width"] <= axis["x"] + axis["width"]


def test_zoom(workloads: str, open_page: Open) -> None:
    """Dragging shows that part of the time; a double click, or 0, all of it."""
    tab = open_page(workloads)
    tab.search("Job once")
    before = tab.page.locator("#axis").inner_text()
    tab.drag(0.7, 0.9)
    assert tab.page.locator("#axis").inner_text() != before
    veils = [tab.style(f".veil.{name}", "width") for name in ("before", "after")]
    assert "0px" not in veils

    tab.page.dblclick("#overview")
    tab.settle()
    assert tab.page.locator("#axis").inner_text() == before
    tab.drag(0.1, 0.5, of="#grid .row[data-index] .time")
    assert tab.page.locator("#axis").inner_text() != before
    assert tab.detail.is_hidden()
    tab.page.keyboard.press("Escape")
    tab.keys("0")
    assert tab.page.locator("#axis").inner_text() == before


def test_marks_stand_where_their_times_are(tmp_path: Path, open_page: Open) -> None:
    """A bar is as long as it took, an instant is a mark; what came back has a mark each."""
    tab = open_page(of_recordings(tmp_path, "image-pull-backoff.jsonl"))
    trace = stories_of("image-pull-backoff.jsonl")[0]
    row = next(row for row in trace.rows if row.name == "BackOff image")
    marks = tab.row("BackOff image").locator(".time .instant")
    wanted = [(span.end - trace.start) / (trace.end - trace.start) for span in row.spans]
    places = [float(tab.of(mark, "left").removesuffix("px")) for mark in marks.all()]
    first, last = tab.ends
    assert places == pytest.approx([first + share * (last - first) for share in wanted], abs=0.6)

    root = trace.rows[0].spans[0]
    extent = tab.row(trace.rows[0].name).locator(".extent")
    assert float(tab.of(extent, "width").removesuffix("px")) == pytest.approx(
        (last - first) * (root.end - root.start) / (trace.end - trace.start), abs=0.6
    )


def test_a_thin_line_goes_on_to_what_came_later(tmp_path: Path, open_page: Open) -> None:
    """From the end of the object's bar to the last that happened under it."""
    tab = open_page(of_recordings(tmp_path, "status/oom.jsonl.gz"))
    root = tab.row("Create Deployment web")
    left, width = (
        float(tab.of(root.locator(".later"), each).removesuffix("px")) for each in ("left", "width")
    )
    bar = [
        float(tab.of(root.locator(".extent"), it).removesuffix("px")) for it in ("left", "width")
    ]

    assert left == pytest.approx(sum(bar), abs=0.6)
    assert left + width == pytest.approx(tab.ends[1], abs=0.6)


def test_what_took_time_is_a_bar(tmp_path: Path, open_page: Open) -> None:
    """Each row draws an object's extent, a step or an instant, as the terminal does."""
    tab = open_page(of_recordings(tmp_path, "redis-create.jsonl"))
    (trace,) = stories_of("redis-create.jsonl")
    for number, row in enumerate(trace.rows):
        drawn = tab.page.locator(f"#row-{number} .time i").last.get_attribute("class")
        assert drawn == (
            f"extent {last_word(row.outcome)}" if row.outcome else "step" if row.took else "instant"
        )


def test_the_axis_says_durations_as_the_terminal_does(tmp_path: Path, open_page: Open) -> None:
    """One text for one time, wherever it is read: the axis that a row of this length has."""
    spans = rollout(replicas=1)
    start = min(span.start for span in spans)
    for length in (5_500, 80_000_000, 4_000_000_000, 200_000_000_000, 90_000_000_000_000):
        (root,) = roots(spans)
        tab = open_page(of_spans(tmp_path, [root.but(end=start + length)]))
        labels = list(filter(None, tab.page.locator("#axis span").all_inner_texts()))
        values = [_nanoseconds(label) for label in labels[1:]]
        assert labels[0] == "0"
        assert labels[1:] == [human(value) for value in values]
        assert values == [values[0] * number for number in range(1, len(values) + 1)]


def _nanoseconds(label: str) -> int:
    days, _, rest = label.rpartition("d")
    found = parse_duration(rest) if rest else 0
    assert found is not None
    return found + int(days or 0) * 86_400 * SECOND
