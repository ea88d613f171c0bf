"""Rollouts that are waited for: ten that fail, each by another fault, and ten that are slow."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.e2e.kube import Raw
from tests.e2e.scene import Scene
from tests.e2e.stage import MISSING

LONG, SHORT = 180, 60
"""progressDeadlineSeconds: of what is beyond doubt before it, and of what is not."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Waited:
    """What is waited for. Of a fault `step` and `words` are those of its cause; else empty.

    `later` is done 30 s after, which makes it go well.
    """

    act: Callable[[Scene], None]
    target: str = "deployment/web"
    step: str = ""
    words: str = ""
    later: Callable[[Scene], None] | None = None

    is_sure: bool = False
    """Law 6's two minutes decide, before the deadline of Kubernetes."""

    @property
    def code(self) -> int:
        """The exit code that `wait` ends with."""
        return 1 if self.step else 0


def _probe(*command: str, delay: int = 0) -> Raw:
    return {
        "exec": {"command": list(command)}, "initialDelaySeconds": delay, "periodSeconds": 2,
        "timeoutSeconds": 20,
    }  # fmt: skip


def _deploy(container: Callable[[Scene], Raw], *, deadline: int = LONG, **more: Any) -> Callable[
    [Scene], None
]:  # fmt: skip
    """A Deployment of one pod."""
    spec = more.pop("spec", None)

    def act(scene: Scene) -> None:
        template = scene.pod(spec=spec, **container(scene))
        fields: dict[str, Any] = {"progressDeadlineSeconds": deadline, **more}
        scene.apply(scene.workload("Deployment", template=template, **fields))

    return act


def _quota(scene: Scene) -> None:
    scene.apply({
        "apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "q"},
        "spec": {"hard": {"pods": "1"}},
    })  # fmt: skip
    _deploy(Scene.shell, replicas=3)(scene)


def _memory(scene: Scene) -> Raw:
    container = scene.shell("x=aaaaaaaaaaaaaaaa; while true; do x=$x$x; done")
    return {**container, "resources": {"limits": {"memory": "24Mi"}}}


def _failing_job(scene: Scene) -> None:
    scene.apply(scene.job(name="web", **scene.shell("sleep 1; exit 2")))


_VOLUME = {"volumes": [{"name": "d", "secret": {"secretName": "nowhere"}}]}
_MOUNT = [{"name": "d", "mountPath": "/d"}]
_PULL = "127.0.0.1:5999"

FAULTS = {
    "bad-image": Waited(is_sure=True,
        act=_deploy(lambda scene: scene.shell(image=MISSING)), step="Failed", words=_PULL
    ),
    "missing-config": Waited(is_sure=True,
        act=_deploy(lambda scene: scene.shell(envFrom=[{"configMapRef": {"name": "nowhere"}}])),
        step="Failed", words='configmap \\"nowhere\\" not found',
    ),
    "crash-loop": Waited(is_sure=True,
        act=_deploy(lambda scene: scene.shell("sleep 1; exit 3")),
        step="Terminated Error", words="exit 3",
    ),
    "memory": Waited(
        is_sure=True, act=_deploy(_memory), step="Terminated OOMKilled", words="exit 137"
    ),
    "quota": Waited(is_sure=True, act=_quota, step="FailedCreate", words="exceeded quota"),
    "failing-probe": Waited(
        act=_deploy(lambda scene: scene.shell(readinessProbe=_probe("false")), deadline=SHORT),
        step="Unhealthy readiness", words="Readiness probe failed",
    ),
    "unschedulable": Waited(
        act=_deploy(Scene.shell, deadline=SHORT, spec={"nodeSelector": {"zone": "mars"}}),
        step="FailedScheduling", words="nodes are available",
    ),
    "bad-volume": Waited(
        act=_deploy(
            lambda scene: scene.shell(volumeMounts=_MOUNT), deadline=SHORT, spec=_VOLUME
        ),
        step="FailedMount", words="nowhere",
    ),
    "failing-job": Waited(is_sure=True,
        act=_failing_job, target="job/web", step="Terminated Error", words="exit 2"
    ),
    "deadline": Waited(
        act=_deploy(
            Scene.shell, deadline=SHORT,
            spec={"readinessGates": [{"conditionType": "example.com/gate"}]},
        ),
        step="ProgressDeadlineExceeded", words="timed out progressing",
    ),
}  # fmt: skip


def _labelled(scene: Scene) -> None:
    scene.kube.run("label", "node/node-1", "--overwrite", f"waits={scene.namespace}")


def _configured(scene: Scene) -> None:
    scene.kubectl("create", "configmap", "late")


def _recovering(scene: Scene) -> Raw:
    script = (
        "if [ -e /d/b ]; then exec sleep 86400; fi;"
        " if [ -e /d/a ]; then echo > /d/b; else echo > /d/a; fi; exit 5"
    )
    return scene.shell(script, volumeMounts=_MOUNT, readinessProbe=_probe("true"))


def _initialized(scene: Scene) -> None:
    first = {"name": "first", "image": scene.image, **scene.shell("sleep 40")}
    _deploy(Scene.shell, spec={"initContainers": [first]})(scene)


def _set(kind: str, **fields: Any) -> Callable[[Scene], None]:
    def act(scene: Scene) -> None:
        template = scene.pod(**scene.shell(readinessProbe=_probe("true", delay=12)))
        scene.apply(scene.workload(kind, template=template, **fields))

    return act


def _working_job(scene: Scene) -> None:
    job = scene.job(name="web", **scene.shell("sleep 15"))
    job["spec"] |= {"completions": 3}
    scene.apply(job)


def _changed_again(scene: Scene) -> None:
    _deploy(lambda scene: scene.shell(image=MISSING))(scene)


def _mended(scene: Scene) -> None:
    scene.kubectl("set", "image", "deployment/web", f"web={scene.image}")


SLOW = {
    "slow-ready": Waited(act=_deploy(lambda it: it.shell(readinessProbe=_probe("true", delay=45)))),
    "slow-init": Waited(act=_initialized),
    "dies-twice": Waited(
        act=_deploy(_recovering, spec={"volumes": [{"name": "d", "emptyDir": {}}]})
    ),
    "min-ready": Waited(act=_deploy(Scene.shell, minReadySeconds=20, replicas=2)),
    "one-by-one": Waited(
        act=_set("StatefulSet", replicas=3, serviceName="web"), target="statefulset/web"
    ),
    "on-each-node": Waited(act=_set("DaemonSet"), target="daemonset/web"),
    "working-job": Waited(act=_working_job, target="job/web"),
    "late-node": Waited(
        act=_deploy(Scene.shell, spec={"nodeSelector": {"waits": "wait-late-node"}}),
        later=_labelled,
    ),
    "late-config": Waited(
        act=_deploy(lambda scene: scene.shell(envFrom=[{"configMapRef": {"name": "late"}}])),
        later=_configured,
    ),
    "mended": Waited(act=_changed_again, later=_mended),
}


def done_later(scene: Scene, what: Waited) -> None:
    """Do what makes it go well."""
    if what.later:
        time.sleep(30)
        what.later(scene)
