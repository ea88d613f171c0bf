"""Events as client-go's recorders write them: counted, combined, and dropped when too many.

tools/record/events_cache.go: the tenth and later of similar messages within ten minutes become
one "combined" Event; beyond 25 in a burst and one in 300 s a source's Events about an object are
dropped. The scheduler's recorder (tools/events) writes eventTime and a series.
"""

from dataclasses import dataclass, field

from tests.scenarios.fields import SECOND, Raw, entry, micro, stamp
from tests.scenarios.simulated.api import NODE, Api

_BURST = 25
_REFILL = 300 * SECOND
_SIMILAR = 10
_WINDOW = 600 * SECOND


@dataclass
class _Spam:
    tokens: float = _BURST
    seen: int = 0


@dataclass
class _Similar:
    seen: int = 0
    messages: set[str] = field(default_factory=set)


class Recorder:
    """All components' recorders."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._events: dict[tuple[str, ...], Raw] = {}
        self._spam: dict[tuple[str, ...], _Spam] = {}
        self._similar: dict[tuple[str, ...], _Similar] = {}
        self.dropped = 0

    def event(
        self, item: Raw, reason: str, component: str, message: str, *,
        type_: str = "Normal", path: str = "",
    ) -> None:  # fmt: skip
        """The legacy recorder's."""
        if not self._may_pass(component, item):
            self.dropped += 1
            return
        key: tuple[str, ...] = (component, item["metadata"]["uid"], path, type_, reason)
        if self._are_many(key, message):
            message = f"(combined from similar events): {message}"
            key = (*key, "combined")
        else:
            key = (*key, message)
        known = self._events.get(key)
        if known is None:
            self._events[key] = self._new(item, reason, component, message, type_, path)
            self._api.send_event("ADDED", self._events[key])
            return
        known["count"] += 1
        known["message"] = message
        known["lastTimestamp"] = stamp(self._api.now)
        known["metadata"]["managedFields"] = [entry(component, self._api.now, {"f:count": {}})]
        self._api.send_event("MODIFIED", known)

    def by_scheduler(self, pod: Raw, reason: str, message: str, *, type_: str = "Normal") -> None:
        """The new recorder's: eventTime, no count."""
        now = self._api.now
        name = pod["metadata"]["name"]
        made = {
            "kind": "Event", "apiVersion": "v1",
            "metadata": self._meta(f"{name}.{now:x}", "kube-scheduler"),
            "involvedObject": _reference(pod), "reason": reason, "message": message,
            "source": {}, "firstTimestamp": None, "lastTimestamp": None, "type": type_,
            "eventTime": micro(now), "action": "Binding" if type_ == "Normal" else "Scheduling",
            "reportingComponent": "default-scheduler",
            "reportingInstance": "default-scheduler-vm",
        }  # fmt: skip
        self._api.send_event("ADDED", made)

    def _new(
        self, item: Raw, reason: str, component: str, message: str, type_: str, path: str
    ) -> Raw:
        now = self._api.now
        host = NODE if component == "kubelet" else ""
        involved = _reference(item) | ({"fieldPath": path} if path else {})
        return {
            "kind": "Event", "apiVersion": "v1",
            "metadata": self._meta(f"{item['metadata']['name']}.{now:x}", component),
            "involvedObject": involved, "reason": reason, "message": message,
            "source": {"component": component} | ({"host": host} if host else {}),
            "firstTimestamp": stamp(now), "lastTimestamp": stamp(now), "count": 1, "type": type_,
            "eventTime": None, "reportingComponent": component, "reportingInstance": host,
        }  # fmt: skip

    def _meta(self, name: str, manager: str) -> Raw:
        now = self._api.now
        return {
            "name": name, "namespace": self._api.namespace, "uid": self._api.uid(),
            "creationTimestamp": stamp(now),
            "managedFields": [entry(manager, now, {"f:count": {}})],
        }  # fmt: skip

    def _may_pass(self, component: str, item: Raw) -> bool:
        spam = self._spam.setdefault((component, item["metadata"]["uid"]), _Spam())
        now = self._api.now
        spam.tokens = min(_BURST, spam.tokens + (now - spam.seen) / _REFILL)
        spam.seen = now
        if spam.tokens < 1:
            return False
        spam.tokens -= 1
        return True

    def _are_many(self, key: tuple[str, ...], message: str) -> bool:
        similar = self._similar.setdefault(key, _Similar())
        if self._api.now - similar.seen > _WINDOW:
            similar.messages.clear()
        similar.seen = self._api.now
        similar.messages.add(message)
        return len(similar.messages) >= _SIMILAR


def _reference(item: Raw) -> Raw:
    meta = item["metadata"]
    return {
        "kind": item["kind"], "namespace": meta["namespace"], "name": meta["name"],
        "uid": meta["uid"], "apiVersion": item["apiVersion"],
        "resourceVersion": meta["resourceVersion"],
    }  # fmt: skip
