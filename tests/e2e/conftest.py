"""What the tests against a real cluster and a real Jaeger share. `make e2e` runs them."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e import manifests, needs
from tests.e2e.bridge import Bridge
from tests.e2e.idle import Idle
from tests.e2e.processes import Program
from tests.e2e.site import Site, ports, site
from tests.e2e.telling import Trace, act_all, traces_of

CRD = {
    "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
    "metadata": {"name": "shops.example.com"},
    "spec": {
        "group": "example.com", "scope": "Namespaced",
        "names": {"kind": "Shop", "plural": "shops", "singular": "shop"},
        "versions": [{
            "name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {
                "type": "object", "x-kubernetes-preserve-unknown-fields": True,
            }},
        }],
    },
}  # fmt: skip
SHOPS = {
    "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
    "metadata": {"name": "event-tracer-shops", "labels": {"event-tracer/aggregate": "true"}},
    "rules": [{
        "apiGroups": ["example.com"], "resources": ["shops"], "verbs": ["get", "list", "watch"],
    }],
}  # fmt: skip
TABLE: list[tuple[str, int, int, int]] = []
"""Story, spans expected, spans found, warnings."""
OUTCOMES: list[tuple[str, ...]] = []
"""Rollout, root, outcome, s until it was complete by the span, by the frames, by kubectl's word."""
WAITS: list[tuple[str, ...]] = []
"""What was waited for, exit code and seconds of `wait`, those of kubectl, and its words."""
MOMENTS: list[tuple[str, int, int, int, bool, str]] = []
"""Change, traces of the run, of them by `show`, by a List, whether `link`'s is one, no date."""
_HEADER = ("rollout", "root", "outcome", "span", "frame", "kubectl")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Without `make e2e`, say so."""
    if not os.environ.get("E2E"):
        here = Path(__file__).parent
        for item in items:
            if here in item.path.parents:
                item.add_marker(pytest.mark.skip(reason="`make e2e` runs it, on a real cluster"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The tables of the stories and of the rollouts."""
    if TABLE:
        terminalreporter.section("stories")
        terminalreporter.write_line(f"{'story':<16}{'expected':>10}{'found':>8}{'warnings':>10}")
        for name, expected, found, warnings in sorted(TABLE):
            terminalreporter.write_line(f"{name:<16}{expected:>10}{found:>8}{warnings:>10}")
    if WAITS:
        terminalreporter.section("waits")
        header = ("rollout", "wait", "s", "kubectl", "s", "its words")
        for name, code, seconds, other, after, words in (header, *WAITS):
            terminalreporter.write_line(
                f"{name:<18}{code:>5}{seconds:>6}{other:>9}{after:>6}  {words[:90]}"
            )
    if MOMENTS:
        _moments(terminalreporter)
    if OUTCOMES:
        terminalreporter.section("rollouts")
        for row in (_HEADER, *sorted(OUTCOMES)):
            name, root, outcome, span, frame, word = row
            terminalreporter.write_line(
                f"{name:<14}{root:<24}{outcome:<12}{span:>7}{frame:>7}  {word}"
            )


def _moments(terminalreporter: pytest.TerminalReporter) -> None:
    terminalreporter.section("one moment")
    terminalreporter.write_line(f"{'change':<10}{'run':>5}{'show':>6}{'List':>6}  link  no date")
    for name, sent, shown, listed, is_linked, undated in MOMENTS:
        link = "same" if is_linked else "OTHER"
        terminalreporter.write_line(f"{name:<10}{sent:>5}{shown:>6}{listed:>6}  {link:<6}{undated}")


@pytest.fixture(scope="session")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A cluster, with the manifests' rights and one rule for a custom kind, and a Jaeger."""
    with site(tmp_path_factory.mktemp("e2e")) as made:
        made.kube.apply(CRD, SHOPS, *manifests.rights(made.kube))
        yield made


@pytest.fixture(scope="session")
def idle(here: Site) -> Iterator[Idle]:
    """A run where nothing happens, since the first test."""
    if not here.plane:
        pytest.skip("the API server must be one of our own")
    made = Idle(here.folder / "idle", endpoint=here.endpoint)
    try:
        yield made.start()
    finally:
        made.stop()


@pytest.fixture(scope="session", autouse=True)
def _idle_meanwhile(request: pytest.FixtureRequest) -> None:
    """Its minutes are those of the other tests."""
    if needs.is_given(os.environ):
        return
    items = request.session.items
    if any("idle" in item.fixturenames for item in items if isinstance(item, pytest.Function)):
        request.getfixturevalue("idle")


class Told:
    """What Jaeger has of each story, read once."""

    def __init__(self, here: Site, bridge: Bridge, recorder: Program, recording: Path) -> None:
        self.here, self.bridge = here, bridge
        self._recorder, self._recording = recorder, recording
        self._traces: dict[str, list[Trace]] = {}

    def recording(self) -> Path:
        """All frames up to now, and no more."""
        self._recorder.stop()
        return self._recording

    def traces(self, name: str) -> list[Trace]:
        """A story's traces, oldest first."""
        if name not in self._traces:
            self._traces[name] = traces_of(self.here.jaeger, name)
        return self._traces[name]


@pytest.fixture(scope="session")
def told(here: Site) -> Iterator[Told]:
    """All stories, told by one bridge and recorded beside it."""
    recording = here.folder / "recording.jsonl"
    bridge = Bridge(
        "bridge", folder=here.folder / "bridge", endpoint=here.endpoint, port=ports(),
        kubeconfig=manifests.kubeconfig_of(
            here.kube, manifests.NAMESPACE, here.folder / "event-tracer.yaml"
        ),
    )  # fmt: skip
    recorder = Bridge.recorder(recording, folder=here.folder, kubeconfig=here.kube.kubeconfig)
    try:
        bridge.start()
        recorder.start()
        act_all(here)
        yield Told(here, bridge, recorder, recording)
    finally:
        recorder.stop()
        bridge.program.stop()
