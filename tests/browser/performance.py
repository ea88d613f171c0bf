"""What a page costs while it is scrolled and zoomed, by the browser's own performance trace."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.browser.tabs import Tab

FRAMES = 120
LONG_TASK = 50_000  # µs (W3C, Long Tasks)
_CATEGORIES = ["disabled-by-default-devtools.timeline", "devtools.timeline", "__metadata"]
_EACH_FRAME = """(act) => new Promise((done) => {
  let left = FRAMES;
  const step = () => (left-- ? (act(left), requestAnimationFrame(step)) : done());
  requestAnimationFrame(step);
})""".replace("FRAMES", str(FRAMES))
# A screen further in each frame, and from the start again: all that is in view is new each time.
SCROLL = """(left) => {
  const grid = document.querySelector("#grid"), room = grid.scrollHeight - grid.clientHeight;
  grid.scrollTop = ((FRAMES - left) * grid.clientHeight) % room;
}""".replace("FRAMES", str(FRAMES))
ZOOM = """(left) => {
  const wheel = { ctrlKey: true, deltaY: left % 20 < 10 ? 40 : -40, clientX: innerWidth * 0.8 };
  const event = new WheelEvent("wheel", { ...wheel, bubbles: true, cancelable: true });
  document.querySelector("#grid").dispatchEvent(event);
}"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Of so many frames in which something was done: µs of CPU of each task of the main thread.

    CPU, as what else the machine does shows in it less.
    """

    tasks: tuple[int, ...]

    @property
    def per_frame(self) -> float:
        """What a frame took."""
        return sum(self.tasks) / FRAMES

    @property
    def longest(self) -> int:
        """The longest task."""
        return max(self.tasks)

    @property
    def long_tasks(self) -> int:
        """Tasks that a user would notice."""
        return sum(task > LONG_TASK for task in self.tasks)


def cost(tab: Tab, act: str) -> Cost:
    """Do `act` in each of some frames."""
    browser = tab.context.browser
    assert browser
    browser.start_tracing(page=tab.page, categories=_CATEGORIES)
    tab.page.evaluate(f"({_EACH_FRAME})({act})")
    events = json.loads(browser.stop_tracing())["traceEvents"]
    return Cost(tasks=tuple(_tasks(events)))


def _tasks(events: list[dict[str, Any]]) -> Iterator[int]:
    named = (each for each in events if each["name"] == "thread_name")
    mains = {(e["pid"], e["tid"]) for e in named if e["args"]["name"] == "CrRendererMain"}
    for each in events:
        if each["name"] == "RunTask" and (each["pid"], each["tid"]) in mains:
            yield each.get("tdur", 0)
