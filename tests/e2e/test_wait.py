"""`wait` on a real cluster, with the rights of the manifests alone, beside kubectl."""

import json
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import pytest

from event_tracer.render.explanation import Explanation
from tests.e2e import manifests
from tests.e2e.bridge import COMMAND
from tests.e2e.conftest import WAITS
from tests.e2e.scene import Scene
from tests.e2e.site import Site
from tests.e2e.telling import stage_in
from tests.e2e.waits import FAULTS, LONG, SLOW, Waited, done_later

# All of them are waited for before the first test.
pytestmark = pytest.mark.timeout(900)
ALL = {**FAULTS, **SLOW}
_STAGGER = 3.0
"""Seconds between two beginnings, so that two cores keep up."""
_BESIDE = LONG + 30
"""Seconds that kubectl is given: more than the longest deadline."""


class Ended(NamedTuple):
    """How a command ended, after how many seconds, and what it printed."""

    code: int
    after: float
    out: str
    err: str


class Both(NamedTuple):
    """`wait` and kubectl."""

    ours: Ended
    kubectl: Ended

    @property
    def explanation(self) -> Explanation:
        return Explanation.model_validate_json(self.ours.out)


def ended(*command: str) -> Ended:
    """Run a command to its end."""
    begun = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, timeout=800)
    return Ended(done.returncode, time.monotonic() - begun, done.stdout, done.stderr)


def waited_for(here: Site, config: str, name: str, after: float) -> Both:
    """One rollout: begun, and waited for by both."""
    time.sleep(after)
    what: Waited = ALL[name]
    scene = stage_in(Scene, here, f"wait-{name}")
    what.act(scene)
    where = f"--namespace={scene.namespace}"
    verb = ["rollout", "status"]
    if what.target.startswith("job"):
        verb = ["wait", "--for=condition=Complete"]
    with ThreadPoolExecutor(3) as pool:
        ours = pool.submit(
            ended, COMMAND, "wait", what.target, where, f"--kubeconfig={config}", "-o", "json"
        )
        theirs = pool.submit(_kubectl, here, *verb, what.target, where, f"--timeout={_BESIDE}s")
        pool.submit(done_later, scene, what).result()
        return Both(ours.result(), theirs.result())


def _kubectl(here: Site, *arguments: str) -> Ended:
    begun = time.monotonic()
    code, out, err = here.kube.tried(*arguments)
    return Ended(code, time.monotonic() - begun, out, err)


@pytest.fixture(scope="module")
def waited(here: Site) -> dict[str, Both]:
    """All at once, with the rights of the manifests' ServiceAccount."""
    config = manifests.kubeconfig_of(here.kube, manifests.NAMESPACE, here.folder / "wait.yaml")
    with ThreadPoolExecutor(len(ALL)) as pool:
        begun = {
            name: pool.submit(waited_for, here, str(config), name, number * _STAGGER)
            for number, name in enumerate(ALL)
        }
        found = {name: each.result() for name, each in begun.items()}
    for name, both in found.items():
        theirs = both.kubectl
        words = (theirs.out + theirs.err).strip().rpartition("\n")[2]
        WAITS.append((
            name, str(both.ours.code), f"{both.ours.after:.0f}", str(theirs.code),
            f"{theirs.after:.0f}", words,
        ))  # fmt: skip
    return found


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_told_with_its_cause(waited: dict[str, Both], name: str) -> None:
    """Exit code 1, and object, step and cause in a document of at most 4 KiB."""
    ours, fault = waited[name].ours, FAULTS[name]

    assert ours.code == 1, ours.out + ours.err
    cause = waited[name].explanation.cause
    assert cause
    assert cause.step.startswith(fault.step)
    assert json.loads(f'"{fault.words}"') in cause.message or fault.words in str(
        waited[name].explanation.evidence
    )
    assert len(ours.out.strip()) <= 4096
    kind = fault.target.partition("/")[0]
    assert waited[name].explanation.object.kind.lower() == kind


@pytest.mark.parametrize("name", SLOW)
def test_what_is_slow_is_not_called_failed(waited: dict[str, Both], name: str) -> None:
    """Exit code 0, and no cause."""
    ours = waited[name].ours

    assert ours.code == 0, ours.out + ours.err
    assert waited[name].explanation.outcome == "complete"
    assert waited[name].explanation.cause is None


@pytest.mark.parametrize("name", [name for name, fault in FAULTS.items() if fault.is_sure])
def test_what_is_beyond_doubt_is_told_before_the_deadline(
    waited: dict[str, Both], name: str
) -> None:
    """Which is when kubectl tells that it has failed, if it does not say that all is well."""
    both = waited[name]

    assert both.kubectl.code == 0 or both.ours.after < both.kubectl.after
