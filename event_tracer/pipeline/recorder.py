"""`event-tracer record`: a live cluster's raw frames, to be replayed anywhere."""

import asyncio
import gzip
import json
import logging
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from event_tracer import EventTracerError
from event_tracer.cli.settings.models import RecordSettings
from event_tracer.core.event import Event
from event_tracer.core.frame import Frame, Listing, parse_frame
from event_tracer.core.objects import object_of
from event_tracer.core.redaction import Redaction
from event_tracer.core.wire import MalformedError, without_applied
from event_tracer.kube.client import Api, ApiError, retry_forever
from event_tracer.kube.cluster import kube_system
from event_tracer.kube.credentials import connector
from event_tracer.kube.handler import Raw, WatchInfo
from event_tracer.kube.owners import Owners
from event_tracer.kube.resources import EVENTS
from event_tracer.kube.stream import AT_ONCE, PollInterval
from event_tracer.kube.watch import Watch
from event_tracer.recording.reader import STDIN, VERSION
from event_tracer.runtime.metrics import NullMetrics
from event_tracer.runtime.tasks import Spawn, until

_REPORT = 10.0  # seconds

logger = logging.getLogger(__name__)


class RecordError(EventTracerError):
    """What keeps a recording from being written, in a sentence."""


class _WriteError(Exception):
    """Its cause, which is no failure of a request within which it is raised."""


async def record(target: str, settings: RecordSettings, *, stop: asyncio.Event) -> None:
    """Record to the file `target`, or standard output for -, until `stop`.

    Raises RecordError, BrokenPipeError where nobody reads any more, and ConnectionSettingsError
    where there is no cluster to speak to.
    """
    api = Api(await connector(kubeconfig=settings.kubeconfig, context=settings.context))
    failure: BaseException | None = None
    try:
        with _opened(target) as file:
            await _Recorder(api, settings, file).run(stop)
    except* (OSError, _WriteError) as errors:
        failure = errors.exceptions[0]  # to raise it here would put it in a group again
    finally:
        await api.close()
    if failure:
        raise _explained(target, failure.__cause__ or failure)


def _explained(target: str, error: BaseException) -> Exception:
    if isinstance(error, BrokenPipeError):
        return error  # who reads has seen enough, which the command line knows
    reason = getattr(error, "strerror", None) or str(error)
    name = "standard output" if target == STDIN else target
    return RecordError(f"cannot write {name}: {reason.lower()}")


@contextmanager
def _opened(target: str) -> Iterator[IO[bytes]]:
    if target == STDIN:
        yield sys.stdout.buffer
    elif target.endswith(".gz"):
        with gzip.open(target, "wb", compresslevel=6) as packed:
            yield packed  # type: ignore[misc]  # typeshed: GzipFile is no IO
    else:
        with Path(target).open("wb") as file:
            yield file


class _Dropped(NullMetrics):
    """Counts the frames that could not be used."""

    def __init__(self) -> None:
        self.frames = 0

    def dropped(self, reason: str) -> None:
        """A frame could not be used."""
        self.frames += 1
        logger.warning("a frame cannot be used", extra={"reason": reason})


