"""`event-tracer` as a process, as people run it."""

import os
import re
import subprocess
import sys
import urllib.request
from pathlib import Path

from tests.e2e.processes import Program, wait

COMMAND = str(Path(sys.executable).with_name("event-tracer"))


class Bridge:
    """One `event-tracer run`, beside the cluster."""

    def __init__(
        self, name: str, *, folder: Path, kubeconfig: Path, endpoint: str, port: int = 0,
        checkpoint: str = "", arguments: tuple[str, ...] = (), **environ: str,
    ) -> None:  # fmt: skip
        folder.mkdir(parents=True, exist_ok=True)
        self._url = f"http://127.0.0.1:{port}"
        address = f"127.0.0.1:{port}" if port else "none"
        command = [
            COMMAND, "run", f"--kubeconfig={kubeconfig}", f"--bind-address={address}",
            f"--checkpoint={checkpoint or folder / 'checkpoint'}", *arguments,
        ]  # fmt: skip
        self.program = Program(
            name, command, logs=folder,
            environ={"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, **environ},
        )  # fmt: skip

    def start(self) -> "Bridge":
        """Start it, until it has read what there is."""
        self.program.start()
        wait(f"{self.program.name} to have read all", self._has_read, within=120)
        return self

    @staticmethod
    def recorder(file: Path, *, folder: Path, kubeconfig: Path) -> Program:
        """`event-tracer record` of all that happens."""
        command = [COMMAND, "record", f"--kubeconfig={kubeconfig}", str(file)]
        return Program("recorder", command, logs=folder)

    def metrics(self) -> str:
        """All metrics, as Prometheus reads them."""
        with urllib.request.urlopen(f"{self._url}/metrics", timeout=30) as response:
            text: str = response.read().decode()
            return text

    def metric(self, name: str, **labels: str) -> float:
        """The sum of a metric over all that has these labels; 0 where there is none."""
        wanted = [f'{key}="{value}"' for key, value in labels.items()]
        return sum(
            float(line.rpartition(" ")[2])
            for line in self.metrics().splitlines()
            if re.match(rf"{name}[{{ ]", line) and all(label in line for label in wanted)
        )

    def _has_read(self) -> bool:
        assert self.program.is_running, self.program.text[-3000:]
        return " was read" in self.program.text.rpartition("running")[2]


def run(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """One command, to its end."""
    return subprocess.run(
        [COMMAND, *arguments], capture_output=True, text=True, timeout=300,
        env={**os.environ, **environ},
    )  # fmt: skip
