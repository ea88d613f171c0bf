"""Where `--checkpoint` says that a checkpoint is kept, and what is found there."""

import logging
import os
from dataclasses import replace
from pathlib import Path

from event_tracer.kube.client import Api
from event_tracer.kube.credentials import is_in_cluster, own_namespace
from event_tracer.pipeline.checkpoint import (
    Checkpoint,
    CheckpointError,
    ConfigMapStore,
    FileStore,
    Store,
)
from event_tracer.pipeline.dumping import load
from event_tracer.runtime.backoff import retrying

_CONFIG_MAP = "configmap"
_NAME = "event-tracer"

logger = logging.getLogger(__name__)


def store_of(where: str, *, api: Api, kubeconfig: str) -> Store | None:
    """The store that `where` names; None for none. Raises CheckpointError."""
    if where == "auto":
        in_cluster = is_in_cluster(os.environ, kubeconfig=kubeconfig)
        where = _CONFIG_MAP if in_cluster else "none"
    if where == "none":
        return None
    head, _, name = where.partition("/")
    if head != _CONFIG_MAP:
        return FileStore(Path(where))
    namespace = own_namespace()
    if not namespace:
        raise CheckpointError(
            "--checkpoint configmap needs a Pod's own namespace; set POD_NAMESPACE, or name a file",
            is_final=True,
        )
    return ConfigMapStore(api, namespace=namespace, name=name or _NAME)


async def begin(store: Store | None, *, cluster_uid: str) -> Checkpoint:
    """What to go on from, once it is sure that more can be written.

    Waits for an API server that is away. Raises CheckpointError where waiting is of no use.
    """
    if store is None:
        return Checkpoint(cluster_uid=cluster_uid)

    async def attempt() -> Checkpoint:
        found = _usable(await store.read(), cluster_uid=cluster_uid)
        await store.probe()
        return found

    def on_failure(error: CheckpointError) -> None:
        if error.is_final:
            raise error
        logger.warning("waiting for the checkpoint", extra={"reason": str(error)})

    return await retrying(attempt, on=CheckpointError, on_failure=on_failure)


def _usable(data: bytes | None, *, cluster_uid: str) -> Checkpoint:
    fresh = Checkpoint(cluster_uid=cluster_uid)
    if data is None:
        return fresh
    try:
        found = load(data)
    except CheckpointError as error:
        logger.error("the checkpoint is of no use; beginning anew", extra={"reason": str(error)})
        return fresh
    if cluster_uid and found.cluster_uid not in ("", cluster_uid):
        logger.error("the checkpoint is of another cluster; beginning anew")
        return fresh
    return replace(found, cluster_uid=cluster_uid or found.cluster_uid)
