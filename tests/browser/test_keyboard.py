"""Everything without a mouse."""

from pathlib import Path

import pytest

from tests.browser.pages import of_recordings, stories_of
from tests.browser.tabs import Open, Tab


@pytest.fixture
def tab(tmp_path: Path, open_page: Open) -> Tab:
    """Many stories, the first open."""
    return open_page(of_recordings(tmp_path, "workloads.jsonl"))


def focused(tab: Tab) -> str:
    """The id of what has the focus."""
    return str(tab.run("document.activeElement.id"))


def test_from_the_list_to_the_detail_and_back(tab: Tab) -> None:
    """Arrows choose a story, Enter goes to its rows, Enter to the detail, Escape back."""
    titles = [trace.title for trace in stories_of("workloads.jsonl")]
    tab.page.focus("#stories")
    tab.keys("ArrowDown", "ArrowDown")
    assert tab.title == titles[2]
    tab.keys("End")
    assert tab.title == titles[-1]

    tab.keys("Enter", "ArrowDown", "ArrowDown")
    row = stories_of("workloads.jsonl")[-1].rows[1]
    assert (focused(tab), tab.selected) == ("grid", row.name)
    tab.keys("Enter")
    assert (focused(tab), tab.detail.is_visible()) == ("detail", True)
    tab.keys("Escape")
    assert (focused(tab), tab.detail.is_visible()) == ("grid", False)
    tab.keys("Escape")
    assert focused(tab) == "stories"


def test_the_tree(tab: Tab) -> None:
    """Left closes, then goes to the parent; right opens, then goes to the first child."""
    tab.search("Job once")
    every = tab.rows
    tab.page.focus("#grid")
    tab.keys("End")
    last = tab.selected
    tab.keys("ArrowLeft")
    parent = tab.selected
    assert parent.startswith("Pod ")
    tab.keys("ArrowLeft")
    assert (tab.selected, tab.rows < every) == (parent, True)
    assert tab.row(parent).get_attribute("aria-expanded") == "false"
    tab.keys("ArrowRight")
    assert tab.rows == every
    tab.keys("ArrowRight", "End")
    assert tab.selected == last


def test_search_and_help(tab: Tab) -> None:
    """/ searches, Escape clears it; ? tells of the keys, Escape closes that."""
    tab.keys("/")
    assert focused(tab) == "search"
    tab.page.keyboard.type("cronjob")
    tab.settle()
    assert tab.title == "CronJob tick"
    tab.keys("Escape")
    assert (tab.page.input_value("#search"), focused(tab)) == ("", "grid")

    tab.keys("?")
    assert tab.run("document.querySelector('#keys').open") is True
    tab.keys("Escape")
    assert tab.run("document.querySelector('#keys').open") is False


def test_zoom(tab: Tab) -> None:
    """+ and -, Shift with an arrow; 0 is all of it."""
    tab.search("Job once")
    tab.page.focus("#grid")
    whole = tab.page.locator("#axis").inner_text()
    tab.keys("+")
    zoomed = tab.page.locator("#axis").inner_text()
    tab.keys("Shift+ArrowRight")
    later = tab.page.locator("#axis").inner_text()
    tab.keys("0")

    assert len({whole, zoomed, later}) == 3
    assert tab.page.locator("#axis").inner_text() == whole


def test_letters_are_letters_in_the_search(tab: Tab) -> None:
    """What is typed there is no command."""
    before = tab.run("document.documentElement.dataset.theme")
    tab.keys("/", "t", "w", "?")

    assert tab.page.input_value("#search") == "tw?"
    assert tab.run("document.documentElement.dataset.theme") == before
