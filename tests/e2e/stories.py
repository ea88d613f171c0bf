"""The stories: what is done to a cluster, each in a namespace of its own."""

import time
from collections.abc import Callable
from functools import partial

from tests.e2e.processes import wait
from tests.e2e.stage import MISSING, Stage

Act = Callable[[Stage], None]
STORIES: dict[str, Act] = {}
_NEXT_SECOND = 1.2
"""Changes are told apart by their second."""
_AWAY = "away"
"""The key of node-2's taint."""


def story(act: Act) -> Act:
    """Add an act under its name."""
    STORIES[act.__name__.replace("_", "-")] = act
    return act


def _until(what: str, found: Callable[[], object], *, within: float = 240) -> None:
    wait(what, found, within=within, pause=1)


def _is_running(stage: Stage, pods: int) -> None:
    _until(f"{pods} ready pods in {stage.namespace}", partial(stage.is_running, pods))
    time.sleep(_NEXT_SECOND)


@story
def redis(stage: Stage) -> None:
    """The article's Deployment."""
    stage.apply(stage.workload("Deployment", name="redis", replicas=1))
    _is_running(stage, 1)


@story
def non_exist(stage: Stage) -> None:
    """The article's Deployment of an image that does not exist."""
    stage.apply(stage.workload("Deployment", replicas=1, template=stage.pod(image=MISSING)))
    _until("image back-off", lambda: stage.count("BackOff") >= 3)
    _until("another pull", lambda: stage.count("Pulling") >= 3)


@story
def rolling_update(stage: Stage) -> None:
    """Created, then a new template."""
    stage.apply(stage.workload("Deployment", replicas=2))
    _is_running(stage, 2)
    stage.kubectl("set", "env", "deployment/web", "VERSION=2")
    _until("the rollout", lambda: stage.kubectl("rollout", "status", "deployment/web"))
    _is_running(stage, 2)


@story
def rollback(stage: Stage) -> None:
    """A new template that cannot work, and back to the ReplicaSet before."""
    stage.apply(stage.workload("Deployment", replicas=1))
    _is_running(stage, 1)
    stage.kubectl("set", "image", "deployment/web", f"web={MISSING}")
    _until("a failed pull", lambda: stage.count("Failed"))
    time.sleep(_NEXT_SECOND)
    stage.kubectl("rollout", "undo", "deployment/web")
    _is_running(stage, 1)


@story
def scale(stage: Stage) -> None:
    """Scaled by a person; then by one who says to be the autoscaler."""
    stage.apply(stage.workload("Deployment", replicas=1))
    _is_running(stage, 1)
    stage.kubectl("scale", "deployment/web", "--replicas=2")
    _is_running(stage, 2)
    stage.kubectl(
        "patch", "deployment/web", "--subresource=scale", "--type=merge",
        "--field-manager=kube-controller-manager", '--patch={"spec":{"replicas":3}}',
    )  # fmt: skip
    _is_running(stage, 3)


@story
def annotate(stage: Stage) -> None:
    """A note on a Deployment raises its generation, and changes nothing."""
    stage.apply(stage.workload("Deployment", replicas=1))
    _is_running(stage, 1)
    stage.kubectl("annotate", "deployment/web", "note=reviewed")
    stage.kubectl("delete", "pods", "--all")
    _is_running(stage, 1)


@story
def crash_loop(stage: Stage) -> None:
    """A container that ends at once."""
    stage.apply(stage.workload("Deployment", replicas=1, template=stage.pod(command=["false"])))
    _until("restart back-off", lambda: stage.count("BackOff") >= 4)


@story
def stateful_set(stage: Stage) -> None:
    """Two pods, one after the other."""
    stage.apply(stage.workload("StatefulSet", replicas=2, serviceName="web"))
    _is_running(stage, 2)


@story
def daemon_set(stage: Stage) -> None:
    """A pod on each node that takes any."""
    stage.apply(stage.workload("DaemonSet"))
    _is_running(stage, 1)


@story
def job(stage: Stage) -> None:
    """One that completes, one that fails."""
    stage.apply(stage.job(command=["sleep", "2"]), stage.job(name="broken", command=["false"]))
    _until("the end of both", lambda: {"Completed", "BackoffLimitExceeded"} <= _reasons(stage))


@story
def cron_job(stage: Stage) -> None:
    """One run of a CronJob."""
    run = stage.job(command=["sleep", "1"])["spec"]
    stage.apply({
        "apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "tick"},
        "spec": {"schedule": "* * * * *", "jobTemplate": {"spec": run}},
    })  # fmt: skip
    _until("a run", lambda: "SawCompletedJob" in _reasons(stage))
    stage.kubectl("patch", "cronjob/tick", "--patch", '{"spec":{"suspend":true}}')


