"""Frames as a cluster writes them, in any number."""

import json
from collections.abc import Iterator
from typing import Any

from tests.cluster import Cluster
from tests.fields import SECOND

Raw = dict[str, Any]
NAMESPACES = 50


def rollouts(
    count: int, *, pods: int, start: int = 0, crash_every: int = 0, times: int = 20
) -> Iterator[list[Raw]]:
    """The frames of `count` Deployments, one after the other; some end in a crash loop."""
    now = version = 0
    for number in range(count):
        cluster = Cluster(seed=number, namespace=f"team-{number % NAMESPACES}")
        cluster.now = max(now, start or cluster.now)
        cluster.version = version
        cluster.apply(f"app-{number}", replicas=pods)
        if crash_every and number % crash_every == 0:
            for pod in cluster.pods:
                cluster.back_off(pod, times=times, every=SECOND)
        cluster.wait(SECOND // 100)
        now, version = cluster.now, cluster.version
        yield cluster.frames


def lines(frames: list[Raw]) -> list[bytes]:
    """Each as a line of JSON."""
    return [json.dumps(frame, separators=(",", ":")).encode() for frame in frames]


def occurrences(frames: list[Raw]) -> int:
    """How many of them are Events that count."""
    return sum(frame["resource"] == "events" for frame in frames)
