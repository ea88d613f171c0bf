"""What a Deployment on paper lives through, generated."""

from hypothesis import strategies as st

from tests.scenarios.cluster import Cluster

ACTIONS = (
    "apply", "update", "roll_back", "restart", "scale", "pause", "annotate", "back_off", "delete",
)  # fmt: skip
actions = st.lists(
    st.tuples(st.sampled_from(ACTIONS), st.integers(0, 90_000)), min_size=1, max_size=8
)


def live(seed: int, life: list[tuple[str, int]]) -> Cluster:
    """A cluster in which one Deployment lives through `life`; waits in ms."""
    cluster = Cluster(seed=seed)
    cluster.apply("web", replicas=2)
    for action, wait in life:
        cluster.wait(wait * 1_000_000)
        if ("deployments", "web") not in cluster.objects:
            return cluster
        if action == "back_off":
            cluster.back_off(cluster.pods[0], times=4)
        elif action == "delete":
            cluster.delete_foreground("web")
        elif action == "apply":
            cluster.apply(f"other{len(cluster.frames)}")
        else:
            getattr(cluster, action)("web")
    return cluster
