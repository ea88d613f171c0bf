"""Light and dark, wide and narrow, and for those who do not see it."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.pages import of_recordings
from tests.browser.tabs import Open, Tab

TEXTS = (
    "h1", "#story-title", "#story-facts", "#story-outcome", "#count", ".item .first .label",
    ".item .second", ".item .second b", ".item .third", "#story-cause",
    ".item .took", ".badge", ".columns .name", ".row .label", ".row .service span",
    ".row .at", ".row .took", ".messages p", ".repeats", "#axis span", "#detail h2", "#detail dt",
    "#detail dd", "#detail th", "#detail td", "#detail .message", "#detail code", "#detail .copy",
    ".outcome", "select", "#theme",
)  # fmt: skip
_GROUND = """(selector) => [...document.querySelectorAll(selector)].slice(0, 40).map((element) => {
  const grounds = [];
  for (let at = element; at; at = at.parentElement) {
    grounds.push(getComputedStyle(at).backgroundColor);
  }
  return [getComputedStyle(element).color, ...grounds];
})"""
_NAMED = """() => [...document.querySelectorAll("button, input, select, [role], [tabindex='0']")]
  .filter((element) => element.checkVisibility())
  .map((element) => [element.outerHTML.slice(0, 90), element.getAttribute("role") ?? "",
    element.getAttribute("aria-label") || element.textContent.trim()
      || element.labels?.length || ""])"""
_NEEDS_NAME = {"", "listbox", "option", "treegrid", "group", "img", "columnheader"}
_TARGETS = """() => [...document.querySelectorAll("button, input, select")]
  .filter((element) => element.checkVisibility() && element.type !== "checkbox")
  .map((element) => element.getBoundingClientRect())
  .map((box) => Math.min(box.width, box.height))"""


@pytest.fixture
def address(tmp_path: Path) -> str:
    """A page with all that there is to see."""
    return of_recordings(tmp_path, "workloads.jsonl", "image-pull-backoff.jsonl")


def opened(tab: Tab) -> Tab:
    """With a warning's detail beside it."""
    if not tab.page.locator("#list").is_visible():
        tab.page.click("#back")
    tab.page.locator("#stories .item", has_text="non-exist").first.click()
    tab.page.locator("#grid .row.warning .label").first.click()
    tab.settle()
    return tab


@pytest.mark.parametrize("dark", [False, True])
def test_contrast(dark: bool, address: str, open_page: Open) -> None:
    """Every text at least 4.5 to 1 on what is behind it (WCAG 2.2, 1.4.3)."""
    tab = opened(open_page(address, dark=dark))

    found = list(_contrasts(tab))
    assert len(found) >= len(TEXTS)
    assert [(selector, ratio) for selector, ratio in found if ratio < 4.5] == []


def _contrasts(tab: Tab) -> Iterator[tuple[str, float]]:
    for selector in TEXTS:
        told = tab.page.evaluate(_GROUND, selector)
        assert told, f"no {selector}"
        for colour, *grounds in told:
            yield selector, _ratio(colour, grounds)


