"""Lives of a cluster: about so many Events, at random, the same for the same seed."""

import random

from tests.scenarios.cluster import Cluster
from tests.scenarios.fields import SECOND
from tests.scenarios.statuses import StatusCluster

ACTIONS = ("apply", "update", "restart", "scale", "annotate", "back_off", "roll_back", "delete")


def upset(cluster: StatusCluster, choice: random.Random) -> None:
    """A pod's container ends, perhaps again and again, or the pod is not ready for a while."""
    pod = choice.choice(cluster.pods)
    if choice.random() < 0.3:
        cluster.lose_readiness(pod, lasting=choice.randint(1, 20) * SECOND)
        return
    for _ in range(choice.randint(1, 4)):
        code, reason = choice.choice(((1, "Error"), (137, "OOMKilled"), (0, "Completed")))
        cluster.die(pod, code=code, reason=reason, after=choice.randint(0, 8) * SECOND)
        cluster.wait(choice.randint(0, 5) * SECOND)


def busy(*, seed: int, events: int, kind: type[Cluster] = Cluster) -> Cluster:
    """Some Deployments live through changes until about `events` Events were written."""
    choice = random.Random(seed)
    cluster = kind(seed=seed)
    cluster.wait(5 * SECOND)
    names: list[str] = []
    while sum(frame["resource"] == "events" for frame in cluster.frames) < events:
        action = choice.choice(ACTIONS)
        if action == "apply" or not names:
            names.append(f"app{len(cluster.frames)}")
            cluster.apply(names[-1], replicas=choice.randint(1, 6))
        elif action == "delete":
            cluster.delete_foreground(names.pop(choice.randrange(len(names))))
        elif action == "back_off":
            pods = cluster.pods
            if pods:
                cluster.back_off(choice.choice(pods), times=choice.randint(2, 12), every=2 * SECOND)
        else:
            getattr(cluster, action)(choice.choice(names))
        if isinstance(cluster, StatusCluster) and cluster.pods and choice.random() < 0.3:
            upset(cluster, choice)
        cluster.wait(int(choice.expovariate(1 / 2) * SECOND))
    return cluster
