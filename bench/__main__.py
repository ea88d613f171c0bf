"""The core's cost: CPU time from a frame's JSON to the finished span, for each occurrence.

The stream is generated, with its objects' frames in it: rollouts of three pods, every fourth
of which ends in a crash loop of twenty; a quarter of the occurrences are repeats. Nothing is
sent, and garbage is collected as the command line has it. Figures are CPU time, the best of
some runs; a machine's own pace shows in the first of them.
"""

import argparse
import gc
import json
import sys
import time
from collections.abc import Callable, Iterable, Sequence

from event_tracer.cli import GC_THRESHOLD
from event_tracer.core.frame import Tick, parse_frame
from event_tracer.core.story import Stories
from event_tracer.core.wire import decode
from tests.cluster import Cluster
from tests.fields import SECOND

OCCURRENCES = 100_000


def stream(occurrences: int) -> tuple[list[bytes], int]:
    """Frames as lines of JSON, and how many occurrences they hold."""
    lines: list[bytes] = []
    told = number = 0
    now = 0
    while told < occurrences:
        cluster = Cluster(seed=number, namespace=f"team-{number % 50}")
        cluster.now = max(now, cluster.now)
        cluster.apply(f"app-{number}", replicas=3)
        if number % 4 == 0:
            cluster.back_off(cluster.pods[0], times=20)
        cluster.wait(SECOND)
        now = cluster.now
        lines += [json.dumps(frame).encode() for frame in cluster.frames]
        told += sum(frame["resource"] == "events" for frame in cluster.frames)
        number += 1
    return lines, told


def cpu(run: Callable[[Sequence[bytes]], object], lines: Sequence[bytes]) -> float:
    """Seconds of CPU that `run` takes."""
    begun = time.process_time()
    run(lines)
    return time.process_time() - begun


def decoded(lines: Iterable[bytes]) -> None:
    """JSON alone."""
    for line in lines:
        decode(line)


def parsed(lines: Iterable[bytes]) -> None:
    """JSON to frames."""
    for line in lines:
        parse_frame(decode(line))


def told(lines: Iterable[bytes]) -> int:
    """JSON to finished spans."""
    stories = Stories()
    count = 0
    for line in lines:
        count += len(stories.feed(parse_frame(decode(line))))
    return count + len(stories.feed(Tick(now=2**63 - 1)))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--occurrences", type=int, default=OCCURRENCES)
    parser.add_argument("--runs", type=int, default=5, help="the best of so many counts")
    options = parser.parse_args()
    gc.set_threshold(*GC_THRESHOLD)
    print(f"generating {options.occurrences:,} occurrences ...", file=sys.stderr)
    lines, count = stream(options.occurrences)
    print(f"{count:,} occurrences in {len(lines):,} frames")
    for name, run in (("JSON", decoded), ("JSON to frame", parsed), ("JSON to span", told)):
        best = min(cpu(run, lines) for _ in range(options.runs)) / count * 1e6
        print(f"{name:<14} {best:5.1f} µs CPU an occurrence")


if __name__ == "__main__":
    main()
