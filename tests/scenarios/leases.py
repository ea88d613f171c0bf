"""What tests of leader election share: candidates for one Lease, and what becomes of it."""

import asyncio
import random
import re
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Concatenate, ParamSpec

import pytest
from aiohttp import web
from kubernetes_asyncio.client import ApiClient, Configuration

from event_tracer.kube.client import Api
from event_tracer.kube.lease import Election, LostError
from tests.doubles.apiserver import faults
from tests.doubles.apiserver.faults import Answer
from tests.doubles.apiserver.server import ApiServer
from tests.doubles.listener import drop
from tests.scenarios.fields import SECOND, Raw
from tests.scenarios.inside import inside

LEASES = "leases"
USER = "Impersonate-User"
"""The header that says who asks an API server without TLS, to which no login is sent."""
DURATION, DEADLINE, RETRY = 15, 10.0, 2.0
_MICRO_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
FAILURES: list[Any] = [
    faults.BROKEN, faults.FORBIDDEN, faults.UNAUTHORIZED, faults.THROTTLED, faults.BAD_GATEWAY,
    faults.LOGIN_PAGE, faults.hang, faults.mute, faults.empty, faults.lose, faults.slow(7),
]  # fmt: skip
"""What may come instead of an answer."""
P = ParamSpec("P")
Test = Callable[Concatenate["Contest", P], Coroutine[Any, Any, None]]


class Candidate:
    """One process that wants to lead, as its Election sees it."""

    def __init__(self, name: str, election: Election) -> None:
        self.name, self.election = name, election
        self.task: asyncio.Task[None] = asyncio.create_task(self._run(), name=name)

    @property
    def leads(self) -> bool:
        """Whether it thinks so, and still runs."""
        return self.election.is_leader and not self.task.done()

    async def _run(self) -> None:
        await self.election.acquire()
        await self.election.renew_loop()

    async def lost(self) -> str:
        """Why it leads no more."""
        with pytest.raises(LostError) as caught:
            await self.task
        return str(caught.value)

    async def kill(self) -> None:
        """kill -9."""
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)

    async def stop(self) -> None:
        """As after SIGTERM, when all work is done."""
        await self.kill()
        await self.election.release()


class Contest:
    """An API server, and the candidates for a Lease in it."""

    def __init__(self, server: ApiServer, stack: AsyncExitStack) -> None:
        self.server, self._stack = server, stack
        self.candidates: list[Candidate] = []

    def start(self, name: str, *, ahead: float = 0.0, duration: int = DURATION) -> Candidate:
        """One more candidate, whose clock is so many seconds ahead."""

        async def connect() -> ApiClient:
            configuration = Configuration()
            configuration.host = self.server.url
            return ApiClient(configuration, header_name=USER, header_value=name)

        api = Api(connect)
        self._stack.push_async_callback(api.close)
        election = Election(
            api, namespace="ops", name="event-tracer", identity=name, duration=duration,
            wall=lambda: time.time_ns() + int(ahead * SECOND),
        )  # fmt: skip
        self.candidates.append(Candidate(name, election))
        self._stack.push_async_callback(self.candidates[-1].kill)
        return self.candidates[-1]

    @property
    def leaders(self) -> list[str]:
        """Those who think that they lead."""
        return [candidate.name for candidate in self.candidates if candidate.leads]

    @property
    def spec(self) -> Raw:
        """What is written in the Lease."""
        return spec_of(self.server)

    def write(self, spec: Any) -> None:
        """Somebody else writes the Lease."""
        meta = {
            "namespace": "ops", "name": "event-tracer", "uid": "a-lease",
            "creationTimestamp": "2026-11-01T08:00:00Z",
        }  # fmt: skip
        found = {"metadata": meta, **({"spec": spec} if spec is not None else {})}
        self.server.write({"type": "MODIFIED", "resource": LEASES, "object": found})

    def written(self) -> int:
        """So many times the Lease was written."""
        return sum(write.kind.plural == LEASES for write in self.server.store.history)


def spec_of(server: ApiServer) -> Raw:
    """The Lease's spec, as an API server would take it."""
    found = server.store.get(server.store.kinds[LEASES], "ops/event-tracer")
    spec = dict(found.get("spec") or {}) if found else {}
    if spec.get("holderIdentity"):
        assert _MICRO_TIME.fullmatch(spec["renewTime"])
        assert _MICRO_TIME.fullmatch(spec["acquireTime"])
        assert spec["leaseDurationSeconds"] > 0
        assert spec["leaseTransitions"] >= 0
    return spec


def with_contest(*, seed: int = 0) -> Callable[[Test[P]], Callable[P, None]]:
    """Give a test a contest."""
    return inside(lambda: _contest(seed))


@asynccontextmanager
async def _contest(seed: int) -> AsyncIterator[Contest]:
    random.seed(seed)
    async with ApiServer() as server, AsyncExitStack() as stack:
        yield Contest(server, stack)


def only(name: str, answer: Answer) -> Answer:
    """The answer for one candidate; the others get what they would get anyway."""

    async def answered(request: web.BaseRequest) -> web.StreamResponse | None:
        is_its = request.headers.get(USER) == name
        return await answer(request) if is_its else None

    return answered


def unheard(server: ApiServer) -> Answer:
    """It is done, but its answer is lost; to be taken once."""

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        made = await server.answer(request)
        drop(request)
        return made

    return answer


def now() -> float:
    """The loop's clock."""
    return asyncio.get_running_loop().time()


async def leader_of(contest: Contest, *, within: float) -> float:
    """The seconds until somebody leads."""
    begun = now()
    while not contest.leaders:
        assert now() - begun <= within, "nobody leads"
        await asyncio.sleep(0.05)
    return now() - begun
