"""A fast stand-in for an API server: what was prepared as LISTs, then as WATCHes.

`python -m bench.standin FILE` serves the lines of FILE, which are frames. Those with a time `at`
(ns) are streamed then, the rest is there already and is listed. Prints its port, and at the end
writes to FILE.sent when it wrote each Event (uid, ns).
"""

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Any

from aiohttp import web

Raw = dict[str, Any]
RESOURCES = {
    "events": "Event", "pods": "Pod", "replicasets": "ReplicaSet", "deployments": "Deployment",
    "statefulsets": "StatefulSet", "daemonsets": "DaemonSet", "jobs": "Job", "cronjobs": "CronJob",
}  # fmt: skip
_BURST = 0.02
_UID = "4a6b1d0e-5a3f-4c52-9d3e-6f1b2c3d4e5f"


class StandIn:
    """What is there, by resource, and who watches it."""

    def __init__(self, lines: list[str]) -> None:
        frames = [json.loads(line) for line in lines]
        self.live = [frame for frame in frames if "at" in frame]
        there = [frame for frame in frames if "at" not in frame]
        self.items: dict[str, dict[str, bytes]] = {name: {} for name in RESOURCES}
        for frame in there:
            self._keep(frame)
        self.version = max((_version(frame) for frame in there), default=1)
        self.watches: dict[str, list[web.StreamResponse]] = {name: [] for name in RESOURCES}
        self.sent: list[tuple[str, int]] = []
        self.is_watched = asyncio.Event()

    def _keep(self, frame: Raw) -> None:
        meta = frame["object"]["metadata"]
        self.items[frame["resource"]][meta["uid"]] = _packed(frame["object"])

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """LIST or WATCH."""
        name = request.path.rpartition("/")[2]
        if name == "kube-system":
            return web.json_response({"metadata": {"name": name, "uid": _UID}})
        if name not in RESOURCES:
            return web.json_response({"kind": "Status", "code": 404}, status=404)
        if request.query.get("watch"):
            return await self._watch(name, request)
        return self._list(name, request)

    def _list(self, name: str, request: web.Request) -> web.Response:
        start, limit = int(request.query.get("continue") or 0), int(request.query.get("limit", 500))
        items = list(self.items[name].values())
        more = str(start + limit) if start + limit < len(items) else ""
        meta = json.dumps({"resourceVersion": str(self.version), "continue": more}).encode()
        body = b'{"metadata":' + meta + b',"items":[' + b",".join(items[start : start + limit])
        return web.Response(body=body + b"]}", content_type="application/json")

    async def _watch(self, name: str, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        self.watches[name].append(response)
        if all(self.watches.values()):
            self.is_watched.set()
        await asyncio.sleep(10_000)
        return response

    async def stream(self) -> None:
        """Write what is live, at its rate."""
        await self.is_watched.wait()
        for frame in self.live:
            early = (frame["at"] - time.time_ns()) / 1e9
            if early > _BURST:
                await asyncio.sleep(early)
            if frame["resource"] == "events":
                self.sent.append((frame["object"]["metadata"]["uid"], time.monotonic_ns()))
            line = _packed({"type": frame["type"], "object": frame["object"]}) + b"\n"
            for response in self.watches[frame["resource"]]:
                await response.write(line)


def _packed(made: Raw) -> bytes:
    return json.dumps(made, separators=(",", ":")).encode()


def _version(frame: Raw) -> int:
    return int(frame["object"]["metadata"]["resourceVersion"])


async def main(path: Path) -> None:
    """Serve until killed."""
    made = StandIn((await asyncio.to_thread(path.read_text)).splitlines())
    app = web.Application()
    app.router.add_get("/{path:.*}", made.answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    sys.stdout.write(f"{runner.addresses[0][1]}\n")
    sys.stdout.flush()
    if made.live:
        await made.stream()
        await asyncio.to_thread(path.with_suffix(".sent").write_text, json.dumps(made.sent))
    await asyncio.sleep(10_000)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
