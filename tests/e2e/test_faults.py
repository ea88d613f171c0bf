"""Law 9 on the real thing: every occurrence is in Jaeger, once, whatever fails meanwhile."""

import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

import pytest

from tests.e2e.bridge import Bridge
from tests.e2e.collector import Collector
from tests.e2e.controlplane import ControlPlane
from tests.e2e.jaeger import Jaeger, JaegerProgram, Span
from tests.e2e.load import Load
from tests.e2e.processes import wait
from tests.e2e.site import Site, ports

LOAD = "load"
LEASE = 15.0
_RATE = 20.0
FAULTS = ("api-server", "jaeger", "kill", "collector", "leader")


@dataclass(frozen=True, kw_only=True)
class Chain:
    """A bridge, or two that share a Lease, and the Jaeger of its own at the other end."""

    bridges: list[Bridge]
    jaeger: JaegerProgram
    collector: Collector | None = None

    def stop(self) -> None:
        """End all of it."""
        for bridge in self.bridges:
            bridge.program.kill()
        if self.collector:
            self.collector.program.kill()
        self.jaeger.program.kill()


def chain(here: Site, name: str) -> Chain:
    """What one of the faults is tried on."""
    folder, port = here.folder / f"fault-{name}", ports()
    jaeger = JaegerProgram(folder, first_port=port, badger=name == "jaeger").start()
    collector, endpoint = None, jaeger.endpoint
    if name == "collector":
        collector = Collector(folder, port=port + 5, target=jaeger.endpoint).start()
        endpoint = collector.endpoint
    config = here.kube.kubeconfig
    if name != "leader":
        bridge = Bridge(name, folder=folder, kubeconfig=config, endpoint=endpoint)
        return Chain(bridges=[bridge], jaeger=jaeger, collector=collector)
    here.kube.run("create", "namespace", "replicas")
    bridges = [
        Bridge(
            replica, folder=folder, kubeconfig=config, endpoint=endpoint, checkpoint="configmap",
            arguments=("--leader-elect", f"--lease-duration={LEASE:.0f}"),
            POD_NAMESPACE="replicas", HOSTNAME=replica,
        )
        for replica in ("one", "two")
    ]  # fmt: skip
    return Chain(bridges=bridges, jaeger=jaeger)


class Tried:
    """All faults, tried one after the other under one load, each on a chain of its own."""

    def __init__(self, here: Site, plane: ControlPlane) -> None:
        self.here, self._plane = here, plane
        self.chains: dict[str, Chain] = {}
        self.load = Load(here.kube, namespace=LOAD, per_second=_RATE)
        self.took_over = 0.0
        """Seconds from the leader's death to the next acknowledged span."""

    def stop(self) -> None:
        """End all of it."""
        for each in self.chains.values():
            each.stop()

    def run(self) -> None:
        """What happens, and when."""
        chains = self.chains
        for name in FAULTS:
            chains[name] = chain(self.here, name)
        for name in FAULTS:
            for bridge in chains[name].bridges:
                bridge.program.start() if name == "leader" else bridge.start()
        self.load.start()
        time.sleep(3)
        chains["kill"].bridges[0].program.kill()
        chains["jaeger"].jaeger.stop()
        time.sleep(3)
        self._plane.compact()
        chains["kill"].bridges[0].program.start()
        collector = chains["collector"].collector
        assert collector
        collector.program.stop()
        time.sleep(3)
        chains["jaeger"].jaeger.start()
        collector.start()
        self._plane.apiserver.kill()
        time.sleep(2)
        self._plane.apiserver.start()
        self._plane.wait_until_ready()
        time.sleep(3)
        chains["kill"].bridges[0].program.kill()
        chains["kill"].bridges[0].program.start()
        self._kill_the_leader()
        time.sleep(5)
        self.load.stop()

    def _kill_the_leader(self) -> None:
        for bridge in self.chains["leader"].bridges:
            if not bridge.program.is_running:  # who loses the Lease ends, and its Pod starts anew
                bridge.program.start()
        wait("a leader", self._leader)
        leader = self._leader()
        jaeger = self.chains["leader"].jaeger.query
        next(
            each for each in self.chains["leader"].bridges if each.program.name == leader
        ).program.kill()
        died = time.monotonic()
        before = len(told(jaeger))
        wait("the other one to export", lambda: len(told(jaeger)) > before, within=6 * LEASE)
        self.took_over = time.monotonic() - died

    def _leader(self) -> str:
        lease = self.here.kube.one("leases", "event-tracer", "replicas")
        return str((lease or {"spec": {}})["spec"].get("holderIdentity") or "").partition("_")[0]


@pytest.fixture(scope="session")
def tried(here: Site) -> Iterator[Tried]:
    """The same cluster, with a load."""
    if not here.plane:
        pytest.skip("the control plane must be one of our own")
    made = Tried(here, here.plane)
    try:
        made.run()
        yield made
    finally:
        made.stop()


def told(jaeger: Jaeger) -> list[Span]:
    """The load's spans."""
    traces = jaeger.find({"k8s.namespace.name": LOAD})
    return [span for spans in traces.values() for span in spans]


def missing(
    spans: list[Span], wanted: set[tuple[str, int]]
) -> tuple[set[tuple[str, int]], set[str]]:
    """Occurrences without a span, and the names of spans without their parent."""
    found = {occurrence(span) for span in spans if "k8s.event.uid" in span.tags}
    known = {span.id for span in spans} | {""}
    return wanted - found, {span.operation for span in spans if span.parent not in known}


def occurrence(span: Span) -> tuple[str, int]:
    """Which Event's, and which of its counts."""
    return str(span.tags["k8s.event.uid"]), int(str(span.tags["k8s.event.count"]))


@pytest.mark.parametrize("fault", FAULTS)
def test_every_occurrence_is_in_jaeger_once(tried: Tried, fault: str) -> None:
    """Though the API server is killed, etcd compacted and Jaeger, a collector or bridges end.

    A span that was sent again is stored again; the same bytes, so that Jaeger shows one.
    """
    jaeger = tried.chains[fault].jaeger.query
    wanted = tried.load.occurrences()
    assert len(wanted) > 300

    with suppress(AssertionError):
        within = {"within": 180.0, "pause": 3.0}
        wait("all of it", lambda: not any(missing(told(jaeger), wanted)), **within)
    spans = told(jaeger)
    assert missing(spans, wanted) == (set(), set())
    events = [span for span in spans if "k8s.event.uid" in span.tags]
    contents: dict[str, set[str]] = defaultdict(set)
    for span in spans:
        contents[span.id].add(_content(span))
    assert {key: found for key, found in contents.items() if len(found) > 1} == {}
    assert len({occurrence(span) for span in events}) == len({span.id for span in events})


def _content(span: Span) -> str:
    return repr((span.parent, span.service, span.operation, span.start, span.duration, sorted(
        (key, str(value)) for key, value in span.tags.items()
    )))  # fmt: skip


def test_the_other_replica_exports_within_the_lease_s_time(tried: Tried) -> None:
    """The Lease's duration, and what it takes to read the cluster on a busy machine."""
    assert tried.took_over < 2 * LEASE
