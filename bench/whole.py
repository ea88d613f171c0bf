"""Objects of rollouts as the API server writes them: whole, with a pod's frame to each Event.

pod.json is a ready pod of a capture (Kubernetes 1.34), with the volume of a ServiceAccount: 5 KB,
of which half are metadata. Where only metadata is asked for, the same frames come without the rest.
"""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Raw = dict[str, Any]
_POD: Raw = json.loads(Path(__file__).with_name("pod.json").read_text())
_STEPS = {"Scheduled": 1, "SuccessfulCreate": 1, "Pulled": 2, "Created": 2, "Started": 3}
_HOLDS = {
    "PodScheduled": 1, "Initialized": 2, "PodReadyToStartContainers": 3, "ContainersReady": 3,
    "Ready": 3,
}  # fmt: skip
"""From which step on a condition is True."""
_BACK_OFFS = 4
"""Back-offs of a container between two of its ends."""


@dataclass(slots=True)
class _Life:
    """When a pod reached each step, how often its container has ended, and when last."""

    since: dict[int, str] = field(default_factory=dict)
    ends: int = 0
    ended: str = ""

    @property
    def step(self) -> int:
        return max(self.since)

    def end(self, ends: int, *, at: str) -> None:
        """So many ends by then."""
        if ends > self.ends:
            self.ends, self.ended = ends, at