@story
def deleted(stage: Stage) -> None:
    """Deleted while it starts, in the foreground: what it owns goes first."""
    probe = {"exec": {"command": ["test", "-e", "/ready"]}, "periodSeconds": 1}
    stage.apply(stage.workload("Deployment", replicas=1, template=stage.pod(readinessProbe=probe)))
    _until("a failed readiness", lambda: stage.count("Unhealthy"))
    stage.kubectl("delete", "deployment/web", "--cascade=foreground", "--wait=false")
    _until("the end", lambda: not stage.kube.items("pods", stage.namespace))


@story
def custom(stage: Stage) -> None:
    """A custom resource that owns a Deployment, as operators do."""
    stage.apply({
        "apiVersion": "example.com/v1", "kind": "Shop", "metadata": {"name": "corner"},
        "spec": {"size": 1},
    })  # fmt: skip
    found = stage.kube.ask(f"/apis/example.com/v1/namespaces/{stage.namespace}/shops/corner")
    owner = {
        "apiVersion": "example.com/v1", "kind": "Shop", "name": "corner",
        "uid": found["metadata"]["uid"], "controller": True,
    }  # fmt: skip
    metadata = {"ownerReferences": [owner]}
    stage.apply(stage.workload("Deployment", replicas=1, metadata=metadata))
    _is_running(stage, 1)


@story
def unschedulable(stage: Stage) -> None:
    """No node fits, until node-1 gets a label; that of the other one makes the scheduler try again.

    In 1.37 a change of a node does so only where a plugin that refused the pod calls it a reason
    (podtopologyspread/plugin.go, isSchedulableAfterNodeChange).
    """
    spread = {
        "maxSkew": 1, "topologyKey": "story", "whenUnsatisfiable": "DoNotSchedule",
        "labelSelector": {"matchLabels": {"app": "web"}},
    }  # fmt: skip
    template = stage.pod(spec={"topologySpreadConstraints": [spread]})
    stage.apply(stage.workload("Deployment", replicas=1, template=template))
    _until("a failed try", lambda: stage.count("FailedScheduling"))
    tries = iter(range(1000))

    def tried() -> bool:
        stage.kube.run("label", "node/node-2", "--overwrite", f"story=try-{next(tries)}")
        time.sleep(2)
        # The first Event names an older version of the pod: a series begins with the next.
        return stage.count("FailedScheduling") > 2

    _until("more tries", tried)
    stage.kube.run("label", "node/node-1", "--overwrite", "story=found")
    _is_running(stage, 1)


@story
def liveness(stage: Stage) -> None:
    """A probe that kills."""
    probe = {
        "exec": {"command": ["test", "-e", "/alive"]}, "periodSeconds": 1, "failureThreshold": 2,
    }  # fmt: skip
    stage.apply(stage.workload("Deployment", replicas=1, template=stage.pod(livenessProbe=probe)))
    _until("a restart", lambda: stage.count("Killing") and stage.count("Started") >= 2)


@story
def node_lost(stage: Stage) -> None:
    """A pod on a node that goes away, with little patience; on the other one another pod stands."""
    short = [
        {"key": f"node.kubernetes.io/{key}", "effect": "NoExecute", "tolerationSeconds": 3}
        for key in ("not-ready", "unreachable")
    ]
    apart = {
        "labelSelector": {"matchLabels": {"app": "web"}}, "namespaces": ["default"],
        "topologyKey": "kubernetes.io/hostname",
    }  # fmt: skip
    required = {"requiredDuringSchedulingIgnoredDuringExecution": [apart]}
    spec = {
        "affinity": {"podAntiAffinity": required},
        "tolerations": [{"key": _AWAY, "operator": "Exists"}, *short],
    }  # fmt: skip
    other = stage.pod(spec={"nodeSelector": {"kubernetes.io/hostname": "node-1"}})
    other = {
        "apiVersion": "v1",
        "kind": "Pod",
        **other,
        "metadata": {"name": "in-the-way", **other["metadata"]},
    }
    stage.kube.apply(other, namespace="default")
    _until("the other pod", partial(stage.kube.are_ready, "default", pods=1))
    stage.apply(stage.workload("Deployment", replicas=1, template=stage.pod(spec=spec)))
    _is_running(stage, 1)
    stage.lose_node()
    _until("an eviction", lambda: {"TaintManagerEviction", "FailedScheduling"} <= _reasons(stage))
    stage.kube.run("delete", "pod/in-the-way", "--namespace=default")
    _until("another start", lambda: stage.count("Started") > 1)


def _reasons(stage: Stage) -> set[str]:
    return set(stage.kube.reasons(stage.namespace))
