"""A run at an API server without any object of what it reads, while other tests go on."""

import time
from pathlib import Path
from threading import Thread

from tests.e2e.bridge import Bridge
from tests.e2e.controlplane import ControlPlane
from tests.e2e.processes import wait
from tests.e2e.site import ports

MINUTES = 14
"""Longer than etcd keeps history: 10 minutes, and what a WATCH lasts."""
_MINUTE = 60.0  # seconds


class Idle:
    """The API server, with no controllers; the run; and its metrics of each minute."""

    def __init__(self, folder: Path, *, endpoint: str) -> None:
        self._plane = ControlPlane(folder / "cluster", first_port=ports())
        self._bridge = Bridge(
            "idle", folder=folder / "bridge", endpoint=endpoint, port=ports(),
            kubeconfig=self._plane.kubeconfig,
        )  # fmt: skip
        self._metrics: list[str] = []
        self._said = ""

    def start(self) -> "Idle":
        """Start it, and leave it alone."""
        self._plane.start_api_server()
        self._bridge.start()
        Thread(target=self._look, daemon=True).start()
        return self

    def stop(self) -> None:
        """All of it."""
        self._bridge.program.kill()
        self._plane.stop()

    def _look(self) -> None:
        began = time.monotonic()
        for minute in range(1, MINUTES + 1):
            time.sleep(max(0.0, began + minute * _MINUTE - time.monotonic()))
            told, self._said = self._bridge.metrics(), self._bridge.program.text
            self._metrics.append(told)

    def metrics(self) -> list[str]:
        """Those of each of its minutes, once they are over."""
        wait("its minutes", self._is_over, within=(MINUTES + 1) * _MINUTE)
        return self._metrics

    def said(self) -> list[str]:
        """The lines of its stderr by the last of these minutes."""
        wait("its minutes", self._is_over, within=(MINUTES + 1) * _MINUTE)
        return self._said.splitlines()

    def _is_over(self) -> bool:
        assert self._bridge.program.is_running, self._bridge.program.text[-3000:]
        return len(self._metrics) == MINUTES
