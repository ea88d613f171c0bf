"""Leader election: who takes a Lease, and when."""

import asyncio
import logging
from typing import Any

import pytest

from tests.doubles.apiserver import faults
from tests.doubles.apiserver.faults import Forbidden
from tests.scenarios.fields import Raw
from tests.scenarios.leases import (
    DURATION,
    FAILURES,
    LEASES,
    RETRY,
    Contest,
    leader_of,
    only,
    with_contest,
)

# -- taking, renewing, taking over


@with_contest()
async def test_the_first_candidate_makes_the_lease(contest: Contest) -> None:
    """All fields of client-go's LeaderElectionRecord, as an API server takes them."""
    contest.start("a")
    await leader_of(contest, within=1)
    assert contest.spec["renewTime"] == contest.spec["acquireTime"]
    told = {key: value for key, value in contest.spec.items() if not key.endswith("Time")}
    assert told == {
        "holderIdentity": "a", "leaseDurationSeconds": DURATION, "leaseTransitions": 0
    }  # fmt: skip


@with_contest()
async def test_it_is_renewed_and_nothing_else_changes(contest: Contest) -> None:
    """renewTime moves about every two seconds; what others wrote into the Lease stays."""
    contest.start("a")
    await asyncio.sleep(60)
    before, written = contest.spec, contest.written()
    kind = contest.server.store.kinds[LEASES]
    lease = contest.server.store.get(kind, "ops/event-tracer")
    assert lease
    meta = {**lease["metadata"], "annotations": {"by": "kubectl"}}
    contest.server.write(
        {"type": "MODIFIED", "resource": LEASES, "object": {**lease, "metadata": meta}}
    )
    await asyncio.sleep(600)

    assert 600 / (RETRY * 1.2) - 2 < contest.written() - written < 600 / (RETRY * 0.8) + 2
    assert contest.spec.pop("renewTime") > before.pop("renewTime")
    after = contest.spec
    after.pop("renewTime")
    assert (after, contest.leaders) == (before, ["a"])
    lease = contest.server.store.get(kind, "ops/event-tracer")
    assert lease
    assert lease["metadata"]["annotations"] == {"by": "kubectl"}
    assert lease["metadata"]["labels"] == {"app.kubernetes.io/name": "event-tracer"}


@pytest.mark.parametrize("ahead", [0.0, -86_400.0, 3.0, 86_400.0])
@with_contest()
async def test_a_dead_leader_is_followed_and_a_living_one_is_not(
    contest: Contest, ahead: float
) -> None:
    """Not before the Lease's duration, soon after it; however far apart the clocks are."""
    first = contest.start("a")
    await asyncio.sleep(1)
    contest.start("b", ahead=ahead)
    await asyncio.sleep(40 * DURATION)
    assert contest.leaders == ["a"]
    assert contest.spec["leaseTransitions"] == 0

    await first.kill()
    took = await leader_of(contest, within=DURATION + 2 * RETRY)
    assert took >= DURATION - 1.2 * RETRY
    assert (contest.leaders, contest.spec["leaseTransitions"]) == (["b"], 1)


@with_contest()
async def test_the_duration_that_counts_is_the_holders(contest: Contest) -> None:
    """Replicas of two configurations: a candidate waits as long as the Lease says."""
    first = contest.start("a", duration=60)
    await asyncio.sleep(1)
    contest.start("b", duration=5)
    await asyncio.sleep(600)
    assert contest.leaders == ["a"]
    await first.kill()
    assert await leader_of(contest, within=62) >= 60 - 60 * 2 / 15 * 1.2
    assert contest.spec["leaseDurationSeconds"] == 5


@with_contest()
async def test_a_released_lease_is_taken_at_once(contest: Contest) -> None:
    """holderIdentity is empty then, as client-go leaves it."""
    first = contest.start("a")
    await asyncio.sleep(1)
    second = contest.start("b")
    await asyncio.sleep(30)
    await first.stop()
    assert (contest.spec["holderIdentity"], contest.spec["leaseDurationSeconds"]) == ("", 1)
    await leader_of(contest, within=RETRY * 1.3)
    assert contest.spec["leaseTransitions"] == 1

    await first.election.release()  # it is another's now
    await asyncio.sleep(30)
    assert (contest.leaders, second.leads) == (["b"], True)


