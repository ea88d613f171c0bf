"""A live cluster's raw frames, written to a file in order of arrival."""

import asyncio
import gzip
import json
import logging
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from event_tracer import EventTracerError
from event_tracer.core.chain import KubeObject, object_of
from event_tracer.core.event import Event
from event_tracer.core.filters import Redact
from event_tracer.core.frame import Frame, Line, Listing, holds_event, parse_frame
from event_tracer.core.projection import project
from event_tracer.core.wire import MalformedError, without_applied
from event_tracer.kube.client import Api, ApiError, retry_forever
from event_tracer.kube.credentials import client_factory
from event_tracer.kube.discovery import kube_system
from event_tracer.kube.handler import Raw, WatchInfo
from event_tracer.kube.resources import EVENTS, WholeKinds
from event_tracer.kube.stream import AT_ONCE, PollInterval
from event_tracer.pipeline.cluster_reader import ClusterReader
from event_tracer.recording.reader import STDIN, TOLD_SINCE, VERSION
from event_tracer.runtime.metrics import Metrics, NullMetrics
from event_tracer.runtime.tasks import Spawn, TaskScope, unless

_REPORT = 10.0  # seconds

logger = logging.getLogger(__name__)


class RecordError(EventTracerError):
    """A recording cannot be written; the message is a sentence."""


class _WriteError(Exception):
    """Carries an OSError of the file past whoever takes it for the API server's."""


async def record(
    target: str, *, kubeconfig: str, context: str, namespaces: Sequence[str], whole: WholeKinds,
    redact: Redact, stop: asyncio.Event,
) -> None:  # fmt: skip
    """Record to the file `target`, or standard output for -, until `stop`.

    Raises RecordError, BrokenPipeError where nobody reads any more, and ConnectionSettingsError
    where there is no cluster to speak to.
    """
    connect = await unless(stop, client_factory(kubeconfig=kubeconfig, context=context))
    if connect is None:
        return
    api = Api(connect)
    failure: BaseException | None = None
    try:
        with _opened(target) as file:
            writer = _Writer(file, redact)
            await _Recording(api, writer, namespaces=namespaces, whole=whole).run(stop)
    except* (OSError, _WriteError) as errors:
        failure = errors.exceptions[0]  # to raise it here would put it in a group again
    finally:
        await api.close()
    if failure:
        raise _as_record_error(target, failure.__cause__ or failure)


def _as_record_error(target: str, error: BaseException) -> Exception:
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


class _Unusable(NullMetrics):
    """Counts the frames that could not be used."""

    def __init__(self) -> None:
        self.frames = 0

    def dropped(self, reason: str) -> None:
        """A frame could not be used."""
        self.frames += 1
        logger.warning("a frame cannot be used", extra={"reason": reason})


class _Writer:
    """Writes frames as JSON Lines, redacted; `frames` is their number."""

    def __init__(self, file: IO[bytes], redact: Redact) -> None:
        self.frames = 0
        self._file = file
        self._redact = redact
        self._line({"type": "HEADER", "version": VERSION})

    def write(self, raw: Mapping[str, Any]) -> None:
        """Write one frame."""
        self.frames += 1
        self._line({**self._redact(raw), "received": time.time_ns()})

    def flush(self) -> None:
        """Let readers of the file see all."""
        self._file.flush()

    def _line(self, frame: Mapping[str, Any]) -> None:
        try:
            self._file.write(json.dumps(frame, separators=(",", ":")).encode() + b"\n")
        except OSError as error:
            raise _WriteError from error


