"""What writes frames as an API server does: Events by both recorders, and objects' metadata."""

import random
import uuid
from dataclasses import dataclass, field

from tests.scenarios.fields import SPEC, Raw, entry, micro, stamp

START = 1_795_473_171_600_000_000
_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"


@dataclass
class Writer:
    """Its frames stand in `frames`, in order of arrival; `times` are when each was written."""

    seed: int = 0
    now: int = START
    namespace: str = "shop"
    frames: list[Raw] = field(default_factory=list)
    times: list[int] = field(default_factory=list)
    version: int = 100
    objects: dict[tuple[str, str], Raw] = field(default_factory=dict)
    events: dict[str, Raw] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)

    def event(
        self, item: Raw, reason: str, component: str, message: str, *,
        type_: str = "Normal", path: str = "",
    ) -> Raw:  # fmt: skip
        """A new Event by the legacy recorder."""
        meta = item["metadata"]
        involved = {key: meta[key] for key in ("name", "namespace", "uid", "resourceVersion")}
        made: Raw = {
            "kind": "Event", "apiVersion": "v1",
            "metadata": self._meta(f"{meta['name']}.{self.now:x}", [entry(component, self.now, {})]),
            "involvedObject": {"kind": item["_kind"], **involved},
            "reason": reason, "message": message, "type": type_, "count": 1,
            "source": {"component": component} | ({"host": "node-1"} if component == "kubelet" else {}),
            "firstTimestamp": stamp(self.now), "lastTimestamp": stamp(self.now), "eventTime": None,
            "reportingComponent": component, "reportingInstance": "",
        }  # fmt: skip
        if path:
            made["involvedObject"]["fieldPath"] = path
        return self._event_frame("ADDED", made)

    def scheduled(self, pod: Raw) -> Raw:
        """An Event by the new recorder, which the scheduler uses."""
        meta = pod["metadata"]
        involved = {key: meta[key] for key in ("name", "namespace", "uid", "resourceVersion")}
        made = {
            "kind": "Event", "apiVersion": "v1", "metadata": self._meta(f"{meta['name']}.{self.now:x}"),
            "involvedObject": {"kind": "Pod", **involved}, "reason": "Scheduled", "type": "Normal",
            "message": f"Successfully assigned {self.namespace}/{meta['name']} to node-1",
            "source": {}, "firstTimestamp": None, "lastTimestamp": None, "action": "Binding",
            "eventTime": micro(self.now), "reportingComponent": "default-scheduler",
            "reportingInstance": "default-scheduler-1",
        }  # fmt: skip
        return self._event_frame("ADDED", made)

    def repeat(self, event: Raw, *, count: int) -> Raw:
        """The same Event once more: a PATCH of count and lastTimestamp."""
        fields = [entry(event["source"]["component"], self.now, {})]
        meta = {**event["metadata"], "resourceVersion": self._next(), "managedFields": fields}
        return self._event_frame(
            "MODIFIED",
            {**event, "metadata": meta, "count": count, "lastTimestamp": stamp(self.now)},
        )

    # -- inside

    def _new(
        self, resource: str, kind: str, name: str, *,
        owner: Raw | None = None, fields: list[Raw] | None = None,
    ) -> Raw:  # fmt: skip
        made = fields or [entry("kube-controller-manager", self.now, SPEC)]
        item: Raw = {"_kind": kind, "metadata": self._meta(name, made) | {"generation": 1}}
        if owner:
            meta = owner["metadata"]
            reference = {"kind": owner["_kind"], "name": meta["name"], "uid": meta["uid"]}
            item["metadata"]["ownerReferences"] = [
                {"apiVersion": "apps/v1", "controller": True, **reference}
            ]
        self.objects[resource, name] = item
        self._frame("ADDED", resource, name)
        return self.objects[resource, name]

    def _frame(self, type_: str, resource: str, name: str) -> None:
        item = self.objects[resource, name]
        item["metadata"] = {**item["metadata"], "resourceVersion": self._next()}
        body = {
            "kind": "PartialObjectMetadata",
            "apiVersion": "meta.k8s.io/v1",
            "metadata": dict(item["metadata"]),
        }
        if "status" in item:  # who reads metadata alone leaves out the rest
            version = "v1" if item["_kind"] == "Pod" else "apps/v1"
            body |= {"kind": item["_kind"], "apiVersion": version}
            body |= {"spec": item["spec"], "status": item["status"]}
        self._send({"type": type_, "resource": resource, "kind": item["_kind"], "object": body})
        if type_ == "DELETED":
            del self.objects[resource, name]

    def _event_frame(self, type_: str, event: Raw) -> Raw:
        self.events[event["metadata"]["uid"]] = event
        self._send({"type": type_, "resource": "events", "kind": "Event", "object": event})
        return event

    def _send(self, frame: Raw) -> None:
        self.frames.append(frame)
        self.times.append(self.now)

    def _meta(self, name: str, fields: list[Raw] | None = None) -> Raw:
        return {
            "name": name, "namespace": self.namespace, "uid": self._uid(),
            "resourceVersion": self._next(), "creationTimestamp": stamp(self.now),
            "managedFields": fields or [entry("kube-scheduler", self.now, {})],
        }  # fmt: skip

    def _uid(self) -> str:
        return str(uuid.UUID(int=self.random.getrandbits(128), version=4))

    def _next(self) -> str:
        self.version += 1
        return str(self.version)

    def _word(self, length: int) -> str:
        return "".join(self.random.choice(_ALPHABET) for _ in range(length))
