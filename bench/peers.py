"""Beside other programs, at one kube-apiserver under the same loads, and what each costs that.

`python -m bench peers --peer 'NAME=COMMAND'` starts COMMAND without a shell, with KUBECONFIG in
its environment. In it `{kubeconfig}` and `{endpoint}` are the API server's and those of a collector
over gRPC, which takes traces and logs, and `{status}` is `off` or `on`: Events and new objects
alone, or a pod's status to each Event too (`--status` runs one of both). For the OpenTelemetry
Collector, with the configurations of docs/cost.md:

    python -m bench peers --peer 'k8sobjects=otelcol --config={status}.yaml
        --set=exporters.otlp.endpoint={endpoint}'

CPU counts from before the load until what it led to has left, of all programs alike; their starts
come before. Each has a collector of its own, which counts records (spans, log records) and looks at
no more: a peer that sends nothing shows by that.
"""

import re
import shlex
import ssl
import time
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.cluster import Post, at_api_server
from bench.processes import Helper, Measured, Rig, cpu_of
from tests.e2e.controlplane import ADMIN, ControlPlane

Figures = dict[str, float]
_PREPARES = 10 * 10**9  # ns, until the first is due
_SETTLES = 45.0  # seconds: an object's span leaves after 30 s of silence


@dataclass(frozen=True, slots=True, kw_only=True)
class _Load:
    """Events at a rate, or all as soon as the API server takes them, and the rest after them.

    Each load tells how many a second there were; the rest (s) counts, too.
    """

    name: str
    count: int
    per_second: float
    at_once: bool = False
    rest: float = _SETTLES


_WARM = _Load(name="warm", count=600, per_second=300)
_STEADY = _Load(name="steady", count=6_000, per_second=300)
_BURST = _Load(name="burst", count=6_100, per_second=760, at_once=True, rest=100.0)
_COUNTED = {
    "requests": "apiserver_request_total", "bytes of answers": "apiserver_response_sizes_sum",
    "bytes of watches": "apiserver_watch_events_sizes_sum",
}  # fmt: skip
"""What the API server counts (apiserver/pkg/endpoints/metrics/metrics.go)."""
_OURS, _SERVER = "event-tracer", "API server"


def peers(*, scale: float, has_status: bool, peer: Sequence[str] = ()) -> dict[str, Figures]:
    """The load alone, with us, and with all at once; with object frames if `has_status`."""
    commands = dict(each.split("=", 1) for each in peer)

    def measure(plane: ControlPlane, folder: Path) -> dict[str, Figures]:
        found = _Loads(plane, folder, scale=scale, has_status=has_status)
        try:
            return _compared(found, commands)
        finally:
            found.stop()

    return at_api_server(measure)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Server:
    """What the API server had spent before and after it told what it has counted up to now."""

    before: float
    counted: dict[str, float]
    after: float

    def since(self, then: "_Server") -> dict[str, float]:
        """What it spent and counted since then, without the telling."""
        counted = {name: self.counted[name] - then.counted[name] for name in _COUNTED}
        return {"CPU µs": (self.before - then.after) * 1e6, **counted}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reader:
    """A program that reads along, and where it sends what it makes."""

    program: Measured
    sink: Helper


