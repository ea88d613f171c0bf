"""Stores of the checkpoint: a file, a ConfigMap or none, as `--checkpoint` says."""

import errno
import hashlib
import logging
import os
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from event_tracer.kube.client import Api, ApiError, Query
from event_tracer.kube.credentials import is_in_cluster, own_namespace
from event_tracer.pipeline.checkpoint import Checkpoint, CheckpointError, decode
from event_tracer.runtime.backoff import retrying

_CONFIG_MAP = "configmap"
_NAME = "event-tracer"
_KEY = "checkpoint"

logger = logging.getLogger(__name__)


class ConflictError(CheckpointError):
    """Another process has written the checkpoint since this one last read or wrote it."""


class Store(Protocol):
    """A place for one checkpoint."""

    async def read(self) -> bytes | None:
        """The bytes that were written last, None where none were. Raises CheckpointError."""

    async def write(self, data: bytes) -> None:
        """Replace it. Raises CheckpointError."""

    async def check_writable(self) -> None:
        """Raise CheckpointError if, after a `read`, it could not be written."""


class FileStore:
    """A file, replaced as a whole."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __str__(self) -> str:
        return str(self._path)

    async def read(self) -> bytes | None:
        """The bytes that were written last, None where none were. Raises CheckpointError."""
        try:
            self._demand_file()
            return self._path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _cannot("read", self._path, error) from None

    async def write(self, data: bytes) -> None:
        """Replace it. Raises CheckpointError."""
        try:
            self._demand_file()
            self._write_part(data).replace(self._path)
        except OSError as error:
            raise _cannot("write", self._path, error) from None

    async def check_writable(self) -> None:
        """Raise CheckpointError if it could not be written."""
        try:
            self._write_part(b"").unlink()
        except OSError as error:
            raise _cannot("write", self._path, error) from None

    def _demand_file(self) -> None:
        """Raise for a device or a pipe: it may never end, and /dev/null must not be replaced."""
        if self._path.exists() and not (self._path.is_file() or self._path.is_dir()):
            raise CheckpointError(f"cannot use {self._path}: it is no plain file", is_final=True)

    def _write_part(self, data: bytes) -> Path:
        part = self._path.with_name(self._path.name + ".part")
        with part.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        return part


def _cannot(verb: str, path: Path, error: OSError) -> CheckpointError:
    # A full disk may get room again; the rest is a mistake.
    reason = (error.strerror or str(error)).lower()
    return CheckpointError(f"cannot {verb} {path}: {reason}", is_final=error.errno != errno.ENOSPC)


class ConfigMapStore:
    """A ConfigMap, replaced only as it was read: no other process's checkpoint is lost unseen."""

    def __init__(self, api: Api, *, namespace: str, name: str) -> None:
        self._api = api
        self._all = f"/api/v1/namespaces/{namespace}/configmaps"
        self._one = f"{self._all}/{name}"
        self._meta: dict[str, Any] = {
            "name": name,
            "namespace": namespace,
            "labels": {"app.kubernetes.io/name": "event-tracer"},
        }
        self._version = ""
        self._known: set[bytes] = set()  # digests of what this process read or may have written

    def __str__(self) -> str:
        return f"ConfigMap {self._meta['namespace']}/{self._meta['name']}"

    async def read(self) -> bytes | None:
        """The bytes that were written last, None where none were. Raises CheckpointError."""
        data = await self._read()
        self._known = {_digest(data)}
        return data

    async def write(self, data: bytes) -> None:
        """Replace it. Raises CheckpointError, a ConflictError where another process wrote it.

        The next attempt replaces that.
        """
        self._known.add(_digest(data))
        try:
            written = await self._send({_KEY: b64encode(data).decode()}, query=None)
        except ApiError as error:
            await self._on_error(error, data)
        else:
            self._version = written["metadata"]["resourceVersion"]
            self._known = {_digest(data)}

    async def check_writable(self) -> None:
        """Raise CheckpointError if, after a `read`, it could not be written."""
        try:
            await self._send({}, query={"dryRun": "All"})
        except ApiError as error:
            raise self._error("write", error) from None

    async def _send(self, data: Mapping[str, str], *, query: Query | None) -> Any:
        body: dict[str, Any] = {
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": dict(self._meta),
            "binaryData": data,
        }  # fmt: skip
        if not self._version:
            return await self._api.post(self._all, body, query=query)
        body["metadata"]["resourceVersion"] = self._version
        return await self._api.put(self._one, body, query=query)

    async def _read(self) -> bytes | None:
        try:
            found = await self._api.get(self._one)
        except ApiError as error:
            if error.status != 404:
                raise self._error("read", error) from None
            self._version = ""
            return None
        self._version = found["metadata"]["resourceVersion"]
        text = (found.get("binaryData") or {}).get(_KEY)
        return b64decode(text) if text else None

    async def _on_error(self, error: ApiError, data: bytes) -> None:
        """Read what is there after a write whose success is unknown."""
        failed = self._error("write", error)
        if error.status == 404:  # somebody deleted it
            self._version = ""
        if error.status != 409:
            raise failed from None
        try:
            found = await self._read()
        except CheckpointError:
            raise failed from None
        if found is not None and _digest(found) not in self._known:
            raise ConflictError(str(failed)) from None
        if found != data:
            raise failed from None

    def _error(self, verb: str, error: ApiError) -> CheckpointError:
        return CheckpointError(f"cannot {verb} {self}: {error}", is_final=error.status == 403)


def _digest(data: bytes | None) -> bytes:
    return hashlib.sha256(data or b"").digest()


def open_store(where: str, *, api: Api, kubeconfig: str, context: str = "") -> Store | None:
    """The store that `where` names; None for none. Raises CheckpointError."""
    if where == "auto":
        in_cluster = is_in_cluster(os.environ, kubeconfig=kubeconfig, context=context)
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


async def load_checkpoint(store: Store | None, *, cluster_uid: str) -> Checkpoint:
    """The checkpoint of the run before, an empty one where there is none, if it can be written.

    Waits for an API server that is away. Raises CheckpointError where waiting is of no use.
    """
    if store is None:
        return Checkpoint(cluster_uid=cluster_uid)

    async def attempt() -> Checkpoint:
        found = _usable(await store.read(), cluster_uid=cluster_uid)
        await store.check_writable()
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
        found = decode(data)
    except CheckpointError as error:
        logger.error("the checkpoint is of no use; beginning anew", extra={"reason": str(error)})
        return fresh
    if cluster_uid and found.cluster_uid not in ("", cluster_uid):
        logger.error("the checkpoint is of another cluster; beginning anew")
        return fresh
    return replace(found, cluster_uid=cluster_uid or found.cluster_uid)
