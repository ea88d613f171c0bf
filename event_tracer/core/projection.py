"""What of an object other than an Event is kept and recorded (laws 11 and 14).

Of its metadata nearly all; of its spec and status the fields that the tables name. So no value of
an environment variable, argument or annotation of kubectl's, and no output of a container, is in a
recording: what a container leaves in its termination message stands in the messages of its states.
"""

from collections.abc import Mapping
from typing import Any

from event_tracer.core.tables import PAUSES, RESTARTS
from event_tracer.core.wire import number_of, without_applied

Raw = dict[str, Any]
Shape = Mapping[str, Any]
"""By field the type of a value, the shape of an object or of each in a list of these, or what is
kept of a value."""


def _numeral(value: object) -> object:
    return None if number_of(value) is None else value


_CONTAINER: Shape = {"name": str, "image": str, "readinessProbe": {}}
_STRATEGY: Shape = {"type": str, "rollingUpdate": {"partition": int}}
SPEC: Shape = {
    "replicas": int, "paused": bool, "suspend": bool, "minReadySeconds": int,
    "progressDeadlineSeconds": int, "strategy": _STRATEGY, "updateStrategy": _STRATEGY,
    "nodeName": str, "containers": _CONTAINER, "initContainers": _CONTAINER,
}  # fmt: skip
"""Of a probe it is kept that there is one."""

_STATE: Shape = {
    "waiting": {"reason": str},
    "terminated": {
        "exitCode": int, "signal": int, "reason": str, "startedAt": str, "finishedAt": str,
        "containerID": str,
    },
}  # fmt: skip
_CONTAINER_STATUS: Shape = {
    "name": str, "image": str, "restartCount": int, "ready": bool, "state": _STATE,
    "lastState": _STATE,
}  # fmt: skip
_CONDITION: Shape = {
    "type": str, "status": str, "reason": str, "message": str, "lastTransitionTime": str,
    "lastUpdateTime": str, "observedGeneration": _numeral,
}  # fmt: skip
STATUS: Shape = {
    "phase": str, "reason": str, "observedGeneration": _numeral, "conditions": _CONDITION,
    "containerStatuses": _CONTAINER_STATUS, "initContainerStatuses": _CONTAINER_STATUS,
    "replicas": int, "readyReplicas": int, "updatedReplicas": int, "availableReplicas": int,
    "desiredNumberScheduled": int, "updatedNumberScheduled": int, "numberAvailable": int,
    "numberReady": int, "completionTime": str,
}  # fmt: skip

_WRITE: Shape = {"manager": str, "operation": str, "subresource": str, "time": str}


def project(raw: Mapping[str, Any]) -> Raw:
    """A raw object with nothing in it but what is kept; of it the same is read."""
    meta = without_applied(raw).get("metadata")
    kept: Raw = _kept(raw, {"kind": str, "apiVersion": str})
    if isinstance(meta, Mapping):
        kept["metadata"] = _metadata(meta)
    kept |= _kept(raw, {"spec": SPEC, "status": STATUS})
    return kept


def _kept(value: object, shape: Any) -> Any:
    """`value` as far as `shape` names it; None where it is of another type."""
    if isinstance(shape, type):
        return value if type(value) is shape else None
    if callable(shape):
        return shape(value)
    if isinstance(value, Mapping):
        found = ((name, _kept(value.get(name), each)) for name, each in shape.items())
        return {name: each for name, each in found if each is not None}
    if isinstance(value, list):
        return [_kept(each, shape) for each in value if isinstance(each, Mapping)]
    return None


def _metadata(meta: Mapping[str, Any]) -> Raw:
    entries = meta.get("managedFields")
    if not isinstance(entries, list):
        return {key: value for key, value in meta.items() if key != "managedFields"}
    writes = [_write(entry) for entry in entries if isinstance(entry, Mapping)]
    return {**meta, "managedFields": writes}


def _write(entry: Mapping[str, Any]) -> Raw:
    fields = entry.get("fieldsV1")
    spec = fields.get("f:spec") if isinstance(fields, Mapping) else None
    kept: Raw = _kept(entry, _WRITE)
    return kept | {"fieldsV1": {"f:spec": _touched(spec)}} if isinstance(spec, dict) else kept


def _touched(spec: Raw) -> Raw:
    """The fields that a write touched, as far as they tell what it changed."""
    # `f:` stands before a field's name; `k:` and `v:` before keys and values of a list's items
    # (structured-merge-diff, fieldpath/serialize-pe.go).
    if spec in RESTARTS or spec in PAUSES:
        return spec
    return {name if name.startswith("f:") else name[:2]: {} for name in spec}
