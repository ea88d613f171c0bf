"""Leader election: of several processes the one that holds a Lease works, the others stand by.

The rules are those of client-go, tools/leaderelection/leaderelection.go. No two clocks are ever
compared: a candidate takes a Lease over when it has not seen it change for its duration.

kubernetes_asyncio's election is not used (36.1, leaderelection/leaderelection.py). When the work
has crashed it goes on renewing: a dead leader. A renewal that fails by anything but an
ApiException, as by a reset connection, ends `run` and leaves the work going; so does a
cancellation, with the Lease held. It cannot release it, and its deadlines go by a settable clock.
"""

import asyncio
import logging
import os
import random
import secrets
import socket
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import TypeVar

from event_tracer.core.times import SECOND
from event_tracer.kube.client import Api, ApiError
from event_tracer.kube.handler import Raw
from event_tracer.kube.resources import LEASES
from event_tracer.runtime.backoff import Backoff

_NEVER = float("-inf")
_NOT_FOUND, _CONFLICT = 404, 409
T = TypeVar("T")

logger = logging.getLogger(__name__)


class LostError(Exception):
    """This process leads no more; the message is the reason."""


def own_identity() -> str:
    """Identity of this process: its Pod's name and random digits."""
    return f"{os.environ.get('HOSTNAME') or socket.gethostname()}_{secrets.token_hex(8)}"


class _Lease:
    """The Lease in the API server."""

    def __init__(self, api: Api, *, namespace: str, name: str) -> None:
        self.namespace = namespace
        self._api = api
        self._name = name
        self._path = LEASES.path(namespace=namespace, name=name)

    def __str__(self) -> str:
        return f"{self.namespace}/{self._name}"

    async def read(self) -> Raw | None:
        """The Lease as it is; None where there is none. Raises ApiError."""
        try:
            return _checked(await self._api.get(self._path))
        except ApiError as error:
            if error.status == _NOT_FOUND:
                return None
            raise

    async def write(self, lease: Raw | None, spec: Raw) -> Raw:
        """Write it over `lease`, whose resourceVersion must still be the newest; None creates it.

        Raises ApiError.
        """
        if lease is not None:
            return _checked(await self._api.put(self._path, {**lease, "spec": spec}))
        labels = {"app.kubernetes.io/name": "event-tracer"}
        meta = {"namespace": self.namespace, "name": self._name, "labels": labels}
        names = {"apiVersion": LEASES.api_version, "kind": LEASES.kind}
        path = LEASES.path(namespace=self.namespace)
        return _checked(await self._api.post(path, {**names, "metadata": meta, "spec": spec}))


