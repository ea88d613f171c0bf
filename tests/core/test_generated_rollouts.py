"""Law 6 on generated clusters: none green or red wrongly, whatever its length."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.scenarios.generated import BAD, CHANGES, GOOD, LOSSES, clusters
from tests.scenarios.rollouts import Life, Rollouts
from tests.scenarios.stories import (
    MINUTE,
    assert_complete,
    assert_failed,
    only,
    stories,
)

WORKLOADS = ("deployment", "stateful_set", "daemon_set")
few = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


@few
@given(cluster=clusters(GOOD, kinds=WORKLOADS, verbs=CHANGES))
def test_no_good_life_is_red(cluster: Rollouts) -> None:
    """Law 6: complete at last, whatever went wrong on the way.

    A newer change may have ended a story while a pull had failed, which is beyond doubt, or in the
    seconds in which a pod that had died was not ready again.
    """
    last = stories(cluster)[-1]

    assert last.outcome == "complete", last.cause
    assert last.root.error is None


@few
@given(
    first=st.one_of(GOOD, BAD),
    updates=st.lists(
        st.tuples(st.sampled_from([2, 5, 11, 40, 90, 150, 700]), st.one_of(GOOD, BAD)), max_size=3
    ),
    replicas=st.integers(1, 5),
    seed=st.integers(0, 10**6),
)
def test_the_last_update_decides(
    first: Life, updates: list[tuple[int, Life]], replicas: int, seed: int
) -> None:
    """Law 6: good after bad is complete, bad after good failed; none is red by another's pods."""
    cluster = Rollouts(seed=seed)
    web = cluster.deployment("web", first, replicas=replicas)
    at = 0
    for wait, life in updates:
        at += wait
        cluster.run(at)
        cluster.update(web, life)
    cluster.run(at + 40 * MINUTE)
    last = stories(cluster)[-1]

    if (updates[-1][1] if updates else first).is_hopeless:
        assert_failed(last)
    else:
        assert_complete(last, cluster, generation=1 + len(updates))


@few
@given(cluster=clusters(GOOD, kinds=WORKLOADS, verbs=LOSSES))
def test_no_lost_pod_is_red(cluster: Rollouts) -> None:
    """Law 6: once a pod was asked to go, no error about it stands; another one comes.

    While it takes its time nothing is open but its workload, which was complete before: a
    StatefulSet's or DaemonSet's story may come to rest then.
    """
    story = only(cluster)

    assert story.outcome in ("complete", "progressing"), story.cause
    assert story.completed_after is not None


@few
@given(cluster=clusters(GOOD, kinds=WORKLOADS, verbs=()))
def test_one_good_life_is_complete(cluster: Rollouts) -> None:
    """Law 6: and it was so when kubectl's rules first said so."""
    assert_complete(only(cluster), cluster)


@few
@given(cluster=clusters(BAD, kinds=WORKLOADS, verbs=()))
def test_no_bad_life_is_green(cluster: Rollouts) -> None:
    """Law 6: failed, with a cause."""
    story = only(cluster)

    assert_failed(story)
    assert story.cause["object"]
