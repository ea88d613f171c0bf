"""LIST, then WATCH, of one resource, for ever: frames to a FrameHandler.

Events bypass the API server's watch cache and get no bookmarks; etcd keeps 5 to 10 minutes of
history (apiserver storage/etcd3/compact.go). So a resourceVersion may be too old at any time,
and the server says so in four ways: an ERROR frame with 410, HTTP 410, an empty answer at once,
and, once etcd was restored, silence. All of them end in a new LIST (watch_state.py draws it).
"""

import asyncio
import logging
import random

import aiohttp

from event_tracer.core.event import version_number
from event_tracer.core.frame import Listing
from event_tracer.kube.bookmark import Bookmark
from event_tracer.kube.catch_up import CatchUp, Quiet
from event_tracer.kube.client import Api, ApiError
from event_tracer.kube.dispatch import Dispatcher
from event_tracer.kube.handler import FrameHandler
from event_tracer.kube.listing import Lister, StaleError, listing_of
from event_tracer.kube.resources import EVENTS, Resource
from event_tracer.kube.retry import Retry, ShortWatchError
from event_tracer.kube.stream import Silence, chunks, lines
from event_tracer.kube.watch_state import Start, State
from event_tracer.runtime.metrics import Metrics

_WATCH = 180.0  # seconds: with what Bookmark adds well below the 5 minutes that etcd keeps
_SHORT = 1.0  # seconds; client-go's VeryShortWatchError (tools/cache/reflector.go)

logger = logging.getLogger(__name__)


