"""Leader election: how long a leader may believe that it leads."""

import asyncio

import pytest

from tests.doubles.apiserver import faults
from tests.scenarios.leases import (
    DEADLINE,
    DURATION,
    FAILURES,
    LEASES,
    RETRY,
    Contest,
    leader_of,
    now,
    only,
    unheard,
    with_contest,
)


@pytest.mark.parametrize("fault", FAILURES)
@with_contest()
async def test_a_leader_that_cannot_renew_ends_in_time(
    contest: Contest, fault: faults.Answer
) -> None:
    """Whatever comes instead of an answer: it is over before any other can take over."""
    first = contest.start("a")
    await asyncio.sleep(60)
    contest.start("b")
    await asyncio.sleep(1)
    contest.server.fail(only("a", fault))
    begun = now()
    assert "in time" in await first.lost()
    assert now() - begun <= DEADLINE
    assert contest.leaders == []
    assert await leader_of(contest, within=DURATION) > 0
    assert contest.leaders == ["b"]


@with_contest()
async def test_a_leader_whose_api_server_is_away_ends_in_time(contest: Contest) -> None:
    """Refused connections are no answer either."""
    first = contest.start("a")
    await asyncio.sleep(60)
    await contest.server.stop()
    begun = now()
    await first.lost()
    assert DEADLINE - 1.2 * RETRY - 0.1 <= now() - begun <= DEADLINE


@pytest.mark.parametrize("fault", FAILURES)
@with_contest()
async def test_a_short_failure_is_none(contest: Contest, fault: faults.Answer) -> None:
    """It tries again until the renew deadline, and stays the leader."""
    contest.start("a")
    contest.start("b")
    await asyncio.sleep(60)
    leaders = contest.leaders
    for _ in range(5):
        made = contest.server.fail(fault)
        await asyncio.sleep(4)
        made.times = 0
        await asyncio.sleep(20)
    assert contest.leaders == leaders
    assert contest.spec["leaseTransitions"] == 0


@pytest.mark.parametrize("verb", ["create", "update"])
@with_contest()
async def test_a_lost_answer_is_no_loss(contest: Contest, verb: str) -> None:
    """409 follows on its own write: the Lease is read, and is still its own."""
    contest.server.fail(unheard(contest.server), resource=LEASES, verb=verb, times=1)
    first = contest.start("a")
    await asyncio.sleep(60)
    assert (contest.leaders, first.task.done()) == (["a"], False)
    assert contest.spec["leaseTransitions"] == 0


@pytest.mark.parametrize("holder", ["another", "", None])
@with_contest()
async def test_another_holder_ends_it_at_once(contest: Contest, holder: str | None) -> None:
    """Whoever wrote that: it does not ask twice."""
    first = contest.start("a")
    await asyncio.sleep(60)
    contest.write({**contest.spec, "holderIdentity": holder})
    begun, written = now(), contest.written()
    assert f"held by {holder or 'nobody'}" in await first.lost()
    assert now() - begun <= RETRY * 1.3
    assert contest.written() == written


@with_contest()
async def test_a_leader_that_was_paused_finds_that_it_leads_no_more(contest: Contest) -> None:
    """What it had under way meets another resourceVersion; it writes nothing more."""
    first = contest.start("a")
    await asyncio.sleep(60)
    second = contest.start("b")
    contest.server.fail(only("a", faults.slow(60)), resource=LEASES)
    await leader_of(contest, within=0)
    await first.lost()
    await leader_of(contest, within=DURATION)
    await asyncio.sleep(600)
    assert second.leads
    assert contest.spec["holderIdentity"] == "b"


@with_contest()
async def test_once_lost_it_stays_lost(contest: Contest) -> None:
    """An answer that comes too late, or after all was given up, makes no leader again."""
    first = contest.start("a")
    await asyncio.sleep(60)
    contest.server.fail(faults.slow(3), resource=LEASES)
    await asyncio.sleep(RETRY * 1.2)  # a renewal is under way
    first.election.step_down("of what somebody else did")
    assert not first.leads
    assert await first.lost() == "of what somebody else did"
    waiting = asyncio.create_task(first.election.require_leadership())
    await asyncio.sleep(600)
    assert (waiting.done(), first.election.is_leader) == (False, False)
    waiting.cancel()
