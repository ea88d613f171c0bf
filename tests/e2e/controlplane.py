"""A real control plane on loopback: etcd, kube-apiserver, controllers, scheduler."""

import json
import ssl
import subprocess
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path

import yaml

from tests.e2e.kube import Kube
from tests.e2e.processes import Program, wait
from tests.e2e.programs import built

ADMIN = "admin-token"
_TOKENS = f"""\
{ADMIN},admin,admin,system:masters
node-1-token,system:node:node-1,node-1,system:nodes
node-2-token,system:node:node-2,node-2,system:nodes
"""


class ControlPlane:
    """Its programs, and kubeconfigs for those who speak to it."""

    def __init__(self, folder: Path, *, first_port: int) -> None:
        self.folder = folder
        self.logs = folder / "logs"
        self.logs.mkdir(parents=True)
        self.binaries = built("kubernetes")
        self.url = f"https://127.0.0.1:{first_port}"
        self._etcd_url = f"http://127.0.0.1:{first_port + 1}"
        self._ports = [str(first_port + offset) for offset in range(6)]
        self.kubeconfig = self.kubeconfig_of("admin", ADMIN)
        self.kube = Kube(
            kubectl=self.binaries / "kubectl", kubeconfig=self.kubeconfig, logs=self.logs
        )
        key = folder / "sa.key"
        subprocess.run(["openssl", "genrsa", "-out", key, "2048"], check=True, capture_output=True)
        (folder / "tokens.csv").write_text(_TOKENS)
        self.etcd, self.apiserver = self._etcd(), self._apiserver(key)
        self.controllers, self.scheduler = self._controllers(key), self._scheduler()

    def start(self) -> None:
        """All of it, and the first answer."""
        self.start_api_server()
        self.kube.start()
        self.controllers.start()
        self.scheduler.start()
        wait("a ServiceAccount", lambda: self.kube.items("serviceaccounts", "default"))

    def start_api_server(self) -> None:
        """It and its storage alone, until it is ready."""
        self.etcd.start()
        self.apiserver.start()
        self.wait_until_ready()

    def stop(self) -> None:
        """All of it, at once: nothing of it is kept."""
        self.kube.stop()
        for program in (self.scheduler, self.controllers, self.apiserver, self.etcd):
            program.kill()

    def wait_until_ready(self) -> None:
        """The API server's own word."""
        wait("the API server", self._is_ready, within=120)

    def kubeconfig_of(self, name: str, token: str) -> Path:
        """A kubeconfig with this token."""
        path = self.folder / f"{name}.kubeconfig"
        cluster = {"server": self.url, "certificate-authority": str(self.folder / "apiserver.crt")}
        path.write_text(yaml.safe_dump({
            "apiVersion": "v1", "kind": "Config", "current-context": "here",
            "clusters": [{"name": "here", "cluster": cluster}],
            "users": [{"name": name, "user": {"token": token}}],
            "contexts": [{"name": "here", "context": {"cluster": "here", "user": name}}],
        }))  # fmt: skip
        return path

    def compact(self) -> None:
        """Let etcd forget all history, as it does every five minutes."""
        status = self._ask("/v3/kv/range", {"key": "AA=="})
        revision = status["header"]["revision"]
        with suppress(urllib.error.HTTPError):  # compacted already
            self._ask("/v3/kv/compaction", {"revision": revision, "physical": True})

    def _ask(self, path: str, body: dict[str, object]) -> dict[str, dict[str, str]]:
        # etcd's gRPC gateway (etcd.io docs, "gRPC gateway"); bytes are base64.
        request = urllib.request.Request(self._etcd_url + path, data=json.dumps(body).encode())
        with urllib.request.urlopen(request, timeout=30) as response:
            found: dict[str, dict[str, str]] = json.load(response)
            return found

    def _is_ready(self) -> bool:
        assert self.apiserver.is_running, self.apiserver.text[-3000:]
        request = urllib.request.Request(
            f"{self.url}/readyz", headers={"Authorization": f"Bearer {ADMIN}"}
        )
        try:
            context = ssl.create_default_context(cafile=str(self.folder / "apiserver.crt"))
            with urllib.request.urlopen(request, context=context, timeout=5) as response:
                return bool(response.status == 200)
        except OSError:
            return False

    def _etcd(self) -> Program:
        peer = f"http://127.0.0.1:{self._ports[2]}"
        return Program("etcd", [
            built("etcd") / "etcd", "--unsafe-no-fsync", "--data-dir", self.folder / "etcd",
            "--listen-client-urls", self._etcd_url, "--advertise-client-urls", self._etcd_url,
            "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
            "--initial-cluster", f"default={peer}", "--log-level", "warn",
        ], logs=self.logs)  # fmt: skip

    def _apiserver(self, key: Path) -> Program:
        return Program("kube-apiserver", [
            self.binaries / "kube-apiserver", f"--etcd-servers={self._etcd_url}",
            f"--cert-dir={self.folder}", f"--secure-port={self._ports[0]}",
            "--bind-address=127.0.0.1", "--advertise-address=127.0.0.1",
            "--external-hostname=localhost", "--service-cluster-ip-range=10.0.0.0/24",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={key}", f"--service-account-signing-key-file={key}",
            "--authorization-mode=RBAC,Node", f"--token-auth-file={self.folder / 'tokens.csv'}",
            "--event-ttl=1h", "--endpoint-reconciler-type=none", "--allow-privileged=true",
        ], logs=self.logs)  # fmt: skip

    def _controllers(self, key: Path) -> Program:
        return Program("kube-controller-manager", [
            self.binaries / "kube-controller-manager", f"--kubeconfig={self.kubeconfig}",
            f"--service-account-private-key-file={key}", "--leader-elect=false",
            f"--root-ca-file={self.folder / 'apiserver.crt'}", "--bind-address=127.0.0.1",
            f"--secure-port={self._ports[3]}", f"--cert-dir={self.folder / 'kcm'}",
            "--use-service-account-credentials=true", "--node-monitor-grace-period=16s",
            "--node-monitor-period=2s",
        ], logs=self.logs)  # fmt: skip

    def _scheduler(self) -> Program:
        return Program("kube-scheduler", [
            self.binaries / "kube-scheduler", f"--kubeconfig={self.kubeconfig}",
            "--leader-elect=false", "--bind-address=127.0.0.1",
            f"--secure-port={self._ports[4]}", f"--cert-dir={self.folder / 'scheduler'}",
        ], logs=self.logs)  # fmt: skip
