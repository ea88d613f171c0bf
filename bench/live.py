"""Whole runs: a replay, a live stream, a backlog."""

import json
import statistics
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.frames import last_states, lines, occurrences, rollouts, stream
from bench.processes import COMMAND, Measured, Rig, rig

_RATE = 500  # Events/s: half of what kube-apiserver takes on two cores
_SECONDS = 60
_PREPARE = 30 * 10**9  # ns until the first frame: to make them all, and to start


def replay(*, scale: float) -> dict[str, Any]:
    """`replay` of a recording to a collector over gRPC."""
    frames = [frame for made in rollouts(int(1_000 * scale), pods=3) for frame in made]
    count = occurrences(frames)
    with rig([]) as made:
        file = made.folder / "recording.jsonl"
        file.write_bytes(b"\n".join(lines(frames)))
        environ = {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{made.sink.port}"}
        cost = Measured([*COMMAND, "replay", str(file), "--to", "otlp"], environ=environ).cost()
        made.wait(count)
    return {"occurrences": count, **cost.told(), "µs an occurrence": _each(cost.cpu, count)}


def live(*, scale: float, has_status: bool) -> dict[str, Any]:
    """Rollouts of ten pods, 500 Events/s for a minute: cost, and lag from Event to sink."""
    start = time.time_ns() + _PREPARE
    count = int(_RATE * _SECONDS * scale)
    made_of = stream(
        per_second=_RATE, count=count, pods=10, start=start, has_status=has_status
    )  # fmt: skip
    told = [json.dumps({"at": at, **frame}, separators=(",", ":")) for at, frame in made_of]
    frames, count = len(told), sum('"resource":"events"' in line for line in told)
    with rig(told) as made:
        run = made.run(has_status=has_status)
        made.wait(1)
        found = watched(made, run, until=count, sent=made.folder / "frames.sent")
    return {
        "Events": count, **found, "object frames an Event": round(frames / count - 1, 2),
        "KB a pod's frame": _size(told),
    }  # fmt: skip


def watched(
    made: Rig, run: Measured, *, until: int, sent: Path, after: Callable[[], object] = lambda: None
) -> dict[str, Any]:
    """What a run costs from now until so many Events have come, and how long each took.

    `after` waits for whoever writes `sent`.
    """
    begun, first = run.cpu, made.arrived()
    sizes = _sizes(made, run, until)
    spent, number = run.cpu - begun, made.arrived() - first
    cost = run.stop()
    after()
    made.sink.finish()
    lags = _lags(made, sent)
    return {
        **cost.told(), "µs an Event, all in": _each(spent, number),
        "lag s p50": round(statistics.median(lags), 2),
        "lag s p99": round(statistics.quantiles(lags, n=100)[98], 2),
        "lag s max": round(max(lags), 2),
        "RSS MiB after half, at the end": f"{sizes[len(sizes) // 2]:.0f}, {sizes[-1]:.0f}",
    }  # fmt: skip


def backlog(*, scale: float, has_status: bool) -> dict[str, Any]:
    """A start with 50,000 Events and 10,000 pods that are there already."""
    return _started(int(835 * scale), kept=1.0, has_status=has_status)


def large(*, scale: float, has_status: bool) -> dict[str, Any]:
    """A start with 100,000 Events and 30,000 pods: the Events of some are gone."""
    return _started(int(2_500 * scale), kept=2 / 3, has_status=has_status)


def _started(count: int, *, kept: float, has_status: bool) -> dict[str, Any]:
    """A start with rollouts of twelve pods, of whose Events a share is still there, the newest."""
    there = last_states(rollouts(count, pods=12), has_status=has_status)
    events = [uid for uid, frame in there.items() if frame["resource"] == "events"]
    for uid in events[: int(len(events) * (1 - kept))]:
        del there[uid]
    found = Counter(frame["resource"] for frame in there.values())
    with rig([line.decode() for line in lines(there.values())]) as made:
        run = made.run(has_status=has_status)
        made.wait(found["events"])
        cost = run.stop()
    return {"Events": found["events"], "pods": found["pods"], **cost.told()}


def _size(told: list[str]) -> float:
    sizes = [len(line) for line in told if '"resource":"pods"' in line]
    return round(statistics.mean(sizes) / 1000, 1)


def _sizes(made: Rig, run: Measured, count: int) -> list[float]:
    """RSS, once a second until all have come."""
    sizes = []
    while made.arrived() < count:
        sizes.append(run.rss)
        time.sleep(1)
    return sizes or [run.rss]


def _lags(made: Rig, sent: Path) -> list[float]:
    began = dict(json.loads(sent.read_text()))
    seen = json.loads(made.sink.path.with_suffix(".seen").read_text())
    return [(at - began[uid]) / 1e9 for uid, at in seen if uid in began]


def _each(seconds: float, count: int) -> float:
    return round(seconds / count * 1e6, 1)
