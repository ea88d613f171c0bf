"""`show` and `link` on a real cluster, with the rights of the manifests' ServiceAccount alone."""

import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e import manifests
from tests.e2e.bridge import COMMAND, run
from tests.e2e.conftest import Told
from tests.e2e.processes import Program, wait
from tests.e2e.site import Site
from tests.e2e.stage import MISSING, Stage
from tests.e2e.telling import stage_in, traces_of

NAMES = ("show-healthy", "show-broken", "show-deleted", "show-loop")


@dataclass(frozen=True, kw_only=True)
class Looked:
    """The namespaces of these stories, a kubeconfig, and the bridge that exports meanwhile."""

    here: Site
    config: Path
    stages: dict[str, Stage]

    def show(self, *arguments: str) -> str:
        """What `show` prints of all that went well."""
        done = run("show", "--utc", f"--kubeconfig={self.config}", *arguments)
        assert done.returncode == 0, done.stderr
        assert "403" not in done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def looked(told: Told) -> Looked:
    """A healthy, a broken and a deleted rollout, and one that is yet to come."""
    here = told.here  # whose bridge exports these too: of two each would seal object spans
    config = manifests.kubeconfig_of(here.kube, manifests.NAMESPACE, here.folder / "show.yaml")
    stages = {name: stage_in(Stage, here, name) for name in NAMES}
    _act(stages)
    return Looked(here=here, config=config, stages=stages)


def _act(stages: dict[str, Stage]) -> None:
    healthy, broken, deleted, _ = stages.values()
    for stage in (healthy, deleted):
        stage.apply(stage.workload("Deployment", replicas=1))
    broken.apply(broken.workload("Deployment", replicas=1, template=broken.pod(image=MISSING)))
    wait("the pods", lambda: healthy.is_running(1) and deleted.is_running(1), within=240)
    time.sleep(1.2)  # changes are told apart by their second
    healthy.kubectl("set", "env", "deployment/web", "VERSION=2")
    deleted.kubectl("delete", "deployment/web", "--cascade=foreground", "--wait=false")
    wait("the end", lambda: not deleted.kube.items("pods", deleted.namespace), within=120)
    wait("the second rollout", lambda: healthy.count("Started") >= 2, within=120)
    wait("a failed pull", lambda: broken.count("Failed") >= 2, within=120)


def test_a_healthy_rollout(looked: Looked) -> None:
    """Its two changes are two pictures, the newest first; the tree is whole.

    When the one before was complete nothing says any more.
    """
    out = looked.show("deployment/web", "-n", "show-healthy")
    titles = [line.split("  ")[:2] for line in out.splitlines() if " Deployment web  " in line[:24]]

    assert [title for title, _ in titles] == ["Update Deployment web", "Create Deployment web"]
    assert titles[0][1].startswith("complete in ")
    assert titles[1][1].split()[0] in ("complete", "started")
    for name in ("ScalingReplicaSet up", "ReplicaSet web-", "Pod web-", "Scheduled", "Started"):
        assert name in out


def test_a_broken_rollout_says_why(looked: Looked) -> None:
    """Asked for by its pod: the whole story, the pod marked, the cause in the kubelet's words."""
    (pod,) = looked.here.kube.items("pods", "show-broken")
    name = pod["metadata"]["name"]
    out = looked.show("po", name, "-n", "show-broken")

    assert "Create Deployment web  failed" in out
    assert f"Pod {name} ◀" in out
    assert "ErrImagePull" in out
    assert "127.0.0.1:5999" in out
    assert looked.show("-A", "--warnings", "--since", "30m", "--last", "0").count("failed") >= 1


def test_a_deleted_rollout(looked: Looked) -> None:
    """Of what is gone, Events still tell."""
    out = looked.show("deploy/web", "-n", "show-deleted")

    assert "Deployment web" in out
    assert "Killing" in out


def test_what_is_not_there(looked: Looked) -> None:
    """Near names, and exit code 1."""
    config = f"--kubeconfig={looked.config}"
    kind = run("show", "deplyment/web", config, "-n", "show-healthy")
    name = run("show", "deploy/wep", config, "-n", "show-healthy")

    assert (kind.returncode, name.returncode) == (1, 1)
    assert "did you mean deployment" in kind.stderr
    assert "did you mean web?" in name.stderr


def test_a_crash_loop_grows(looked: Looked) -> None:
    """`--follow` on a terminal: one picture that counts on, while it happens."""
    stage = looked.stages["show-loop"]
    arguments = [
        f"--kubeconfig={looked.config}", "-n", "show-loop", "deploy/web", "--follow", "--width=140",
    ]  # fmt: skip
    program = Program(
        "show-follow", [COMMAND, "show", *arguments], logs=looked.here.folder,
        environ={"FORCE_COLOR": "1", "TTY_COMPATIBLE": "1", "TERM": "xterm", "LINES": "60"},
    )  # fmt: skip
    program.start()
    try:
        stage.apply(stage.workload("Deployment", replicas=1, template=stage.pod(command=["false"])))
        wait("a first back-off", lambda: "BackOff restart" in program.text, within=240)
        wait("more of them", lambda: "x3 over" in program.text, within=240)
    finally:
        assert program.stop() == 0
    assert program.text.count("\x1b[2K") > 10


@pytest.mark.parametrize("name", ["show-healthy", "show-broken"])
def test_link_opens_the_trace_that_run_exported(looked: Looked, name: str) -> None:
    """The id that `link` computes is one that Jaeger has, and so is that of the story before."""
    exported = {trace.root.trace: trace for trace in traces_of(looked.here.jaeger, name)}
    done = run(
        "link", "deployment/web", "-n", name, f"--kubeconfig={looked.config}",
        f"--jaeger-url={looked.here.jaeger.url}",
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    urls = dict(line.split() for line in done.stdout.splitlines())
    found = looked.here.jaeger.trace(urls["trace"].rpartition("/")[2])

    assert "k8s.deployment.name" in found[0].tags
    newest = max(exported.values(), key=lambda trace: trace.root.start)
    assert {span.trace for span in found} == {newest.root.trace}
    if name == "show-healthy":
        before, _, after = urls["compare"].rpartition("/")[2].partition("...")
        assert {before, after} == set(exported)
