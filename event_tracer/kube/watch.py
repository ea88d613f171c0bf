"""LIST, then WATCH, of one resource, for ever: raw frames to a reader.

Events bypass the API server's watch cache and get no bookmarks; etcd keeps 5 to 10 minutes of
history (apiserver storage/etcd3/compact.go). So a resourceVersion may be too old at any time,
and is told so in four ways: an ERROR frame with 410, HTTP 410, an empty answer at once, and,
once etcd was restored, silence. All of them end in a new LIST.
"""

import asyncio
import logging
import random
from contextlib import AbstractAsyncContextManager
from math import inf

import aiohttp

from event_tracer.core.event import version_number
from event_tracer.core.frame import Listing, parse_line
from event_tracer.core.wire import MalformedError, decode
from event_tracer.kube.client import Api, ApiError, status_error
from event_tracer.kube.handler import FrameHandler
from event_tracer.kube.listing import Lister, StaleError, accept, version_of
from event_tracer.kube.resources import EVENTS, Resource
from event_tracer.kube.stream import chunks, lines
from event_tracer.runtime.backoff import Backoff
from event_tracer.runtime.metrics import Metrics

_WATCH = 240.0  # seconds, well below etcd's compaction
_GRACE = 15.0  # seconds of silence beyond those: Events have no bookmarks to wait for
_BOOKMARKS = 100.0  # seconds of silence of a cached resource, which has one a minute (cacher.go)
_SHORT = 1.0  # seconds; client-go's VeryShortWatchError (tools/cache/reflector.go)
# Seconds of silence after which a watch has nothing left to catch up with: after trouble, after
# an end in time, after a LIST of the present.
_LONG_QUIET, _QUIET, _NO_QUIET = 2.0, 0.5, 0.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.8, 30.0  # seconds, as client-go
_PATIENCE = 60.0  # seconds that something is refused which was allowed before, until that counts
_LONGEST_DENIED = 300.0  # seconds until a refused resource is asked for again

logger = logging.getLogger(__name__)


class _ShortError(ApiError):
    """A watch ended at once, having said something."""


