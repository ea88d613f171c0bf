"""The part of a cluster that a command is asked about, and why there is nothing of it."""

import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import NamedTuple

from event_tracer.cli.settings.base import SettingsError
from event_tracer.cli.settings.models import SnapshotSettings
from event_tracer.cli.words import parse_names
from event_tracer.core.filters import Redact
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
from event_tracer.pipeline.snapshot import Look, Part, SnapshotError, in_namespaces, look_at
from event_tracer.render.selection import Target, object_names
from event_tracer.render.undated import root_names, undated_in_words, without_revisions
from event_tracer.runtime.logs import Complain

_KEPT = "the API server keeps an Event for one hour after its last update by default"
# kube-apiserver --event-ttl
_EVENTS_OF_ALL = "default"
"""Where Events about what is in no namespace are (client-go tools/record/event.go)."""


class Asked(NamedTuple):
    """An object, or all of a kind where it has no `name`; in any namespace where that is empty."""

    resource: Resource
    name: str = ""
    namespace: str = ""

    @property
    def target(self) -> Target:
        """What is meant, by its attributes in spans."""
        resource = self.resource
        return Target(resource.kind, resource.group, self.name, self.namespace)

    def __str__(self) -> str:
        return f"{self.resource.kind.lower()}{f'/{self.name}' if self.name else ''}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A part of a cluster; all namespaces where none is named, everything where nothing is `asked`.

    `selector` is that of labels by which the objects were chosen.
    """

    api: Api
    cluster_uid: str
    namespaces: tuple[str, ...]
    asked: tuple[Asked, ...] = ()
    selector: str = ""

    @property
    def targets(self) -> tuple[Target, ...]:
        """The objects that are meant, by their attributes in spans."""
        return tuple(each.target for each in self.asked)

    @property
    def object_name(self) -> str:
        """The objects that are meant, for people."""
        where = ""
        if any(each.resource.is_namespaced for each in self.asked):
            where = f" {in_namespaces(self.namespaces)}"
        return f"{' or '.join(dict.fromkeys(map(str, self.asked)))}{where}"

    @property
    def now(self) -> int:
        """The API server's clock (ns), or this machine's."""
        return self.api.now or time.time_ns()

    def __str__(self) -> str:
        if not self.asked:
            return in_namespaces(self.namespaces)
        has_name = any(each.name for each in self.asked)
        return f"about {self.object_name if has_name else f'any {self.object_name}'}"


@asynccontextmanager
async def open_query(
    settings: SnapshotSettings, words: Sequence[str], *, selector: str = ""
) -> AsyncIterator[Query]:
    """The query that `words` are in the cluster of `settings`, with a connection to it.

    A `selector` of labels is to be resolved by `labelled`. Raises SettingsError,
    ConnectionSettingsError and SnapshotError.
    """
    names = parse_names(words)
    if selector and (not names or any(each.name for each in names)):
        raise SettingsError(
            "-l chooses among all objects of a kind: name the kind alone, as in deployments -l a=b"
        )
    where = {"kubeconfig": settings.kubeconfig, "context": settings.context}
    api = Api(await client_factory(**where))
    try:
        uid = settings.cluster_uid or await cluster_uid(api)
        kinds = {each.kind: await find_by_name(api, each.kind) for each in names}
        yield Query(
            api=api,
            cluster_uid=uid,
            namespaces=_namespaces(settings, list(kinds.values())),
            asked=tuple(Asked(kinds[each.kind], each.name) for each in names),
            selector=selector,
        )
    except (ApiError, UnknownKindError) as error:
        raise SnapshotError(_message(error)) from None
    finally:
        await api.close()


async def labelled(query: Query) -> Query:
    """The query about the objects that have the labels of its selector now; about none, maybe.

    Raises ApiError.
    """
    found: list[Asked] = []
    for each in query.asked:
        places = query.namespaces if each.resource.is_namespaced else ()
        for namespace in each_namespace(places):
            lister = Lister(query.api, each.resource, namespace=namespace)
            async for page in lister.pages(selector=query.selector):
                found += (
                    Asked(each.resource, str(meta.get("name")), str(meta.get("namespace") or ""))
                    for meta in (item["metadata"] for item in page.objects)
                )
    return replace(query, asked=tuple(dict.fromkeys(found)))


def _message(error: Exception) -> str:
    is_silent = isinstance(error, ApiError) and not error.status
    return f"the API server does not answer: {error}" if is_silent else str(error)


def _namespaces(settings: SnapshotSettings, resources: Sequence[Resource]) -> tuple[str, ...]:
    if settings.all_namespaces:
        return ()
    if resources and not any(each.is_namespaced for each in resources):
        return (_EVENTS_OF_ALL,)
    chosen = chosen_namespace(kubeconfig=settings.kubeconfig, context=settings.context)
    named = settings.namespace or (chosen,)
    is_mixed = not all(each.is_namespaced for each in resources)
    return tuple(dict.fromkeys((*named, _EVENTS_OF_ALL))) if is_mixed else named


def part_of(query: Query, settings: SnapshotSettings) -> Part:
    """A query's part of the cluster, read as the settings say."""
    return Part(
        api=query.api, cluster_uid=query.cluster_uid, naming=settings.naming,
        namespaces=query.namespaces, whole=settings.whole_kinds, redact=settings.redaction,
    )  # fmt: skip


async def look_of(
    query: Query, settings: SnapshotSettings, *, complain: Complain, redact: Redact | None = None
) -> Look:
    """One look at a query's part of the cluster; `redact` sees each frame, or the settings' does.

    Raises SnapshotError.
    """
    part = part_of(query, settings)
    return await look_at(replace(part, redact=redact or part.redact), complain=complain)


def undated_of(look: Look, traces: Sequence[Trace]) -> str:
    """A sentence about what one look cannot date of these stories; empty where that is nothing."""
    lost = {} if look.has_revisions else without_revisions(traces)
    return undated_in_words({**lost, **look.undated}, root_names(traces))


async def explain_absence(query: Query, traces: Sequence[Trace]) -> str:
    """The reason why no trace is about the targets. Raises SnapshotError where none is there."""
    for each in query.asked:
        known = await _names(query, each.resource) if each.name else None
        if known is not None and each.name not in known:
            known |= {name for trace in traces for name in object_names(trace, each.target)}
            hint = did_you_mean(each.name, known)
            one = replace(query, asked=(each,))
            raise SnapshotError(f"there is no {one.object_name}{hint}")
    if not any(each.name for each in query.asked) and not traces and len(query.namespaces) == 1:
        await _demand_namespace(query, query.namespaces[0])
    return f"there are no Events {query}: {_KEPT}"


async def near_names(query: Query, asked: Asked) -> str:
    """The names near to one that is not there, as the end of a sentence; empty where none is."""
    return did_you_mean(asked.name, await _names(query, asked.resource) or ())


async def _names(query: Query, resource: Resource) -> set[str] | None:
    """The names of a resource's objects; None where they may not be read."""
    found: set[str] = set()
    namespaces = query.namespaces if resource.is_namespaced else ()
    try:
        for namespace in each_namespace(namespaces):
            async for page in Lister(query.api, resource, namespace=namespace).pages():
                found |= {str(item["metadata"].get("name")) for item in page.objects}
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
