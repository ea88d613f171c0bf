"""What the stories write: a namespace each, and small pods."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.e2e.kube import Kube, Raw

MISSING = "127.0.0.1:5999/moelove/non-exist:1"
"""An image that cannot be pulled: nothing listens there."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Stage:
    """One story's namespace."""

    kube: Kube
    namespace: str
    image: str
    lose_node: Callable[[], None]
    """Ends the programs of node-2."""

    def pod(self, *, spec: Mapping[str, Any] | None = None, **container: Any) -> Raw:
        """A pod's template; there is no network but the node's own."""
        return {
            "metadata": {"labels": {"app": "web"}},
            "spec": {
                "hostNetwork": True, "automountServiceAccountToken": False,
                "terminationGracePeriodSeconds": 1,
                "containers": [{
                    "name": "web", "image": self.image, "command": ["sleep", "1000000"],
                    **container,
                }],
                **(spec or {}),
            },
        }  # fmt: skip

    def workload(
        self, kind: str, *, name: str = "web", template: Raw | None = None,
        metadata: Mapping[str, Any] | None = None, **spec: Any,
    ) -> Raw:  # fmt: skip
        """A Deployment, StatefulSet or DaemonSet."""
        return {
            "apiVersion": "apps/v1", "kind": kind, "metadata": {"name": name, **(metadata or {})},
            "spec": {
                "selector": {"matchLabels": {"app": "web"}},
                "template": template or self.pod(), **spec,
            },
        }  # fmt: skip

    def job(self, *, name: str = "once", **container: Any) -> Raw:
        """A Job of one pod."""
        spec = {"restartPolicy": "Never"}
        return {
            "apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name},
            "spec": {"backoffLimit": 0, "template": self.pod(spec=spec, **container)},
        }  # fmt: skip

    def apply(self, *objects: Raw) -> None:
        """`kubectl apply` in this namespace."""
        self.kube.apply(*objects, namespace=self.namespace)

    def kubectl(self, *arguments: str) -> str:
        """kubectl in this namespace."""
        return self.kube.run(*arguments, f"--namespace={self.namespace}")

    def is_running(self, pods: int) -> bool:
        """Whether so many pods are ready, and no other is there."""
        return self.kube.are_ready(self.namespace, pods=pods)

    def count(self, reason: str, *, word: str = "") -> int:
        """How often something has happened, as the Events count it."""
        return sum(
            (event.get("series") or {}).get("count") or event.get("count") or 1
            for event in self.kube.items("events", self.namespace)
            if event["reason"] == reason and word in event.get("message", "")
        )