class Watch:
    """One resource in one namespace, or in all where it is empty.

    `version` is the last that was read, where an earlier run left one to begin with; `from_now`
    leaves out what there is already. `is_live`: all that has happened was read.
    """

    def __init__(
        self, api: Api, resource: Resource, *, handler: FrameHandler, metrics: Metrics,
        namespace: str = "", version: str = "", from_now: bool = False,
    ) -> None:  # fmt: skip
        self.resource = resource
        self.namespace = namespace
        self.version = version
        self.is_live = self.is_denied = self.is_paused = False
        self.trouble = ""  # why the last request failed; empty once one goes well
        self.moved = 0.0  # the loop's time at the last sign of progress
        self.failed = 0.0  # the loop's time at the last error, or at the start
        self.failing_since = inf  # the loop's time since which each request is answered by an error
        self._api = api
        self._lister = Lister(api, resource, namespace=namespace)
        self._handler = handler
        self._metrics = metrics
        self._from_now = from_now
        self._is_first = True
        self._has_watched = False  # LIST and WATCH are two rights
        self._cause = ""  # why a LIST is needed; once there was one
        self._target = 0  # the version that surely comes, where a LIST has shown it
        self._is_suspect = False  # the server may be another one than before
        self._opened: int | None = None  # ns of the API server's clock
        self._quiet_for = _LONG_QUIET
        self._quiet: asyncio.TimerHandle | None = None
        self._backoff = Backoff(first=_FIRST_PAUSE, longest=_LONGEST_PAUSE)
        self._short = Backoff(first=_FIRST_PAUSE, longest=_LONGEST_PAUSE)
        self._denied = Backoff(first=_FIRST_PAUSE, longest=_LONGEST_DENIED)
        self._since = inf  # the loop's time at the start of this watch
        self._has_heard = False  # anything in this watch
        self._relists = 0  # since the last success
        self._refused = 0.0  # the loop's time at the first refusal since then

    async def run(self) -> None:
        """Read until cancelled."""
        clock = asyncio.get_running_loop().time
        self.failed = clock()
        while True:
            pause, self.moved = 0.0, clock()
            try:
                cause = await self._round()
            except StaleError as error:
                cause = str(error)
                # Nobody sees what happens before the next LIST, so the first comes at once.
                pause = self._backoff.pause() if self._relists else 0.0
                self._cause, self._relists = cause, self._relists + 1
            except ApiError as error:
                cause = "error"
                pause = self._trouble(error)
            if cause != "timeout":
                # An end before its time may be that of a server that stops.
                self._is_suspect, self._quiet_for = True, _LONG_QUIET
            self._set(is_live=False)
            self._metrics.restarted(self.resource.name, cause)
            await asyncio.sleep(pause)

    async def _round(self) -> str:
        """One watch, with all that must come before it; why it ended."""
        if not self._handler.has_capacity(self):
            logger.info("the queue is full; the watch waits", extra=self._about())
            self.is_paused = True
            await self._handler.wait_for_capacity(self)
            self.is_paused = False
        if self._is_first or self._cause:
            await self._list()
        elif self._is_suspect:
            await self._probe()
        try:
            return await self._watch()
        finally:
            if asyncio.get_running_loop().time() - self._since >= _SHORT:
                self._succeeded()

    def _trouble(self, error: ApiError) -> float:
        self.trouble = str(error)
        self.failed = now = asyncio.get_running_loop().time()
        self.failing_since = min(self.failing_since, now) if error.status else inf
        if not error.is_refusal:
            logger.warning("the API server failed", extra=self._about(error=str(error)))
            if isinstance(error, _ShortError):
                self._backoff.reset()  # whatever is wrong, it is not what was wrong before
                return self._short.pause()
            return self._backoff.pause(after=error.retry_after)
        self._refused = self._refused or now
        if self._has_watched and now - self._refused < _PATIENCE:
            return self._backoff.pause()
        if not self.is_denied:
            logger.warning("not allowed or not there", extra=self._about(error=str(error)))
        self._set(is_denied=True)
        return self._denied.pause()

    def _succeeded(self) -> None:
        self._backoff.reset()
        self._short.reset()
        self._denied.reset()
        self._relists, self._refused, self.failing_since = 0, 0.0, inf
        self._set(is_denied=False)

    def _about(self, **more: object) -> dict[str, object]:
        return {"resource": self.resource.name, "namespace": self.namespace or "all", **more}

    # -- LIST

    async def _list(self) -> None:
        exact = self.version if self._is_first and self.resource is not EVENTS else ""
        try:
            version = await self._pages(exact=exact)
        except StaleError:
            if not exact:
                raise
            version, exact = await self._pages(), ""
        listing = self._listing(version)
        await self._handler.on_list(self, listing)
        self.version = self.version if listing.learn_only else version
        self._is_first, self._cause, self._is_suspect = False, "", False
        self._quiet_for = _LONG_QUIET if listing.learn_only or exact else _NO_QUIET

    async def _pages(self, *, exact: str = "") -> str:
        """All pages to the reader; the version of the LIST."""
        self._handler.on_list_begin(self)
        self._target, version = 0, ""
        async for page in self._lister.pages(exact=exact):
            for _ in range(page.unusable):
                self._metrics.dropped("malformed")
            versions = (version_number(version_of(item)) for item in page.items)
            self._target = max([self._target, *versions])
            self._handler.on_page(self, [self.resource.frame(item) for item in page.items])
            version = page.version
        return version

    def _listing(self, version: str) -> Listing:
        known, now = version_number(self.version), version_number(version)
        if self._from_now and self._is_first and not self.version:
            return Listing(version=version, emitted_up_to=now)
        if known > now:  # etcd was restored from a backup: versions begin again
            return Listing(version=version, cause="restored")
        if self._is_first:
            learn_only = known > 0 and self.resource is EVENTS
            return Listing(version=version, emitted_up_to=known, learn_only=learn_only)
        return Listing(version=version, emitted_up_to=known, cause=self._cause)

    async def _probe(self) -> None:
        # A watch of Events from a version of the future says nothing, for ever: only a LIST
        # tells (apiserver storage/etcd3/watcher.go).
        if version_number(await self._lister.version()) < version_number(self.version):
            raise StaleError("restored")

    # -- WATCH

    async def _watch(self) -> str:
        seconds = int(_WATCH * random.uniform(0.9, 1.1))
        clock = asyncio.get_running_loop().time
        self.moved = clock()
        self._since, self._has_heard = inf, False
        try:
            async with self._open(seconds) as response:
                self._opening(response)
                said = chunks(response, poll=self._handler.poll_interval(self))
                async for line in lines(said, on_loss=self._lose):
                    self.moved, self._has_heard = clock(), True
                    self._line(line)
                    if not self._handler.has_capacity(self):
                        return "paused"
        except ApiError as error:
            if error.status == 410:
                raise StaleError("expired") from None
            raise
        lasted = clock() - self._since
        if lasted < _SHORT:  # lines or not, the next one must not follow at once
            raise _ShortError("the watch ended at once") if self._has_heard else StaleError("empty")
        self._is_suspect, self._quiet_for = False, _QUIET
        return "timeout" if lasted >= seconds - 1 else "closed"

    def _lose(self, reason: str) -> None:
        self._has_heard = True
        self._metrics.dropped(reason)

    def _open(self, seconds: int) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:
        query: dict[str, str | int] = {
            "watch": "true", "resourceVersion": self.version, "timeoutSeconds": seconds,
            "allowWatchBookmarks": "true",
        }  # fmt: skip
        silence = seconds + _GRACE if self.resource is EVENTS else _BOOKMARKS
        form = accept(self.resource, is_list=False)
        return self._api.open(self._lister.path, query=query, accept=form, silence=silence)

    def _opening(self, response: aiohttp.ClientResponse) -> None:
        if response.content_type != "application/json":
            raise ApiError(f"{response.content_type} came, from a proxy perhaps", status=502)
        self._has_watched = True
        self._since, self._opened = asyncio.get_running_loop().time(), self._api.now
        if self._target <= version_number(self.version):
            self._settle_soon()

    def _settle_soon(self) -> None:
        if self._quiet:
            self._quiet.cancel()
        self._quiet = asyncio.get_running_loop().call_later(self._quiet_for, self._caught_up)

    def _caught_up(self) -> None:
        self.trouble = ""
        self._set(is_live=True, is_denied=False)

    def _line(self, line: bytes) -> None:
        resource = self.resource
        parsed = None
        if not self._handler.wants_raw:
            parsed = parse_line(line, resource=resource.name, kind=resource.kind)
        if parsed is None:
            self._parse_full(line)
            return
        written = self._handler.on_frame(self, parsed.type, parsed.frame)
        self._progress(parsed.version, written)
        self.version = parsed.version or self.version

    def _parse_full(self, line: bytes) -> None:
        try:
            raw = decode(line)
            type_, body = raw["type"], raw["object"]
            version = version_of(body)
        except (MalformedError, TypeError, KeyError, AttributeError):
            self._metrics.dropped("malformed")
            return
        if type_ == "ERROR":
            raise status_error(body)
        if type_ in ("ADDED", "MODIFIED", "DELETED"):
            written = self._handler.on_raw(self, self.resource.frame(body, type_=type_))
            self._progress(version, written)
        elif type_ != "BOOKMARK":
            self._metrics.dropped("unknown_type")
        self.version = version or self.version

    def _progress(self, version: str, written: int | None) -> None:
        if self.is_live:
            return
        self._set(is_denied=False)
        if version_number(version) >= self._target > 0:
            self._target = 0
        is_new = written is not None and self._opened is not None and written >= self._opened
        if self._target == 0 and is_new:
            self._set(is_live=True)
        elif self._target == 0:
            self._settle_soon()

    # -- both

    def _set(self, *, is_live: bool | None = None, is_denied: bool | None = None) -> None:
        before = (self.is_live, self.is_denied)
        if is_live is not None:
            self.is_live = is_live
            if self._quiet:
                self._quiet.cancel()
                self._quiet = None
        self.is_denied = self.is_denied if is_denied is None else is_denied
        if (self.is_live, self.is_denied) != before:
            self._handler.on_status_change(self)
