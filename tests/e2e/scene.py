"""A rollout's namespace, what is planted in it, and what `kubectl rollout status` said."""

import time
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from tests.e2e.kube import Raw
from tests.e2e.stage import Stage

ENVIRON, ARGUMENT, SECRET, CONFIG, LATER = (
    f"planted-{what}-c41f9" for what in ("environ", "argument", "secret", "config", "later")
)
"""Values that must not leave the cluster (law 14)."""
PLANTED = (ENVIRON, ARGUMENT, SECRET, CONFIG, LATER)
_BETWEEN = 3.0
"""Seconds before the next change: changes are told apart by their second."""


class Word(NamedTuple):
    """What kubectl said about a generation of a workload, and when (Unix seconds)."""

    target: str
    generation: int
    code: int
    text: str
    at: float

    @property
    def outcome(self) -> str:
        """The product's word for it; empty where kubectl only gave up."""
        if self.code == 0:
            return "complete"
        return "failed" if "exceeded its progress deadline" in self.text else ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Scene(Stage):
    """A stage on which rollouts are watched by kubectl."""

    words: list[Word] = field(default_factory=list)

    def shell(self, script: str = "exec sleep 86400", **container: Any) -> Raw:
        """A container's fields: a shell, an argument and a variable, both planted."""
        return {
            "command": ["sh", "-c", script], "args": [ARGUMENT],
            "env": [{"name": "PLANTED", "value": ENVIRON}], **container,
        }  # fmt: skip

    def deploy(self, container: Raw, *, spec: Raw | None = None, **fields: Any) -> None:
        """A Deployment of one pod, unless `fields` say otherwise."""
        template = self.pod(spec=spec, **container)
        self.apply(self.workload("Deployment", template=template, **fields))

    def change(self, *arguments: str) -> None:
        """kubectl, once what was done before has settled for a moment."""
        time.sleep(_BETWEEN)
        self.kubectl(*arguments)

    def roll_out(self, target: str = "deployment/web", *, timeout: int = 300) -> None:
        """`kubectl rollout status`, to its end."""
        kind, _, name = target.partition("/")
        found = self.kube.one(f"{kind}s", name, self.namespace)
        assert found, target
        code, printed, errors = self.kube.tried(
            "rollout", "status", target, f"--namespace={self.namespace}", f"--timeout={timeout}s"
        )
        text = (printed + errors).strip().rpartition("\n")[2]
        generation = found["metadata"]["generation"]
        self.words.append(Word(target, generation, code, text, time.time()))

    def evict(self) -> None:
        """One of its pods, as `kubectl drain` does: the Eviction API writes no Event."""
        time.sleep(_BETWEEN)
        (first, *_) = self.kube.items("pods", self.namespace)
        name = first["metadata"]["name"]
        body = {
            "apiVersion": "policy/v1", "kind": "Eviction",
            "metadata": {"name": name, "namespace": self.namespace},
        }  # fmt: skip
        path = f"/api/v1/namespaces/{self.namespace}/pods/{name}/eviction"
        assert self.kube.ask(path, method="POST", body=body)
