"""Law 9: a restart reads objects anew from where all is acknowledged, and goes on the same."""

from collections.abc import Iterable, Sequence

import pytest

from event_tracer.core.event import version_number
from event_tracer.core.frame import END, Listing, SyncState, parse_frame
from event_tracer.core.span import Span
from event_tracer.core.state import State
from event_tracer.core.story import Stories
from event_tracer.pipeline.checkpoint import Checkpoint, CheckpointEncoder, decode
from tests.scenarios.cluster import Cluster
from tests.scenarios.fields import Raw
from tests.scenarios.folding import by_id, is_event, tell
from tests.scenarios.statuses import StatusCluster
from tests.scenarios.workloads import busy


def version(raw: Raw) -> int:
    """Of a frame's object."""
    return version_number(raw["object"]["metadata"]["resourceVersion"])


def is_about_object(raw: Raw) -> bool:
    """Whether a frame is of no Event."""
    return bool(raw["resource"] != "events")


def listed(frames: Iterable[Raw]) -> Listing:
    """What a LIST would hold after these frames: it only teaches."""
    objects: dict[str, Raw] = {}
    for raw in frames:
        objects.pop(raw["object"]["metadata"]["uid"], None)
        if raw["type"] != "DELETED":
            objects[raw["object"]["metadata"]["uid"]] = raw
    return Listing(frames=tuple(map(parse_frame, objects.values())), learn_only=True)


def restarted(state: State, frames: Sequence[Raw], *, cut: int, back: int, left: int) -> list[Span]:
    """All that a run makes which begins with a state of `cut`.

    It reads objects from `back` frames before that on, and Events from the version `left` on.
    """
    saved, _ = CheckpointEncoder().encode(Checkpoint(state=state))
    stories, begin = Stories(state=decode(saved).state), max(0, cut - back)
    spans = stories.feed(SyncState(events_behind=True, objects_behind=True))
    spans += stories.feed(listed(filter(is_about_object, frames[:begin])))
    for raw in filter(is_about_object, frames[begin:cut]):
        spans += stories.feed(parse_frame(raw))
    spans += stories.feed(listed(raw for raw in frames[:cut] if not is_about_object(raw)))
    missed = [raw for raw in frames[:cut] if not is_about_object(raw) and version(raw) >= left]
    for raw in missed if left else ():
        spans += stories.feed(parse_frame(raw))
    spans += stories.feed(SyncState())
    for raw in frames[cut:]:
        spans += stories.feed(parse_frame(raw))
    return [*spans, *stories.feed(END)]


def event_spans(spans: Iterable[Span]) -> dict[tuple[bytes, bytes], Span]:
    """The event spans by their ids; a re-sent one never differs."""
    return by_id(dict.fromkeys(filter(is_event, spans)))


@pytest.mark.parametrize("back", [1, 7, 40, 10_000])
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("kind", [Cluster, StatusCluster])
def test_objects_read_anew_change_nothing(kind: type[Cluster], seed: int, back: int) -> None:
    """From any checkpoint, however far behind its positions of objects are: the same spans."""
    frames = busy(seed=seed, events=150, kind=kind).frames
    whole = event_spans(tell(frames))
    stories, before = Stories(), list[Span]()
    for cut, raw in enumerate(frames):
        if cut % 29 == 5:
            left = stories.waiting.lowest_versions.events
            after = restarted(stories.state(), frames, cut=cut, back=back, left=left)
            assert event_spans([*before, *after]) == whole, cut
        before += stories.feed(parse_frame(raw))
