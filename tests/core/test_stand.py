"""How an object stands from second to second, for what waits for it (law 6)."""

import pytest

from event_tracer.core.stand import Stand
from tests.scenarios.fields import SECOND
from tests.scenarios.rollouts import HOPELESS, NEVER, START, Life, Rollouts
from tests.scenarios.standing import about, moments

WEB = about("Deployment", "web")


def stands(cluster: Rollouts, **options: int) -> list[tuple[float, Stand]]:
    """The seconds since the beginning, and how web stands."""
    return [
        ((each.now - START) / SECOND, each.stand)
        for each in moments(cluster.frames, WEB, **options)
    ]


def sure_after(cluster: Rollouts, **options: int) -> float | None:
    """The second in which a failure is first beyond doubt."""
    return next((at for at, stand in stands(cluster, **options) if stand.is_sure), None)


def test_a_healthy_rollout_is_complete_when_kubectl_says_so() -> None:
    """Not before, and never failed beyond doubt."""
    cluster = Rollouts()
    cluster.deployment("web", Life(pull=20, ready=15), replicas=2)
    cluster.run(200)
    found = stands(cluster)
    done = cluster.completed["Deployment web", 1]
    complete = [at for at, stand in found if stand.verdict.outcome == "complete"]

    assert min(complete) == pytest.approx(done, abs=2)
    assert not any(stand.is_sure for _, stand in found)
    since = {stand.complete_since for at, stand in found if at > done + 2}
    assert [((each or 0) - START) / SECOND for each in since] == [pytest.approx(done, abs=2)]


@pytest.mark.parametrize(("patience", "after"), [(120, 120), (300, 300)])
def test_an_error_beyond_doubt_is_one_after_its_patience(patience: int, after: int) -> None:
    """Two minutes, or as long as it is told."""
    cluster = Rollouts()
    cluster.deployment("web", Life(failed_pulls=HOPELESS))
    cluster.run(500)

    assert sure_after(cluster, patience=patience * SECOND) == pytest.approx(after, abs=6)


def test_a_deadline_is_beyond_doubt_at_once() -> None:
    """Kubernetes says so; a probe alone is in doubt until then."""
    cluster = Rollouts()
    cluster.deployment("web", Life(ready=NEVER, warns=5), deadline=60)
    cluster.run(200)

    assert sure_after(cluster) == pytest.approx(60, abs=3)


def test_a_job_that_failed_is_beyond_doubt_at_once() -> None:
    """Its deaths before are not: it tries again."""
    cluster = Rollouts()
    cluster.job("work", Life(runs=((2, 1),)), limit=1)
    cluster.run(400)
    found = [
        ((each.now - START) / SECOND, each.stand)
        for each in moments(cluster.frames, about("Job", "work"))
    ]
    failed = [at for at, stand in found if stand.is_sure]
    ended = next(
        raw["received"] for raw in cluster.frames
        if raw["resource"] == "jobs"
        and any(each["type"] == "Failed" for each in raw["object"]["status"].get("conditions", ()))
    )  # fmt: skip

    assert min(failed) == pytest.approx((ended - START) / SECOND, abs=2)


def test_a_change_counts_before_anything_comes_of_it() -> None:
    """A pipeline asks a moment after it has changed something: the story before says nothing."""
    cluster = Rollouts()
    item = cluster.deployment("web")
    cluster.run(60)
    cluster.update(item, Life(ready=20))
    changed = cluster.api.now
    frames = [raw for raw in cluster.frames if raw["received"] <= changed]
    cluster.run(120)
    later = cluster.frames[len(frames) :][:1]
    *_, last = moments([*frames, *later], WEB, step=0.001, after=0)

    assert last.stand.change is not None
    assert (last.stand.change.verb, last.stand.trace_id) == ("Update", b"")
    assert last.stand.verdict.outcome == "progressing"


def test_what_nothing_has_happened_to_stands_by_its_status() -> None:
    """A LIST of an old Deployment has no Event of it any more."""
    cluster = Rollouts()
    cluster.deployment("web")
    cluster.run(60)
    (last,) = [raw for raw in cluster.frames if raw["resource"] == "deployments"][-1:]
    old = {**last, "received": last["received"] + 7200 * SECOND}
    after = {**old, "received": old["received"] + SECOND}
    *_, found = moments([old, after], WEB)

    assert found.stand.is_live
    assert found.stand.verdict.outcome == "complete"


def test_what_goes_is_told_from_what_is_there() -> None:
    """Asked to go, gone, and never seen."""
    cluster = Rollouts()
    item = cluster.deployment("web")
    cluster.run(30)
    cluster.api.ask_to_go(item, grace=0)
    cluster.run(40)
    cluster.api.remove(item)
    cluster.run(60)
    cluster.deployment("other")
    cluster.run(70)
    at = {round(second): stand for second, stand in stands(cluster)}

    assert (at[20].is_live, at[20].is_leaving) == (True, False)
    assert (at[35].is_live, at[35].is_leaving) == (True, True)
    assert not at[55].is_live
    assert not moments_of_nothing(cluster).is_live


def moments_of_nothing(cluster: Rollouts) -> Stand:
    """How something stands that never was."""
    *_, last = moments(cluster.frames, about("Deployment", "nothing"))
    return last.stand
