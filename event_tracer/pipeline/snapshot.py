"""A look at a cluster: what there is, read once, as traces."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from event_tracer import EventTracerError
from event_tracer.cli.settings.models import SnapshotSettings
from event_tracer.core.frame import Tick
from event_tracer.core.redaction import Redact
from event_tracer.core.span import Span
from event_tracer.core.story import Stories
from event_tracer.core.traces import Trace, grouped
from event_tracer.kube import kinds
from event_tracer.kube.client import Api, ApiError
from event_tracer.kube.cluster import cluster_uid
from event_tracer.kube.credentials import chosen_namespace, connector
from event_tracer.kube.resources import Resource
from event_tracer.kube.watch import Watch
from event_tracer.pipeline.cluster_reader import Reading
from event_tracer.render.selection import Target
from event_tracer.runtime.metrics import NullMetrics
from event_tracer.runtime.tasks import Spawn, until

Complain = Callable[[str], None]
_END = Tick(now=2**63 - 1)  # later than any time that an Event may have
_PAUSE = 0.02  # seconds
_PATIENCE, _LIMIT = 10.0, 120.0  # seconds
_CAPACITY = 10_000_000  # spans: all that there are


class LookError(EventTracerError):
    """Why there is nothing to see, in a sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A cluster and what of it to look at; all namespaces where none is named.

    Without a `resource` everything is meant, without a `name` all objects of it.
    """

    api: Api
    cluster_uid: str
    namespaces: tuple[str, ...]
    resource: Resource | None = None
    name: str = ""

    @property
    def target(self) -> Target | None:
        """What is meant, as spans tell it."""
        if not self.resource:
            return None
        return Target(kind=self.resource.kind, group=self.resource.group, name=self.name)

    @property
    def where(self) -> str:
        """The namespaces, for people."""
        if not self.namespaces:
            return "in any namespace"
        several = len(self.namespaces) > 1
        return f"in namespace{'s' if several else ''} {', '.join(self.namespaces)}"

    @property
    def object_name(self) -> str:
        """The object that is meant, for people."""
        assert self.resource
        where = f" {self.where}" if self.resource.is_namespaced else ""
        named = f"/{self.name}" if self.name else ""
        return f"{self.resource.kind.lower()}{named}{where}"

    @property
    def now(self) -> int:
        """The API server's clock (ns), or this machine's."""
        return self.api.now or time.time_ns()

    def __str__(self) -> str:
        if not self.resource:
            return self.where
        return f"about {self.object_name if self.name else f'any {self.object_name}'}"


@asynccontextmanager
async def scene(settings: SnapshotSettings, words: Sequence[str]) -> AsyncIterator[Scene]:
    """What these words mean in the cluster of these settings.

    Raises SettingsError, ConnectionSettingsError and LookError.
    """
    word, name = kinds.parse(words) if words else ("", "")
    where = {"kubeconfig": settings.kubeconfig, "context": settings.context}
    api = Api(await connector(**where))
    try:
        uid = settings.cluster_uid or await cluster_uid(api)
        resource = await kinds.find(api, word) if word else None
        yield Scene(
            api=api, cluster_uid=uid, resource=resource, name=name,
            namespaces=_namespaces(settings, resource),
        )  # fmt: skip
    except (ApiError, kinds.UnknownKindError) as error:
        raise LookError(_told(error)) from None
    finally:
        await api.close()


def _told(error: Exception) -> str:
    is_silent = isinstance(error, ApiError) and not error.status
    return f"the API server does not answer: {error}" if is_silent else str(error)


def _namespaces(settings: SnapshotSettings, resource: Resource | None) -> tuple[str, ...]:
    if settings.all_namespaces:
        return ()
    if resource and not resource.is_namespaced:
        # Events about what is in no namespace are in this one (client-go tools/record/event.go).
        return ("default",)
    chosen = chosen_namespace(kubeconfig=settings.kubeconfig, context=settings.context)
    return settings.namespace or (chosen,)


class Gathered(NullMetrics):
    """Takes spans, and counts nothing but what could not be used."""

    def __init__(self) -> None:
        self.is_whole = True
        self.unusable = 0
        self.spans: list[Span] = []

    @property
    def size(self) -> int:
        """Nothing waits here for a back end."""
        return 0

    def take(self, spans: list[Span]) -> None:
        """Take what has left the fold."""
        self.spans += spans

    def taken(self) -> list[Span]:
        """What has come since the last time."""
        spans, self.spans = self.spans, []
        return spans

    def dropped(self, reason: str) -> None:
        """A frame could not be used."""
        self.unusable += 1


def reading_of(
    seen: Scene, stories: Stories, *, into: Gathered, redact: Redact, spawn: Spawn
) -> Reading:
    """What reads the scene."""
    return Reading(
        seen.api, stories, outlet=into, capacity=_CAPACITY, metrics=into, redact=redact,
        namespaces=seen.namespaces, spawn=spawn,
    )  # fmt: skip


async def look(
    seen: Scene, settings: SnapshotSettings, *, redact: Redact, complain: Complain
) -> list[Trace]:
    """All traces of what there is, the one to which something came last at the end."""
    stories = Stories(naming=settings.naming, cluster_uid=seen.cluster_uid)
    gathered, done = Gathered(), asyncio.Event()
    readings: list[Reading] = []

    def begin(spawn: Spawn) -> None:
        reading = reading_of(seen, stories, into=gathered, redact=redact, spawn=spawn)
        readings.append(reading)
        spawn(reading.start(), "start")
        spawn(_wait(reading, done, complain), "wait")

    await until(done, begin)
    check(readings[0], seen, complain=complain)
    gathered.take(stories.feed(_END))
    if gathered.unusable:
        complain(f"{gathered.unusable} of what was read could not be used")
    return grouped(gathered.spans)


async def _wait(reading: Reading, done: asyncio.Event, complain: Complain) -> None:
    clock = asyncio.get_running_loop().time
    begun, told = clock(), clock()
    while not is_read(reading) and clock() - begun < _LIMIT:
        await asyncio.sleep(_PAUSE)
        if clock() - told > _PATIENCE:
            told = clock()
            complain(f"still reading {_unread(reading)}")
    done.set()


def is_read(reading: Reading) -> bool:
    """Whether all that there is was read."""
    reading.intake.look()
    return bool(reading.watches) and reading.intake.is_synced


def _unread(reading: Reading) -> str:
    left = [each for each in watches(reading) if not (each.is_live or each.is_denied)]
    names = ", ".join(dict.fromkeys(each.resource.name for each in left)) or "objects"
    trouble = next((each.trouble for each in left if each.trouble), "")
    return f"{names}: {trouble}" if trouble else names


def watches(reading: Reading) -> list[Watch]:
    """All that a reading watches."""
    return [*reading.owners.watches, *reading.watches]


def check(reading: Reading, seen: Scene, *, complain: Complain, to_watch: bool = False) -> None:
    """Tell of what may not be read or, where that matters, watched.

    Raises LookError where that are Events.
    """
    denied = [each for each in watches(reading) if each.is_denied]
    denied = denied if to_watch else [each for each in denied if not each.version]
    for each in denied:
        if each in reading.watches:
            verb = "watched" if each.version else "read"
            raise LookError(f"Events may not be {verb} {seen.where}: {each.trouble}")
    if not is_read(reading):
        raise LookError(f"gave up reading {_unread(reading)}")
    if denied:
        names = ", ".join(dict.fromkeys(each.resource.name for each in denied))
        complain(
            f"may not read {names}, whose stories are told by messages and references alone: "
            f"{denied[0].trouble}"
        )
