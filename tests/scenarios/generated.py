"""Generated clusters: one workload and what its users do to it."""

from collections.abc import Sequence

from hypothesis import strategies as st

from tests.scenarios.fields import Raw
from tests.scenarios.rollouts import HOPELESS, NEVER, Life, Rollouts

KINDS = ("deployment", "stateful_set", "daemon_set", "job")
LIVES = st.builds(
    Life,
    ready=st.sampled_from([None, 3, 20, 70, NEVER]),
    pull=st.sampled_from([0, 2, 45]),
    failed_pulls=st.sampled_from([0, 0, 0, 1, 3]),
    init=st.sampled_from([(), (), (5,), (40, 3)]),
    dies=st.sampled_from([None, None, None, 4, 50]),
    runs=st.sampled_from(
        [(), (), ((6, 3),), ((40, 1), (10, 137)), ((6, 1), (2, 1), (40, 1), (40, 1))]
    ),
    lost=st.sampled_from([None, None, (8, 30)]),
    ails=st.booleans(),
    stop=st.sampled_from([1, 9, 30]),
)
"""Any that may be."""
GOOD = st.builds(
    Life,
    ready=st.sampled_from([None, 3, 20, 70]),
    pull=st.sampled_from([0, 2, 45]),
    failed_pulls=st.sampled_from([0, 0, 1]),
    init=st.sampled_from([(), (), (5,), (40, 3)]),
    runs=st.sampled_from([(), (), ((6, 3),), ((30, 137),)]),
    lost=st.sampled_from([None, None, (8, 30)]),
    gate=st.sampled_from([None, None, 15, 100]),
    ails=st.booleans(),
    stop=st.sampled_from([1, 9, 30]),
)
"""Those that come to a good end within ten minutes."""
BAD = st.one_of(
    st.builds(Life, ready=st.just(NEVER), warns=st.sampled_from([3.0, 10.0])),
    st.builds(Life, failed_pulls=st.just(HOPELESS), init=st.sampled_from([(), (40,)])),
    st.builds(Life, misconfigured=st.just(HOPELESS)),
    st.builds(Life, kills=st.sampled_from([15.0, 25.0])),
    st.builds(Life, dies=st.sampled_from([2.0, 9.0]), ready=st.sampled_from([12, 40])),
    st.builds(Life, dies=st.sampled_from([2.0, 9.0])),
)
"""Those that come to a bad one, soon enough to be seen."""


CHANGES = ("update", "restart", "scale")
LOSSES = ("delete", "evict")


def actions(
    lives: st.SearchStrategy[Life], verbs_: Sequence[str]
) -> st.SearchStrategy[list[tuple[str, int, Life]]]:
    """What users do, each some seconds after the one before."""
    verbs = st.sampled_from(verbs_)
    return st.lists(st.tuples(verbs, st.sampled_from([3, 20, 45, 130, 700]), lives), max_size=3)


def cluster_of(
    *, seed: int, kind: str, life: Life, replicas: int, deadline: int,
    acts: Sequence[tuple[str, int, Life]] = (),
) -> Rollouts:  # fmt: skip
    """A cluster in which one workload lives through `acts`, and then 25 minutes."""
    cluster = Rollouts(seed=seed, nodes=replicas)
    if kind == "deployment":
        item = cluster.deployment("web", life, replicas=replicas, deadline=deadline)
    elif kind == "stateful_set":
        item = cluster.stateful_set("web", life, replicas=replicas)
    elif kind == "daemon_set":
        item = cluster.daemon_set("web", life)
    else:
        item = cluster.job("web", life, Life(runs=((9, 0),)), completions=replicas)
        acts = ()
    at = 0
    for action, wait, other in acts:
        at += wait
        cluster.run(at)
        _act(cluster, item, action, other)
    cluster.run(at + 1500)
    return cluster


def clusters(
    lives: st.SearchStrategy[Life], *, kinds: Sequence[str] = KINDS, deadline: int = 600,
    verbs: Sequence[str] = (*CHANGES, *LOSSES),
) -> st.SearchStrategy[Rollouts]:  # fmt: skip
    """Clusters whose pods have such lives, whose users do at most three such things."""
    return st.builds(
        cluster_of,
        seed=st.integers(0, 10**6),
        kind=st.sampled_from(kinds),
        life=lives,
        replicas=st.integers(1, 3),
        deadline=st.just(deadline),
        acts=actions(lives, verbs) if verbs else st.just(()),
    )


def _act(cluster: Rollouts, item: Raw, action: str, life: Life) -> None:
    running = [
        pod
        for pod in cluster.pods(item)
        if "nodeName" in pod["spec"] and "deletionTimestamp" not in pod["metadata"]
    ]
    if action == "update":
        cluster.update(item, life)
    elif action == "restart":
        cluster.restart(item)
    elif action == "scale" and item["kind"] != "DaemonSet":
        cluster.scale(item, item["spec"]["replicas"] + 1)
    elif action == "delete" and running:
        cluster.delete(running[0])
    elif action == "evict" and running:
        cluster.evict(running[0])
