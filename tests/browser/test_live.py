"""`run --ui`: the page of what happens now."""

import asyncio
import threading
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import AsyncExitStack
from typing import Any, TypeVar

import pytest

from event_tracer.core.span import Span
from event_tracer.render.page.server import serve
from event_tracer.render.page.store import StoryStore
from event_tracer.runtime.address import Address
from tests.browser.tabs import Open
from tests.scenarios.folding import frames_of, is_event, roots, tell

T = TypeVar("T")


class Server:
    """Stories and their page, in a thread with a loop: this one's is the browser's."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._stack = AsyncExitStack()
        self._thread.start()
        self.port = 0
        self.start()

    def start(self, *, port: int = 0) -> None:
        """With nothing to show, as a process that has just begun."""
        self.store = self._do(_made())
        served = serve(self.store, address=Address("127.0.0.1", port), title="Events")
        self.port = self._do(self._stack.enter_async_context(served))

    def stop(self) -> None:
        """As a process ends."""
        self._do(self._stack.aclose())

    def take(self, spans: Sequence[Span]) -> None:
        """Show these."""
        self._loop.call_soon_threadsafe(self.store.take, spans)

    def close(self) -> None:
        """End the thread."""
        self.stop()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _do(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)


async def _made() -> StoryStore:
    return StoryStore(max_spans=500)


@pytest.fixture
def server() -> Iterator[Server]:
    """A page that shows one story."""
    made = Server()
    made.take(tell(frames_of("redis-create")))
    yield made
    made.close()


def test_what_happens_appears(server: Server, open_page: Open) -> None:
    """Without a reload; what is looked at stays as it is."""
    tab = open_page(f"http://127.0.0.1:{server.port}/")
    assert (tab.stories, tab.title) == (1, "Create Deployment redis")
    tab.row("Pulled").click()
    link = tab.hash
    server.take(tell(frames_of("rolling-update")))
    tab.until("document.querySelector('#count').textContent === '3 stories'")

    assert (tab.title, tab.selected, tab.hash) == ("Create Deployment redis", "Pulled", link)
    assert tab.page.locator("#connection").inner_text() == "live"


def test_the_newest_failure_is_open_once_all_is_here(server: Server, open_page: Open) -> None:
    """Stories come in the order of their changes, and a page waits for those that there are."""
    for name in ("status/oom", "status/crash", "status/good"):
        server.take(tell(frames_of(name)))
    tab = open_page(f"http://127.0.0.1:{server.port}/")
    tab.until("document.querySelector('#count').textContent === '4 stories'")

    assert "v-oom" in tab.facts
    assert tab.detail.locator(".message").inner_text() == "container web: OOMKilled, exit 137"


def test_a_link_leads_to_a_story_of_the_run(server: Server, open_page: Open) -> None:
    """Also on a page that has no story yet when it opens."""
    server.take(tell(frames_of("status/oom")))
    wanted = tell(frames_of("status/good"))
    server.take(wanted)
    trace = wanted[0].trace_id.hex()
    tab = open_page(f"http://127.0.0.1:{server.port}/#trace={trace}")
    tab.until(f"location.hash === '#trace={trace}'")
    tab.until("document.querySelector('#story-facts').textContent.includes('v-good')")

    assert tab.title == "Create Deployment web"


def test_a_story_grows(server: Server, open_page: Open) -> None:
    """Events as they come, their object once it is known; the selected row stays selected."""
    spans = tell(frames_of("unschedulable"))
    (root,) = roots(spans)
    server.take([span for span in spans if is_event(span)][:1])
    tab = open_page(f"http://127.0.0.1:{server.port}/#trace={root.trace_id.hex()}")
    tab.until("document.querySelectorAll('#stories .item').length === 2")
    tab.page.locator("#stories .item", has_text="FailedScheduling").click()
    tab.row("FailedScheduling").click()
    server.take(spans)
    tab.until("document.querySelector('#story-title').textContent.includes('Create Pod big')")

    assert tab.selected == "FailedScheduling"
    assert tab.rows == 2


def test_it_comes_back(server: Server, open_page: Open) -> None:
    """After a restart the browser connects again, and forgets what the new process never saw."""
    tab = open_page(f"http://127.0.0.1:{server.port}/")
    tab.until("document.querySelector('#connection').textContent === 'live'")
    server.stop()
    tab.until("document.querySelector('#connection').className === 'lost'")
    server.start(port=server.port)
    server.take(tell(frames_of("unschedulable")))
    tab.until("document.querySelector('#stories').textContent.includes('Create Pod big')")

    assert tab.stories == 1
    assert all("Failed to load" in each for each in tab.complaints)
    tab.complaints.clear()
