"""`event-tracer` as a process, between a stand-in and a sink, and what it cost."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

_OFTEN = 0.005
_LAST = 2000  # characters
COMMAND = [sys.executable, "-m", "event_tracer"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """CPU and wall time in s, the largest RSS in MiB."""

    cpu: float
    wall: float
    rss: float

    def told(self) -> dict[str, Any]:
        """For a table."""
        return {
            "CPU s": round(self.cpu, 2), "wall s": round(self.wall, 2), "RSS MiB": round(self.rss),
        }  # fmt: skip


def cpu_of(pid: int) -> float:
    """Seconds of CPU that a process has had up to now."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Measured:
    """A process, from its start to its end; what it says goes to `log`."""

    def __init__(
        self, command: Sequence[str], *, environ: Mapping[str, str], log: Path = Path(os.devnull)
    ) -> None:
        self._begun = time.monotonic()
        self._log = log
        with log.open("ab") as out:
            self._process = subprocess.Popen(
                command, env={**os.environ, **environ}, stdout=out, stderr=out
            )

    @property
    def said(self) -> str:
        """The last that it said."""
        return self._log.read_text(errors="replace")[-_LAST:]

    @property
    def cpu(self) -> float:
        """Seconds of CPU up to now."""
        return cpu_of(self._process.pid)

    @property
    def rss(self) -> float:
        """MiB now."""
        pages = int(Path(f"/proc/{self._process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20

    @property
    def has_ended(self) -> bool:
        """Whether it has ended by itself."""
        return self._process.poll() is not None

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()
        self._process.wait()

    def stop(self) -> Cost:
        """SIGTERM; what it cost in all."""
        self._process.send_signal(signal.SIGTERM)
        return self.cost()

    def cost(self) -> Cost:
        """What it cost, once it has ended. Raises RuntimeError where it failed."""
        peak = 0.0
        while not (ended := os.wait4(self._process.pid, os.WNOHANG))[0]:
            peak = max(peak, self._peak())
            time.sleep(_OFTEN)
        _, status, usage = ended
        if os.waitstatus_to_exitcode(status):
            raise RuntimeError(f"exit code {os.waitstatus_to_exitcode(status)}")
        wall = time.monotonic() - self._begun
        return Cost(cpu=usage.ru_utime + usage.ru_stime, wall=wall, rss=peak)

    def _peak(self) -> float:
        # Not ru_maxrss, in which the parent's size at the fork counts (getrusage(2)).
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        sizes = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")]
        return int(sizes[0]) / 1024 if sizes else 0.0


class Helper:
    """The stand-in or the sink: a module of this package that prints its port."""

    def __init__(self, name: str, path: Path) -> None:
        self.path = path
        self._process = subprocess.Popen(
            [sys.executable, "-m", f"bench.{name}", str(path)], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self._process.stdout
        self.port = int(self._process.stdout.readline())

    def told(self, kind: str) -> int:
        """How many of these the sink has taken up to now."""
        return int(json.loads(self.path.read_text())[kind]) if self.path.exists() else 0

    def finish(self) -> None:
        """Let it write what it knows."""
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait()

    def kill(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait()


class Rig:
    """A sink, and a run between it and the API server of a kubeconfig."""

    def __init__(self, folder: Path, *, kubeconfig: Path) -> None:
        self.folder, self._kubeconfig = folder, kubeconfig
        self.sink = Helper("sink", folder / "sink")

    def run(self, *, has_status: bool) -> Measured:
        """Start `event-tracer run`."""
        places = {"kubeconfig": self._kubeconfig, "checkpoint": self.folder / "saved"}
        flags = [f"--{name}={place}" for name, place in places.items()]
        environ = {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{self.sink.port}"}
        flags += ["--bind-address=none", f"--status={'on' if has_status else 'off'}"]
        return Measured([*COMMAND, "run", *flags], environ=environ)

    def show(self, *, has_status: bool) -> Measured:
        """Start `event-tracer show` of all namespaces."""
        flags = [f"--kubeconfig={self._kubeconfig}", f"--status={'on' if has_status else 'off'}"]
        return Measured([*COMMAND, "show", "-A", *flags], environ={})

    def arrived(self) -> int:
        """How many event spans have come."""
        return self.sink.told("events")

    def wait(self, count: int, *, within: float = 600) -> float:
        """Until so many event spans have come; the seconds that took."""
        begun = time.monotonic()
        while self.arrived() < count:
            if time.monotonic() - begun > within:
                raise RuntimeError(f"{self.arrived()} of {count} spans after {within} s")
            time.sleep(0.05)
        return time.monotonic() - begun


@contextmanager
def rig(frames: Sequence[str]) -> Iterator[Rig]:
    """One at a stand-in that serves these frames; all of it is ended."""
    with tempfile.TemporaryDirectory() as name:
        file, config = Path(name) / "frames", Path(name) / "config"
        file.write_text("\n".join(frames))
        server = Helper("standin", file)
        config.write_text(_kubeconfig(server.port))
        made = Rig(Path(name), kubeconfig=config)
        try:
            yield made
        finally:
            server.kill()
            made.sink.kill()


def _kubeconfig(port: int) -> str:
    return yaml.safe_dump({
        "apiVersion": "v1", "kind": "Config", "current-context": "here",
        "clusters": [{"name": "here", "cluster": {"server": f"http://127.0.0.1:{port}"}}],
        "users": [{"name": "me", "user": {"token": "none"}}],
        "contexts": [{"name": "here", "context": {"cluster": "here", "user": "me"}}],
    })  # fmt: skip
