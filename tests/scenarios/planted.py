"""Objects with secrets in them, where users put these, and a search for what got out."""

import gzip
import json
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from tests.scenarios.fields import Raw, entry

SECRET = "hunter2"
"""Part of every value that is planted."""
APPLIED = (
    "kubectl.kubernetes.io/last-applied-configuration", "kapp.k14s.io/original",
    "objectset.rio.cattle.io/applied", "banzaicloud.com/last-applied",
    "kopf.zalando.org/last-handled-configuration",
)  # fmt: skip
UID = "6f1c1b9e-0c5b-4d0e-9a51-00000000000{}"
CREATED = 1_795_473_171_000_000_000
STAMP = "2026-11-23T22:32:51Z"
KINDS = {
    "pods": ("Pod", "v1"), "deployments": ("Deployment", "apps/v1"),
    "statefulsets": ("StatefulSet", "apps/v1"), "daemonsets": ("DaemonSet", "apps/v1"),
    "replicasets": ("ReplicaSet", "apps/v1"), "jobs": ("Job", "batch/v1"),
    "cronjobs": ("CronJob", "batch/v1"), "workflows.argoproj.io": ("Workflow", "argoproj.io/v1"),
    "secrets": ("Secret", "v1"), "configmaps": ("ConfigMap", "v1"),
}  # fmt: skip
"""By resource kind and apiVersion."""

_PADS = st.text("aZ0-_. \"'\\é", max_size=4)
_VALUES = st.builds(lambda before, after: f"{before}{SECRET}{after}", _PADS, _PADS)
_LISTS = st.lists(_VALUES, max_size=3)
_PROBES = st.fixed_dictionaries(
    {},
    optional={
        "exec": st.fixed_dictionaries({"command": _LISTS}),
        "httpGet": st.fixed_dictionaries({"path": _VALUES}),
    },
)
_CONTAINERS = st.fixed_dictionaries(
    {"name": st.sampled_from(["web", "log"]), "image": st.just("docker.io/library/busybox:1.35")},
    optional={
        "args": _LISTS, "command": _LISTS,
        "env": st.lists(st.fixed_dictionaries({"name": st.just("KEY"), "value": _VALUES})),
        "readinessProbe": _PROBES, "livenessProbe": _PROBES, "startupProbe": _PROBES,
        "lifecycle": st.fixed_dictionaries({"preStop": _PROBES}),
    },
)  # fmt: skip
_VOLUMES = st.fixed_dictionaries(
    {"name": st.just("data"), "csi": st.fixed_dictionaries({"volumeAttributes": st.dictionaries(
        st.just("key"), _VALUES)})},
)  # fmt: skip
_POD_SPECS = st.fixed_dictionaries(
    {"containers": st.lists(_CONTAINERS, min_size=1, max_size=2)},
    optional={
        "initContainers": st.lists(_CONTAINERS, max_size=1),
        "ephemeralContainers": st.lists(_CONTAINERS, max_size=1),
        "volumes": st.lists(_VOLUMES, max_size=1), "nodeName": st.just("node-1"),
    },
)  # fmt: skip
_TEMPLATES = st.fixed_dictionaries(
    {"spec": _POD_SPECS},
    optional={
        "metadata": st.fixed_dictionaries({"annotations": st.dictionaries(st.just("k"), _VALUES)})
    },
)
_SPECS = st.fixed_dictionaries(
    {"template": _TEMPLATES},
    optional={
        "replicas": st.integers(0, 3), "paused": st.booleans(), "suspend": st.booleans(),
        "progressDeadlineSeconds": st.integers(1, 600), "minReadySeconds": st.integers(0, 9),
        "updateStrategy": st.fixed_dictionaries(
            {"type": st.sampled_from(["RollingUpdate", "OnDelete"])},
            optional={
                "rollingUpdate": st.fixed_dictionaries({"partition": st.integers(0, 3)}),
                "steps": _LISTS,
            },
        ),
        "jobTemplate": st.fixed_dictionaries({"spec": _TEMPLATES}),
        "arguments": st.fixed_dictionaries({"parameters": _LISTS}),
    },
)  # fmt: skip
_TERMINATED = st.fixed_dictionaries(
    {"exitCode": st.integers(0, 255), "reason": st.sampled_from(["Error", "OOMKilled"])},
    optional={
        "message": _VALUES, "startedAt": st.just(STAMP), "finishedAt": st.just(STAMP),
        "containerID": st.just("containerd://1"), "signal": st.integers(0, 15),
    },
)  # fmt: skip
_STATES = st.one_of(
    st.fixed_dictionaries({"terminated": _TERMINATED}),
    st.fixed_dictionaries({"running": st.fixed_dictionaries({"startedAt": st.just(STAMP)})}),
    st.fixed_dictionaries(
        {"waiting": st.fixed_dictionaries({"reason": st.just("Waits"), "message": _VALUES})}
    ),
)
_CONTAINER_STATUSES = st.lists(
    st.fixed_dictionaries(
        {"name": st.sampled_from(["web", "log"]), "restartCount": st.integers(0, 3)},
        optional={
            "state": _STATES, "lastState": _STATES, "ready": st.booleans(),
            "image": st.just("docker.io/library/busybox:1.35"),
        },
    ),
    max_size=2,
)  # fmt: skip
_CONDITIONS = st.lists(
    st.fixed_dictionaries(
        {
            "type": st.sampled_from(["Ready", "Initialized", "Progressing", "Complete", "Failed"]),
            "status": st.sampled_from(["True", "False"]), "lastTransitionTime": st.just(STAMP),
        },
        optional={
            "reason": st.just("NewReplicaSetAvailable"), "message": st.just("as it is"),
            "lastUpdateTime": st.just(STAMP),
        },
    ),
    max_size=3, unique_by=lambda condition: str(condition["type"]),
)  # fmt: skip
_STATUSES = st.fixed_dictionaries(
    {},
    optional={
        "phase": st.sampled_from(["Pending", "Running"]), "conditions": _CONDITIONS,
        "containerStatuses": _CONTAINER_STATUSES, "initContainerStatuses": _CONTAINER_STATUSES,
        "observedGeneration": st.integers(1, 2), "readyReplicas": st.integers(0, 3),
        "replicas": st.integers(0, 3), "nodes": st.dictionaries(st.just("outputs"), _VALUES),
        "message": _VALUES,
    },
)  # fmt: skip
_FIELDS: st.SearchStrategy[Raw] = st.sampled_from(
    [
        {"f:spec": {"f:replicas": {}}},
        {"f:spec": {"f:finalizers": {f'v:"{SECRET}"': {}}, f'v:"{SECRET}"': {}}},
        {"f:spec": {"f:template": {"f:metadata": {"f:annotations": {
            "f:kubectl.kubernetes.io/restartedAt": {}}}}}},
        {"f:metadata": {"f:annotations": {}}},
    ]
)  # fmt: skip
_APPLIED = st.sets(st.sampled_from(APPLIED), min_size=1)
_DATA = st.dictionaries(st.sampled_from(["password", "ca.crt"]), _VALUES, min_size=1)
_OWNER = {
    "kind": "Workflow", "apiVersion": "argoproj.io/v1", "controller": True,
    "name": f"thing-{len(KINDS) - 1}", "uid": UID.format(len(KINDS) - 1),
}  # fmt: skip


