"""Draw docs/page.png: the page of `replay --html`, in the Chromium that is on PATH."""

from pathlib import Path
from tempfile import TemporaryDirectory

from event_tracer.cli.main import main as event_tracer
from tests.browser.launch import chromium

HERE = Path(__file__).parent
NAMES = ("undo", "oom", "restart", "job", "evict", "paused", "sts-stuck")
CAPTURES = HERE.parent / "tests" / "recordings" / "status"
RECORDINGS = [str(CAPTURES / f"{name}.jsonl.gz") for name in NAMES]


def main() -> None:
    """A rollout that failed, and why."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "page.html"
        event_tracer(["replay", "--html", str(file), *RECORDINGS])
        draw(file.as_uri())


def draw(address: str) -> None:
    """The page at `address`, with a container that runs out of memory looked at."""
    with chromium() as browser:
        tab = browser.new_page(viewport={"width": 1440, "height": 720}, color_scheme="light")
        tab.goto(address)
        tab.locator("#stories .item", has_text="v-oom").first.click()
        tab.mouse.move(0, 0)
        tab.wait_for_timeout(300)
        tab.screenshot(path=HERE / "page.png")


if __name__ == "__main__":
    main()
