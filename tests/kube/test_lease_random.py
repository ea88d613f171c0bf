"""Leader election under anything: at no time do two candidates think that they lead."""

import asyncio
import os
import random
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from tests.doubles.apiserver import faults
from tests.scenarios.leases import (
    DURATION,
    LEASES,
    RETRY,
    Candidate,
    Contest,
    only,
    unheard,
    with_contest,
)

SEEDS = range(int(os.environ.get("FAULT_SEQUENCES", "20")) // 5)
Act = Callable[[Contest, random.Random], Coroutine[Any, Any, None]]
ANSWERS: list[Any] = [
    faults.BROKEN, faults.FORBIDDEN, faults.UNAUTHORIZED, faults.UNAVAILABLE, faults.BAD_GATEWAY,
    faults.hang, faults.mute, faults.empty, faults.lose, faults.slow(1), faults.slow(4),
    faults.slow(7),
]  # fmt: skip


def alive(contest: Contest) -> list[Candidate]:
    """Those who have not ended."""
    return [candidate for candidate in contest.candidates if not candidate.task.done()]


def start(contest: Contest, choice: random.Random) -> None:
    """One more, its clock anywhere."""
    ahead = choice.choice([0, choice.uniform(-1, 1), choice.uniform(-86_400, 86_400)])
    duration = choice.choice([DURATION, DURATION, 5, 30])
    contest.start(f"c{len(contest.candidates)}", ahead=ahead, duration=duration)


async def trouble(contest: Contest, choice: random.Random) -> None:
    """Requests of one candidate, or of all, go wrong for a while."""
    answer = choice.choice(ANSWERS)
    if choice.random() < 0.7:
        answer = only(choice.choice(contest.candidates).name, answer)
    verb = choice.choice(["*", "*", "get", "update"])
    made = contest.server.fail(answer, verb=verb)
    await asyncio.sleep(choice.uniform(0, 30))
    made.times = 0


async def unanswered(contest: Contest, choice: random.Random) -> None:
    """A write is done, and its answer is lost."""
    verb = choice.choice(["create", "update"])
    contest.server.fail(unheard(contest.server), resource=LEASES, verb=verb, times=1)


async def away(contest: Contest, choice: random.Random) -> None:
    """The API server restarts."""
    await contest.server.stop()
    await asyncio.sleep(choice.uniform(0, 20))
    await contest.server.start()


async def kill(contest: Contest, choice: random.Random) -> None:
    """kill -9 of anyone."""
    await choice.choice(contest.candidates).kill()


async def stop(contest: Contest, choice: random.Random) -> None:
    """SIGTERM to anyone."""
    candidate = choice.choice(contest.candidates)
    if not candidate.task.done():
        await candidate.stop()


async def watched(contest: Contest) -> int:
    """See who leads, at every moment; gives how many leaders there were."""
    seen = set[str]()
    while True:
        leaders = contest.leaders
        assert len(leaders) <= 1, f"{leaders} lead at once"
        for name in leaders:
            assert contest.spec["holderIdentity"] == name
        seen.update(leaders)
        try:
            await asyncio.sleep(0.02)
        except asyncio.CancelledError:
            return len(seen)


@pytest.mark.parametrize("seed", SEEDS)
def test_never_do_two_lead(seed: int) -> None:
    """And whoever thinks that it leads is in the Lease; when all is well again, somebody leads."""
    choice = random.Random(seed)
    acts: list[Act] = [trouble, trouble, trouble, unanswered, away, kill, stop]

    @with_contest(seed=seed)
    async def test(contest: Contest) -> None:
        for _ in range(3):
            start(contest, choice)
        watching = asyncio.create_task(watched(contest))
        under_way: list[asyncio.Task[None]] = []
        for _ in range(30):
            await asyncio.sleep(choice.expovariate(1 / 5))
            under_way.append(asyncio.create_task(choice.choice(acts)(contest, choice)))
            while len(alive(contest)) < 3:
                start(contest, choice)
        await asyncio.gather(*under_way)
        contest.server.heal()
        await asyncio.sleep(2 * 30 + 2 * RETRY)
        assert len(contest.leaders) == 1
        watching.cancel()
        assert await watching > 1

    test()
