"""Frames as a cluster writes them, in any number."""

import heapq
import itertools
import json
from collections.abc import Iterable, Iterator
from typing import Any

from bench.whole import Whole
from tests.scenarios.cluster import Cluster
from tests.scenarios.fields import SECOND

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


def stream(
    *, per_second: float, count: int, pods: int, start: int, has_status: bool
) -> Iterator[tuple[int, Raw]]:
    """(ns, frame) of rollouts that begin one after the other, from `start` on.

    As many at once as give `per_second` Events, `count` in all; with what is written about objects
    (`whole.py`). Versions in order of the times.
    """
    alone = next(rollouts(1, pods=pods))
    every = int(occurrences(alone) / per_second * SECOND)
    number = -(-count // occurrences(alone))
    lives = (_life(each, pods=pods, start=start + each * every) for each in range(number))
    whole, versions = Whole(has_status=has_status), itertools.count(1000)
    for at, frame in _merged(lives):
        for each in whole.frames(frame):
            yield at, numbered(each, next(versions))


def written(frames: Iterable[Raw], *, has_status: bool) -> Iterator[Raw]:
    """The same frames with what is written about objects (`whole.py`)."""
    whole, versions = Whole(has_status=has_status), itertools.count(1000)
    for frame in frames:
        for each in whole.frames(frame):
            yield numbered(each, next(versions))


def last_states(lives: Iterable[list[Raw]], *, has_status: bool) -> dict[str, Raw]:
    """What is there after these lives, by uid."""
    frames = written(itertools.chain.from_iterable(lives), has_status=has_status)
    return {frame["object"]["metadata"]["uid"]: frame for frame in frames}


def numbered(frame: Raw, version: int) -> Raw:
    """The frame with this resourceVersion."""
    meta = {**frame["object"]["metadata"], "resourceVersion": str(version)}
    return {**frame, "object": {**frame["object"], "metadata": meta}}


def _life(number: int, *, pods: int, start: int) -> list[tuple[int, Raw]]:
    cluster = Cluster(seed=number, namespace=f"team-{number % NAMESPACES}", now=start)
    cluster.apply(f"app-{number}", replicas=pods)
    return list(zip(cluster.times, cluster.frames, strict=True))


def _merged(lives: Iterator[list[tuple[int, Raw]]]) -> Iterator[tuple[int, Raw]]:
    """In order of time; each life begins no earlier than the one before."""
    waiting: list[tuple[int, int, Raw]] = []
    for number, life in enumerate(lives):
        while waiting and waiting[0][0] <= life[0][0]:
            at, _, frame = heapq.heappop(waiting)
            yield at, frame
        for order, (at, frame) in enumerate(life):
            heapq.heappush(waiting, (at, number * 10_000 + order, frame))
    while waiting:
        at, _, frame = heapq.heappop(waiting)
        yield at, frame


def lines(frames: Iterable[Raw]) -> list[bytes]:
    """Each as a line of JSON."""
    return [json.dumps(frame, separators=(",", ":")).encode() for frame in frames]


def occurrences(frames: list[Raw]) -> int:
    """How many of them are Events that count."""
    return sum(frame["resource"] == "events" for frame in frames)
