"""The laws, on generated streams and on shuffles of the recordings."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import astuple

from event_tracer.core.frame import END, Listing, Tick
from event_tracer.core.span import Span
from event_tracer.core.story import Stories
from event_tracer.export.otlp.encoding import encode
from tests.scenarios.cluster import Cluster
from tests.scenarios.fields import SECOND
from tests.scenarios.folding import (
    JSONL,
    by_id,
    chains,
    events,
    frames_of,
    is_event,
    listing,
    raw_frames,
    tell,
)
from tests.scenarios.lived import actions, live

Raw = Mapping[str, Any]
few = settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))


def occurrences(frames: Sequence[Raw]) -> int:
    """Distinct (Event, count, time), counted without the code under test."""
    return len(
        {
            (
                raw["object"]["metadata"]["uid"],
                (raw["object"].get("series") or {}).get("count") or raw["object"].get("count"),
                (raw["object"].get("series") or {}).get("lastObservedTime")
                or raw["object"]["lastTimestamp"]
                or raw["object"]["eventTime"],
            )
            for raw in frames
            if raw["resource"] == "events" and raw["type"] != "DELETED"
        }
    )


def assert_whole(spans: list[Span], *, count: int) -> None:
    """One span an occurrence, every parent there, none too short."""
    ids = by_id(spans)
    assert len(events(spans)) == count
    assert all((span.trace_id, span.parent_id) in ids for span in spans if span.parent_id)
    assert all(span.end - span.start >= 1000 for span in spans)


@few
@given(seed=st.integers(0, 10**6), life=actions)
def test_generated_lives_are_told_whole(seed: int, life: list[tuple[str, int]]) -> None:
    """Law 1: one span an occurrence, every parent there, no id twice, none shorter than 1 µs."""
    frames = live(seed, life).frames

    assert_whole(tell(frames), count=occurrences(frames))


@few
@given(name=st.sampled_from(JSONL), randomness=st.randoms(use_true_random=False))
def test_recordings_shuffled_within_the_window_are_told_whole(name: str, randomness: Any) -> None:
    """Law 7: frames of different watches arrive up to a second late; nothing is lost by it."""
    frames, now = [], 0
    for raw, parsed in zip(raw_frames(name), frames_of(name), strict=True):
        now = max(now, parsed.body.server_time or 0)
        frames.append((now + randomness.randrange(SECOND), raw))
    shuffled = [raw for _, raw in sorted(frames, key=lambda frame: frame[0])]

    assert_whole(tell(shuffled), count=occurrences(shuffled))


@few
@given(seed=st.integers(0, 10**6), life=actions, randomness=st.randoms(use_true_random=False))
def test_the_order_of_watches_changes_no_event_span(
    seed: int, life: list[tuple[str, int]], randomness: Any
) -> None:
    """Law 2 and 7: each watch keeps its order, between them up to 0.5 s may pass."""
    late = {
        name: randomness.randrange(SECOND // 2)
        for name in ("pods", "replicasets", "events", "deployments")
    }
    assert_order_changes_nothing(live(seed, life), late)


def assert_order_changes_nothing(cluster: Cluster, late: Mapping[str, int]) -> None:
    """The event spans are those in order, where each watch is `late` by so many ns."""
    stream = sorted(
        zip(cluster.times, cluster.frames, strict=True),
        key=lambda frame: frame[0] + late[frame[1]["resource"]],
    )

    assert set(events(tell(raw for _, raw in stream))) == set(events(tell(cluster.frames)))


def test_a_resume_is_dated_by_the_earlier_witness_whichever_comes_first() -> None:
    """Its frame states no time: the status write of the next second is no reason to hurry."""
    life = [("roll_back", 0), ("scale", 0), ("annotate", 0), ("back_off", 35379), ("pause", 1991)]
    late = {"pods": 400_000_000, "replicasets": 30_000_000, "deployments": 60_000_000}

    assert_order_changes_nothing(live(2016, life), {**late, "events": 140_000_000})


@few
@given(seed=st.integers(0, 10**6), life=actions, other=actions)
def test_unrelated_frames_change_no_span(
    seed: int, life: list[tuple[str, int]], other: list[tuple[str, int]]
) -> None:
    """Law 2: another namespace's frames in between only push the clock."""
    cluster = live(seed, life)
    stranger = Cluster(seed=seed + 1, namespace="elsewhere")
    stranger.apply("web")
    for _, wait in other:
        stranger.wait(wait * 1_000_000)
        stranger.update("web")
    both = [
        *zip(cluster.times, cluster.frames, strict=True),
        *zip(stranger.times, stranger.frames, strict=True),
    ]
    both.sort(key=lambda frame: frame[0])
    alone = tell(cluster.frames)

    assert set(alone) <= set(tell(raw for _, raw in both))


