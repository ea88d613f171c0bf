"""A cluster read into a fold of its own, to be drawn."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from event_tracer import EventTracerError
from event_tracer.core.event import ObjectReference
from event_tracer.core.filters import Redact
from event_tracer.core.frame import Tick
from event_tracer.core.knowledge import SURE
from event_tracer.core.mapping import Naming
from event_tracer.core.span import Span
from event_tracer.core.stand import Stand
from event_tracer.core.story import Stories
from event_tracer.core.traces import Trace, grouped
from event_tracer.kube.client import Api
from event_tracer.kube.resources import CONTROLLER_REVISIONS, Resource, WholeKinds
from event_tracer.kube.watch import Watch
from event_tracer.pipeline.cluster_reader import ClusterReader
from event_tracer.pipeline.feed import Feed
from event_tracer.pipeline.intake import Intake
from event_tracer.runtime.logs import Complain
from event_tracer.runtime.metrics import NullMetrics
from event_tracer.runtime.tasks import Spawn, TaskScope

_PAUSE = 0.02  # seconds
_PATIENCE, _LIMIT = 10.0, 120.0  # seconds
_CAPACITY = 10_000_000  # spans: all that there are


class SnapshotError(EventTracerError):
    """There is nothing to see, or nothing may be seen."""


class _Sink(NullMetrics):
    """Collects spans, and counts the frames that could not be used."""

    size = 0
    """Nothing waits here for a back end."""

    def __init__(self) -> None:
        self.unusable = 0
        self.spans: list[Span] = []

    def add(self, spans: list[Span]) -> None:
        """Take spans that have left the fold."""
        self.spans += spans

    def dropped(self, reason: str) -> None:
        """A frame could not be used."""
        self.unusable += 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """The part of a cluster that is read, all namespaces where none is named, and how.

    Of kinds that are not `whole` only the metadata is read. `redact` sees each frame.
    """

    api: Api
    cluster_uid: str
    naming: Naming
    namespaces: Sequence[str]
    whole: WholeKinds
    redact: Redact | None


class Snapshot:
    """Reads a part of a cluster; nothing of it is kept or sent.

    `also` are kinds to be read besides the workloads. `complain` gets what a user should know
    meanwhile. An error beyond doubt stands for `patience` (ns) until it ends a story.
    """

    def __init__(
        self, part: Part, *, complain: Complain, spawn: Spawn, also: Sequence[Resource] = (),
        patience: int = SURE,
    ) -> None:  # fmt: skip
        self._where = in_namespaces(part.namespaces)
        self._complain = complain
        self._stories = Stories(naming=part.naming, cluster_uid=part.cluster_uid, patience=patience)
        self._sink = _Sink()
        self._feed = Feed(self._stories, sink=self._sink, capacity=_CAPACITY)
        self._reader = ClusterReader(
            part.api,
            handler=lambda reader: Intake(
                self._stories, reader=reader, feed=self._feed, now=lambda: part.api.now,
                redact=part.redact, metrics=self._sink, spawn=spawn,
            ),
            metrics=self._sink, namespaces=part.namespaces, whole=part.whole, spawn=spawn,
            also=also,
        )  # fmt: skip

    async def run(self) -> None:
        """Start all watches."""
        await self._reader.run()

    async def complete(self) -> None:
        """Return once all that there is was read, or after two minutes."""
        clock = asyncio.get_running_loop().time
        begun = warned = clock()
        while not self.is_complete and clock() - begun < _LIMIT:
            await asyncio.sleep(_PAUSE)
            self._reader.update()
            if clock() - warned > _PATIENCE:
                warned = clock()
                self._complain(f"still reading {self._unread()}")

    @property
    def is_complete(self) -> bool:
        """All that there is was read."""
        return self._reader.handler.is_synced

    @property
    def trouble(self) -> str:
        """The reason why some watch does not go on; empty where all do."""
        watches = [
            watch for watch in self._reader.watches
            if watch in self._reader.event_watches or not watch.is_denied
        ]  # fmt: skip
        return next((watch.retry.last_error for watch in watches if watch.retry.last_error), "")

    def check(self, *, to_watch: bool = False) -> None:
        """Complain of objects that may not be read or, for `to_watch`, not be watched.

        Raises SnapshotError if these are Events, or if not all was read.
        """
        self._reader.update()
        denied = [
            watch for watch in self._reader.watches
            if watch.is_denied and (to_watch or not watch.version)
            and watch.resource is not CONTROLLER_REVISIONS  # which date a little, and that is said
        ]  # fmt: skip
        for watch in denied:
            if watch in self._reader.event_watches:
                verb = "watched" if watch.version else "read"
                raise SnapshotError(
                    f"Events may not be {verb} {self._where}: {watch.retry.last_error}; "
                    f"{_advice(watch, verb='watch' if watch.version else 'list')}"
                )
        if not self.is_complete:
            raise SnapshotError(f"gave up reading {self._unread()}")
        if denied:
            self._complain(
                f"may not read {_names(denied)}, whose stories rest on messages and "
                f"references alone: {denied[0].retry.last_error}"
            )

    def advance(self, now: int) -> list[Span]:
        """The spans that are sealed at `now` (ns) since the last time."""
        self._reader.update()
        self._feed.feed(Tick(now=now))
        spans, self._sink.spans = self._sink.spans, []
        return spans

    def preview(self, trace_id: bytes | None = None) -> list[Span]:
        """The object spans that are not sealed yet, of one trace or all, as they stand."""
        return self._stories.preview(trace_id)

    def may_read(self, resource: Resource) -> bool:
        """Whether objects of a kind are read, as far as is known."""
        watches = [each for each in self._reader.watches if each.resource == resource]
        return any(not each.is_denied for each in watches)

    def stand(self, about: ObjectReference) -> Stand:
        """How an object stands now, by the newest change of its root."""
        return self._stories.stand(about)

    def look(self) -> list[Span]:
        """All spans that are left, as they stand now."""
        if self._sink.unusable:
            self._complain(f"{self._sink.unusable} of what was read could not be used")
        return self._sink.spans + self._stories.look(now=self._reader.now)

    @property
    def undated(self) -> Mapping[str, tuple[str, ...]]:
        """The changes that nothing read dates, in words, by the uid of their root."""
        return self._stories.undated

    def _unread(self) -> str:
        left = [watch for watch in self._reader.watches if not (watch.is_live or watch.is_denied)]
        trouble = next((watch.retry.last_error for watch in left if watch.retry.last_error), "")
        names = _names(left) or "objects"
        return f"{names}: {trouble}" if trouble else names


class Look(NamedTuple):
    """All that one look at a cluster has shown.

    The trace that changed last stands at the end; `undated` are changes that nothing read dates,
    in words, by the uid of their root. `stand` tells how an object stands by the newest change of
    its root. `has_revisions`: the templates of StatefulSets and DaemonSets were read, too.
    """

    traces: list[Trace]
    undated: Mapping[str, tuple[str, ...]]
    stand: Callable[[ObjectReference], Stand]
    has_revisions: bool


async def look_at(part: Part, *, complain: Complain) -> Look:
    """All that a part of a cluster has now. Raises SnapshotError."""
    scope, is_done = TaskScope(), asyncio.Event()
    snapshot = Snapshot(part, complain=complain, spawn=scope.spawn, also=(CONTROLLER_REVISIONS,))

    async def wait() -> None:
        await snapshot.complete()
        is_done.set()

    await scope.run(is_done, start=snapshot.run(), wait=wait())
    snapshot.check()
    traces = grouped(snapshot.look())
    has_revisions = snapshot.may_read(CONTROLLER_REVISIONS)
    return Look(traces, snapshot.undated, snapshot.stand, has_revisions)


def in_namespaces(namespaces: Sequence[str]) -> str:
    """The namespaces in words; "in any namespace" where none is named."""
    if not namespaces:
        return "in any namespace"
    return f"in namespace{'s' if len(namespaces) > 1 else ''} {', '.join(namespaces)}"


def _advice(watch: Watch, *, verb: str) -> str:
    if watch.namespace:
        where = f"-n {watch.namespace}"
        return f"-n names another namespace; `kubectl auth can-i {verb} events {where}` asks for it"
    return "in one namespace, which -n names, a Role is enough; all need a ClusterRole"


def _names(watches: Sequence[Watch]) -> str:
    return ", ".join(dict.fromkeys(watch.resource.name for watch in watches))
