"""Events at a steady rate, as controllers write them, and all that was written."""

import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from threading import Event, Thread
from typing import Any

from tests.e2e.kube import Kube, Raw

_MERGE = "merge-patch+json"
_REPEATS = 3
_BETWEEN = 24.0
"""Seconds between two counts of an Event: no fault lasts longer here, so that none is hidden."""


class Load:
    """Events about a few Deployments, each counted up to three."""

    def __init__(self, kube: Kube, *, namespace: str, per_second: float) -> None:
        self._kube, self._namespace, self._pause = kube, namespace, 1 / per_second
        self._stop = Event()
        self._owners: list[Raw] = []
        self._written: list[tuple[float, str, int]] = []
        self._thread = Thread(target=self._run, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._kube.run("create", "namespace", self._namespace)
        for number in range(5):
            self._kube.apply(_deployment(f"web-{number}"), namespace=self._namespace)
        self._owners = self._kube.items("deployments", self._namespace)
        self._thread.start()

    def stop(self) -> None:
        """End, with all that was begun."""
        self._stop.set()
        self._thread.join()

    def occurrences(self) -> set[tuple[str, int]]:
        """(Event uid, count) of all that happened, as the API server has it."""
        return {
            (event["metadata"]["uid"], count)
            for event in self._kube.items("events", self._namespace)
            for count in range(1, (event.get("count") or 1) + 1)
        }

    def _run(self) -> None:
        with ThreadPoolExecutor(4) as pool:
            number = 0
            while not self._stop.wait(self._pause):
                pool.submit(self._post, number)
                self._count_on(pool)
                number += 1

    def _count_on(self, pool: ThreadPoolExecutor) -> None:
        now = time.monotonic()
        while self._written and now - self._written[0][0] > _BETWEEN:
            _, name, count = self._written.pop(0)
            pool.submit(self._count, name, count + 1)

    def _post(self, number: int) -> None:
        owner = self._owners[number % len(self._owners)]
        event = _event(owner, reason=f"Step{number % 7}")
        # An API server that is away took nothing, or took it without a word: `occurrences` knows.
        with suppress(OSError, AssertionError):
            self._kube.ask(self._path(), method="POST", body=event)
            self._written.append((time.monotonic(), event["metadata"]["name"], 1))

    def _count(self, name: str, count: int) -> None:
        patch = {"count": count, "lastTimestamp": _now()}
        with suppress(OSError, AssertionError):
            self._kube.ask(f"{self._path()}/{name}", method="PATCH", body=patch, kind=_MERGE)
            if count < _REPEATS:
                self._written.append((time.monotonic(), name, count))

    def _path(self) -> str:
        return f"/api/v1/namespaces/{self._namespace}/events"


def _deployment(name: str) -> Raw:
    labels = {"app": name}
    container = {"name": "web", "image": "none"}
    return {
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name},
        "spec": {
            "replicas": 0, "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        },
    }  # fmt: skip


def _event(owner: Raw, *, reason: str) -> dict[str, Any]:
    meta = owner["metadata"]
    return {
        "apiVersion": "v1", "kind": "Event",
        "metadata": {
            "name": f"{meta['name']}.{time.time_ns():x}{uuid.uuid4().hex[:4]}",
            "namespace": meta["namespace"],
        },
        "involvedObject": {
            "apiVersion": "apps/v1", "kind": "Deployment", "name": meta["name"],
            "namespace": meta["namespace"], "uid": meta["uid"],
        },
        "reason": reason, "message": "a step", "type": "Normal", "count": 1,
        "source": {"component": "load-controller"},
        "firstTimestamp": _now(), "lastTimestamp": _now(),
    }  # fmt: skip


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
