"""The part of a cluster that `show` and `link` are asked about, and why there is nothing of it."""

import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from event_tracer.cli.settings.models import SnapshotSettings
from event_tracer.cli.words import parse_name
from event_tracer.core.traces import Trace
from event_tracer.kube.client import Api, ApiError
from event_tracer.kube.credentials import chosen_namespace, client_factory
from event_tracer.kube.discovery import (
    UnknownKindError,
    cluster_uid,
    did_you_mean,
    find_by_name,
)
from event_tracer.kube.listing import Lister, StaleError
from event_tracer.kube.resources import NAMESPACES, Resource, each_namespace
from event_tracer.pipeline.snapshot import SnapshotError, in_namespaces
from event_tracer.render.selection import Target, object_names

_KEPT = "the API server keeps an Event for one hour after its last update by default"
# kube-apiserver --event-ttl


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A part of a cluster; all namespaces where none is named.

    Without a `resource` everything is meant, without a `name` all objects of it.
    """

    api: Api
    cluster_uid: str
    namespaces: tuple[str, ...]
    resource: Resource | None = None
    name: str = ""

    @property
    def target(self) -> Target | None:
        """The objects that are meant, by their attributes in spans."""
        if not self.resource:
            return None
        return Target(kind=self.resource.kind, group=self.resource.group, name=self.name)

    @property
    def object_name(self) -> str:
        """The object that is meant, for people."""
        assert self.resource
        where = f" {in_namespaces(self.namespaces)}" if self.resource.is_namespaced else ""
        named = f"/{self.name}" if self.name else ""
        return f"{self.resource.kind.lower()}{named}{where}"

    @property
    def now(self) -> int:
        """The API server's clock (ns), or this machine's."""
        return self.api.now or time.time_ns()

    def __str__(self) -> str:
        if not self.resource:
            return in_namespaces(self.namespaces)
        return f"about {self.object_name if self.name else f'any {self.object_name}'}"


@asynccontextmanager
async def open_query(settings: SnapshotSettings, words: Sequence[str]) -> AsyncIterator[Query]:
    """The query that `words` are in the cluster of `settings`, with a connection to it.

    Raises SettingsError, ConnectionSettingsError and SnapshotError.
    """
    word, name = parse_name(words)
    where = {"kubeconfig": settings.kubeconfig, "context": settings.context}
    api = Api(await client_factory(**where))
    try:
        uid = settings.cluster_uid or await cluster_uid(api)
        resource = await find_by_name(api, word) if word else None
        namespaces = _namespaces(settings, resource)
        yield Query(api=api, cluster_uid=uid, resource=resource, name=name, namespaces=namespaces)
    except (ApiError, UnknownKindError) as error:
        raise SnapshotError(_message(error)) from None
    finally:
        await api.close()


def _message(error: Exception) -> str:
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


async def explain_absence(query: Query, traces: Sequence[Trace]) -> str:
    """The reason why no trace is about the target. Raises SnapshotError where there is none."""
    target, resource = query.target, query.resource
    if target and resource and target.name:
        known = await _names(query, resource)
        if known is not None and target.name not in known:
            known |= {name for trace in traces for name in object_names(trace, target)}
            hint = did_you_mean(target.name, known)
            raise SnapshotError(f"there is no {query.object_name}{hint}")
    elif not traces and len(query.namespaces) == 1:
        await _demand_namespace(query, query.namespaces[0])
    return f"there are no Events {query}: {_KEPT}"


async def _names(query: Query, resource: Resource) -> set[str] | None:
    """The names of a resource's objects; None where they may not be read."""
    found: set[str] = set()
    namespaces = query.namespaces if resource.is_namespaced else ()
    try:
        for namespace in each_namespace(namespaces):
            async for page in Lister(query.api, resource, namespace=namespace).pages():
                found |= {str(item["metadata"].get("name")) for item in page.items}
    except (ApiError, StaleError):
        return None
    return found


async def _demand_namespace(query: Query, name: str) -> None:
    """Raises SnapshotError where the namespace is not there."""
    try:
        await query.api.get(NAMESPACES.path(name=name))
    except ApiError as error:
        if error.status == 404:
            hint = did_you_mean(name, await _names(query, NAMESPACES) or ())
            raise SnapshotError(f"there is no namespace called {name}{hint}") from None