class _Recorder:
    """Writes what it reads, in order of arrival."""

    wants_raw = True

    def __init__(self, api: Api, settings: RecordSettings, file: IO[bytes]) -> None:
        self._api = api
        self._settings = settings
        self._file = file
        self._redact = Redaction(settings.redact)
        self._objects_read = asyncio.Event()
        self._owners: Owners
        self._spawn: Spawn
        self._pages: dict[WatchInfo, list[Raw]] = {}
        self._metrics = _Dropped()
        self._frames = self._events = 0

    async def run(self, stop: asyncio.Event) -> None:
        """Record until `stop`."""
        self._line({"type": "HEADER", "version": VERSION})
        await until(stop, self._begin)
        self._file.flush()
        logger.info("recorded", extra=self._told())

    def _begin(self, spawn: Spawn) -> None:
        self._spawn = spawn
        self._owners = Owners(
            self._api, handler=self, metrics=self._metrics, versions={},
            namespaces=self._settings.watch_namespaces, spawn=spawn, on_change=self._look,
        )  # fmt: skip
        spawn(self._read(), "start")
        spawn(self._report(), "report")

    async def _read(self) -> None:
        # Whose uid this is counts only before the first Event.
        namespace = await retry_forever(self._kube_system)
        if namespace:
            self._write(namespace)
        self._owners.start()
        await self._objects_read.wait()
        for name in self._settings.watch_namespaces or ("",):
            watch = Watch(self._api, EVENTS, handler=self, metrics=self._metrics, namespace=name)
            self._spawn(watch.run(), f"watch events {name}".strip())

    async def _kube_system(self) -> Raw | None:
        try:
            return await kube_system(self._api)
        except ApiError as error:
            if error.is_refusal:
                return None
            raise

    async def _report(self) -> None:
        while True:
            await asyncio.sleep(_REPORT)
            self._file.flush()
            logger.info("recording", extra=self._told())

    def _told(self) -> dict[str, int]:
        return {"frames": self._frames, "events": self._events, "unusable": self._metrics.frames}

    # -- FrameHandler

    def on_list_begin(self, watch: WatchInfo) -> None:
        """A LIST begins, perhaps for another time."""
        self._pages[watch] = []

    def on_page(self, watch: WatchInfo, raws: list[Raw]) -> None:
        """Some of a LIST's items, as frames."""
        self._pages[watch] += raws

    async def on_list(self, watch: WatchInfo, listing: Listing) -> None:
        """A LIST is complete; Events are written as they came to be, as a replay reads them."""
        for raw in sorted(self._pages.pop(watch), key=_time):
            self.on_raw(watch, raw)

    def on_frame(self, watch: WatchInfo, type_: str, frame: Frame) -> int | None:
        """Never called, as each frame is wanted raw."""
        raise NotImplementedError

    def on_raw(self, watch: WatchInfo, raw: Raw) -> int | None:
        """One frame."""
        self._write(raw)
        try:
            frame = parse_frame(raw)
        except MalformedError as error:
            self._metrics.dropped(str(error))
            return None
        self._meet(frame)
        return frame.body.server_time

    def _meet(self, frame: Frame) -> None:
        body = frame.body
        if isinstance(body, Event):
            self._events += 1
            item = object_of(body.involved)
            if not frame.deleted and self._owners.may_fetch(item):
                self._spawn(self._fetch(frame), "get")
        elif body.owner:
            self._owners.meet(body.owner)

    async def _fetch(self, frame: Frame) -> None:
        assert isinstance(frame.body, Event)
        item = object_of(frame.body.involved)
        if self._owners.may_fetch(item) and (raw := await self._owners.fetch(item)):
            self._write(raw)
            try:
                self._meet(parse_frame(raw))
            except MalformedError as error:
                self._metrics.dropped(str(error))

    def on_status_change(self, watch: WatchInfo) -> None:
        """A watch goes on, or is refused."""
        self._look()

    def poll_interval(self, watch: WatchInfo) -> PollInterval:
        """At once: a recording has the order in which all came."""
        return AT_ONCE

    def has_capacity(self, watch: WatchInfo) -> bool:
        """A file always has."""
        return True

    async def wait_for_capacity(self, watch: WatchInfo) -> None:
        """A file always has."""

    def _look(self) -> None:
        if self._owners.are_live:
            self._objects_read.set()

    # -- the file

    def _write(self, raw: Mapping[str, Any]) -> None:
        self._frames += 1
        body = without_applied(self._redact(raw)["object"])
        self._line({**raw, "received": time.time_ns(), "object": body})

    def _line(self, frame: Mapping[str, Any]) -> None:
        try:
            self._file.write(json.dumps(frame, separators=(",", ":")).encode() + b"\n")
        except OSError as error:
            raise _WriteError from error


def _time(raw: Raw) -> int:
    try:
        body = parse_frame(raw).body
    except MalformedError:
        return 0
    return body.time if isinstance(body, Event) else 0
