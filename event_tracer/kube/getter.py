"""GETs of single objects, for what no watch brings."""

import asyncio
import logging

from event_tracer.core.chain import KubeObject
from event_tracer.core.expiring import GenerationalCache
from event_tracer.core.lineage import TOMBSTONE, is_uuid
from event_tracer.core.times import SECOND
from event_tracer.kube.client import Api, ApiError, retry_forever
from event_tracer.kube.discovery import Discovery
from event_tracer.kube.handler import Raw
from event_tracer.kube.resources import WholeKinds
from event_tracer.runtime.metrics import Lookup, Metrics

_MAX_CONCURRENT = 8
_MAX_ANSWERED = 50_000
_FORBIDDEN = 300.0  # seconds until a forbidden kind is asked for again

logger = logging.getLogger(__name__)


class ObjectGetter:
    """Asks once for each object, until that is answered, and not again for fifteen minutes.

    Metadata is all that is asked for, save of the kinds that are `whole`.
    """

    def __init__(
        self, api: Api, *, discovery: Discovery, whole: WholeKinds, metrics: Metrics
    ) -> None:
        self._api = api
        self._discovery = discovery
        self._whole = whole
        self._metrics = metrics
        self._answered: GenerationalCache[str, bool] = GenerationalCache(
            keep=TOMBSTONE, most=_MAX_ANSWERED
        )
        self._tasks: dict[str, asyncio.Task[Raw | None]] = {}
        self._forbidden: dict[tuple[str, str], float] = {}  # (group, kind) → the loop's time
        self._slots = asyncio.Semaphore(_MAX_CONCURRENT)

    def may_get(self, item: KubeObject) -> bool:
        """Whether `item` can be asked for, and no answer is known."""
        now = asyncio.get_running_loop().time()
        self._answered.expire(now=int(now * SECOND))
        is_allowed = self._forbidden.get(_group_kind(item), 0.0) <= now
        return is_allowed and self._answered.peek(_key(item)) is None

    async def get(self, item: KubeObject) -> Raw | None:
        """`item` as a frame; None where it is gone, forbidden or of no API.

        One GET for all who ask; it is repeated until it is answered.
        """
        key = _key(item)
        if key not in self._tasks:
            task = asyncio.create_task(self._get_in_the_end(item), name=f"get {item.kind}")
            self._tasks[key] = task
            task.add_done_callback(lambda task: self._tasks.pop(key, None))
        return await asyncio.shield(self._tasks[key])

    async def _get_in_the_end(self, item: KubeObject) -> Raw | None:
        frame = await retry_forever(lambda: self._get(item))
        self._answered.put(_key(item), True)
        return frame

    async def _get(self, item: KubeObject) -> Raw | None:
        async with self._slots:
            resource = await self._discovery.find(item.api_version, item.kind)
            if resource is None:
                self._metrics.looked_up("absent")
                return None
            path = resource.path(namespace=item.namespace, name=item.name)
            try:
                accept = resource.accept(is_whole=resource in self._whole)
                body = await self._api.get(path, accept=accept)
            except ApiError as error:
                self._metrics.looked_up(self._result(error, item))
                if error.is_refusal:
                    return None
                raise
        is_it = _is_same(body, item)
        self._metrics.looked_up("found" if is_it else "absent")
        return resource.frame(body) if is_it else None

    def _result(self, error: ApiError, item: KubeObject) -> Lookup:
        if error.status == 404:
            return "absent"
        if not error.is_refusal:
            return "error"
        kind = _group_kind(item)
        if kind not in self._forbidden:
            extra = {"kind": item.kind, "error": str(error)}
            logger.warning("not allowed to get objects of this kind", extra=extra)
        self._forbidden[kind] = asyncio.get_running_loop().time() + _FORBIDDEN
        return "forbidden"


def _is_same(body: Raw, item: KubeObject) -> bool:
    # Another object of the same name says nothing about this one.
    meta = body.get("metadata")
    if not isinstance(meta, dict) or not meta:
        return False
    return not is_uuid(item.uid) or meta.get("uid") == item.uid


def _group_kind(item: KubeObject) -> tuple[str, str]:
    return item.api_version.rpartition("/")[0], item.kind


def _key(item: KubeObject) -> str:
    return f"{item.api_version}/{item.kind}/{item.namespace}/{item.name}/{item.uid}"
