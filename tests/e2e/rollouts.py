"""The ways a rollout goes: what is done, and the stories with their outcomes that it makes."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass

from tests.e2e.kube import Raw
from tests.e2e.scene import CONFIG, LATER, SECRET, Scene
from tests.e2e.stage import MISSING

CREATED, UPDATED = "Create Deployment web", "Update Deployment web"
Story = tuple[str, str]
"""A root's name and its outcome."""
_DEADLINE = 60
"""progressDeadlineSeconds of what never gets ready."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rollout:
    """`stories` are those of the namespace, oldest first."""

    act: Callable[[Scene], None]
    stories: tuple[Story, ...]


ROLLOUTS: dict[str, Rollout] = {}


def rollout(*stories: Story) -> Callable[[Callable[[Scene], None]], Callable[[Scene], None]]:
    """Add an act under its name, with the stories that it makes."""

    def add(act: Callable[[Scene], None]) -> Callable[[Scene], None]:
        ROLLOUTS[act.__name__.replace("_", "-")] = Rollout(act=act, stories=stories)
        return act

    return add


def _probe(*command: str, delay: int = 0, period: int = 1, failures: int = 3) -> Raw:
    """A probe that waits for a slow machine."""
    return {
        "exec": {"command": list(command or ("true",))}, "initialDelaySeconds": delay,
        "periodSeconds": period, "failureThreshold": failures, "timeoutSeconds": 20,
    }  # fmt: skip


def _volume(name: str = "d") -> Raw:
    return {"volumes": [{"name": name, "emptyDir": {}}]}


def _mounted(**container: object) -> Raw:
    return {"volumeMounts": [{"name": "d", "mountPath": "/d"}], **container}


@rollout((CREATED, "complete"))
def good(scene: Scene) -> None:
    """Two pods that are ready at once; with a Secret and a ConfigMap."""
    made = {"metadata": {"name": "kept"}, "apiVersion": "v1"}
    scene.apply(
        {**made, "kind": "Secret", "stringData": {"KEPT": SECRET}},
        {**made, "kind": "ConfigMap", "data": {"HELD": CONFIG}},
    )
    sources = [{"secretRef": {"name": "kept"}}, {"configMapRef": {"name": "kept"}}]
    scene.deploy(scene.shell(readinessProbe=_probe(), envFrom=sources), replicas=2)
    scene.roll_out()


@rollout((CREATED, "complete"))
def slow_ready(scene: Scene) -> None:
    """Ready after 45 s."""
    scene.deploy(scene.shell(readinessProbe=_probe(delay=45, period=2)), replicas=2)
    scene.roll_out()


@rollout((CREATED, "failed"))
def never_ready(scene: Scene) -> None:
    """A readiness probe that always fails."""
    probe = _probe("false", period=5)
    scene.deploy(scene.shell(readinessProbe=probe), progressDeadlineSeconds=_DEADLINE)
    scene.roll_out()


@rollout((CREATED, "failed"))
def crash(scene: Scene) -> None:
    """Ends a second after each start; without a probe kubectl finds it rolled out.

    What it leaves as its last words stands in its pod's status.
    """
    script = "echo $PLANTED > /dev/termination-log; sleep 1; exit 3"
    scene.deploy(scene.shell(script), progressDeadlineSeconds=_DEADLINE)
    scene.roll_out()


@rollout((CREATED, "complete"))
def recover(scene: Scene) -> None:
    """Ends twice, and runs from its third start on."""
    script = (
        "if [ -e /d/b ]; then exec sleep 86400; fi;"
        " if [ -e /d/a ]; then echo > /d/b; else echo > /d/a; fi; exit 5"
    )
    scene.deploy(_mounted(**scene.shell(script, readinessProbe=_probe())), spec=_volume())
    scene.roll_out()


@rollout((CREATED, "failed"))
def oom(scene: Scene) -> None:
    """More memory than its limit."""
    container = scene.shell("x=aaaaaaaaaaaaaaaa; while true; do x=$x$x; done")
    container["resources"] = {"limits": {"memory": "24Mi"}}
    scene.deploy(container, progressDeadlineSeconds=_DEADLINE)
    scene.roll_out()


@rollout((CREATED, "failed"))
def bad_image(scene: Scene) -> None:
    """An image that cannot be pulled."""
    scene.deploy(scene.shell(image=MISSING), progressDeadlineSeconds=_DEADLINE)
    scene.roll_out()


@rollout((CREATED, "failed"))
def bad_config(scene: Scene) -> None:
    """A ConfigMap that is not there."""
    sources = [{"configMapRef": {"name": "nowhere"}}]
    scene.deploy(scene.shell(envFrom=sources), progressDeadlineSeconds=_DEADLINE)
    scene.roll_out()


@rollout((CREATED, "failed"))
def unschedulable(scene: Scene) -> None:
    """A node that is nowhere."""
    spec = {"nodeSelector": {"zone": "mars"}}
    scene.deploy(scene.shell(), spec=spec, progressDeadlineSeconds=_DEADLINE)
    scene.roll_out()


@rollout((CREATED, "failed"))
def quota(scene: Scene) -> None:
    """Three pods, of which one is allowed."""
    scene.apply({
        "apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "q"},
        "spec": {"hard": {"pods": "1"}},
    })  # fmt: skip
    scene.deploy(scene.shell(), replicas=3, progressDeadlineSeconds=_DEADLINE)
    scene.roll_out()


@rollout((CREATED, "complete"), ("Resume Deployment web", "complete"))
def paused(scene: Scene) -> None:
    """Paused, changed and, after 40 s, resumed."""
    scene.deploy(scene.shell(), replicas=2)
    scene.roll_out()
    scene.change("rollout", "pause", "deployment/web")
    scene.kubectl("set", "env", "deployment/web", f"LATER={LATER}")
    time.sleep(37)
    scene.change("rollout", "resume", "deployment/web")
    scene.roll_out()


@rollout((CREATED, "complete"), (UPDATED, "failed"), (UPDATED, "complete"))
def superseded(scene: Scene) -> None:
    """An image that cannot be pulled, and 35 s later one that can."""
    scene.deploy(scene.shell(), replicas=2)
    scene.roll_out()
    scene.change("set", "image", "deployment/web", f"web={MISSING}")
    time.sleep(32)
    container = {
        "name": "web", "image": scene.image, "env": [{"name": "LATER", "value": LATER}],
    }  # fmt: skip
    spec = {"template": {"spec": {"containers": [container]}}}
    scene.change("patch", "deployment/web", f"--patch={json.dumps({'spec': spec})}")
    scene.roll_out()


@rollout((CREATED, "complete"), (UPDATED, "failed"), (UPDATED, "complete"))
def undo(scene: Scene) -> None:
    """An image that cannot be pulled, and 35 s later the way back."""
    scene.deploy(scene.shell(), replicas=2)
    scene.roll_out()
    scene.change("set", "image", "deployment/web", f"web={MISSING}")
    time.sleep(32)
    scene.change("rollout", "undo", "deployment/web")
    scene.roll_out()


@rollout(("Create StatefulSet db", "complete"))
def sts_slow(scene: Scene) -> None:
    """Three pods, one after the other, each ready after 12 s."""
    template = scene.pod(**scene.shell(readinessProbe=_probe(delay=12)))
    scene.apply(_stateful_set(scene, template))
    scene.roll_out("statefulset/db")


@rollout(("Create StatefulSet db", "complete"), ("Update StatefulSet db", "failed"))
def sts_stuck(scene: Scene) -> None:
    """An update to an image that cannot be pulled; a StatefulSet has no deadline."""
    scene.apply(_stateful_set(scene, scene.pod(**scene.shell())))
    scene.roll_out("statefulset/db")
    scene.change("set", "image", "statefulset/db", f"web={MISSING}")
    scene.roll_out("statefulset/db", timeout=60)


def _stateful_set(scene: Scene, template: Raw) -> Raw:
    return scene.workload(
        "StatefulSet", name="db", template=template, replicas=3, serviceName="db"
    )  # fmt: skip


@rollout(("Create DaemonSet agent", "complete"), ("Update DaemonSet agent", "complete"))
def ds(scene: Scene) -> None:
    """Created, and a new template."""
    scene.apply(scene.workload("DaemonSet", name="agent", template=scene.pod(**scene.shell())))
    scene.roll_out("daemonset/agent")
    scene.change("set", "env", "daemonset/agent", f"LATER={LATER}")
    scene.roll_out("daemonset/agent")


@rollout(("Create Job fails", "failed"), ("Create Job works", "complete"))
def job(scene: Scene) -> None:
    """One that fails three times, one of three completions."""
    fails = scene.job(name="fails", **scene.shell("sleep 1; exit 2"))
    fails["spec"]["backoffLimit"] = 2
    works = scene.job(name="works", **scene.shell("sleep 8"))
    works["spec"] |= {"completions": 3, "parallelism": 2}
    scene.apply(fails)
    time.sleep(1.2)  # so that this one is the older one
    scene.apply(works)


@rollout((CREATED, "complete"))
def init(scene: Scene) -> None:
    """An init container of 40 s."""
    first = {"name": "wait", "image": scene.image, **scene.shell("sleep 40")}
    scene.deploy(scene.shell(), spec={"initContainers": [first]})
    scene.roll_out()


@rollout((CREATED, "failed"))
def liveness(scene: Scene) -> None:
    """A probe that kills every 25 s; kubectl finds it rolled out."""
    probe = _probe("false", delay=15, period=5, failures=2)
    scene.deploy(scene.shell("sleep 86400", livenessProbe=probe))
    scene.roll_out()


@rollout((CREATED, "complete"))
def min_ready(scene: Scene) -> None:
    """Available 20 s after it is ready."""
    scene.deploy(scene.shell(), replicas=2, minReadySeconds=20)
    scene.roll_out()


@rollout((CREATED, "complete"), (UPDATED, "complete"))
def surge(scene: Scene) -> None:
    """Six pods, replaced two at a time, each ready after 10 s."""
    strategy = {"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 1}}
    scene.deploy(scene.shell(readinessProbe=_probe(delay=10)), replicas=6, strategy=strategy)
    scene.roll_out()
    scene.change("set", "env", "deployment/web", f"LATER={LATER}")
    scene.roll_out()


@rollout((CREATED, "complete"), ("Restart Deployment web", "complete"))
def restart(scene: Scene) -> None:
    """Three pods, each ready after 4 s, and again."""
    scene.deploy(scene.shell(readinessProbe=_probe(delay=4)), replicas=3)
    scene.roll_out()
    scene.change("rollout", "restart", "deployment/web")
    scene.roll_out()


@rollout((CREATED, "complete"), ("Scale Deployment web", "complete"))
def scale_slow(scene: Scene) -> None:
    """One pod, then three, each ready after 15 s."""
    scene.deploy(scene.shell(readinessProbe=_probe(delay=15)))
    scene.roll_out()
    scene.change("scale", "deployment/web", "--replicas=3")
    scene.roll_out()


@rollout((CREATED, "complete"))
def flap(scene: Scene) -> None:
    """Not ready for 30 s, 25 s after it was."""
    script = "echo > /d/ok; sleep 25; rm -f /d/ok; sleep 30; echo > /d/ok; exec sleep 86400"
    probe = _probe("test", "-e", "/d/ok", failures=1)
    scene.deploy(_mounted(**scene.shell(script, readinessProbe=probe)), spec=_volume())
    scene.roll_out()


@rollout((CREATED, "complete"))
def evict(scene: Scene) -> None:
    """One of two pods is evicted through the API, and another comes."""
    scene.deploy(scene.shell(readinessProbe=_probe(delay=8)), replicas=2)
    scene.roll_out()
    scene.evict()
    scene.roll_out()
