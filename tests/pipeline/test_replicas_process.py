"""Replicas as real processes, in real time: a pause of one that the other takes over from."""

import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from event_tracer.cli.main import FAILED, GOOD
from tests.scenarios.cluster import Cluster
from tests.scenarios.leases import spec_of
from tests.scenarios.processes import Stage, ended, stage, until


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Stage]:
    """A stage of its own."""
    with stage(tmp_path) as made:
        yield made


def replica(here: Stage, name: str) -> "subprocess.Popen[str]":
    """A run with leader election, as in a Pod of this name."""
    return here.start(
        "run", "--leader-elect", "--checkpoint", "configmap", "--lease-duration", "3",
        HOSTNAME=name, POD_NAMESPACE="ops",
    )  # fmt: skip


def leads(here: Stage, name: str) -> bool:
    """Whether the Lease says so."""
    return str(spec_of(here.server).get("holderIdentity")).startswith(f"{name}_")


def life(name: str) -> Cluster:
    """A Deployment with one pod."""
    cluster = Cluster(seed=len(name))
    cluster.apply(name)
    return cluster


def test_a_paused_leader_ends_when_it_wakes(here: Stage) -> None:
    """SIGSTOP, a take-over, SIGCONT: exit code 1, no write after; each span is there once."""
    first = replica(here, "one")
    until(lambda: leads(here, "one"))
    second = replica(here, "two")
    until(lambda: "events" in here.asked)
    here.write(life("web"))
    until(lambda: len(here.told) == 6)
    first.send_signal(signal.SIGSTOP)
    until(lambda: leads(here, "two"))
    here.write(life("shop"))
    until(lambda: len(here.told) == 12)
    told = ended(first, signal.SIGCONT)

    assert told.code == FAILED
    assert "no longer the leader; ending at once" in told.err
    assert "Traceback" not in told.err
    assert leads(here, "two")
    assert ended(second, signal.SIGTERM).code == GOOD
    assert spec_of(here.server)["holderIdentity"] == ""
    assert {len(contents) for contents in here.collector.contents().values()} == {1}


def test_a_standby_is_stopped_by_a_signal(here: Stage) -> None:
    """Exit code 0, and the leader leads on."""
    replica(here, "one")
    until(lambda: leads(here, "one"))
    second = replica(here, "two")
    until(lambda: sum(asked.verb == "get" for asked in here.server.asked("configmaps")) > 2)

    assert ended(second, signal.SIGTERM).code == GOOD
    assert leads(here, "one")