class Election:
    """One candidate for one Lease of `duration` seconds.

    client-go asks that duration > renew deadline > retry period; these are as 15 : 10 : 2. The
    clock `wall` (ns) is for those who read the Lease; nothing here relies on it.
    """

    def __init__(
        self, api: Api, *, namespace: str, name: str, identity: str, duration: int,
        wall: Callable[[], int] = time.time_ns,
    ) -> None:  # fmt: skip
        self.identity = identity
        self.last_error = "the API server has not answered yet"
        """Reason that it could not lead now; empty once the Lease was read."""
        self._lease = _Lease(api, namespace=namespace, name=name)
        self._duration = duration
        self._deadline = duration * 2 / 3
        self._timeout = self._deadline / 2  # of an attempt, so that another can follow
        self._retry = duration * 2 / 15
        self._wall = wall
        self._clock = asyncio.get_running_loop().time
        self._until = _NEVER
        self._lost = asyncio.Event()
        self._reason = "it could not be renewed in time"
        self._held: Raw | None = None  # as this process wrote it last
        self._may_hold = False  # it may have been written, even where no answer came
        self._seen: Raw | None = None
        self._seen_at = _NEVER

    def __str__(self) -> str:
        return str(self._lease)

    @property
    def is_leader(self) -> bool:
        """Whether this process leads; any thread may ask."""
        return self._clock() < self._until and not self._lost.is_set()

    async def require_leadership(self) -> None:
        """Return at once while it leads; else block for ever: a process that has lost must end."""
        if not self.is_leader:
            self.step_down(self._reason)
            await asyncio.Event().wait()

    def step_down(self, reason: str) -> None:
        """Lead no more, from now on."""
        self._reason = reason
        self._lost.set()

    async def acquire(self) -> None:
        """Return once it leads, however long that takes.

        Not `backoff.retrying`: an attempt that succeeds need not make it the leader.
        """
        logger.info("standing by", extra={"lease": str(self), "identity": self.identity})
        backoff = Backoff(first=self._retry, longest=float(self._duration))
        while not self.is_leader:
            try:
                async with asyncio.timeout(self._timeout):
                    await self._attempt()
                self.last_error, pause = "", self._pause()
                backoff.reset()
            except (ApiError, TimeoutError) as error:
                self._report(error)
                pause = backoff.pause()
            if not self.is_leader:
                await asyncio.sleep(pause)
        logger.info("leading", extra={"lease": str(self), "identity": self.identity})

    async def renew_loop(self) -> None:
        """Renew the Lease for as long as that succeeds. Raises LostError in the end."""
        while self.is_leader:
            with suppress(TimeoutError):
                async with asyncio.timeout_at(min(self._clock() + self._pause(), self._until)):
                    await self._lost.wait()
            if self.is_leader:
                await self._renew()
        raise LostError(self._reason)

    async def release(self) -> None:
        """Release the Lease, so that another leads at once; to be called when all work is done."""
        self._until = _NEVER
        if not self._may_hold:
            return
        try:
            async with asyncio.timeout(self._timeout):
                try:
                    await self._release()
                except ApiError as error:
                    if error.status != _CONFLICT:
                        raise
                    await self._release()  # a renewal was still under way
        except (ApiError, TimeoutError) as error:
            extra = {"lease": str(self), "error": _message(error)}
            logger.warning("the Lease is not released; the next leader waits for it", extra=extra)

    def _pause(self) -> float:
        return self._retry * random.uniform(0.8, 1.2)

    def _report(self, error: ApiError | TimeoutError) -> None:
        status = 0 if isinstance(error, TimeoutError) else error.status
        if status == _CONFLICT:  # another one was quicker
            return
        if status != 403:
            extra = {"lease": str(self), "error": _message(error)}
            logger.warning("the Lease cannot be had yet", extra=extra)
            return
        before, namespace = self.last_error, self._lease.namespace
        self.last_error = (
            f"the Lease {self} may not be used: allow get, create and update of leases "
            f"(coordination.k8s.io) in a Role of {namespace}"
        )
        if self.last_error != before:
            logger.error(self.last_error, extra={"error": str(error)})

    # -- one attempt

    async def _renew(self) -> None:
        try:
            async with asyncio.timeout_at(min(self._clock() + self._timeout, self._until)):
                await self._attempt()
        except (ApiError, TimeoutError) as error:
            extra = {"lease": str(self), "error": _message(error)}
            logger.warning("the Lease is not renewed", extra=extra)

    async def _attempt(self) -> None:
        """Take the Lease or renew it, if that may be. Raises ApiError."""
        held, self._held = self._held, None
        if held:
            try:
                await self._acquire_or_renew(held)
                return
            except ApiError as error:
                if error.status not in (_NOT_FOUND, _CONFLICT):
                    raise
        lease = await self._lease.read()
        if lease is None or self._is_free(lease):
            await self._acquire_or_renew(lease)

    def _is_free(self, lease: Raw) -> bool:
        """Whether it may be taken: it is this process's or nobody's, or has expired."""
        spec = _spec(lease)
        holder = spec.get("holderIdentity")
        if spec != self._seen:
            if self._seen is None or holder != self._seen.get("holderIdentity"):
                logger.info("the Lease is held", extra={"lease": str(self), "by": holder})
            self._seen, self._seen_at = spec, self._clock()
        self._may_hold = holder == self.identity
        if self._may_hold:
            return True
        if self.is_leader:
            self.step_down(f"it is held by {holder or 'nobody'}")
            return False
        # All fields of a LeaseSpec are optional (k8s.io/api coordination/v1).
        seconds = spec.get("leaseDurationSeconds")
        duration = seconds if isinstance(seconds, int) and seconds > 0 else self._duration
        return not holder or self._clock() - self._seen_at >= duration

    async def _acquire_or_renew(self, lease: Raw | None) -> None:
        begun, now, spec = self._clock(), _micro_time(self._wall()), _spec(lease)
        if spec.get("holderIdentity") != self.identity:
            transitions = spec.get("leaseTransitions", 0 if lease else -1)
            spec["acquireTime"] = now
            spec["leaseTransitions"] = transitions + 1 if isinstance(transitions, int) else 0
        spec |= {
            "holderIdentity": self.identity, "leaseDurationSeconds": self._duration,
            "renewTime": now,
        }  # fmt: skip
        self._may_hold = True
        self._held = await self._lease.write(lease, spec)
        # Others count from when they see this write, which is later than it was begun.
        self._until = begun + self._deadline

    async def _release(self) -> None:
        lease = await self._lease.read()
        if lease and _spec(lease).get("holderIdentity") == self.identity:
            free = {"holderIdentity": "", "leaseDurationSeconds": 1}
            await self._lease.write(lease, {**_spec(lease), **free})


async def lead(election: Election, work: Callable[[], Awaitable[T]]) -> T:
    """Do `work` while the Lease, which is held, is renewed, then release it; returns its result.

    Raises LostError where it is lost meanwhile; `work` is cancelled then.
    """
    renewing = asyncio.ensure_future(election.renew_loop())
    working = asyncio.ensure_future(work())
    try:
        await asyncio.wait([renewing, working], return_when=asyncio.FIRST_COMPLETED)
        is_lost = renewing.done()
    finally:
        renewing.cancel()
        working.cancel()
        await asyncio.gather(renewing, working, return_exceptions=True)
    if is_lost:
        await renewing  # which raises
    await election.release()
    return await working


def _checked(body: Raw) -> Raw:
    meta = body.get("metadata")
    if not isinstance(meta, dict) or not isinstance(meta.get("resourceVersion"), str):
        raise ApiError("a Lease came without a resourceVersion", status=502)
    return body


def _spec(lease: Raw | None) -> Raw:
    spec = lease and lease.get("spec")
    return dict(spec) if isinstance(spec, dict) else {}


def _micro_time(time: int) -> str:
    # metav1.MicroTime takes six digits, no more and no less (apimachinery meta/v1, micro_time.go).
    moment = datetime.fromtimestamp(time / SECOND, UTC)
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


def _message(error: Exception) -> str:
    return str(error) or "no answer in time"
