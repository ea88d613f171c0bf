"""Laws 2 and 9: whenever a process is lost, the next goes on from a checkpoint and a LIST."""

from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from event_tracer.core.frame import END, parse_frame
from event_tracer.core.span import Span
from event_tracer.core.story import Stories
from event_tracer.pipeline.checkpoint import Checkpoint, CheckpointEncoder, decode
from tests.scenarios.folding import (
    JSONL,
    events,
    listing,
    raw_frames,
    tell,
)
from tests.scenarios.lived import actions, live
from tests.scenarios.readings import Raw, server_after, version

few = settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))


def told_before_and_after(frames: Sequence[Raw], cut: int) -> list[Span]:
    """Feed up to `cut`, save, lose the process, and go on from what was saved and a LIST.

    Objects are listed as of their own position: what a status showed later comes again.
    """
    stories, spans = Stories(), list[Span]()
    for raw in frames[:cut]:
        spans += stories.feed(parse_frame(raw))
    position = stories.waiting.lowest_versions.statuses or 2**63
    again = [
        raw for raw in frames[:cut] if raw["resource"] != "events" and version(raw) >= position
    ]
    held = server_after(raw for raw in frames[:cut] if raw not in again).held
    saved, _ = CheckpointEncoder().encode(Checkpoint(state=stories.state()))
    told = {span.span_id for span in spans}
    checkpoint = _checkpoint(frames[:cut], told)
    after = Stories(state=decode(saved).state)
    spans += after.feed(listing((held[key] for key in sorted(held)), emitted_up_to=checkpoint))
    missed = [
        raw for raw in frames[:cut] if version(raw) > checkpoint and raw["resource"] == "events"
    ]
    for raw in (*again, *missed, *frames[cut:]):
        spans += after.feed(parse_frame(raw))
    return spans + after.feed(END)


def _checkpoint(frames: Sequence[Raw], told: set[bytes]) -> int:
    """The highest resourceVersion at and below which every occurrence has left."""
    versions = {version(raw): raw for raw in frames if raw["resource"] == "events"}
    pending = [
        each
        for each, raw in versions.items()
        if not {span.span_id for span in events(tell([raw]))} <= told
    ]
    return min(pending) - 1 if pending else max(versions, default=0)


@pytest.mark.parametrize("name", [*JSONL, "status/paused", "cases/40-operator-owned-two-rollouts"])
def test_a_cut_anywhere_changes_no_event_span(name: str) -> None:
    """Law 2 and 9: from a saved state, a LIST and the watch, every event span is the same."""
    frames = list(raw_frames(name))
    whole = set(events(tell(frames)))
    step = max(1, len(frames) // 25)

    for cut in range(1, len(frames), step):
        assert set(events(told_before_and_after(frames, cut))) == whole, cut


@few
@given(seed=st.integers(0, 10**6), life=actions, share=st.floats(0, 1))
def test_a_cut_of_a_generated_life_changes_no_event_span(
    seed: int, life: list[tuple[str, int]], share: float
) -> None:
    """Law 2 and 9, also where the change was dated by an Event or by a status write."""
    frames = live(seed, life).frames
    cut = int(share * len(frames))

    assert set(events(told_before_and_after(frames, cut))) == set(events(tell(frames)))
