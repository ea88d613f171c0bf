"""A cluster as kubectl sees it."""

import json
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.e2e.processes import Program, wait

Raw = dict[str, Any]
GROUPS = {
    "pods": "/api/v1", "events": "/api/v1", "nodes": "/api/v1", "namespaces": "/api/v1",
    "serviceaccounts": "/api/v1", "configmaps": "/api/v1", "deployments": "/apis/apps/v1",
    "replicasets": "/apis/apps/v1", "statefulsets": "/apis/apps/v1", "daemonsets": "/apis/apps/v1",
    "jobs": "/apis/batch/v1", "cronjobs": "/apis/batch/v1",
    "leases": "/apis/coordination.k8s.io/v1",
}  # fmt: skip


class Kube:
    """kubectl with one kubeconfig, and its proxy for what is asked often."""

    def __init__(self, *, kubectl: Path | str, kubeconfig: Path, logs: Path) -> None:
        self.kubeconfig = kubeconfig
        self._kubectl = [str(kubectl), f"--kubeconfig={kubeconfig}"]
        self._proxy = Program("kubectl-proxy", [*self._kubectl, "proxy", "--port=0"], logs=logs)
        self._url = ""

    def start(self) -> None:
        """Start the proxy, which keeps a cluster's credentials out of here."""
        self._proxy.start()
        port = wait("kubectl's proxy", lambda: self._proxy.text.strip().rpartition(":")[2])
        self._url = f"http://127.0.0.1:{port}"

    def stop(self) -> None:
        """End the proxy."""
        self._proxy.kill()

    def run(self, *arguments: str, given: str = "", check: bool = True) -> str:
        """What kubectl prints; where it may fail, with its errors."""
        code, printed, errors = self.tried(*arguments, given=given)
        assert not check or code == 0, f"kubectl {' '.join(arguments)}: {errors}"
        return printed + ("" if check else errors)

    def tried(self, *arguments: str, given: str = "") -> tuple[int, str, str]:
        """kubectl's exit code, what it prints, and its errors."""
        command = [*self._kubectl, *arguments]
        done = subprocess.run(command, input=given, capture_output=True, text=True)
        return done.returncode, done.stdout, done.stderr

    def apply(self, *objects: Mapping[str, Any], namespace: str = "") -> None:
        """`kubectl apply` of these."""
        scope = [f"--namespace={namespace}"] if namespace else []
        self.run("apply", "-f", "-", *scope, given=yaml.safe_dump_all(objects))

    def ask(self, path: str, *, method: str = "GET", body: Any = None, kind: str = "json") -> Any:
        """A request to the API, by a path; None where nothing is there."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            self._url + path, data=data, method=method,
            headers={"Content-Type": f"application/{kind}"},
        )  # fmt: skip
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
                return json.load(response)
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return None
            raise AssertionError(f"{path}: {error.read()[:1000]!r}") from None

    def watch(self, path: str) -> Iterator[bytes]:
        """The lines of a WATCH, of all that is there first. OSError where it ends."""
        with urllib.request.urlopen(f"{self._url}{path}?watch=1") as response:
            yield from response

    def items(self, plural: str, namespace: str = "") -> list[Raw]:
        """All objects of a resource, in a namespace or in all."""
        scope = f"/namespaces/{namespace}" if namespace else ""
        found = self.ask(f"{GROUPS[plural]}{scope}/{plural}")
        return found["items"] if found else []

    def one(self, plural: str, name: str, namespace: str) -> Raw | None:
        """One object, if it is there."""
        found: Raw | None = self.ask(f"{GROUPS[plural]}/namespaces/{namespace}/{plural}/{name}")
        return found

    def reasons(self, namespace: str) -> list[str]:
        """The reasons of a namespace's Events."""
        return [event["reason"] for event in self.items("events", namespace)]

    def are_ready(self, namespace: str, *, pods: int) -> bool:
        """Whether so many pods are ready, and no other is there."""
        found = self.items("pods", namespace)
        ready = [
            pod
            for pod in found
            for condition in pod.get("status", {}).get("conditions", [])
            if condition["type"] == "Ready" and condition["status"] == "True"
        ]
        return len(ready) == len(found) == pods
