"""Lives of a cluster: about so many Events, at random, the same for the same seed."""

import random

from tests.scenarios.cluster import Cluster
from tests.scenarios.fields import SECOND

ACTIONS = ("apply", "update", "restart", "scale", "annotate", "back_off", "roll_back", "delete")


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
        cluster.wait(int(choice.expovariate(1 / 2) * SECOND))
    return cluster
