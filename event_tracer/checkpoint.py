"""What a restart needs, kept in a ConfigMap or a file."""

import errno
import gzip
import hashlib
import os
import zlib
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol, TypeVar

from pydantic import TypeAdapter, ValidationError

from event_tracer.api import Api, ApiError, Query
from event_tracer.core.packing import Packed, pack, unpack
from event_tracer.core.settle import BYTES_AS_TEXT
from event_tracer.core.span import Span
from event_tracer.core.state import State

MOST_BYTES = 700 * 1024
"""Of a checkpoint as it is stored: etcd takes 1.5 MiB, a ConfigMap 1 MiB."""
_VERSION = 1
_KEY = "checkpoint"
_FEWER = 0.7
T = TypeVar("T")


class CheckpointError(Exception):
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

    __pydantic_config__ = BYTES_AS_TEXT

    version: int = _VERSION
    cluster_uid: str = ""
    events: Mapping[str, str] = field(default_factory=dict)
    objects: Mapping[str, str] = field(default_factory=dict)
    spans: tuple[Span, ...] = ()
    state: State | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stored:
    """A checkpoint as it is written, its object spans that are not settled in tables."""

    checkpoint: Checkpoint
    unsettled: Packed


_STORED = TypeAdapter(_Stored)


def dump(checkpoint: Checkpoint, *, most: int = MOST_BYTES) -> tuple[bytes, int]:
    """Checkpoint → bytes of at most `most`, and how many ids and spans were left out for that.

    The oldest ids of sent object spans go first, with the objects deleted longest ago; then the
    object spans that wait for an acknowledgement, then those that are not settled.
    """
    left_out = 0
    while True:
        data = gzip.compress(_STORED.dump_json(_pack(checkpoint)), compresslevel=1, mtime=0)
        if len(data) <= most:
            return data, left_out
        fewer, number = _fewer(checkpoint)
        if fewer == checkpoint:
            return data, left_out
        checkpoint, left_out = fewer, left_out + number


def _pack(checkpoint: Checkpoint) -> _Stored:
    state = checkpoint.state
    if state is None:
        return _Stored(checkpoint=checkpoint, unsettled=Packed())
    bare = replace(checkpoint, state=replace(state, unsettled=()))
    return _Stored(checkpoint=bare, unsettled=pack(state.unsettled))


def _unpack(stored: _Stored) -> Checkpoint:
    state = stored.checkpoint.state
    if state is None:
        return stored.checkpoint
    whole = replace(state, unsettled=unpack(stored.unsettled))
    return replace(stored.checkpoint, state=whole)


def _fewer(checkpoint: Checkpoint) -> tuple[Checkpoint, int]:
    state = checkpoint.state
    if state and (state.sent or state.gone):
        sent, gone = _newest(state.sent), _newest(state.gone)
        fewer = replace(checkpoint, state=replace(state, sent=sent, gone=gone))
        return fewer, len(state.sent) - len(sent)
    if state and not checkpoint.spans:
        unsettled, counts = _newest(state.unsettled), _newest(state.counts)
        fewer = replace(checkpoint, state=replace(state, unsettled=unsettled, counts=counts))
        return fewer, len(state.unsettled) - len(unsettled)
    spans = _newest(checkpoint.spans)
    return replace(checkpoint, spans=spans), len(checkpoint.spans) - len(spans)


def _newest(items: tuple[T, ...]) -> tuple[T, ...]:
    return items[len(items) - int(len(items) * _FEWER) :]


def load(data: bytes) -> Checkpoint:
    """bytes → Checkpoint. Raises CheckpointError where they are none."""
    try:
        checkpoint = _unpack(_STORED.validate_json(gzip.decompress(data)))
    except (OSError, EOFError, zlib.error, ValidationError, IndexError) as error:
        raise CheckpointError(f"not a checkpoint: {str(error).splitlines()[0]}") from None
    if checkpoint.version != _VERSION:
        raise CheckpointError(f"a checkpoint of version {checkpoint.version}, not {_VERSION}")
    return checkpoint


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
