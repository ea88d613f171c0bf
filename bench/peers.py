"""Beside other programs, at one kube-apiserver under one load, and what a run costs that.

`python -m bench peers --peer 'NAME=COMMAND'` starts COMMAND without a shell; `{kubeconfig}` and
`{endpoint}` in it are the API server's and those of a collector over gRPC, which takes traces and
logs. What comes there is not looked at: a peer's CPU counts from before the load to a while after
it, whatever it has sent by then.
"""

import re
import shlex
import ssl
import time
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.cluster import Post, at_api_server
from bench.processes import Helper, Measured, Rig, cpu_of
from tests.e2e.controlplane import ADMIN, ControlPlane

_RATE = 300  # Events/s
_SECONDS = 20
_SETTLES = 20.0  # seconds after the load until what it cost is read
_COUNTED = {
    "requests": "apiserver_request_total", "bytes of answers": "apiserver_response_sizes_sum",
    "bytes of watches": "apiserver_watch_events_sizes_sum",
}  # fmt: skip
"""What the API server counts (apiserver/pkg/endpoints/metrics/metrics.go)."""
_OURS, _SERVER = "event-tracer", "API server"


def peers(*, scale: float, has_status: bool, peer: Sequence[str] = ()) -> dict[str, Any]:
    """The load alone, with us, and with all at once; with object frames if `has_status`."""
    commands = dict(each.split("=", 1) for each in peer)

    def measure(plane: ControlPlane, folder: Path) -> dict[str, Any]:
        found = _Loads(plane, folder, seconds=_SECONDS * scale, has_status=has_status)
        return _compared(found, commands)

    return at_api_server(measure)


class _Loads:
    """Loads of one API server, one after the other, and who reads along."""

    def __init__(
        self, plane: ControlPlane, folder: Path, *, seconds: float, has_status: bool
    ) -> None:
        self._plane, self._folder = plane, folder
        self._count = int(_RATE * seconds)
        self.has_status = has_status
        self.posted = 0
        self.rig = Rig(folder, kubeconfig=plane.kubeconfig)
        self._sinks: list[Helper] = []

    def cost_of(self, name: str, programs: dict[str, Measured]) -> dict[str, float]:
        """One load: the CPU (µs an Event) of each program and the API server, and its metrics."""
        before, metrics = self._cpu(programs), self._metrics()
        post = Post(
            self._plane, self._folder / name, per_second=_RATE, count=self._count,
            start=time.time_ns() + 10**9, has_status=self.has_status,
        )  # fmt: skip
        post.lasted()
        self.posted += post.count
        if _OURS in programs:
            self.rig.wait(self.posted)
        time.sleep(_SETTLES)
        for each, program in programs.items():
            if program.has_ended:
                raise RuntimeError(f"{each} has ended")
        after, now = self._cpu(programs), self._metrics()
        spent = {each: (after[each] - before[each]) / post.count * 1e6 for each in after}
        return spent | {each: (now[each] - metrics[each]) / post.count for each in now}

    def _cpu(self, programs: dict[str, Measured]) -> dict[str, float]:
        spent = {name: program.cpu for name, program in programs.items()}
        return spent | {_SERVER: cpu_of(self._plane.apiserver.pid)}

    def _metrics(self) -> dict[str, float]:
        request = urllib.request.Request(
            f"{self._plane.url}/metrics", headers={"Authorization": f"Bearer {ADMIN}"}
        )
        context = ssl.create_default_context(cafile=str(self._plane.folder / "apiserver.crt"))
        with urllib.request.urlopen(request, context=context, timeout=30) as response:
            text = response.read().decode()
        return {name: _sum(text, metric) for name, metric in _COUNTED.items()}

    def start(self, command: str) -> Measured:
        """Start a peer."""
        sink = Helper("sink", self._folder / f"sink-{len(self._sinks)}")
        self._sinks.append(sink)
        places = {
            "kubeconfig": str(self._plane.kubeconfig), "endpoint": f"http://127.0.0.1:{sink.port}"
        }  # fmt: skip
        told = [part.format(**places) for part in shlex.split(command)]
        return Measured(told, environ={"KUBECONFIG": places["kubeconfig"]})

    def stop(self) -> None:
        """End all that takes spans."""
        for sink in (self.rig.sink, *self._sinks):
            sink.kill()


def _sum(text: str, metric: str) -> float:
    pattern = re.compile(rf"^{metric}(?:{{[^}}]*}})? (\S+)$", re.MULTILINE)
    return sum(float(value) for value in pattern.findall(text))


def _compared(loads: _Loads, commands: dict[str, str]) -> dict[str, Any]:
    programs: dict[str, Measured] = {}
    try:
        alone = loads.cost_of("alone", programs)
        programs[_OURS] = loads.rig.run(has_status=loads.has_status)
        loads.rig.wait(loads.posted)
        ours = loads.cost_of("ours", programs)
        made = {
            f"{_OURS}, µs an Event": round(ours[_OURS]),
            "API server, µs an Event, without us": round(alone[_SERVER]),
            "with us": round(ours[_SERVER]),
            **{f"{each} an Event, by us": round(ours[each] - alone[each], 2) for each in _COUNTED},
        }
        if commands:
            programs |= {name: loads.start(command) for name, command in commands.items()}
            time.sleep(_SETTLES)
            beside = loads.cost_of("beside", programs)
            for name in programs:
                made[f"{name} beside, µs an Event"] = round(beside[name])
                made[f"{_OURS} / {name}"] = round(beside[_OURS] / beside[name], 2)
        return made
    finally:
        for program in programs.values():
            program.kill()
        loads.stop()
