"""Law 9: a restart reads objects anew from where all is acknowledged, and goes on the same."""

from collections.abc import Iterable, Sequence
from functools import partial

import pytest

from event_tracer.core.event import version_number
from event_tracer.core.frame import END, Listing, SyncState, parse_frame
from event_tracer.core.span import Span
from event_tracer.core.state import State
from event_tracer.core.story import Stories
from event_tracer.pipeline.checkpoint import Checkpoint, CheckpointEncoder, decode
from tests.scenarios.cluster import Cluster
from tests.scenarios.fields import SECOND, Raw
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


def restarted(
    state: State, frames: Sequence[Raw], *, cut: int, begin: int, left: int
) -> list[Span]:
    """All that a run makes which begins with a state of `cut`.

    It reads objects from the frame `begin` on, and Events from the version `left` on.
    """
    saved, _ = CheckpointEncoder().encode(Checkpoint(state=state))
    stories = Stories(state=decode(saved).state)
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


def assert_same(frames: Sequence[Raw], *, back: int, step: int) -> None:
    """A restart from each `step`th frame, that reads objects `back` frames before it has to."""
    whole = event_spans(tell(frames))
    stories, before = Stories(), list[Span]()
    for cut, raw in enumerate(frames):
        if cut % step == 5 % step:
            lowest = stories.waiting.lowest_versions
            held = [n for n in range(cut) if version(frames[n]) >= lowest.statuses > 0]
            begin = max(0, min([cut, *held]) - back)
            after = restarted(stories.state(), frames, cut=cut, begin=begin, left=lowest.events)
            first = version(frames[begin])
            sent = [span for span in before if not (span.is_status and span.version >= first)]
            assert event_spans([*sent, *after]) == whole, cut
        before += stories.feed(parse_frame(raw))


@pytest.mark.parametrize("back", [0, 7, 40, 10_000])
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("kind", [Cluster, StatusCluster])
def test_objects_read_anew_change_nothing(kind: type[Cluster], seed: int, back: int) -> None:
    """From any checkpoint, however far behind its positions of objects are: the same spans."""
    assert_same(busy(seed=seed, events=150, kind=kind).frames, back=back, step=29)


@pytest.mark.parametrize("back", [0, 3, 10, 10_000])
@pytest.mark.parametrize("kind", [Cluster, StatusCluster])
def test_changes_read_anew_are_no_changes(kind: type[Cluster], back: int) -> None:
    """A write through /scale is dated once, by what followed it when it was read first."""
    cluster = kind()
    cluster.apply("web")
    for _ in range(3):
        for change in (partial(cluster.scale, events=False), cluster.annotate, cluster.restart):
            cluster.wait(40 * SECOND)
            change("web")
            cluster.wait(5 * SECOND)
            cluster.back_off(cluster.pods[0], times=3)

    assert_same(cluster.frames, back=back, step=1)
