"""The list of stories: failures first, and one line for what goes on and on."""

from pathlib import Path

import pytest

from event_tracer.core.times import SECOND
from tests.browser.pages import of_recordings, of_spans
from tests.browser.tabs import Open, Tab
from tests.scenarios.folding import RECORDINGS, frames_of, roots, tell

_CUT = """() => [...document.querySelectorAll("#stories .item")].filter((item) => {
  const lines = [...item.children], height = lines.at(-1).getBoundingClientRect().bottom
    - lines[0].getBoundingClientRect().top;
  return height > item.clientHeight;
}).map((item) => item.textContent)"""


@pytest.fixture
def runs(tmp_path: Path, open_page: Open) -> Tab:
    """A schedule's four runs among other stories."""
    return open_page(of_recordings(tmp_path, "workloads.jsonl"))


def test_the_runs_of_a_schedule_are_one_line(runs: Tab) -> None:
    """With their number and their last outcomes; other roots have a line for each story."""
    assert runs.entries.count("CronJob tick") == 1
    fold = runs.page.locator("#stories .item", has_text="CronJob tick")
    assert "4 stories" in fold.inner_text()
    assert fold.locator(".run").count() == 4
    assert runs.stories == 11
    assert len(runs.entries) == 8


def test_a_line_of_many_unfolds(runs: Tab) -> None:
    """To a line for each, by its triangle or the keyboard; a click on an outcome opens its run."""
    fold = runs.page.locator("#stories .item", has_text="CronJob tick").first
    fold.locator(".twist").click()
    runs.settle()
    assert runs.entries.count("CronJob tick") == 5
    fold.locator(".twist").click()
    runs.settle()
    assert runs.entries.count("CronJob tick") == 1

    fold.locator(".run").first.click()
    assert "22:33:00" in runs.facts
    fold.locator(".run").last.click()
    assert "22:36:00" in runs.facts
    runs.page.focus("#stories")
    runs.keys("ArrowRight", "ArrowDown")
    assert runs.title == "CronJob tick"
    runs.keys("ArrowLeft")
    assert runs.entries.count("CronJob tick") == 1


def test_a_failed_run_is_not_hidden_by_those_that_went_well(
    tmp_path: Path, open_page: Open
) -> None:
    """The line stands with the failures, tells how many they are, and opens the newest of them."""
    spans = tell(frames_of("workloads"))
    (*_, second, _) = sorted(
        (s for s in roots(spans) if s.name.startswith("CronJob")), key=lambda s: s.start
    )
    pairs = dict(second.attributes) | {"event_tracer.outcome": "failed"}
    failed = second.but(attributes=tuple(pairs.items()), error="too bad")
    newer = [s for s in spans if s.start >= second.start - 60 * SECOND and s is not second]
    tab = open_page(of_spans(tmp_path, [*newer, failed]))

    assert tab.entries[0] == tab.title == "CronJob tick"
    assert tab.page.locator("#story-outcome").inner_text() == "failed"


@pytest.mark.parametrize("width", [1440, 1000, 390])
def test_a_line_of_the_list_is_as_high_as_what_it_says(
    width: int, tmp_path: Path, open_page: Open
) -> None:
    """Nothing is cut at its upper or lower edge; a search has room beside a long title."""
    names = [path.name for path in sorted((RECORDINGS / "status").glob("*.gz"))]
    cases = ["37a-crashloop-backoff-same-second.json", "33-job-quota-windows.json"]
    wanted = [*(f"status/{name}" for name in names), *(f"cases/{name}" for name in cases)]
    tab = open_page(of_recordings(tmp_path, *wanted), width=width, height=4000)
    if width == 390:
        tab.page.click("#back")
    tab.settle()

    assert tab.page.locator("#search").evaluate("(it) => it.clientWidth") > 200
    assert tab.page.locator("#stories .item").count() > 30
    assert tab.run(f"({_CUT})()") == []


def test_the_end_of_a_long_message_is_in_view(tmp_path: Path, open_page: Open) -> None:
    """Go's errors end with their cause; on a phone, too, and beside a detail."""
    for width in (1440, 800, 390):
        tab = open_page(of_recordings(tmp_path, "status/bad-image.jsonl.gz"), width=width)
        end = tab.row("Failed ErrImagePull").locator(".messages .end").first
        assert end.inner_text().endswith("connection refused")
        box, grid = end.bounding_box(), tab.page.locator("#grid").bounding_box()
        assert box
        assert grid
        assert box["x"] + box["width"] <= grid["x"] + grid["width"]