class _Loads:
    """Loads of one API server, one after the other, and who reads along."""

    def __init__(
        self, plane: ControlPlane, folder: Path, *, scale: float, has_status: bool
    ) -> None:
        self._plane, self._folder, self._scale = plane, folder, scale
        self._has_status = has_status
        self._posted = 0
        self._rig = Rig(folder, kubeconfig=plane.kubeconfig)
        self._readers: dict[str, _Reader] = {}

    def warm(self) -> None:
        """What is done once only, in the API server and in us, is done."""
        self._post(_WARM)

    def cost_of(self, load: _Load) -> dict[str, Figures]:
        """One load: what each program and the API server spent, an Event."""
        server, before = self._server(), self._read()
        count, rate = self._post(load)
        if _OURS in self._readers:
            self._rig.wait(self._posted)
        time.sleep(load.rest)
        now = self._read()
        spent = _each(self._server().since(server), count)
        found = {_SERVER: {"Events/s": round(rate), **spent}}
        for who, reader in self._readers.items():
            spent = {what: now[who][what] - before[who][what] for what in now[who]}
            found[who] = {**_each(spent, count), "RSS MiB": round(reader.program.rss)}
        return found

    def start_us(self) -> Figures:
        """Start a run beside; what its start costs the API server, in all."""
        server = self._server()
        run = self._rig.run(has_status=self._has_status)
        self._readers[_OURS] = _Reader(program=run, sink=self._rig.sink)
        self._rig.wait(self._posted)
        time.sleep(_SETTLES)
        return {"Events there": self._posted, **_each(self._server().since(server), 1)}

    def start(self, name: str, command: str) -> None:
        """Start a peer beside."""
        sink = Helper("sink", self._folder / f"sink-{name}")
        kubeconfig = str(self._plane.kubeconfig)
        places = {
            "kubeconfig": kubeconfig, "endpoint": f"http://127.0.0.1:{sink.port}",
            "status": "on" if self._has_status else "off",
        }  # fmt: skip
        told = [part.format(**places) for part in shlex.split(command)]
        program = Measured(
            told, environ={"KUBECONFIG": kubeconfig}, log=self._folder / f"{name}.log"
        )
        self._readers[name] = _Reader(program=program, sink=sink)

    def stop(self) -> None:
        """End all."""
        for reader in self._readers.values():
            reader.program.kill()
        for sink in {self._rig.sink, *(reader.sink for reader in self._readers.values())}:
            sink.kill()

    def _post(self, load: _Load) -> tuple[int, float]:
        """How many Events were posted, and how many a second."""
        called = f"{load.name}{len(self._readers)}"  # each load has namespaces of its own
        post = Post(
            self._plane, self._folder / called, per_second=load.per_second,
            count=int(load.count * self._scale), start=time.time_ns() + _PREPARES,
            has_status=self._has_status, at_once=load.at_once,
        )  # fmt: skip
        lasted = post.lasted()
        self._posted += post.count
        return post.count, post.count / lasted

    def _read(self) -> dict[str, dict[str, float]]:
        for name, reader in self._readers.items():
            if reader.program.has_ended:
                raise RuntimeError(f"{name} has ended: {reader.program.said}")
        return {
            name: {"CPU µs": reader.program.cpu * 1e6, "records": reader.sink.told("records")}
            for name, reader in self._readers.items()
        }

    def _server(self) -> _Server:
        request = urllib.request.Request(
            f"{self._plane.url}/metrics", headers={"Authorization": f"Bearer {ADMIN}"}
        )
        context = ssl.create_default_context(cafile=str(self._plane.folder / "apiserver.crt"))
        pid = self._plane.apiserver.pid
        before = cpu_of(pid)
        with urllib.request.urlopen(request, context=context, timeout=30) as response:
            text = response.read().decode()
        counted = {name: _sum(text, metric) for name, metric in _COUNTED.items()}
        return _Server(before=before, counted=counted, after=cpu_of(pid))


def _sum(text: str, metric: str) -> float:
    pattern = re.compile(rf"^{metric}(?:{{[^}}]*}})? (\S+)$", re.MULTILINE)
    return sum(float(value) for value in pattern.findall(text))


def _each(spent: Figures, events: int) -> Figures:
    """An Event; of microseconds and bytes no parts are told."""
    return {
        what: round(value / events, 2 if value < 100 * events else None)
        for what, value in spent.items()
    }


def _compared(loads: _Loads, commands: dict[str, str]) -> dict[str, Figures]:
    loads.warm()
    alone = loads.cost_of(_STEADY)[_SERVER]
    start = loads.start_us()
    ours = loads.cost_of(_STEADY)
    made = {
        "API server": alone, "at our start, in all": start, "with us": ours[_SERVER],
        "by us": _less(ours[_SERVER], alone), _OURS: ours[_OURS],
    }  # fmt: skip
    if not commands:
        return made
    for name, command in commands.items():
        loads.start(name, command)
    time.sleep(_SETTLES)
    steady, burst = loads.cost_of(_STEADY), loads.cost_of(_BURST)
    made["by all but us"] = _less(steady[_SERVER], ours[_SERVER])
    return made | _beside(steady, load=_STEADY.name) | _beside(burst, load=_BURST.name)


def _beside(found: dict[str, Figures], *, load: str) -> dict[str, Figures]:
    """The figures of all at once under a load, and the ratios."""
    own = found[_OURS]["CPU µs"]
    ratios = {
        f"{_OURS} / {name}": {"CPU": round(own / figures["CPU µs"], 2)}
        for name, figures in found.items() if name not in (_OURS, _SERVER)
    }  # fmt: skip
    return {f"{load}, {what}": figures for what, figures in (found | ratios).items()}


def _less(one: Figures, other: Figures) -> Figures:
    return {what: round(one[what] - other[what], 2) for what in ("CPU µs", *_COUNTED)}
