"""A page in a browser: what is seen of it, and what a user does."""

import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Locator, Request

EDGE = 8.0  # pixels, so that a mark at either end is seen whole
Open = Callable[..., "Tab"]


class Tab:
    """One page. `complaints` are the console's; `strangers` what was asked of anyone else."""

    def __init__(self, context: BrowserContext, address: str) -> None:
        self.complaints: list[str] = []
        self.strangers: list[str] = []
        self.context = context
        self._origin = urlsplit(address)[:2]
        self._address = address.partition("#")[0]
        self.page = context.new_page()
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", self._asked)
        if address.startswith("file:"):
            context.set_offline(True)
        self.page.goto(address)
        self.page.wait_for_selector("#stories .item", state="attached")
        self.settle()

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def _asked(self, request: Request) -> None:
        at = urlsplit(request.url)
        is_own = at[:2] == self._origin and (at.scheme != "file" or request.url == self._address)
        if not is_own and at.scheme != "data":
            self.strangers.append(request.url)

    def close(self) -> None:
        """Close it."""
        self.context.close()

    # -- what is seen

    @property
    def stories(self) -> int:
        """How many are listed."""
        return int(self.page.locator("#count").inner_text().split()[0])

    @property
    def entries(self) -> list[str]:
        """The titles in the list, of many of one root a single one."""
        return self.page.locator("#stories .item .first .label").all_inner_texts()

    @property
    def title(self) -> str:
        """The open story's."""
        return self.page.locator("#story-title").inner_text()

    @property
    def facts(self) -> str:
        """What is told of the open story."""
        return self.page.locator("#story-facts").inner_text()

    @property
    def rows(self) -> int:
        """How many the open story has, drawn or not."""
        return int(self.page.locator("#grid").get_attribute("aria-rowcount") or 0) - 1

    @property
    def selected(self) -> str:
        """The name of the row that is."""
        row = self.page.locator("#grid .row.selected .label")
        return row.inner_text() if row.count() else ""

    @property
    def found(self) -> list[str]:
        """The names of the rows drawn that are marked as found."""
        return self.page.locator("#grid .row.found .label").all_inner_texts()

    @property
    def detail(self) -> Locator:
        """The panel beside the timeline."""
        return self.page.locator("#detail")

    @property
    def hash(self) -> str:
        """The link's end."""
        return str(self.run("location.hash"))

    def row(self, text: str) -> Locator:
        """The first row drawn that says `text`."""
        return self.page.locator("#grid .row[data-index]", has_text=text).first

    def style(self, selector: str, name: str) -> str:
        """A computed value of the first element."""
        script = (
            f"getComputedStyle(document.querySelector({selector!r})).getPropertyValue({name!r})"
        )
        return str(self.run(script))

    def of(self, element: Locator, name: str) -> str:
        """A computed value of an element."""
        script = "(element, name) => getComputedStyle(element).getPropertyValue(name)"
        return str(element.evaluate(script, name))

    @property
    def ends(self) -> tuple[float, float]:
        """Pixels of the timeline at which a whole story begins and ends."""
        box = self.page.locator("#axis").bounding_box()
        assert box
        return EDGE, box["width"] - EDGE

    def run(self, script: str) -> Any:
        """What JavaScript says."""
        return self.page.evaluate(script)

    def until(self, script: str, *, seconds: float = 20.0) -> None:
        """Return once JavaScript says so.

        Playwright's own way evaluates text within the page, which forbids it.
        """
        end = time.monotonic() + seconds
        while not self.run(script):
            assert time.monotonic() < end, f"never: {script}"
            self.page.wait_for_timeout(30)
        self.settle()

    # -- what a user does

    def keys(self, *keys: str) -> None:
        """Type."""
        for key in keys:
            self.page.keyboard.press(key)
        self.settle()

    def settle(self) -> None:
        """Let it draw."""
        frame = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
        self.page.evaluate(frame)

    def search(self, text: str) -> None:
        """Search for `text`."""
        self.page.fill("#search", text)
        self.settle()

    def unfold(self) -> None:
        """Give each story of the list a line of its own."""
        for fold in self.page.locator("#stories .twist.closed").all():
            fold.click()
        self.settle()

    def choose(self, name: str, value: str) -> None:
        """Set a filter; all where the value is empty."""
        self.page.select_option(f"#filter-{name}", f"={value}" if value else "")
        self.settle()

    def drag(self, begin: float, end: float, *, of: str = "#overview") -> None:
        """Drag over shares of an element's width."""
        box = self.page.locator(of).first.bounding_box()
        assert box
        middle = box["y"] + box["height"] / 2
        mouse = self.page.mouse
        mouse.move(box["x"] + begin * box["width"], middle)
        mouse.down()
        mouse.move(box["x"] + end * box["width"], middle, steps=4)
        mouse.up()
        self.settle()
