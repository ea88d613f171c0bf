"""Draw docs/page.png: the page of `replay --html`, in the Chromium that is on PATH."""

from pathlib import Path
from tempfile import TemporaryDirectory

from event_tracer.cli.main import main as event_tracer
from tests.browser.launch import chromium

HERE = Path(__file__).parent
NAMES = ("image-pull-backoff", "workloads", "rolling-update", "redis-create")
RECORDINGS = [str(HERE.parent / "tests" / "recordings" / f"{name}.jsonl") for name in NAMES]


def main() -> None:
    """A rollout that failed, and why."""
    with TemporaryDirectory() as folder, chromium() as browser:
        file = Path(folder) / "page.html"
        event_tracer(["replay", "--html", str(file), *RECORDINGS])
        tab = browser.new_page(viewport={"width": 1440, "height": 720}, color_scheme="light")
        tab.goto(file.as_uri())
        tab.locator("#stories .item", has_text="non-exist").first.click()
        tab.locator("#grid .row", has_text="Failed ErrImagePull").locator(".label").click()
        tab.mouse.move(0, 0)
        tab.wait_for_timeout(300)
        tab.screenshot(path=HERE / "page.png")


if __name__ == "__main__":
    main()