@st.composite
def frames(draw: st.DrawFn) -> Raw:
    """One object of any kind, as an API server sends it whole, that holds what must not leave."""
    resource = draw(st.sampled_from(sorted(KINDS)))
    kind, api_version = KINDS[resource]
    at = sorted(KINDS).index(resource)
    meta: Raw = {
        "name": f"thing-{at}", "namespace": "shop", "uid": UID.format(at), "generation": 2,
        "resourceVersion": str(1000 + at), "creationTimestamp": STAMP,
        "annotations": {name: draw(_VALUES) for name in draw(_APPLIED)},
        "managedFields": [entry("kubectl", CREATED, draw(_FIELDS))],
    }  # fmt: skip
    if resource in ("pods", "deployments"):
        meta["ownerReferences"] = [_OWNER] * draw(st.integers(0, 1))
    body: Raw = {"kind": kind, "apiVersion": api_version, "metadata": meta}
    if resource in ("secrets", "configmaps"):
        body |= {"data": draw(_DATA), "stringData": draw(_DATA)}
    else:
        spec: Raw = draw(_POD_SPECS) if kind == "Pod" else draw(_SPECS)
        body |= {"spec": spec, "status": draw(_STATUSES)}
    return {"type": "ADDED", "resource": resource, "kind": kind, "object": body}


def clusters(*, without: Collection[str] = ()) -> st.SearchStrategy[list[Raw]]:
    """Some objects of different kinds."""
    some = st.lists(frames(), min_size=1, max_size=8, unique_by=lambda frame: frame["resource"])
    return some.map(lambda found: [each for each in found if each["resource"] not in without])


def leaks(text: str | bytes) -> bool:
    """Whether something planted is in a text, or in what is packed in it."""
    data = text.encode() if isinstance(text, str) else text
    unpacked = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
    return SECRET.encode() in unpacked


def leaking(files: Iterable[Path]) -> list[Path]:
    """Those of some files that something planted is in."""
    return [path for path in files if leaks(path.read_bytes())]


def line(frame: Raw) -> bytes:
    """A frame as a WATCH sends it."""
    return json.dumps({"type": frame["type"], "object": frame["object"]}).encode()


def about(found: Iterable[Raw]) -> list[Any]:
    """An Event about each of some objects, a minute after all of them."""
    return [_event(number, frame["object"]) for number, frame in enumerate(found)]


def _event(number: int, item: Raw) -> Raw:
    meta = item["metadata"]
    involved = {key: meta[key] for key in ("name", "namespace", "uid")}
    body = {
        "metadata": {
            "name": f"{meta['name']}.{number}", "namespace": "shop", "resourceVersion": "2000",
            "uid": f"7f1c1b9e-0c5b-4d0e-9a51-{number:012}", "creationTimestamp": STAMP,
        },
        "involvedObject": {"kind": item["kind"], "apiVersion": item["apiVersion"], **involved},
        "reason": "Touched", "message": "as it is", "type": "Normal", "count": 1,
        "source": {"component": "somebody"},
        "firstTimestamp": STAMP, "lastTimestamp": "2026-11-23T22:33:51Z",
    }  # fmt: skip
    return {"type": "ADDED", "resource": "events", "kind": "Event", "object": body}
