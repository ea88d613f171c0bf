"""Who owns what Events are about: watches of object metadata, and a GET for the rest."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping

from event_tracer.core.expiring import GenerationalCache
from event_tracer.core.lineage import TOMBSTONE, is_uuid
from event_tracer.core.objects import KubeObject, OwnerReference
from event_tracer.core.times import SECOND
from event_tracer.kube.client import Api, ApiError, retry_forever
from event_tracer.kube.discovery import Discovery
from event_tracer.kube.handler import FrameHandler, Raw
from event_tracer.kube.resources import WORKLOADS, Resource, each_namespace
from event_tracer.kube.watch import Watch
from event_tracer.runtime.metrics import Lookup, Metrics
from event_tracer.runtime.tasks import Spawn

_MOST_CUSTOM = 20
_CONCURRENT = 8
_PATIENCE = 300.0  # seconds
_FORBIDDEN = 300.0  # seconds until a forbidden kind is asked for again

logger = logging.getLogger(__name__)
Kind = tuple[str, str]  # group, kind: a version is only a way to write the same object


class Owners:
    """Watches the metadata of workloads, and of custom kinds once they are met as owners.

    `namespaces` are those watched, all where empty; `versions` are the resourceVersions to
    begin with, by `namespace/resource`; `on_change` is told when `are_live` may have changed.
    """

    def __init__(
        self, api: Api, *, handler: FrameHandler, metrics: Metrics, namespaces: Iterable[str],
        versions: Mapping[str, str], spawn: Spawn, on_change: Callable[[], None],
    ) -> None:  # fmt: skip
        self._api = api
        self._discovery = Discovery(api)
        self._handler = handler
        self._metrics = metrics
        self._namespaces = each_namespace(namespaces)
        self._begin = versions
        self._spawn = spawn
        self._on_change = on_change
        self._watches: list[Watch] = []
        self._watched: set[Kind] = set()
        self._custom: dict[Kind, asyncio.Task[None]] = {}
        self._met: dict[Kind, float] = {}  # the loop's time
        self._asked: GenerationalCache[str, bool] = GenerationalCache(keep=TOMBSTONE, most=50_000)
        self._asking: dict[str, asyncio.Task[Raw | None]] = {}
        self._forbidden: dict[Kind, float] = {}
        self._slots = asyncio.Semaphore(_CONCURRENT)

    def start(self) -> None:
        """Begin to watch the workloads."""
        for resource in WORKLOADS:
            self._watch(resource)

    @property
    def are_live(self) -> bool:
        """Whether all that happened to what is watched was read, as far as that can be had.

        A kind whose API answers with errors while others have been well for minutes, as a broken
        conversion webhook makes it, is for now as one that is not there.
        """
        long_ago = asyncio.get_running_loop().time() - _PATIENCE
        are_well = any(
            watch.is_live and watch.retry.last_error_at < long_ago for watch in self._watches
        )

        def is_read(watch: Watch) -> bool:
            is_broken = are_well and watch.retry.failing_since < long_ago
            return watch.is_live or watch.is_denied or is_broken

        return all(is_read(watch) for watch in self._watches) and all(
            task.done() or (are_well and self._met[kind] < long_ago)
            for kind, task in self._custom.items()
        )

    def is_alone(self, kind: str) -> bool:
        """Whether no other group's objects of this name are watched."""
        return len([name for _, name in self._watched if name == kind]) <= 1

    @property
    def watches(self) -> tuple[Watch, ...]:
        """Those that there are so far."""
        return tuple(self._watches)

    @property
    def versions(self) -> dict[str, str]:
        """What was read last, by `namespace/resource`."""
        return {_place(watch): watch.version for watch in self._watches if watch.version}

    @property
    def denied(self) -> list[str]:
        """The resources that may not be read, or are not there."""
        return sorted({watch.resource.name for watch in self._watches if watch.is_denied})

    def _watch(self, resource: Resource) -> None:
        self._watched.add((resource.group, resource.kind))
        for namespace in self._namespaces:
            watch = Watch(
                self._api,
                resource,
                handler=self._handler,
                metrics=self._metrics,
                namespace=namespace,
                version=self._begin.get(f"{namespace}/{resource.name}", ""),
            )
            self._watches.append(watch)
            self._spawn(watch.run(), f"watch {_place(watch)}")

    # -- custom kinds

    def meet(self, owner: OwnerReference) -> None:
        """Take in that something has this owner; its kind is watched from then on."""
        kind = (_group(owner.api_version), owner.kind)
        is_new = kind not in self._watched and not self._is_known(kind)
        if is_new and owner.api_version and len(self._custom) < _MOST_CUSTOM:
            self._met[kind] = asyncio.get_running_loop().time()
            discovery = self._discover(owner.api_version, owner.kind)
            self._custom[kind] = self._spawn(discovery, f"discover {owner.kind}")
            self._custom[kind].add_done_callback(lambda task: self._on_change())
            self._on_change()

    def _is_known(self, kind: Kind) -> bool:
        """Whether a discovery of `kind` is under way, or found nothing of late."""
        now = asyncio.get_running_loop().time()
        return kind in self._custom and (
            not self._custom[kind].done() or now - self._met[kind] < _FORBIDDEN
        )

    async def _discover(self, api_version: str, kind: str) -> None:
        resource = await retry_forever(lambda: self._discovery.find(api_version, kind))
        if resource is None or ("" not in self._namespaces and not resource.is_namespaced):
            about = {"api_version": api_version, "kind": kind}
            logger.warning("owners of this kind cannot be watched", extra=about)
            return
        logger.info("watching a custom kind", extra={"resource": resource.name})
        self._watch(resource)

    # -- single objects

    def may_fetch(self, item: KubeObject) -> bool:
        """Whether only a GET can tell of `item`, and was not answered yet."""
        group = _group(item.api_version)
        is_watched = (group, item.kind) in self._watched or (group, item.kind) in self._custom
        if not item.name or not item.kind or is_watched:
            return False
        if not item.api_version and item.kind in {kind for _, kind in self._watched}:
            return False
        until = self._forbidden.get((group, item.kind), 0.0)
        now = asyncio.get_running_loop().time()
        self._asked.expire(now=int(now * SECOND))
        return until <= now and self._asked.peek(_key(item)) is None

    async def fetch(self, item: KubeObject) -> Raw | None:
        """The metadata of `item` as a frame; None where it is gone, forbidden or of no API.

        One GET for all who ask; it is repeated until it is answered.
        """
        key = _key(item)
        if key not in self._asking:
            task = asyncio.create_task(self._fetch(item), name=f"get {item.kind}")
            self._asking[key] = task
            task.add_done_callback(lambda task: self._asking.pop(key, None))
        return await asyncio.shield(self._asking[key])

    async def _fetch(self, item: KubeObject) -> Raw | None:
        frame = await retry_forever(lambda: self._get(item))
        self._asked.put(_key(item), True)
        return frame

    async def _get(self, item: KubeObject) -> Raw | None:
        async with self._slots:
            return await self._get_now(item)

    async def _get_now(self, item: KubeObject) -> Raw | None:
        resource = await self._discovery.find(item.api_version, item.kind)
        if resource is None:
            self._metrics.looked_up("absent")
            return None
        path = resource.path(namespace=item.namespace, name=item.name)
        try:
            body = await self._api.get(path, accept=resource.accept())
        except ApiError as error:
            self._metrics.looked_up(self._result(error, item))
            if error.is_refusal:
                return None
            raise
        # Another object of the same name says nothing about this one.
        meta = body.get("metadata") if isinstance(body, dict) else None
        uid = meta.get("uid") if isinstance(meta, dict) else ""
        is_it = bool(meta) and (not is_uuid(item.uid) or uid == item.uid)
        self._metrics.looked_up("found" if is_it else "absent")
        return resource.frame(body) if is_it else None

    def _result(self, error: ApiError, item: KubeObject) -> Lookup:
        if error.status == 404:
            return "absent"
        if not error.is_refusal:
            return "error"
        kind = (_group(item.api_version), item.kind)
        if kind not in self._forbidden:
            about = {"kind": item.kind, "error": str(error)}
            logger.warning("not allowed to get objects of this kind", extra=about)
        self._forbidden[kind] = asyncio.get_running_loop().time() + _FORBIDDEN
        return "forbidden"


def _place(watch: Watch) -> str:
    return f"{watch.namespace}/{watch.resource.name}"


def _group(api_version: str) -> str:
    return api_version.rpartition("/")[0]


def _key(item: KubeObject) -> str:
    return f"{item.api_version}/{item.kind}/{item.namespace}/{item.name}/{item.uid}"
