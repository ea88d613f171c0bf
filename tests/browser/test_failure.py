"""What a page of failures shows before anything is asked for."""

from pathlib import Path

import pytest

from tests.browser.pages import late_death, of_recordings, of_spans
from tests.browser.tabs import Open

TELLING = {
    "bad-config": 'Error: configmap "nowhere" not found',
    "bad-image": "connection refused",
    "crash": "container web: Error, exit 3",
    "job": "container c: Error, exit 2",
    "liveness": "container web: Error, exit 137",
    "never-ready": "Readiness probe failed:",
    "oom": "container web: OOMKilled, exit 137",
    "quota": "exceeded quota: q, requested: pods=1, used: pods=1, limited: pods=1",
    "unschedulable": "1 Preemption is not helpful for scheduling.",
}


def page_of(folder: Path, *names: str) -> str:
    """The address of the page of these captures."""
    return of_recordings(folder, *(f"status/{name}.jsonl.gz" for name in names))


@pytest.mark.parametrize("name", TELLING)
def test_the_detail_opens_at_what_tells_why(name: str, tmp_path: Path, open_page: Open) -> None:
    """The newest occurrence of the error that is the cause, its row in view; it is copied so."""
    tab = open_page(page_of(tmp_path, name))

    message = tab.detail.locator(".message.error")
    assert message.inner_text().rstrip().endswith(TELLING[name])
    row = tab.page.locator("#grid .row.selected.warning")
    assert row.is_visible()
    assert row.locator(".label").evaluate("(it) => it.scrollWidth <= it.clientWidth")
    assert tab.page.locator("#story-outcome").inner_text().startswith("failed")


def test_the_newest_failure_is_open_and_first(tmp_path: Path, open_page: Open) -> None:
    """Before stories that are newer and went well; on a phone, too, with the list behind it."""
    address = page_of(tmp_path, "good", "crash", "init", "bad-image")
    for width in (1440, 390):
        tab = open_page(address, width=width)
        assert "v-bad-image" in tab.facts
        assert tab.detail.is_visible() is (width == 1440)
        if width == 390:
            tab.page.click("#back")
        marks = tab.page.locator("#stories .item .outcome").all_inner_texts()
        assert marks == ["✕", "✕", "✓", "✓"]
        assert (
            "container web: Error, exit 3" in tab.page.locator(".item .second").nth(1).inner_text()
        )


def test_on_a_phone_the_only_story_is_open(tmp_path: Path, open_page: Open) -> None:
    """Of several that went well the list is first, for one says no more than another."""
    tab = open_page(page_of(tmp_path, "init"), width=390)
    assert tab.page.locator("#story-outcome").inner_text() == "complete in 42 s"
    tab = open_page(page_of(tmp_path, "init", "good"), width=390)
    assert tab.page.locator("#list").is_visible()


def test_on_a_phone_a_tap_on_the_cause_shows_what_tells_of_it(
    tmp_path: Path, open_page: Open
) -> None:
    """The detail covers the rows there, so it waits until it is asked for."""
    tab = open_page(page_of(tmp_path, "oom"), width=390, height=844)
    tab.page.click("#story-cause")

    assert tab.detail.locator(".message").inner_text() == "container web: OOMKilled, exit 137"
    assert tab.detail.locator("code").first.inner_text().endswith("-c web --previous")


def test_the_logs_of_a_dead_container_are_a_copy_away(tmp_path: Path, open_page: Open) -> None:
    """Its first command is what kubectl needs for them."""
    tab = open_page(page_of(tmp_path, "crash"))
    tab.context.grant_permissions(["clipboard-read", "clipboard-write"])
    tab.detail.locator(".command .copy").first.click()
    tab.until("document.querySelector('#said').textContent === 'Copied'")

    wanted = "kubectl -n v-crash logs web-ddf94bd97-84hzz -c web --previous"
    assert tab.run("navigator.clipboard.readText()") == wanted


def test_a_detail_that_was_closed_stays_so(tmp_path: Path, open_page: Open) -> None:
    """Also beside another failure, until one is asked for."""
    tab = open_page(page_of(tmp_path, "crash", "oom"))
    tab.keys("Escape", "]")
    assert tab.detail.is_hidden()
    tab.page.click("#story-cause")
    tab.keys("[")
    assert tab.detail.is_visible()


@pytest.mark.parametrize("width", [1440, 800, 390])
def test_the_title_is_whole(width: int, tmp_path: Path, open_page: Open) -> None:
    """Also beside many words of what became of it."""
    tab = open_page(of_spans(tmp_path, late_death()), width=width)
    title = tab.page.locator("#story-title")

    assert title.evaluate("(it) => it.scrollWidth <= it.clientWidth")
    chip = tab.page.locator("#story-outcome").bounding_box()
    assert chip
    assert chip["x"] + chip["width"] <= width
