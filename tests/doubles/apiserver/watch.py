"""WATCH, as an API server streams it, and the ways in which it ends."""

import asyncio
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum, auto

from aiohttp import web

from tests.doubles.apiserver.store import Kind, Store, Write
from tests.doubles.apiserver.wire import Asked, RefusedError, in_form, is_set, status
from tests.doubles.listener import drop
from tests.scenarios.fields import Raw

_MINUTE = 60.0
_USUAL = 1800.0
"""Without timeoutSeconds: 30 to 60 minutes (endpoints/handlers/get.go)."""


class End(Enum):
    """How a watch ends."""

    CLEAN = auto()
    ABORT = auto()
    HANG = auto()


@dataclass
class Cut:
    """After so many more lines, the next one ends in its middle."""

    after: int
    how: End


@dataclass(eq=False)
class Watch:
    """One open watch; `queue` is what it has yet to send."""

    kind: Kind
    asked: Asked
    since: int
    queue: asyncio.Queue[bytes | End] = field(default_factory=asyncio.Queue)
    is_behind: bool = False
    """It is told nothing more."""

    def offer(self, write: Write) -> None:
        """Tell it of a write, which it may not care for."""
        meta = write.object["metadata"]
        is_ours = self.asked.namespace in ("", meta.get("namespace", ""))
        is_new = write.revision > self.since and not self.is_behind
        if write.kind == self.kind and is_ours and is_new:
            self.queue.put_nowait(self._line(write.type, write.object))

    def bookmark(self, revision: int) -> bytes:
        meta = {"resourceVersion": str(revision), "creationTimestamp": None}
        names = {"kind": self.kind.kind, "apiVersion": self.kind.api_version}
        return self._line("BOOKMARK", {**names, "metadata": meta})

    def _line(self, type_: str, item: Raw) -> bytes:
        made = in_form(item, is_partial=bool(self.asked.form))
        return json.dumps({"type": type_, "object": made}).encode()


def opened(store: Store, kind: Kind, asked: Asked) -> Watch:
    """A watch, with what it missed in its queue."""
    if asked.form == "PartialObjectMetadataList":
        raise RefusedError(406, "you requested PartialObjectMetadataList, but it is not a list")
    wanted = asked.query.get("resourceVersion") or "0"
    watch = Watch(kind, asked, int(wanted))
    if wanted != "0" and int(wanted) < store.compacted:
        watch.queue.put_nowait(_expired(kind, wanted, store))
        watch.queue.put_nowait(End.CLEAN)
        return watch
    for write in store.since(kind, int(wanted)) if wanted != "0" else _present(store, kind):
        watch.offer(write)
    return watch


def _present(store: Store, kind: Kind) -> Iterable[Write]:
    """Without a resourceVersion: all there is, in the order of keys, each with its own version."""
    for _, item in store.snapshot(kind, store.revision):
        yield Write(int(item["metadata"]["resourceVersion"]), "ADDED", kind, item)


def _expired(kind: Kind, wanted: str, store: Store) -> bytes:
    """HTTP 200, and this in the stream: of etcd for events, of the watch cache for others."""
    message = f"too old resource version: {wanted} ({store.compacted})"
    if kind.plural == "events":
        message = "The resourceVersion for the provided watch is too old."
    return json.dumps({"type": "ERROR", "object": status(410, message)}).encode()


class Stream:
    """Sends one watch to its client."""

    def __init__(self, watch: Watch, store: Store, cuts: dict[str, Cut]) -> None:
        self._watch, self._store, self._cuts = watch, store, cuts
        query = watch.asked.query
        self._bookmarks = is_set(query, "allowWatchBookmarks") and watch.kind.plural != "events"
        self._end = _time() + float(query.get("timeoutSeconds") or _USUAL)
        self._next = _time() + _MINUTE

    async def send(self, request: web.BaseRequest) -> web.StreamResponse:
        """To the end of the watch, whichever it is."""
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        while True:
            item = await self._item()
            end = await self._write(item, response) if isinstance(item, bytes) else item
            if end is not None:
                await _finish(end, request)
                return response

    async def _item(self) -> bytes | End:
        """The next line; once there was an event, a bookmark each minute and 2 s before the end.

        As apiserver storage/cacher/cacher.go.
        """
        is_fresh = self._store.revision >= self._watch.since
        has_bookmark = self._bookmarks and is_fresh and self._store.has_seen(self._watch.kind)
        pause = min(self._next, self._end) if has_bookmark else self._end
        try:
            async with asyncio.timeout_at(pause):
                return await self._watch.queue.get()
        except TimeoutError:
            return self._due(pause)

    def _due(self, time: float) -> bytes | End:
        if time >= self._end:
            return End.CLEAN
        last = self._end - 2
        self._next = time + _MINUTE if time + _MINUTE < last else last if time < last else self._end
        return self._watch.bookmark(self._store.revision)

    async def _write(self, line: bytes, response: web.StreamResponse) -> End | None:
        resource = self._watch.kind.resource
        cut = self._cuts.get(resource)
        if cut and cut.after == 0:
            del self._cuts[resource]
            await response.write(line[: len(line) // 2])
            return cut.how
        if cut:
            cut.after -= 1
        await response.write(line + b"\n")
        return None


async def _finish(how: End, request: web.BaseRequest) -> None:
    if how is End.ABORT:
        drop(request)
    elif how is End.HANG:
        await asyncio.Event().wait()


def _time() -> float:
    return asyncio.get_running_loop().time()
