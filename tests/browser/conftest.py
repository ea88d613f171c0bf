"""A real browser, where there is one on PATH."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser.launch import MISSING, PATH, chromium
from tests.browser.pages import of_recordings
from tests.browser.tabs import Open, Tab


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One for a module: asyncio's tests of other modules need their loop."""
    if PATH is None:
        pytest.skip(MISSING)
    with chromium() as made:
        yield made


@pytest.fixture
def workloads(tmp_path: Path) -> str:
    """The page of many kinds of stories."""
    return of_recordings(tmp_path, "workloads.jsonl")


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Open]:
    """Open an address in a tab of its own; what it complains of or asks the network for fails."""
    tabs: list[Tab] = []

    def call(address: str, *, width: int = 1440, height: int = 900, dark: bool = False) -> Tab:
        context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light"
        )
        tabs.append(Tab(context, address))
        return tabs[-1]

    yield call
    for tab in tabs:
        tab.close()
    for tab in tabs:
        assert tab.complaints == []
        assert tab.strangers == []
