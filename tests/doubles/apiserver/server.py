"""A kube-apiserver on paper: it lists and watches as a real one, and fails as it is told."""

import asyncio
import base64
import json
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from tests.doubles.apiserver.edit import edited, reviewed
from tests.doubles.apiserver.faults import Answer, Fault, Forbidden
from tests.doubles.apiserver.read import discovered, found, listed, nowhere
from tests.doubles.apiserver.store import Kind, Store, Write
from tests.doubles.apiserver.watch import Cut, End, Stream, Watch, opened
from tests.doubles.apiserver.wire import Asked, RefusedError, said, understand
from tests.doubles.certificates import any_authority
from tests.doubles.listener import Listener
from tests.scenarios.fields import Raw

CLUSTER = "4a6b1d0e-5a3f-4c52-9d3e-6f1b2c3d4e5f"
"""The uid of kube-system."""
_REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
_COMPACTION, _RENEWAL = 300, 10  # seconds
_LEASE = {
    "type": "MODIFIED",
    "resource": "leases",
    "object": {"metadata": {"namespace": "kube-node-lease", "name": "node-1"}},
}
_VERSION = {"major": "1", "minor": "34", "gitVersion": "v1.34.0", "platform": "linux/amd64"}


class ApiServer(Listener):
    """Feed it with `write`; it is there within `async with`.

    A login is sent to one that `is_secure` alone: it speaks TLS, and `cluster` is how to know it.
    """

    def __init__(self, *, is_secure: bool = False) -> None:
        super().__init__(context=any_authority().open_context() if is_secure else None)
        self._scheme = "https" if is_secure else "http"
        self.cluster: Raw = {}
        if is_secure:
            data = base64.b64encode(any_authority().certificate.read_bytes())
            self.cluster = {"certificate-authority-data": data.decode()}
        self.store = Store()
        self.requests: list[Asked] = []
        self.watches: list[Watch] = []
        """Those that are open."""
        self.faults: list[Fault] = []
        self.tokens: set[str] | None = None
        """Bearer tokens that are accepted; None: any, and none."""
        self.forbidden: list[Forbidden] = []
        self._cuts: dict[str, Cut] = {}
        self._waiting: dict[str, list[bytes]] = {}
        self.write(_namespace("kube-system", uid=CLUSTER))

    @property
    def url(self) -> str:
        return f"{self._scheme}://127.0.0.1:{self.port}"

    @property
    def revision(self) -> int:
        """The newest."""
        return self.store.revision

    # -- the cluster's life

    def register(
        self, *, group: str, version: str, plural: str, kind: str, namespaced: bool = True,
        short: tuple[str, ...] = (), has_metadata: bool = True,
    ) -> str:  # fmt: skip
        """A custom resource; gives the name it has in frames."""
        made = Kind(
            group=group, version=version, plural=plural, kind=kind,
            namespaced=namespaced, is_custom=True, short=short, has_metadata=has_metadata,
        )  # fmt: skip
        self.store.kinds[made.resource] = made
        return made.resource

    def write(self, frame: Mapping[str, Any]) -> int:
        """One write, told to all watches; gives its revision."""
        return self._tell(self.store.write(frame)).revision

    def compact(self) -> None:
        """Forget the history up to now."""
        self.store.compacted = self.store.revision

    async def idle(self) -> None:
        """Let nothing happen, until cancelled: Nodes renew their leases, and history goes.

        As storage/etcd3/compact.go: each five minutes what was written until the last time.
        """
        until = 0
        while True:
            for _ in range(_COMPACTION // _RENEWAL):
                await asyncio.sleep(_RENEWAL)
                self.write(_LEASE)
            self.store.compacted, until = max(self.store.compacted, until), self.revision

    def restore(self, revision: int) -> None:
        """etcd comes back as it was; the API server restarts, so all watches end."""
        self.store.restore(revision)
        self._end("*", End.ABORT)

    # -- faults

    def fail(
        self, answer: Answer, *, resource: str = "*", verb: str = "*", namespace: str = "*",
        times: int | None = None,
    ) -> Fault:  # fmt: skip
        """Answer so instead; the newest fault that meets a request wins. Patterns are globs."""
        made = Fault(answer=answer, resource=resource, verb=verb, namespace=namespace, times=times)
        self.faults.insert(0, made)
        return made

    def heal(self) -> None:
        """No more faults; what is forbidden stays so."""
        self.faults.clear()
        self._cuts.clear()
        self._waiting.clear()

    def cut(self, resource: str, *, after: int = 0, clean: bool = False) -> None:
        """After so many more lines, the next one ends in its middle: by a reset, or by an EOF."""
        self._cuts[resource] = Cut(after, End.CLEAN if clean else End.ABORT)

    def inject(self, resource: str, line: bytes) -> None:
        """Send a line as it is to the open watches, or to the next one."""
        open_ = [watch for watch in self.watches if watch.kind.resource == resource]
        for watch in open_:
            watch.queue.put_nowait(line)
        if not open_:
            self._waiting.setdefault(resource, []).append(line)

    def close_watches(self, resource: str = "*") -> None:
        """End them well, as at a graceful shutdown."""
        self._end(resource, End.CLEAN)

    def abort_watches(self, resource: str = "*") -> None:
        """Cut their connections."""
        self._end(resource, End.ABORT)

    def silence(self, resource: str = "*") -> None:
        """From now on the open watches send nothing, not even their end."""
        self._end(resource, End.HANG)

    def leave_behind(self) -> None:
        """The open watches say nothing from now on, and end as ever: their etcd is behind."""
        for watch in self.watches:
            watch.is_behind = True

    # -- what was asked

    def asked(self, resource: str = "*", verb: str = "*") -> list[Asked]:
        """The requests so far for a resource; `list` is all pages."""
        wanted = Fault(answer=_never, resource=resource, verb=verb)
        return [asked for asked in self.requests if wanted.meets(asked)]

    # -- answers

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """What is said to a request."""
        asked = understand(request, self.store.kinds.values(), asyncio.get_running_loop().time())
        self.requests.append(asked)
        for fault in self.faults:
            if fault.meets(asked) and (made := await fault.take()(request)):
                return made
        try:
            self._admit(asked)
            return await self._answered(asked, request)
        except RefusedError as refused:
            return said(refused.status, code=refused.code)

    def _admit(self, asked: Asked) -> None:
        token = asked.headers.get("authorization", "").removeprefix("Bearer ")
        if self.tokens is not None and token not in self.tokens:
            raise RefusedError(401, "Unauthorized")
        verb = "list" if asked.verb == "continue" else asked.verb
        about = {"verb": verb, "resource": asked.resource, "namespace": asked.namespace}
        if asked.kind and any(rule.meets(**about) for rule in self.forbidden):
            what = f'cannot {verb} resource "{asked.resource}" in API group "{asked.kind.group}"'
            raise RefusedError(403, f'{asked.resource} is forbidden: User "bridge" {what}')

    async def _answered(self, asked: Asked, request: web.BaseRequest) -> web.StreamResponse:
        kinds = self.store.kinds.values()
        if asked.path == "/version":
            return said(_VERSION)
        if asked.path == _REVIEWS:
            body = await _body(request)
            return said(reviewed(self.forbidden, kinds, body), code=201)
        if asked.verb == "discover":
            return discovered(kinds, asked.path)
        return await self._resource(asked.kind, asked, request) if asked.kind else nowhere()

    async def _resource(
        self, kind: Kind, asked: Asked, request: web.BaseRequest
    ) -> web.StreamResponse:
        match asked.verb:
            case "watch":
                return await self._watched(kind, asked, request)
            case "get":
                return said(found(self.store, kind, asked))
            case "list" | "continue":
                accepts = asked.headers.get("accept-encoding", "")
                return said(listed(self.store, kind, asked), accepts=accepts)
        return await self._edited(kind, asked, request)

    async def _watched(
        self, kind: Kind, asked: Asked, request: web.BaseRequest
    ) -> web.StreamResponse:
        watch = opened(self.store, kind, asked)
        for line in self._waiting.pop(kind.resource, ()):
            watch.queue.put_nowait(line)
        self.watches.append(watch)
        try:
            return await Stream(watch, self.store, self._cuts).send(request)
        finally:
            self.watches.remove(watch)

    async def _edited(
        self, kind: Kind, asked: Asked, request: web.BaseRequest
    ) -> web.StreamResponse:
        before = self.store.revision
        body = await _body(request)
        code, made = edited(self.store, kind, asked, body, now=self.now())
        if self.store.revision > before:
            self._tell(self.store.history[-1])
        return said(made, code=code)

    def _tell(self, write: Write) -> Write:
        for watch in self.watches:
            watch.offer(write)
        return write

    def _end(self, resource: str, how: End) -> None:
        for watch in self.watches:
            if resource in ("*", watch.kind.resource):
                watch.queue.put_nowait(how)


async def _body(request: web.BaseRequest) -> Raw:
    data = await request.content.read()
    return dict(json.loads(data)) if data else {}


async def _never(_: web.BaseRequest) -> None:
    raise AssertionError


def _namespace(name: str, *, uid: str) -> Raw:
    meta = {"name": name, "uid": uid, "creationTimestamp": "2026-11-01T08:00:00Z"}
    return {"type": "ADDED", "resource": "namespaces", "object": {"metadata": meta}}
