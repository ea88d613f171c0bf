"""A run at a real kube-apiserver: rollouts at half the rate that it sustains.

Its programs are those of `make e2e`, which builds them; without them this is left out.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.frames import stream
from bench.live import watched
from bench.poster import is_posted
from bench.processes import Rig
from tests.e2e.controlplane import ADMIN, ControlPlane
from tests.e2e.programs import is_built
from tests.e2e.site import ports

_SECONDS = 60
_BURST = 3_000  # Events, to see how many a second it takes
_AT_MOST = 10**6  # Events/s
_PREPARE = 20 * 10**9  # ns, until the first is due


def cluster(*, scale: float, has_status: bool) -> dict[str, Any]:
    """Half of what the API server sustains, for a minute."""
    return at_api_server(
        lambda plane, folder: _measured(
            plane, folder, seconds=_SECONDS * scale, has_status=has_status
        )
    )


def at_api_server(measure: Callable[[ControlPlane, Path], dict[str, Any]]) -> dict[str, Any]:
    """What `measure` finds at an API server of its own, with a folder for its files."""
    if not (is_built("etcd") and is_built("kubernetes")):
        return {"skipped": "the programs of a control plane are not built; make e2e builds them"}
    with tempfile.TemporaryDirectory() as name:
        plane = ControlPlane(Path(name) / "plane", first_port=ports())
        try:
            plane.start_api_server()
            return measure(plane, Path(name))
        finally:
            plane.stop()


def _measured(
    plane: ControlPlane, folder: Path, *, seconds: float, has_status: bool
) -> dict[str, Any]:
    burst = Post(
        plane, folder / "burst", per_second=_AT_MOST, count=_BURST, start=time.time_ns(),
        at_once=True,
    )  # fmt: skip
    rate = burst.count / burst.lasted()
    made = Rig(folder, kubeconfig=plane.kubeconfig)
    try:
        run = made.run(has_status=has_status)
        made.wait(burst.count)
        start = time.time_ns() + _PREPARE
        live = Post(
            plane, folder / "live", per_second=rate / 2, count=int(rate / 2 * seconds), start=start
        )
        found = watched(
            made, run, until=burst.count + live.count, sent=folder / "live.sent", after=live.lasted
        )
    finally:
        made.sink.kill()
    return {
        "Events/s sustained": round(rate), "occurrences": live.count, **found,
        "object frames an Event": round(live.objects / live.count, 2),
    }  # fmt: skip


class Post:
    """Rollouts of ten pods, posted by a process of their own, from `start` (ns) on.

    Each frame at its time, or all as soon as they can be if `at_once`. Unless `has_status` nothing
    is written about objects once they are there.
    """

    def __init__(
        self, plane: ControlPlane, file: Path, *, per_second: float, count: int, start: int,
        has_status: bool = True, at_once: bool = False,
    ) -> None:  # fmt: skip
        # The API server gives each its answer: whole, or the metadata alone.
        made = stream(
            per_second=per_second, count=count, pods=10, start=start, has_status=True
        )  # fmt: skip
        frames = [
            (at, frame) for at, frame in made
            if is_posted(frame) and (has_status or frame["type"] == "ADDED")
        ]  # fmt: skip
        self.count = sum(frame["resource"] == "events" for _, frame in frames)
        self.objects = len(frames) - self.count
        told = [{"at": start if at_once else at, **frame} for at, frame in frames]
        file.write_text("\n".join(map(json.dumps, told)))
        authority = plane.folder / "apiserver.crt"
        options = (str(file), plane.url, str(authority), ADMIN, f"{file.name}-")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.poster", *options], stdout=subprocess.PIPE, text=True
        )

    def lasted(self) -> float:
        """The seconds that all took, once they have been posted."""
        said, _ = self._process.communicate()
        return float(said)
