"""What a restart needs, kept in a ConfigMap or a file."""

import errno
import hashlib
import os
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from event_tracer import EventTracerError
from event_tracer.core.span import Span
from event_tracer.core.state import State
from event_tracer.kube.client import Api, ApiError, Query

VERSION = 1
_KEY = "checkpoint"


class CheckpointError(EventTracerError):
    """A checkpoint that cannot be read or written; the message is a sentence.

    `is_final`: trying again is of no use.
    """

    def __init__(self, text: str, *, is_final: bool = False) -> None:
        super().__init__(text)
        self.is_final = is_final


class ConflictError(CheckpointError):
    """Somebody else has written it since this process last read or wrote it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """All that a restart needs.

    `events` has for each namespace watched ("" for all) the highest resourceVersion at and below
    which every occurrence is acknowledged; `objects` the last that was read of each
    `namespace/resource`. `spans` are object and gap spans that are not acknowledged.
    """

    version: int = VERSION
    cluster_uid: str = ""
    events: Mapping[str, str] = field(default_factory=dict)
    objects: Mapping[str, str] = field(default_factory=dict)
    spans: tuple[Span, ...] = ()
    state: State | None = None


class Store(Protocol):
    """Where a checkpoint is kept."""

    async def read(self) -> bytes | None:
        """What was written last, if anything was. Raises CheckpointError."""

    async def write(self, data: bytes) -> None:
        """Replace it. Raises CheckpointError."""

    async def probe(self) -> None:
        """See, after a `read`, whether it can be written, without doing so.

        Raises CheckpointError.
        """


class FileStore:
    """A file, replaced as a whole."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __str__(self) -> str:
        return str(self._path)

    async def read(self) -> bytes | None:
        """What was written last, if anything was. Raises CheckpointError."""
        try:
            return self._path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _cannot("read", self._path, error) from None

    async def write(self, data: bytes) -> None:
        """Replace it. Raises CheckpointError."""
        try:
            self._write_part(data).replace(self._path)
        except OSError as error:
            raise _cannot("write", self._path, error) from None

    async def probe(self) -> None:
        """See whether it can be written. Raises CheckpointError."""
        try:
            self._write_part(b"").unlink()
        except OSError as error:
            raise _cannot("write", self._path, error) from None

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
    """A ConfigMap of its own, written over what was read: nobody else's word is lost unseen."""

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
        """What was written last, if anything was. Raises CheckpointError."""
        data = await self._read()
        self._known = {_digest(data)}
        return data

    async def write(self, data: bytes) -> None:
        """Replace it. Raises CheckpointError, a ConflictError where that is somebody else's word.

        The next try is written over that.
        """
        self._known.add(_digest(data))
        try:
            written = await self._send({_KEY: b64encode(data).decode()}, query=None)
        except ApiError as error:
            await self._on_error(error, data)
        else:
            self._version = written["metadata"]["resourceVersion"]
            self._known = {_digest(data)}

    async def probe(self) -> None:
        """See, after a `read`, whether it can be written. Raises CheckpointError."""
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
        """See what is there after a write of which no success is known."""
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
