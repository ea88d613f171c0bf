"""What the page costs in a browser, by that browser's own performance trace."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.browser.launch import MISSING, PATH, chromium
from tests.browser.pages import of_spans, rollout
from tests.browser.performance import SCROLL, ZOOM, cost
from tests.browser.tabs import Tab

_VIEW = {"width": 1440, "height": 900}
_SPANS = 6  # of a replica, nearly


def page(*, scale: float) -> dict[str, Any]:
    """Scroll and zoom a story of 5,000 spans."""
    if PATH is None:
        return {"skipped": MISSING}
    spans = rollout(replicas=round(scale * 5_000 / _SPANS) + 1)
    found: dict[str, Any] = {"spans": len(spans)}
    with TemporaryDirectory() as folder, chromium() as browser:
        found["browser"] = browser.version
        address = of_spans(Path(folder), spans)
        for name, act in (("scroll", SCROLL), ("zoom", ZOOM)):
            tab = Tab(browser.new_context(viewport=_VIEW), address)  # type: ignore[arg-type]
            told = cost(tab, act)
            tab.close()
            found[f"{name}: CPU ms of the main thread a frame"] = round(told.per_frame / 1_000, 1)
            found[f"{name}: longest task, CPU ms"] = round(told.longest / 1_000)
    return found
