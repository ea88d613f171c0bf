"""How a real API server writes times and managedFields."""

from datetime import UTC, datetime
from typing import Any

Raw = dict[str, Any]
SECOND = 1_000_000_000


def stamp(time: int) -> str:
    """metav1.Time: whole seconds."""
    return datetime.fromtimestamp(time // SECOND, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def micro(time: int) -> str:
    """metav1.MicroTime."""
    moment = datetime.fromtimestamp(time // SECOND, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{moment}.{time % SECOND // 1000:06d}Z"


def entry(
    manager: str, time: int | None, fields: Raw, *, subresource: str = "", operation: str = "Update"
) -> Raw:
    """One managedFields entry."""
    made: Raw = {"manager": manager, "operation": operation, "fieldsType": "FieldsV1"}
    if time is not None:
        made["time"] = stamp(time)
    if subresource:
        made["subresource"] = subresource
    return {**made, "fieldsV1": fields}


SPEC: Raw = {"f:spec": {"f:replicas": {}, "f:selector": {}, "f:template": {"f:spec": {}}}}
TEMPLATE: Raw = {"f:spec": {"f:template": {"f:spec": {"f:containers": {}}}}}
RESTART: Raw = {
    "f:spec": {
        "f:template": {
            "f:metadata": {"f:annotations": {".": {}, "f:kubectl.kubernetes.io/restartedAt": {}}}
        }
    }
}
REPLICAS: Raw = {"f:spec": {"f:replicas": {}}}
PAUSED: Raw = {"f:spec": {"f:paused": {}}}
VOLUME: Raw = {"f:spec": {"f:volumeName": {}}}
STATUS: Raw = {"f:status": {"f:conditions": {}}}