class Watch:
    """One resource in one namespace, or in all where it is empty.

    `version` is the last that was read; an earlier run may have left one to begin with.
    `from_now` leaves out what there is already. Objects but Events are read whole where
    `is_whole`, else their metadata. `last_progress` and `last_read` are the loop's times; at the
    latter all that had happened was read, None where that was never so.
    """

    def __init__(
        self, api: Api, resource: Resource, *, handler: FrameHandler, metrics: Metrics,
        namespace: str = "", version: str = "", from_now: bool = False, is_whole: bool = False,
    ) -> None:  # fmt: skip
        self.resource = resource
        self.namespace = namespace
        self.version = version
        self.state = State.LISTING
        self.retry = Retry(was_allowed=bool(version))
        self.last_progress = 0.0
        self.last_read: float | None = None
        self._api = api
        self._lister = Lister(api, resource, namespace=namespace, is_whole=is_whole)
        self._handler = handler
        self._metrics = metrics
        self._start = Start.FROM_NOW if from_now and not version else Start.FIRST
        self._catch_up = CatchUp(self._on_caught_up)
        self._silence = Silence(has_bookmarks=resource is not EVENTS)
        self._bookmark = Bookmark(self._lister.version)
        self._dispatcher = Dispatcher(
            self, handler=handler, metrics=metrics,
            on_frame=self._on_frame, on_bookmark=self._on_bookmark,
        )  # fmt: skip

    @property
    def place(self) -> str:
        """`namespace/resource`: a checkpoint's key."""
        return f"{self.namespace}/{self.resource.name}"

    @property
    def is_live(self) -> bool:
        """Whether all that has happened was read."""
        return self.state is State.LIVE

    @property
    def is_denied(self) -> bool:
        """Whether the resource may not be read, or is not there."""
        return self.state is State.DENIED

    @property
    def is_paused(self) -> bool:
        """Whether it waits for the handler to have capacity."""
        return self.state is State.PAUSED

    async def run(self) -> None:
        """Read until cancelled."""
        while True:
            pause, self.last_progress = 0.0, asyncio.get_running_loop().time()
            try:
                cause = await self._round()
            except StaleError as error:
                cause, pause = str(error), self.retry.on_stale()
                self._start = self._start if self._start.is_first else Start(cause)
            except ApiError as error:
                cause, pause = "error", self._on_error(error)
            self._on_end(cause)
            self._metrics.restarted(self.resource.name, cause)
            await asyncio.sleep(pause)

    async def _round(self) -> str:
        """One WATCH, with all that must come before it; returns why it ended."""
        if not self.is_denied and not self._handler.has_capacity(self):
            logger.info("the queue is full; the watch waits", extra=self._extra())
            self._enter(State.PAUSED)
            await self._handler.wait_for_capacity(self)
        self._enter(self._start.state)
        if self._start is Start.PROBE:
            self._check(await self._lister.version())
        elif self._start is not Start.WATCH:
            await self._list()
        self._enter(State.CATCHING_UP)
        return await self._watch()

    # -- states

    def _enter(self, state: State) -> None:
        if not self.is_denied:
            self._set_state(state)

    def _set_state(self, state: State) -> None:
        before = (self.is_live, self.is_denied)
        self.state = state
        if (self.is_live, self.is_denied) != before:
            self._handler.on_status_change(self)

    def _on_caught_up(self) -> None:
        self._catch_up.cancel()
        self.retry.on_caught_up()
        self.last_read = asyncio.get_running_loop().time()
        self._set_state(State.LIVE)

    def _on_allowed(self) -> None:
        if self.is_denied:
            self._set_state(State.CATCHING_UP)

    def _on_error(self, error: ApiError) -> float:
        pause = self.retry.on_error(error)
        if not error.is_refusal:
            logger.warning("the API server failed", extra=self._extra(error=str(error)))
        elif self.retry.is_refusal_final and not self.is_denied:
            logger.warning("not allowed or not there", extra=self._extra(error=str(error)))
            self._set_state(State.DENIED)
        self._enter(State.BACKING_OFF)
        return pause

    def _on_end(self, cause: str) -> None:
        self._catch_up.cancel()
        if cause == "timeout":
            self._start, self._catch_up.quiet = Start.WATCH, Quiet.AFTER_END_IN_TIME
        else:
            self._catch_up.quiet = Quiet.AFTER_TROUBLE
            if self._start is Start.WATCH:  # an end before its time may be that of the server
                self._start = Start.PROBE
        if self.state is not State.BACKING_OFF:
            self._enter(self._start.state)

    def _extra(self, **more: object) -> dict[str, object]:
        return {"resource": self.resource.name, "namespace": self.namespace or "all", **more}

    # -- LIST

    async def _list(self) -> None:
        is_of_past = self._start.is_first and self.resource is not EVENTS and bool(self.version)
        try:
            listing = await self._pages(exact=self.version if is_of_past else "")
        except StaleError as error:
            if not is_of_past:
                raise
            self._start = Start(str(error))
            listing = await self._pages()
        await self._handler.on_list(self, listing)
        self._start = Start.WATCH
        if listing.learn_only:
            self._catch_up.quiet = Quiet.AFTER_TROUBLE
        else:
            self.version = listing.version
            self.last_read = asyncio.get_running_loop().time()
            self._catch_up.quiet = Quiet.AFTER_LIST

    async def _pages(self, *, exact: str = "") -> Listing:
        """All pages to the handler; returns the LIST without its frames."""
        self._handler.on_list_begin(self)
        self._catch_up.on_list_begin()
        listing = Listing()
        async for page in self._lister.pages(exact=exact, parsed=not self._handler.wants_raw):
            for _ in range(page.unusable):
                self._metrics.dropped("malformed")
            self._catch_up.on_page(page.versions)
            listing = listing_of(
                self._start, page.version, read=self.version,
                comes_again=bool(exact) or self.resource is EVENTS,
            )  # fmt: skip
            raws = [self.resource.frame(item) for item in page.objects]
            self._handler.on_page(self, page.frames, raws, listing)
        return listing

    def _check(self, newest: str) -> None:
        """Raise StaleError if the newest version that there is shows another history."""
        # A watch of Events from a version of the future says nothing, for ever: only a LIST
        # tells (apiserver storage/etcd3/watcher.go).
        if version_number(newest) < version_number(self.version):
            raise StaleError(Start.RESTORED.value)

    # -- WATCH

    async def _watch(self) -> str:
        """One WATCH; returns why it ended. Raises StaleError and ApiError."""
        seconds = int(_WATCH * random.uniform(0.9, 1.1))
        idle_timeout = self._silence.limit(seconds)
        self.last_progress = asyncio.get_running_loop().time()
        stream = self._lister.watch(self.version, seconds=seconds, idle_timeout=idle_timeout)
        try:
            async with stream as response, self._bookmark.asked(seconds=seconds):
                return await self._read(response, seconds=seconds)
        except ApiError as error:
            if error.status == 410:
                raise StaleError(Start.EXPIRED.value) from None
            raise

    async def _read(self, response: aiohttp.ClientResponse, *, seconds: int) -> str:
        self._on_open(response)
        clock = asyncio.get_running_loop().time
        opened, has_said = clock(), False

        def on_loss(reason: str) -> None:
            nonlocal has_said
            has_said = True
            self._bookmark.on_line()
            self._metrics.dropped(reason)

        stream = chunks(response, poll=self._handler.poll_interval(self))
        try:
            async for batch in lines(stream, on_loss=on_loss):
                self.last_progress, has_said = clock(), True
                self._silence.on_line()
                self._bookmark.on_line()
                self._dispatcher.dispatch(batch)
                if self.is_live:
                    self.last_read = self.last_progress
                if not self._handler.has_capacity(self):
                    return "paused"
        except aiohttp.ServerTimeoutError:
            if self._silence.on_limit():
                return "silent"
            raise
        finally:
            lasted = clock() - opened
            if lasted >= _SHORT:
                self.retry.on_success()
                self._on_allowed()
        if lasted >= seconds - 1:
            self._on_end_in_time()
            return "timeout"
        if lasted >= _SHORT:
            return "closed"
        # With lines or without, the next WATCH must not follow at once.
        if has_said:
            raise ShortWatchError("the watch ended at once")
        raise StaleError(Start.EMPTY.value)

    def _on_end_in_time(self) -> None:
        if self.is_live and self._bookmark.version:
            self._check(self._bookmark.version)
            self.version = self._bookmark.version

    def _on_open(self, response: aiohttp.ClientResponse) -> None:
        if response.content_type != "application/json":
            raise ApiError(f"{response.content_type} came, from a proxy perhaps", status=502)
        self.retry.on_open()
        self._catch_up.on_open(version=self.version, now=self._api.now)

    def _on_frame(self, version: str, written: int | None) -> None:
        if not self.is_live:
            self._on_allowed()
            self._catch_up.on_frame(version=version, written=written)
        self.version = version or self.version

    def _on_bookmark(self, version: str) -> None:
        self.version = version or self.version
