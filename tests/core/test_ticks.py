"""Law 7: the watermark decides when spans leave, never what they say."""

import pytest
from hypothesis import HealthCheck, given, settings

from tests.scenarios.captures import CAPTURES
from tests.scenarios.fields import SECOND
from tests.scenarios.folding import raw_frames
from tests.scenarios.generated import LIVES, cluster_of, clusters
from tests.scenarios.readings import Raw, shuffled, watched, watched_with_ticks
from tests.scenarios.rollouts import NEVER, Life, Rollouts
from tests.scenarios.same import assert_same

few = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.mark.parametrize("name", CAPTURES)
def test_ticks_change_nothing(name: str) -> None:
    """Law 7: the watermark decides when spans leave, never what they say."""
    frames = raw_frames(f"status/{name}")

    assert_same(watched_with_ticks(frames), watched(frames))


@few
@given(cluster=clusters(LIVES, deadline=120))
def test_ticks_in_a_generated_life(cluster: Rollouts) -> None:
    """Law 7, for all that generated clusters do."""
    raws = cluster.frames

    assert_same(watched_with_ticks(raws), watched(raws))


def late_and_flapping() -> tuple[Raw, ...]:
    """A rollout late for its deadline, then complete, then twice not ready and ready again."""
    life = Life(
        ready=None, pull=2, failed_pulls=3, init=(40, 3), dies=None, runs=((6, 3),), lost=(8, 30),
        ails=False, stop=1,
    )  # fmt: skip
    cluster = cluster_of(seed=0, kind="deployment", life=life, replicas=1, deadline=120)
    return tuple(cluster.frames)


def test_ticks_after_a_deadline_that_passed() -> None:
    """Law 7: it was complete meanwhile, but not as the 30 s after it were over."""
    raws = late_and_flapping()

    assert_same(watched_with_ticks(raws), watched(raws))


@pytest.mark.parametrize("late", [("deployments",), ("pods", "replicasets")], ids=str)
def test_another_order_after_a_deadline_that_passed(late: tuple[str, ...]) -> None:
    """Law 7: complete again since then, of which Progressing tells the first time alone."""
    raws = late_and_flapping()

    assert_same(watched(shuffled(raws, dict.fromkeys(late, SECOND // 2))), watched(raws))


def test_ticks_before_an_error_beyond_doubt_stands_again() -> None:
    """A third death that seems undone, and is not as the two minutes after it are over."""
    dies = Life(ready=20, runs=((2, 1), (2, 1), (40, 1), (2, 1)), lost=(20, 90))
    cluster = Rollouts()
    cluster.deployment("web", dies, Life(ready=NEVER, warns=10.0), replicas=2)
    cluster.run(1000)

    assert_same(watched_with_ticks(cluster.frames), watched(cluster.frames))


def test_ticks_between_deaths_that_are_far_apart() -> None:
    """An Event that comes again says nothing of the silence before, in which all was at rest."""
    cluster = Rollouts()
    cluster.deployment("web", Life(ready=3, runs=((6, 1), (2, 1), (40, 1), (40, 1))))
    cluster.run(1000)

    assert_same(watched_with_ticks(cluster.frames), watched(cluster.frames))
