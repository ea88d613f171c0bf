"""The core alone: CPU from a line of a watch to the finished span."""

import gc
import json
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from bench.frames import lines, occurrences, rollouts, written
from event_tracer.cli.main import GC_THRESHOLD
from event_tracer.core.frame import END, Frame, parse_line
from event_tracer.core.story import Stories
from event_tracer.export.otlp.encoding import encode

RUNS = 3
Packed = Sequence[tuple[str, str, bytes]]
"""Lines of watches, each with its resource and kind."""


def core(*, scale: float, has_status: bool) -> dict[str, Any]:
    """Rollouts of three pods, every fourth of which ends in a crash loop of twenty."""
    packed, count = _packed(int(3_000 * scale), pods=3, crash_every=4, has_status=has_status)
    return {
        "Events": count,
        "µs an Event, read": _best(_read, packed, count),
        "µs an Event, to span": _best(_told, packed, count),
    }


def pod_frames(*, scale: float) -> dict[str, Any]:
    """A pod's frames alone, six to a start: as they are, and with sidecars and environments."""
    packed, _ = _packed(int(1_000 * scale), pods=3, has_status=True)
    pods = [line for line in packed if line[0] == "pods"]
    large = [(resource, kind, _enlarged(line)) for resource, kind, line in pods]
    return {
        f"µs a frame of {_mean(each) / 1000:.1f} KB": _best(_told, each, len(each))
        for each in (pods, large)
    }


def growth(*, scale: float) -> dict[str, Any]:
    """Ten times as many occurrences: how much more CPU."""
    few, fewer = _packed(int(600 * scale), pods=3, crash_every=4)
    many, more = _packed(int(6_000 * scale), pods=3, crash_every=4)
    ratio = (_best(_told, many, more) * more) / (_best(_told, few, fewer) * fewer)
    return {"CPU of 10× the occurrences": round(ratio * 10 * fewer / more, 2)}


def one_story(*, scale: float) -> dict[str, Any]:
    """A rollout of 5,000 pods against 500 rollouts of ten: CPU of an occurrence."""
    large, many = _packed(1, pods=int(5_000 * scale))
    small, few = _packed(int(500 * scale), pods=10)
    one, several = _best(_told, large, many), _best(_told, small, few)
    return {
        "µs, 1 story of 5,000 pods": one,
        "µs, 500 stories of 10 pods": several,
        "ratio": round(one / several, 2),
    }


def storm(*, scale: float, has_status: bool) -> dict[str, Any]:
    """2,000 pods that crash, twenty back-offs each."""
    packed, count = _packed(int(200 * scale), pods=10, crash_every=1, has_status=has_status)
    return {"Events": count, "µs an Event": _best(_told, packed, count)}


def export(*, scale: float) -> dict[str, Any]:
    """Spans to OTLP's bytes."""
    packed, _ = _packed(int(2_000 * scale), pods=3)
    stories = Stories()
    spans = [span for frame in _frames(packed) for span in stories.feed(frame)]
    batches = [spans[start : start + 512] for start in range(0, len(spans), 512)]

    def encoded(_: Packed) -> None:
        for batch in batches:
            encode(batch)

    return {"spans": len(spans), "µs a span, encoded": _best(encoded, packed, len(spans))}


def _enlarged(line: bytes) -> bytes:
    """A pod's frame with two sidecars, each with twelve variables."""
    frame = json.loads(line)
    item = frame["object"]
    of_spec, of_status = item["spec"]["containers"], item["status"].get("containerStatuses", ())
    variables = [{"name": f"SETTING_{n}", "value": "x" * 60} for n in range(12)]
    item["spec"]["containers"] = [
        {**each, "name": f"{each['name']}{suffix}", "env": variables}
        for each in of_spec for suffix in ("", "-proxy", "-logs")
    ]  # fmt: skip
    if of_status:
        item["status"]["containerStatuses"] = [
            {**each, "name": f"{each['name']}{suffix}"}
            for each in of_status for suffix in ("", "-proxy", "-logs")
        ]  # fmt: skip
    return json.dumps(frame, separators=(",", ":")).encode()


def _mean(packed: Packed) -> float:
    return sum(len(line) for _, _, line in packed) / len(packed)


def _packed(
    count: int, *, pods: int, crash_every: int = 0, has_status: bool | None = None
) -> tuple[Packed, int]:
    """Lines, and how many Events they have; frames of objects that change where not None."""
    packed: list[tuple[str, str, bytes]] = []
    told = 0
    for frames in rollouts(max(1, count), pods=pods, crash_every=crash_every):
        if has_status is not None:
            frames = list(written(frames, has_status=has_status))
        for frame, line in zip(frames, lines(frames), strict=True):
            packed.append((frame["resource"], frame["kind"], line))
        told += occurrences(frames)
    return packed, told


def _best(run: Callable[[Packed], object], packed: Packed, count: int) -> float:
    gc.set_threshold(*GC_THRESHOLD)
    best = float("inf")
    for _ in range(RUNS):
        begun = time.process_time()
        run(packed)
        best = min(best, time.process_time() - begun)
    return round(best / count * 1e6, 1)


def _frames(packed: Packed) -> Iterator[Frame]:
    for resource, kind, line in packed:
        read = parse_line(line, resource=resource, kind=kind)
        assert read
        yield read.frame


def _read(packed: Packed) -> None:
    for _ in _frames(packed):
        pass


def _told(packed: Packed) -> int:
    stories = Stories()
    count = sum(len(stories.feed(frame)) for frame in _frames(packed))
    return count + len(stories.feed(END))
