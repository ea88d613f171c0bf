"""A run from the first LIST to the last acknowledgement."""

from tests.cluster import Cluster
from tests.fields import SECOND
from tests.live import World, differences, expected, in_world


def life(seed: int = 0) -> Cluster:
    """A Deployment from its creation to its end."""
    cluster = Cluster(seed=seed)
    cluster.wait(20 * SECOND)
    cluster.apply("web", replicas=3)
    cluster.wait(60 * SECOND)
    cluster.update("web", replicas=2)
    cluster.wait(50 * SECOND)
    cluster.back_off(cluster.pods[0], times=8)
    cluster.wait(45 * SECOND)
    cluster.scale("web")
    cluster.wait(70 * SECOND)
    cluster.delete_foreground("web")
    return cluster


def test_what_arrives_is_what_the_fold_makes() -> None:
    """A live run gives the spans of a replay, byte for byte."""

    async def test(world: World) -> None:
        cluster = life()
        task = world.start()
        await world.play(cluster)
        assert await world.end(task)

        assert differences(world.told, expected(cluster)) == []

    in_world(test)