class _Recording:
    """One run: kube-system, whose uid is the cluster's, then all that a cluster reader reads."""

    def __init__(
        self, api: Api, writer: _Writer, *, namespaces: Sequence[str], whole: WholeKinds
    ) -> None:
        self._api = api
        self._writer = writer
        self._scope = TaskScope()
        self._unusable = _Unusable()
        self._reader = ClusterReader(
            api, handler=self._handler, metrics=self._unusable, namespaces=namespaces, whole=whole,
            spawn=self._scope.spawn,
        )  # fmt: skip

    def _handler(self, reader: ClusterReader["_Recorder"]) -> "_Recorder":
        return _Recorder(
            reader, writer=self._writer, metrics=self._unusable, spawn=self._scope.spawn
        )

    async def run(self, stop: asyncio.Event) -> None:
        """Record until `stop`."""
        await self._scope.run(stop, start=self._read(), report=self._report())
        self._writer.flush()
        logger.info("recorded", extra=self._counts)

    async def _read(self) -> None:
        # A replay takes the uid only before the first Event.
        namespace = await retry_forever(self._kube_system)
        if namespace:
            self._writer.write(_kept(namespace))
        await self._reader.run()

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
            self._writer.flush()
            logger.info("recording", extra=self._counts)

    @property
    def _counts(self) -> dict[str, int]:
        return {
            "frames": self._writer.frames, "events": self._reader.handler.events,
            "unusable": self._unusable.frames,
        }  # fmt: skip


class _Recorder:
    """Writes each frame as it comes, and GETs what only a GET can tell; `events` counts Events."""

    wants_raw = True

    def __init__(
        self, reader: ClusterReader["_Recorder"], *, writer: _Writer, metrics: Metrics,
        spawn: Spawn,
    ) -> None:  # fmt: skip
        self.events = 0
        self._reader = reader
        self._writer = writer
        self._metrics = metrics
        self._spawn = spawn
        self._pages: dict[WatchInfo, list[Raw]] = {}

    def on_list_begin(self, watch: WatchInfo) -> None:
        """A LIST begins, perhaps for another time."""
        self._pages[watch] = []

    def on_page(
        self, watch: WatchInfo, frames: list[Frame], raws: list[Raw], listing: Listing
    ) -> None:
        """Some of a LIST's items, all raw; of objects it is said which transitions are news."""
        kept = [_kept(raw) for raw in raws]
        if watch.resource is not EVENTS:
            kept = [{**raw, TOLD_SINCE: self._reader.told_since(watch, listing)} for raw in kept]
        self._pages[watch] += kept

    async def on_list(self, watch: WatchInfo, listing: Listing) -> None:
        """A LIST is complete; Events are written in the order of their times, as a replay reads."""
        for raw in sorted(self._pages.pop(watch), key=_time):
            self._write(raw)

    def on_lines(self, watch: WatchInfo, lines: Sequence[Line]) -> int | None:
        """Never called, as each frame is wanted raw."""
        raise NotImplementedError

    def on_raw(self, watch: WatchInfo, raw: Raw) -> int | None:
        """One frame."""
        frame = self._write(_kept(raw))
        return frame.body.server_time if frame else None

    def on_status_change(self, watch: WatchInfo) -> None:
        """A watch goes on, or is refused."""
        self._reader.update()

    def poll_interval(self, watch: WatchInfo) -> PollInterval:
        """At once: a recording has the order in which all came."""
        return AT_ONCE

    def has_capacity(self, watch: WatchInfo) -> bool:
        """A file always has."""
        return True

    async def wait_for_capacity(self, watch: WatchInfo) -> None:
        """A file always has."""

    def update_sync_state(self) -> None:
        """A recording has none."""

    def _write(self, raw: Raw) -> Frame | None:
        self._writer.write(raw)
        try:
            frame = parse_frame(raw)
        except MalformedError as error:
            self._metrics.dropped(str(error))
            return None
        body = frame.body
        if isinstance(body, Event):
            self.events += 1
            item = object_of(body.involved)
            if not frame.deleted and self._reader.owners.may_fetch(item):
                self._spawn(self._fetch(item), "get")
        elif body.owner:
            self._reader.owners.on_owner(body.owner)
        return frame

    async def _fetch(self, item: KubeObject) -> None:
        owners = self._reader.owners
        if owners.may_fetch(item) and (raw := await owners.fetch(item)):
            self._write(_kept(raw))


def _kept(raw: Raw) -> Raw:
    """What is kept of a frame: an Event whole, of another object what law 14 allows."""
    body = raw["object"]
    return {**raw, "object": without_applied(body) if holds_event(raw) else project(body)}


def _time(raw: Raw) -> int:
    try:
        body = parse_frame(raw).body
    except MalformedError:
        return 0
    return body.time if isinstance(body, Event) else 0
