"""No false failure: rollouts that are slow, and healthy in the end, in simulated time."""

import random
from dataclasses import replace

import pytest

from event_tracer.cli.target import Asked
from event_tracer.cli.waiting import Ending
from event_tracer.cli.watched import Watched
from event_tracer.core.traces import TraceBuffer
from event_tracer.kube.resources import RESOURCES
from tests.scenarios.fields import SECOND
from tests.scenarios.rollouts import START, Life, Rollouts
from tests.scenarios.standing import moments

KINDS = ("Deployment", "StatefulSet", "DaemonSet", "Job")
BATCHES, EACH = 10, 20
SETTLE, PATIENCE = 10 * SECOND, 120 * SECOND


def slow_life(choose: random.Random) -> Life:
    """One or more of: scheduling, a pull, init containers, two deaths, readiness, a gate."""
    return Life(
        schedule=choose.choice((0.005, 0.005, 20, 90)),
        pull=choose.choice((0, 5, 60, 180)),
        failed_pulls=choose.choice((0, 0, 0, 1)),
        init=choose.choice(((), (), (30,), (60, 20))),
        runs=choose.choice(((), ((4, 1), (6, 137)), ((25, 3), (40, 1)), ((2, 1),))),
        ready=choose.choice((None, 5, 40, 100)),
        warns=choose.choice((None, 3, 10)),
        gate=choose.choice((None, None, 20)),
    )


def rolled_out(seed: int) -> tuple[Rollouts, str]:
    """A workload of some kind whose pods live so, on two nodes."""
    choose = random.Random(seed)
    kind, life = KINDS[seed % len(KINDS)], slow_life(choose)
    if life.failed_pulls:  # a pull that failed is beyond doubt, and stands for two minutes at most
        life = replace(life, pull=5)
    cluster = Rollouts(seed=seed, nodes=2)
    if kind == "Deployment":
        cluster.deployment("web", life, replicas=choose.choice((1, 3)), deadline=1800)
    elif kind == "StatefulSet":
        cluster.stateful_set("web", life, replicas=2)
    elif kind == "DaemonSet":
        cluster.daemon_set("web", life)
    else:
        cluster.job("web", Life(pull=life.pull, runs=((20, 1),)), Life(runs=((60, 0),)))
    cluster.run(2400)
    return cluster, kind


def ending_of(cluster: Rollouts, kind: str) -> tuple[float, Ending]:
    """The first answer of `wait`, and its second."""
    asked = Asked(RESOURCES[kind], "web", "shop")
    watched, buffer = Watched(asked, "web", settle=SETTLE, patience=PATIENCE), TraceBuffer()
    # A death counts until the container has lived on for twice as long as before, and 30 s.
    for each in moments(cluster.frames, watched.about, step=2.0, after=240):
        buffer.add(each.spans)
        found = watched.look(
            each.stand, buffer, preview=each.preview, is_readable=True, now=each.now
        )
        if found.turn.ending is not None:
            return (each.now - START) / SECOND, found.turn.ending
    raise AssertionError("no answer")


@pytest.mark.parametrize("batch", range(BATCHES))
def test_a_slow_rollout_is_not_called_failed(batch: int) -> None:
    """Of 200, each is complete, and not before it is so by kubectl's rules."""
    for seed in range(batch * EACH, (batch + 1) * EACH):
        cluster, kind = rolled_out(seed)
        after, ending = ending_of(cluster, kind)
        assert ending is Ending.COMPLETE, seed
        assert after >= cluster.completed.get((f"{kind} web", 1), 0), seed
