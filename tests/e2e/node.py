"""A real node on loopback: kubelet, containerd, runc."""

import json
import os
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

import yaml

from tests.e2e.controlplane import ControlPlane
from tests.e2e.processes import Program, wait

_CONTAINERD = """\
version = 2
root = "{root}/containerd"
state = "{root}/run"
[grpc]
  address = "{socket}"
[debug]
  level = "warn"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{pause}"
  disable_apparmor = true
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "native"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "{root}/cni"
"""
_CNI = {"cniVersion": "0.4.0", "name": "loopback", "plugins": [{"type": "loopback"}]}


class Node:
    """One node; its pods share the machine's network (`hostNetwork`)."""

    def __init__(
        self, plane: ControlPlane, *, name: str, port: int, pause: str, taint: str = ""
    ) -> None:
        self.name = name
        self._plane, self._port, self._taint = plane, port, taint
        self._root = plane.folder / name
        self._socket = self._root / "containerd.sock"
        (self._root / "cni").mkdir(parents=True)
        (self._root / "cni" / "10-loopback.conflist").write_text(json.dumps(_CNI))
        config = _CONTAINERD.format(root=self._root, socket=self._socket, pause=pause)
        (self._root / "containerd.toml").write_text(config)
        self.runtime, self.kubelet = self._containerd(), self._kubelet()

    def start(self) -> None:
        """Both programs, until the node is ready."""
        self.runtime.start()
        wait("containerd", self._socket.exists)
        self.kubelet.start()
        wait(f"node {self.name}", self._is_ready, within=120)

    def stop(self) -> None:
        """Both programs, and every container of theirs."""
        self.kubelet.kill()
        self._remove_containers()
        self.runtime.kill()
        self._end_shims()
        mounts = Path("/proc/self/mounts").read_text().splitlines()
        for mounted in reversed([line.split()[1] for line in mounts]):
            if mounted.startswith(str(self._root)):
                subprocess.run(["umount", "-l", mounted], check=False)

    def _remove_containers(self) -> None:
        ctr = ["ctr", "--address", str(self._socket), "--namespace", "k8s.io"]
        if not self.runtime.is_running:
            return
        listed = subprocess.run([*ctr, "tasks", "ls", "-q"], capture_output=True, text=True)
        for task in listed.stdout.split():
            subprocess.run([*ctr, "tasks", "rm", "--force", task], capture_output=True)

    def _end_shims(self) -> None:
        """Those of containers that were being made; a shim outlives its containerd."""
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):  # it has ended meanwhile
                if str(self._socket).encode() in (process / "cmdline").read_bytes().split(b"\0"):
                    os.kill(int(process.name), signal.SIGKILL)

    def _is_ready(self) -> bool:
        assert self.kubelet.is_running, self.kubelet.text[-3000:]
        return any(
            condition["type"] == "Ready" and condition["status"] == "True"
            for node in self._plane.kube.items("nodes")
            if node["metadata"]["name"] == self.name
            for condition in node["status"]["conditions"]
        )

    def _containerd(self) -> Program:
        config = self._root / "containerd.toml"
        command = ["containerd", "--config", str(config)]
        return Program(f"containerd-{self.name}", command, logs=self._plane.logs)

    def _kubelet(self) -> Program:
        config = self._root / "kubelet.yaml"
        config.write_text(yaml.safe_dump({
            "apiVersion": "kubelet.config.k8s.io/v1beta1", "kind": "KubeletConfiguration",
            "cgroupDriver": "cgroupfs", "cgroupsPerQOS": False, "enforceNodeAllocatable": [],
            "failSwapOn": False, "authentication": {"anonymous": {"enabled": True}},
            "authorization": {"mode": "AlwaysAllow"}, "port": self._port,
            "address": "127.0.0.1", "healthzPort": self._port + 1, "readOnlyPort": 0,
            "podLogsDir": str(self._root / "logs"), "resolvConf": "",
            "containerRuntimeEndpoint": f"unix://{self._socket}",
            "nodeStatusUpdateFrequency": "4s", "nodeLeaseDurationSeconds": 8,
            "evictionHard": {"memory.available": "1Mi"}, "failCgroupV1": False,
            "registerWithTaints": [
                {"key": self._taint, "effect": "NoSchedule"}
            ] if self._taint else [],
        }))  # fmt: skip
        kubeconfig = self._plane.kubeconfig_of(f"node-{self.name}", f"{self.name}-token")
        return Program(f"kubelet-{self.name}", [
            self._plane.binaries / "kubelet", f"--config={config}", f"--kubeconfig={kubeconfig}",
            f"--hostname-override={self.name}", "--node-ip=127.0.0.1",
            f"--root-dir={self._root / 'kubelet'}", f"--cert-dir={self._root / 'pki'}",
        ], logs=self._plane.logs)  # fmt: skip
