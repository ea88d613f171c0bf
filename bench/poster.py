"""What controllers and kubelets write, to a real API server.

`python -m bench.poster FILE URL CA TOKEN CLUSTER` posts the lines of FILE, which are frames, each
at its time `at` (ns) or as soon as it can be after that. Namespaces begin with CLUSTER. At the end
it writes to FILE.sent when it posted each Event (uid, ns), and prints the seconds that it took.
"""

import asyncio
import json
import ssl
import sys
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

Raw = dict[str, Any]
_PLACES = {
    "deployments": "apis/apps/v1", "replicasets": "apis/apps/v1", "pods": "api/v1",
    "events": "api/v1",
}  # fmt: skip
_LABELS = {"app": "web"}
_AT_ONCE = 24
_META = ("name", "namespace", "labels", "ownerReferences")


def is_posted(frame: Raw) -> bool:
    """What is new, and each status that a kubelet or a controller wrote."""
    item = frame["object"]
    return frame["type"] == "ADDED" or bool(frame["type"] == "MODIFIED" and "status" in item)


class Poster:
    """Posts objects whose uids are known once the API server has given them."""

    def __init__(self, session: aiohttp.ClientSession, *, url: str, prefix: str) -> None:
        self._session, self._url, self._prefix = session, url, prefix
        self._uids: dict[str, asyncio.Future[str]] = {}
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
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
        if frame["type"] == "MODIFIED":
            await self._patch(resource, item)
            return
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
            body["spec"] = _spec(resource, item["spec"])
        begun = time.monotonic_ns()
        space = f"{_PLACES[resource]}/namespaces/{meta['namespace']}/{resource}"
        uid = (await self._post(space, body))["metadata"]["uid"]
        if resource == "events":
            self.sent.append((uid, begun))
        else:
            self._uid(item["metadata"]["uid"]).set_result(uid)

    async def _patch(self, resource: str, item: Raw) -> None:
        """A status, once the object is there."""
        meta = item["metadata"]
        space = f"{_PLACES[resource]}/namespaces/{self._prefix}{meta['namespace']}/{resource}"
        path = f"{self._url}/{space}/{meta['name']}/status"
        # A merge patch of metadata would be a change of its own.
        merge = {"Content-Type": "application/merge-patch+json"}
        async with (
            self._turn(meta["uid"]),
            self._session.patch(path, json={"status": item["status"]}, headers=merge) as response,
        ):
            if response.status != 200:
                raise RuntimeError(f"{path}: {await response.text()}")
            await response.read()

    @asynccontextmanager
    async def _turn(self, uid: str) -> AsyncIterator[None]:
        """One status after the other: a lock is given in the order in which it was asked for."""
        async with self._turns[uid]:
            await self._uid(uid)
            yield

    def _uid(self, uid: str) -> asyncio.Future[str]:
        if uid not in self._uids:
            self._uids[uid] = asyncio.get_running_loop().create_future()
        return self._uids[uid]

    async def _post(self, path: str, body: Raw) -> Any:
        async with self._session.post(f"{self._url}/{path}", json=body) as response:
            if response.status not in (201, 409):
                raise RuntimeError(f"{path}: {await response.text()}")
            return await response.json()


def _spec(resource: str, spec: Raw) -> Raw:
    if resource == "pods":
        # The ServiceAccount's volume is the admission's to add.
        containers = [{**each, "volumeMounts": []} for each in spec["containers"]]
        kept = {key: spec[key] for key in ("nodeName", "tolerations")}
        return {**kept, "containers": containers}
    template = {"metadata": {"labels": _LABELS}, "spec": _spec("pods", spec["template"]["spec"])}
    return {
        "replicas": spec["replicas"], "selector": {"matchLabels": _LABELS}, "template": template,
    }  # fmt: skip


async def main(file: Path, url: str, authority: str, token: str, prefix: str) -> None:
    """Post them all."""
    lines = (await asyncio.to_thread(file.read_text)).splitlines()
    frames = [frame for line in lines if is_posted(frame := json.loads(line))]
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
                early = (frame["at"] - time.time_ns()) / 1e9
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
