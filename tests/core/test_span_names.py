"""Span names are a bounded set."""

from tests.scenarios.cluster import Cluster
from tests.scenarios.fields import SECOND
from tests.scenarios.folding import tell


def test_operation_names_stay_bounded() -> None:
    """A thousand rollouts of one Deployment add no span name after the first update."""
    cluster = Cluster()
    cluster.apply("web")
    cluster.wait(60 * SECOND)
    cluster.update("web")
    first = {span.name for span in tell(cluster.frames)}
    for _ in range(1000):
        cluster.wait(60 * SECOND)
        cluster.update("web")

    spans = tell(cluster.frames)
    assert {span.name for span in spans} == first
    assert len({span.trace_id for span in spans}) == 1002
