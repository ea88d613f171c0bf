"""The owners of what Events are about: watches of objects, and a GET for the rest."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping

from event_tracer.core.chain import KubeObject, OwnerReference
from event_tracer.kube.client import Api, retry_forever
from event_tracer.kube.discovery import Discovery
from event_tracer.kube.getter import ObjectGetter
from event_tracer.kube.handler import FrameHandler, Raw
from event_tracer.kube.resources import WORKLOADS, Resource, WholeKinds, each_namespace
from event_tracer.kube.watch import Watch
from event_tracer.runtime.metrics import Metrics
from event_tracer.runtime.tasks import Spawn

_MAX_CUSTOM_KINDS = 20
_PATIENCE = 300.0  # seconds of nothing but errors, after which a kind is not waited for
_AGAIN = 300.0  # seconds until a kind that was not there is asked for again

logger = logging.getLogger(__name__)
Kind = tuple[str, str]  # group, kind: a version is only a way to write the same object


class Owners:
    """Watches workloads, and custom kinds once something has such an owner.

    `namespaces` are those watched, all where empty. Of kinds that are not `whole` only the
    metadata is read; `also` are kinds to watch from the start. `versions` are the resourceVersions
    to begin with, by `namespace/resource`; `on_change` is called when `are_live` may have changed.
    """

    def __init__(
        self, api: Api, *, handler: FrameHandler, metrics: Metrics, namespaces: Iterable[str],
        whole: WholeKinds, versions: Mapping[str, str], spawn: Spawn,
        on_change: Callable[[], None], also: Iterable[Resource] = (),
    ) -> None:  # fmt: skip
        self._api = api
        self._discovery = Discovery(api)
        self._getter = ObjectGetter(api, discovery=self._discovery, whole=whole, metrics=metrics)
        self._whole = whole
        self._handler = handler
        self._metrics = metrics
        self._namespaces = each_namespace(namespaces)
        self._versions = versions
        self._spawn = spawn
        self._on_change = on_change
        self._first = dict.fromkeys((*WORKLOADS, *also))
        self._watches: list[Watch] = []
        self._watched: set[Kind] = set()
        self._discoveries: dict[Kind, asyncio.Task[None]] = {}
        self._first_seen: dict[Kind, float] = {}  # the loop's time

    def start(self) -> None:
        """Begin to watch the workloads, and what else was asked for."""
        for resource in self._first:
            self._watch(resource)

    @property
    def are_live(self) -> bool:
        """Whether all that happened to what is watched was read, as far as that can be had.

        A kind whose API answers with errors while others have been well for five minutes counts as
        denied: a broken conversion webhook does that.
        """
        long_ago = asyncio.get_running_loop().time() - _PATIENCE
        are_well = any(
            watch.is_live and watch.retry.last_error_at < long_ago for watch in self._watches
        )

        def is_read(watch: Watch) -> bool:
            is_broken = are_well and watch.retry.failing_since < long_ago
            return watch.is_live or watch.is_denied or is_broken

        return all(is_read(watch) for watch in self._watches) and all(
            task.done() or (are_well and self._first_seen[kind] < long_ago)
            for kind, task in self._discoveries.items()
        )

    def is_alone(self, kind: str) -> bool:
        """Whether no other group's objects of this name are watched."""
        return len([name for _, name in self._watched if name == kind]) <= 1

    @property
    def watches(self) -> tuple[Watch, ...]:
        """The watches that there are so far."""
        return tuple(self._watches)

    @property
    def versions(self) -> dict[str, str]:
        """The resourceVersions that were read last, by `namespace/resource`."""
        return {watch.place: watch.version for watch in self._watches if watch.version}

    @property
    def denied(self) -> list[str]:
        """The resources that may not be read, or are not there."""
        return sorted({watch.resource.name for watch in self._watches if watch.is_denied})

    def _watch(self, resource: Resource) -> None:
        self._watched.add((resource.group, resource.kind))
        # No Role allows what is in no namespace.
        is_everywhere = "" in self._namespaces
        for namespace in self._namespaces if resource.is_namespaced or is_everywhere else ():
            watch = Watch(
                self._api,
                resource,
                handler=self._handler,
                metrics=self._metrics,
                namespace=namespace,
                is_whole=resource in self._whole,
                version=self._versions.get(f"{namespace}/{resource.name}", ""),
            )
            self._watches.append(watch)
            self._spawn(watch.run(), f"watch {watch.place}")

    # -- custom kinds

    def on_owner(self, owner: OwnerReference) -> None:
        """Something has this owner: its kind is watched from then on."""
        kind = (_group(owner.api_version), owner.kind)
        is_new = kind not in self._watched and not self._is_known(kind)
        if is_new and owner.api_version and len(self._discoveries) < _MAX_CUSTOM_KINDS:
            self._first_seen[kind] = asyncio.get_running_loop().time()
            discovery = self._discover(owner.api_version, owner.kind)
            self._discoveries[kind] = self._spawn(discovery, f"discover {owner.kind}")
            self._discoveries[kind].add_done_callback(lambda task: self._on_change())
            self._on_change()

    def _is_known(self, kind: Kind) -> bool:
        """Whether a discovery of `kind` is under way, or found nothing of late."""
        now = asyncio.get_running_loop().time()
        return kind in self._discoveries and (
            not self._discoveries[kind].done() or now - self._first_seen[kind] < _AGAIN
        )

    async def _discover(self, api_version: str, kind: str) -> None:
        resource = await retry_forever(lambda: self._discovery.find(api_version, kind))
        if resource is None or ("" not in self._namespaces and not resource.is_namespaced):
            extra = {"api_version": api_version, "kind": kind}
            logger.warning("owners of this kind cannot be watched", extra=extra)
            return
        logger.info("watching a custom kind", extra={"resource": resource.name})
        self._watch(resource)

    # -- single objects

    def may_fetch(self, item: KubeObject) -> bool:
        """Whether only a GET, which was not answered yet, can tell who owns `item`."""
        kind = (_group(item.api_version), item.kind)
        if not item.name or not item.kind or kind in self._watched or kind in self._discoveries:
            return False
        if not item.api_version and item.kind in {kind for _, kind in self._watched}:
            return False
        return self._getter.may_get(item)

    async def fetch(self, item: KubeObject) -> Raw | None:
        """`item` as a frame; None where it is gone, forbidden or of no API."""
        return await self._getter.get(item)


def _group(api_version: str) -> str:
    return api_version.rpartition("/")[0]