class Server:
    """What a LIST would hold after some frames."""

    def __init__(self) -> None:
        self.objects: dict[tuple[str, str], Raw] = {}

    def apply(self, raw: Raw) -> None:
        """Store one frame's object, or remove it."""
        key = (raw["resource"], raw["object"]["metadata"]["uid"])
        if raw["type"] == "DELETED":
            self.objects.pop(key, None)
        else:
            self.objects[key] = raw

    def list(self, *, known: int) -> Listing:
        """LIST, in key order, of which Events up to `known` have been told."""
        return listing((self.objects[key] for key in sorted(self.objects)), emitted_up_to=known)


@few
@given(seed=st.integers(0, 10**6), life=actions)
def test_messages_alone_give_a_generated_life_its_lineage(
    seed: int, life: list[tuple[str, int]]
) -> None:
    """Law 8: without any object's frame every occurrence keeps the parents that messages name."""
    frames = live(seed, life).frames
    bare = tell(raw for raw in frames if raw["resource"] == "events")

    assert chains(bare) == chains(tell(frames))


_DIGEST = """
import hashlib, sys
from event_tracer.export.otlp.encoding import encode
from tests.scenarios.folding import frames_of, tell
for name in sys.argv[1:]:
    print(hashlib.sha256(encode(tell(frames_of(name)))).hexdigest())
"""


def test_another_process_gives_the_same_bytes() -> None:
    """Law 2: no clock, time zone, hash seed or process shows in the OTLP bytes."""
    digests = set()
    for zone, seed in (("UTC", "1"), ("Pacific/Apia", "2"), ("America/St_Johns", "3")):
        environment = {**os.environ, "TZ": zone, "PYTHONHASHSEED": seed, "LC_ALL": "C"}
        command = [sys.executable, "-c", _DIGEST, *JSONL]
        digests.add(
            subprocess.run(command, env=environment, capture_output=True, check=True).stdout
        )
    mine = [hashlib.sha256(encode(tell(frames_of(name)))).hexdigest() for name in JSONL]

    assert [line.decode().split() for line in digests] == [mine]


@pytest.mark.parametrize("most", [1, 7])
@pytest.mark.parametrize("name", JSONL)
def test_it_does_not_matter_how_many_leave_at_once(name: str, most: int) -> None:
    """A LIST has occurrences by the ten thousand: they leave in parts, as the same spans."""
    frames = frames_of(name)
    listing = Listing(frames=tuple(frames))
    whole, parts = Stories(), Stories(most=most)
    wanted = [*whole.feed(listing), *whole.feed(END)]
    told = parts.feed(listing)
    told += parts.feed(Tick(now=parts.watermark + 2 * SECOND))
    while parts.waiting.has_due:
        left = parts.feed(Tick(now=parts.watermark))
        assert len([span for span in left if is_event(span)]) <= most
        told += left
    told += parts.feed(END)

    assert sorted(told, key=astuple) == sorted(wanted, key=astuple)
