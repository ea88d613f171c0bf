"""A real browser, where there is one on PATH."""

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.tabs import Open, Tab

NAMES = ("chromium", "chromium-browser", "google-chrome")
PATH = next(filter(None, map(shutil.which, NAMES)), None)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One for a module: while it is there, the thread has no event loop for other tests."""
    if PATH is None:
        pytest.skip(f"no browser: none of {', '.join(NAMES)} is on PATH")
    # Chromium's own sandbox does not run as root.
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=PATH, args=arguments)
        yield made
        made.close()


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
