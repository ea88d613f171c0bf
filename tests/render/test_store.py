"""The newest spans and raw Events of a run, and no more of them than it may hold."""

import json
from collections.abc import Iterable
from typing import Any

from event_tracer.core.filters import REDACTED, Redaction
from event_tracer.core.span import Span
from event_tracer.render.page.store import RawEvents, StoryStore
from tests.browser.pages import rollout
from tests.scenarios.folding import frames_of, is_event, raw_frames, roots, tell


def trace_ids(spans: Iterable[Span]) -> list[bytes]:
    """Of the stories, in the order of their first spans."""
    return list(dict.fromkeys(span.trace_id for span in spans))


def story(store: StoryStore, trace_id: bytes) -> Any:
    """A story as the page takes it."""
    return json.loads(store.text(trace_id))


def changed(store: StoryStore, version: int = 0) -> list[bytes]:
    """The stories that have changed since."""
    return [trace_id for _, trace_id in store.since(version)]


def test_what_changes_is_told_last_and_once() -> None:
    """Each story has one place, that of its newest change."""
    redis, big = tell(frames_of("redis-create")), tell(frames_of("unschedulable"))
    store = StoryStore(max_spans=500)
    store.take(redis[:4])
    store.take(big)
    store.take(redis[4:])

    assert changed(store) == [*trace_ids(big), *trace_ids(redis)]
    (newest, _) = store.since(0)[-1]
    assert store.since(newest) == []
    assert story(store, redis[0].trace_id)["spans"] == len(redis)


def test_a_span_that_comes_again_is_there_once() -> None:
    """A restart sends again what was not acknowledged, byte for byte."""
    spans, store = tell(frames_of("redis-create")), StoryStore(max_spans=500)
    store.take(spans)
    store.take(spans)

    assert story(store, spans[0].trace_id)["spans"] == len(spans)


def test_who_waits_is_woken_by_what_comes() -> None:
    """Once; what comes later wakes those who wait anew."""
    store = StoryStore(max_spans=500)
    before = store.changed
    store.take(tell(frames_of("redis-create")))

    assert before.is_set()
    assert not store.changed.is_set()


def test_the_oldest_stories_make_room() -> None:
    """Whole; they are told no more, and counted."""
    stories = [
        tell(frames_of(name)) for name in ("redis-create", "unschedulable", "rolling-update")
    ]
    store = StoryStore(max_spans=sum(map(len, stories)) - 1)
    for spans in stories:
        store.take(spans)

    assert store.forgotten == 1
    assert store.text(stories[0][0].trace_id) == ""
    assert changed(store) == [each for spans in stories[1:] for each in trace_ids(spans)]
    assert json.loads(store.known()) == [trace_id.hex() for trace_id in changed(store)]


def test_what_is_under_way_is_told_anew_as_time_goes_on() -> None:
    """How far it has come changes without a span; once it is over, nothing does."""
    spans = tell(frames_of("redis-create"))
    (root,) = roots(spans)
    unsealed = [root]
    store = StoryStore(max_spans=500, preview=lambda _: tuple(unsealed))
    store.take([span for span in spans if is_event(span)])
    story(store, root.trace_id)
    (newest, _), *_ = store.since(0)
    store.renew()
    assert store.since(newest) == []

    pairs = dict(root.attributes) | {
        "event_tracer.outcome": "progressing", "event_tracer.progress": "0/1 ready for 5s",
    }  # fmt: skip
    unsealed[:] = [root.but(attributes=tuple(pairs.items()))]
    waiting = store.changed
    store.renew()
    assert changed(store, newest) == [root.trace_id]
    assert waiting.is_set()
    assert story(store, root.trace_id)["cause"] == "0/1 ready for 5s"

    unsealed.clear()
    store.take([span for span in spans if not is_event(span)])
    story(store, root.trace_id)
    (newest, _), *_ = store.since(0)
    store.renew()
    assert store.since(newest) == []


def test_of_one_story_that_has_no_room_the_earliest_spans_go() -> None:
    """A story may be longer than all that there is room for."""
    spans, store = rollout(replicas=50), StoryStore(max_spans=60)
    for span in spans:
        store.take([span])

    (trace_id,) = changed(store)
    held = {each[0] for row in story(store, trace_id)["rows"] for each in row["spans"]}
    assert held == {span.span_id.hex() for span in spans[-60:]}


def test_raw_events_are_redacted_and_of_the_newest_alone() -> None:
    """They are as many as spans at most, and what is redacted never gets to the page."""
    spans, keep = tell(frames_of("image-pull-backoff")), RawEvents(Redaction(["[Ee]rror"]))
    store = StoryStore(max_spans=500, events=keep.by_uid)
    for raw in raw_frames("image-pull-backoff"):
        keep(raw)
    store.take(spans)
    text = store.text(spans[0].trace_id)
    assert REDACTED in text
    assert '"message":"Error' not in text

    keep = RawEvents(Redaction(()), max_events=3)
    for raw in raw_frames("image-pull-backoff"):
        keep(raw)
    assert len(keep.by_uid) == 3


def test_an_object_that_has_not_settled_is_shown_as_it_is() -> None:
    """The tree is there before its spans are sealed, and says what they say once they are."""
    spans = tell(frames_of("redis-create"))
    (root,) = roots(spans)
    before = root.but(end=root.start)
    store = StoryStore(max_spans=500, preview=lambda _: [before])
    store.take([span for span in spans if is_event(span)])
    assert story(store, root.trace_id)["rows"][0]["spans"][0][:3] == [root.span_id.hex(), 0, 0]

    store.take([span for span in spans if not is_event(span)])
    assert story(store, root.trace_id)["rows"][0]["spans"][0][2] == root.end - root.start