def _ratio(colour: str, grounds: list[str]) -> float:
    behind = (255.0, 255.0, 255.0)
    for *rgb, alpha in map(_channels, reversed(grounds)):
        behind = tuple(alpha * c + (1 - alpha) * b for c, b in zip(rgb, behind, strict=True))  # type: ignore[assignment]
    light, dark = sorted((_luminance(_channels(colour)[:3]), _luminance(behind)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _channels(text: str) -> tuple[float, ...]:
    numbers = [float(number) for number in re.findall(r"[\d.]+", text.partition("(")[2])]
    if text.startswith("color("):
        numbers[:3] = [255 * number for number in numbers[:3]]
    return (*numbers[:3], numbers[3] if len(numbers) > 3 else 1.0)


def _luminance(rgb: tuple[float, ...]) -> float:
    parts = (c / 3294.6 if c <= 10 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in rgb)
    return sum(share * part for share, part in zip((0.2126, 0.7152, 0.0722), parts, strict=True))


def test_the_theme_is_the_systems_until_it_is_chosen(address: str, open_page: Open) -> None:
    """Light, dark, and as the system is again; the choice outlives a reload."""
    tab = open_page(address, dark=True)
    dark = tab.style("body", "background-color")
    tab.page.click("#theme")
    light = tab.style("body", "background-color")
    assert light == "rgb(255, 255, 255)" != dark

    tab.page.reload()
    assert tab.style("body", "background-color") == light
    tab.keys("t")
    assert tab.style("body", "background-color") == dark
    tab.keys("t")
    assert tab.run("document.documentElement.dataset.theme") == "auto"


def test_a_phone(address: str, open_page: Open) -> None:
    """Newest failure, list, story, detail: each as wide as the screen; nothing sticks out."""
    tab = open_page(address, width=390, height=844)
    list_, story = tab.page.locator("#list"), tab.page.locator("#story")
    assert (list_.is_visible(), story.is_visible()) == (False, True)
    tab.page.click("#back")
    assert (list_.is_visible(), story.is_visible()) == (True, False)
    assert _width(tab) == 390
    assert min(tab.run(f"({_TARGETS})()")) >= 24  # WCAG 2.2, 2.5.8

    opened(tab)
    assert (list_.is_visible(), story.is_visible()) == (False, True)
    assert tab.detail.bounding_box() == {"x": 0, "y": 0, "width": 390, "height": 844}
    assert _width(tab) == 390
    tab.detail.get_by_label("Close").click()
    tab.page.click("#back")
    assert (list_.is_visible(), story.is_visible()) == (True, False)


@pytest.mark.parametrize("width", [1920, 1440, 1200, 1024, 800, 600, 390])
def test_every_column_is_in_view(width: int, address: str, open_page: Open) -> None:
    """Beside an open detail, too; and the time has at least a quarter of the rows' width."""
    tab = open_page(address, width=width)
    assert _fits(tab)
    opened(tab)
    assert _fits(tab)
    if width > 900:  # below, the detail covers the rows
        axis, grid = (tab.page.locator(name).bounding_box() for name in ("#axis", "#grid"))
        assert axis
        assert grid
        assert axis["width"] > grid["width"] / 4


def _fits(tab: Tab) -> bool:
    return bool(tab.run("(({scrollWidth, clientWidth}) => scrollWidth <= clientWidth)(grid)"))


def _width(tab: Tab) -> int:
    return int(tab.run("document.documentElement.scrollWidth"))


def test_everything_has_a_role_and_a_name(address: str, open_page: Open) -> None:
    """What a screen reader says: controls, list, tree; where a row is in it."""
    tab = opened(open_page(address))
    named = tab.run(f"({_NAMED})()")
    assert [html for html, role, name in named if role in _NEEDS_NAME and not name] == []

    snapshot = tab.page.locator("body").aria_snapshot()
    for role in (
        "searchbox",
        "combobox",
        "listbox",
        "option",
        "treegrid",
        "columnheader",
        "button",
    ):
        assert f"- {role}" in snapshot, role
    rows = tab.page.locator("#grid .row[data-index]")
    assert rows.first.get_attribute("aria-level") == "1"
    assert rows.first.get_attribute("aria-expanded") == "true"
    assert (
        tab.page.locator("#grid [role=row] > :not([role=gridcell], [role=columnheader])").count()
        == 0
    )
    active = tab.page.get_attribute("#grid", "aria-activedescendant")
    assert tab.page.locator(f"#{active}").get_attribute("aria-selected") == "true"
    assert tab.run("document.documentElement.lang") == "en"


def test_the_focus_is_seen(address: str, open_page: Open) -> None:
    """By an outline, wherever the tab key leads."""
    tab = open_page(address)
    seen = []
    for _ in range(12):
        tab.keys("Tab")
        seen.append(tab.run("getComputedStyle(document.activeElement).outlineStyle"))
    assert set(seen) == {"solid"}