@with_contest()
async def test_a_renewal_that_comes_late_does_not_hinder_a_release(contest: Contest) -> None:
    """409: the Lease is read once more, and is still its own to release."""

    async def overtake(_: Any) -> None:
        contest.write({**contest.spec, "renewTime": "2026-11-01T08:00:00.000000Z"})

    first = contest.start("a")
    await asyncio.sleep(30)
    contest.server.fail(overtake, resource=LEASES, verb="update", times=1)
    await first.stop()
    assert contest.spec["holderIdentity"] == ""


@with_contest()
async def test_a_release_that_fails_only_costs_time(contest: Contest) -> None:
    """The next one waits for the Lease."""
    first = contest.start("a")
    await asyncio.sleep(1)
    contest.start("b")
    contest.server.fail(only("a", faults.hang))
    await first.stop()
    assert not contest.leaders
    await leader_of(contest, within=DURATION + 2 * RETRY)


@with_contest()
async def test_a_candidate_that_is_stopped_amid_taking_it_lets_go(contest: Contest) -> None:
    """A write whose answer was not seen yet may have made it the holder."""

    async def late(request: Any) -> Any:
        made = await contest.server.answer(request)
        await asyncio.sleep(3)
        return made

    contest.server.fail(late, resource=LEASES, verb="create", times=1)
    first = contest.start("a")
    await asyncio.sleep(1)
    assert (contest.spec["holderIdentity"], contest.leaders) == ("a", [])
    await first.stop()
    assert contest.spec["holderIdentity"] == ""


# -- what candidates meet

BROKEN_SPECS: list[tuple[Raw | None, float]] = [
    (None, 0),
    ({}, 0),
    ({"holderIdentity": None, "leaseDurationSeconds": 3600}, 0),
    ({"leaseTransitions": None}, 0),
    ({"holderIdentity": "x"}, DURATION),
    ({"holderIdentity": "x", "leaseDurationSeconds": None, "renewTime": None}, DURATION),
    ({"holderIdentity": "x", "leaseDurationSeconds": 0, "renewTime": "yesterday"}, DURATION),
    ({"holderIdentity": "x", "leaseDurationSeconds": "9", "leaseTransitions": "many"}, DURATION),
    ({"holderIdentity": "x", "renewTime": "2999-01-01T00:00:00.000000Z"}, DURATION),
    ({"holderIdentity": "x", "leaseDurationSeconds": 40}, 40),
]


@pytest.mark.parametrize(("spec", "wait"), BROKEN_SPECS)
@with_contest()
async def test_an_odd_lease_is_taken_in_the_end(
    contest: Contest, spec: Raw | None, wait: float
) -> None:
    """All of its fields are optional; at once without a holder, else after its duration or ours."""
    contest.write(spec)
    contest.start("a")
    took = await leader_of(contest, within=wait + 2 * RETRY)
    assert took >= wait
    assert contest.spec["leaseTransitions"] in (0, 1)


@with_contest()
async def test_without_the_right_it_says_so_once(
    contest: Contest, caplog: pytest.LogCaptureFixture
) -> None:
    """403: which rights, where; it goes on asking, and leads once it has them."""
    contest.server.forbidden.append(Forbidden(resource=LEASES))
    first = contest.start("a")
    await asyncio.sleep(3600)
    errors = [r.getMessage() for r in caplog.records if r.levelno >= logging.WARNING]
    assert errors == [first.election.last_error] == [
        "the Lease ops/event-tracer may not be used: allow get, create and update of leases "
        "(coordination.k8s.io) in a Role of ops"
    ]  # fmt: skip
    assert len(contest.server.asked(LEASES)) < 3600 / RETRY / 2
    contest.server.forbidden.clear()
    await leader_of(contest, within=DURATION * 1.3)
    assert first.election.last_error == ""


@pytest.mark.parametrize("fault", FAILURES)
@with_contest()
async def test_a_candidate_waits_for_its_api_server(contest: Contest, fault: faults.Answer) -> None:
    """However long it takes, with pauses that grow; it leads soon after."""
    contest.server.fail(fault)
    first = contest.start("a")
    await asyncio.sleep(600)
    assert (contest.leaders, bool(first.election.last_error)) == ([], True)
    assert len(contest.server.requests) < 600 / RETRY / 2
    contest.server.heal()
    await leader_of(contest, within=DURATION * 1.3 + 7)


@with_contest()
async def test_of_many_one_leads_after_the_other(contest: Contest) -> None:
    """Ten are released one by one: each time one of the others follows soon."""
    for number in range(10):
        contest.start(str(number))
    for number in range(10):
        await leader_of(contest, within=RETRY * 1.3)
        (name,) = contest.leaders
        assert contest.spec["leaseTransitions"] == number
        await contest.candidates[int(name)].stop()