class Whole:
    """Follows one stream of frames; `has_status` unless only metadata is asked for."""

    def __init__(self, *, has_status: bool) -> None:
        self._has_status = has_status
        self.objects: dict[str, Raw] = {}
        """The newest frame of each object that is there, by uid."""
        self._uids: dict[str, str] = {}
        self._lives: dict[str, _Life] = {}
        self._wanted: dict[str, int] = {}
        self._ready: Counter[str] = Counter()

    def frames(self, frame: Raw) -> Iterator[Raw]:
        """A frame, and what is written about objects with it."""
        if frame["resource"] != "events":
            yield self._object(frame)
            return
        yield frame
        yield from self._after(frame["object"])

    def _object(self, frame: Raw) -> Raw:
        meta = frame["object"]["metadata"]
        uid, is_new = meta["uid"], frame["type"] == "ADDED"
        if frame["resource"] == "pods":
            meta = {**meta, "managedFields": _POD["managedFields"]}
            if is_new:
                self._uids[meta["name"]] = uid
                self._lives[uid] = _Life({0: meta["creationTimestamp"]})
            elif frame["type"] == "DELETED":
                return self._gone(frame, meta)
            made = self._pod(meta, _status(self._lives[uid]))
        else:
            self._uids[meta["name"]] = uid
            made = self._workload(frame["kind"], meta, at="")
        self.objects[uid] = {**frame, "object": made}
        return self.objects[uid]

    def _gone(self, frame: Raw, meta: Raw) -> Raw:
        uid = meta["uid"]
        life = self._lives.pop(uid)
        del self.objects[uid], self._uids[meta["name"]]
        self._ready[_owner(meta)] -= life.step == 3
        return {**frame, "object": self._pod(meta, _status(life))}

    def _after(self, event: Raw) -> Iterator[Raw]:
        reason, involved = event["reason"], event["involvedObject"]["uid"]
        if reason == "ScalingReplicaSet":
            words = event["message"].split(" ")
            for uid in (involved, self._uids[words[4]]):
                self._wanted[uid] = int(words[-1])
            return
        uid = involved
        if reason == "SuccessfulCreate":
            uid = self._uids[event["message"].rpartition(" ")[2]]
        if uid in self._lives:
            yield from self._on(uid, event)

    def _on(self, uid: str, event: Raw) -> Iterator[Raw]:
        life, at = self._lives[uid], f"{(event['lastTimestamp'] or event['eventTime'])[:19]}Z"
        was_ready = life.step == 3
        life.since.setdefault(_STEPS.get(event["reason"], 3), at)
        if event["reason"] == "BackOff":
            life.end((event["count"] + _BACK_OFFS - 1) // _BACK_OFFS, at=at)
        meta = _meta(self.objects[uid])
        yield self._modified(uid, self._pod(meta, _status(life)))
        if life.step == 3 and not was_ready:
            yield from self._one_more(_owner(meta), at)

    def _one_more(self, replica_set: str, at: str) -> Iterator[Raw]:
        """What is written of the owners once the last of the pods is ready."""
        self._ready[replica_set] += 1
        if self._ready[replica_set] == self._wanted[replica_set]:
            for uid in (replica_set, _owner(_meta(self.objects[replica_set]))):
                self._ready[uid] = self._wanted[uid]
                frame = self.objects[uid]
                yield self._modified(uid, self._workload(frame["kind"], _meta(frame), at=at))

    def _modified(self, uid: str, made: Raw) -> Raw:
        self.objects[uid] = {**self.objects[uid], "type": "MODIFIED", "object": made}
        return self.objects[uid]

    def _pod(self, meta: Raw, status: Raw) -> Raw:
        return self._object_of("Pod", meta, spec=_POD["spec"], status=status)

    def _workload(self, kind: str, meta: Raw, *, at: str) -> Raw:
        wanted, ready = self._wanted.get(meta["uid"], 0), self._ready[meta["uid"]]
        status: Raw = {
            "observedGeneration": meta["generation"] if wanted else 0, "replicas": wanted,
            "readyReplicas": ready, "availableReplicas": ready,
        }  # fmt: skip
        if kind == "Deployment":
            status |= {"updatedReplicas": wanted, "conditions": [_progressing(meta, at)]}
        spec = {
            "replicas": wanted or 1, "selector": {"matchLabels": {"app": "web"}},
            "template": {"metadata": {"labels": {"app": "web"}}, "spec": _POD["spec"]},
            "progressDeadlineSeconds": 600,
        }  # fmt: skip
        return self._object_of(kind, meta, spec=spec, status=status)

    def _object_of(self, kind: str, meta: Raw, **rest: Raw) -> Raw:
        if not self._has_status:
            partial = {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1"}
            return {**partial, "metadata": meta}
        version = "v1" if kind == "Pod" else "apps/v1"
        return {"kind": kind, "apiVersion": version, "metadata": meta, **rest}


def _progressing(meta: Raw, at: str) -> Raw:
    """Once all are ready its last update is of then (`at`)."""
    return {
        "type": "Progressing", "status": "True",
        "reason": "NewReplicaSetAvailable" if at else "ReplicaSetUpdated",
        "lastUpdateTime": at or meta["creationTimestamp"],
        "lastTransitionTime": meta["creationTimestamp"],
    }  # fmt: skip


def _meta(frame: Raw) -> Raw:
    return dict(frame["object"]["metadata"])


def _owner(meta: Raw) -> str:
    return str(meta["ownerReferences"][0]["uid"])


def _status(life: _Life) -> Raw:
    if not life.step:
        return {"phase": "Pending", "qosClass": "BestEffort"}
    (model,) = _POD["status"]["containerStatuses"]
    container = {**model, "ready": life.step == 3 and not life.ends, "started": life.step == 3}
    if life.step < 3:
        container["state"] = {"waiting": {"reason": "ContainerCreating"}}
        del container["containerID"]
    else:
        container["state"] = {"running": {"startedAt": life.since[3]}}
    if life.ends:
        container |= _ended(life)
    return {
        **_POD["status"], "phase": "Running" if life.step == 3 else "Pending",
        "startTime": life.since[0], "containerStatuses": [container],
        "conditions": [_condition(each, life) for each in _POD["status"]["conditions"]],
    }  # fmt: skip


def _ended(life: _Life) -> Raw:
    terminated = {
        "exitCode": 1, "reason": "Error", "startedAt": life.ended, "finishedAt": life.ended,
        "containerID": f"containerd://{life.ends:064x}",
    }  # fmt: skip
    waiting = {"reason": "CrashLoopBackOff", "message": "back-off 40s restarting failed container"}
    return {
        "state": {"waiting": waiting}, "lastState": {"terminated": terminated},
        "restartCount": life.ends, "containerID": terminated["containerID"],
    }  # fmt: skip


def _condition(model: Raw, life: _Life) -> Raw:
    name = model["type"]
    if life.ends and name in ("Ready", "ContainersReady"):
        down = {"status": "False", "reason": "ContainersNotReady"}
        return {**model, **down, "lastTransitionTime": life.ended}
    holds = life.step >= _HOLDS[name]
    since = life.since.get(_HOLDS[name] if holds else 1, life.since[0])
    return {**model, "status": str(holds), "lastTransitionTime": since}
