"""What controllers and kubelets write, to a real API server.

`python -m bench.poster FILE URL CA TOKEN CLUSTER` posts the lines of FILE, which are frames, each
at its time `at` (ns) or as soon as it can be. Namespaces begin with CLUSTER. At the end it writes
to FILE.sent when it posted each Event (uid, ns), and prints the seconds that it took.
"""

import asyncio
import json
import ssl
import sys
import time
from pathlib import Path
from typing import Any

import aiohttp

Raw = dict[str, Any]
_PLACES = {
    "deployments": "apis/apps/v1", "replicasets": "apis/apps/v1", "pods": "api/v1",
    "events": "api/v1",
}  # fmt: skip
_LABELS = {"app": "web"}
_CONTAINERS = {"containers": [{"name": "web", "image": "web"}]}
_WORKLOAD = {
    "replicas": 0, "selector": {"matchLabels": _LABELS},
    "template": {"metadata": {"labels": _LABELS}, "spec": _CONTAINERS},
}  # fmt: skip
_SPECS: Raw = {"deployments": _WORKLOAD, "replicasets": _WORKLOAD, "pods": _CONTAINERS}
_AT_ONCE = 24
_META = ("name", "namespace", "labels", "ownerReferences")


class Poster:
    """Posts objects whose uids are known once the API server has given them."""

    def __init__(self, session: aiohttp.ClientSession, *, url: str, prefix: str) -> None:
        self._session, self._url, self._prefix = session, url, prefix
        self._uids: dict[str, asyncio.Future[str]] = {}
        self.sent: list[tuple[str, int]] = []

    async def prepare(self, frames: list[Raw]) -> None:
        """The namespaces, with the ServiceAccount that pods need."""
        for name in sorted({frame["object"]["metadata"]["namespace"] for frame in frames}):
            space = self._prefix + name
            await self._post("api/v1/namespaces", {"metadata": {"name": space}})
            account = {"metadata": {"name": "default"}}
            await self._post(f"api/v1/namespaces/{space}/serviceaccounts", account)

    async def post(self, frame: Raw) -> None:
        """One frame's object, after what it refers to."""
        resource, item = frame["resource"], frame["object"]
        meta = {key: item["metadata"][key] for key in _META if key in item["metadata"]}
        meta["namespace"] = self._prefix + meta["namespace"]
        body = {**item, "metadata": meta} if resource == "events" else {"metadata": meta}
        for reference in (*meta.get("ownerReferences", ()), body.get("involvedObject", {})):
            if "uid" in reference:
                reference["uid"] = await self._uid(reference["uid"])
        if resource == "events":
            body["involvedObject"]["namespace"] = meta["namespace"]
            body["involvedObject"].pop("resourceVersion", None)
        else:
            body["spec"] = _SPECS[resource]
        begun = time.monotonic_ns()
        space = f"{_PLACES[resource]}/namespaces/{meta['namespace']}/{resource}"
        uid = (await self._post(space, body))["metadata"]["uid"]
        if resource == "events":
            self.sent.append((uid, begun))
        else:
            self._uid(item["metadata"]["uid"]).set_result(uid)

    def _uid(self, uid: str) -> asyncio.Future[str]:
        if uid not in self._uids:
            self._uids[uid] = asyncio.get_running_loop().create_future()
        return self._uids[uid]

    async def _post(self, path: str, body: Raw) -> Any:
        async with self._session.post(f"{self._url}/{path}", json=body) as response:
            if response.status not in (201, 409):
                raise RuntimeError(f"{path}: {await response.text()}")
            return await response.json()


async def main(file: Path, url: str, authority: str, token: str, prefix: str) -> None:
    """Post them all."""
    lines = (await asyncio.to_thread(file.read_text)).splitlines()
    frames = [frame for line in lines if (frame := json.loads(line))["type"] == "ADDED"]
    connector = aiohttp.TCPConnector(
        limit=_AT_ONCE, ssl=ssl.create_default_context(cafile=authority)
    )
    headers = {"Authorization": f"Bearer {token}"}
    async with aiohttp.ClientSession(connector=connector, headers=headers) as session:
        poster = Poster(session, url=url, prefix=prefix)
        await poster.prepare(frames)
        begun = time.monotonic()
        async with asyncio.TaskGroup() as group:
            for frame in frames:
                early = (frame.get("at", 0) - time.time_ns()) / 1e9
                if early > 0:
                    await asyncio.sleep(early)
                group.create_task(poster.post(frame))
        lasted = time.monotonic() - begun
    sent = file.with_suffix(".sent")
    await asyncio.to_thread(sent.write_text, json.dumps(poster.sent))
    sys.stdout.write(f"{lasted}\n")


if __name__ == "__main__":
    path, *rest = sys.argv[1:]
    asyncio.run(main(Path(path), *rest))
