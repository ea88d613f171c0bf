"""What the page of a run holds: the newest spans, and no more of them than it may."""

import json
from collections.abc import Iterable
from typing import Any

from event_tracer.core.redaction import REDACTED, Redaction
from event_tracer.core.span import Span
from event_tracer.render.page.board import Board
from tests.browser.pages import rollout
from tests.scenarios.folding import frames_of, is_event, raw_frames, roots, tell


def trace_ids(spans: Iterable[Span]) -> list[bytes]:
    """Of the stories, in the order of their first spans."""
    return list(dict.fromkeys(span.trace_id for span in spans))


def story(board: Board, trace_id: bytes) -> Any:
    """What is told of a story."""
    return json.loads(board.text(trace_id))


def told(board: Board, version: int = 0) -> list[bytes]:
    """The stories that have changed since."""
    return [trace_id for _, trace_id in board.since(version)]


def test_what_changes_is_told_last_and_once() -> None:
    """Each story has one place, that of its newest change."""
    redis, big = tell(frames_of("redis-create")), tell(frames_of("unschedulable"))
    board = Board(most=500)
    board.take(redis[:4])
    board.take(big)
    board.take(redis[4:])

    assert told(board) == [*trace_ids(big), *trace_ids(redis)]
    (newest, _) = board.since(0)[-1]
    assert board.since(newest) == []
    assert story(board, redis[0].trace_id)["spans"] == len(redis)


def test_a_span_that_comes_again_is_there_once() -> None:
    """A restart sends again what was not acknowledged, byte for byte."""
    spans, board = tell(frames_of("redis-create")), Board(most=500)
    board.take(spans)
    board.take(spans)

    assert story(board, spans[0].trace_id)["spans"] == len(spans)


def test_who_waits_is_woken_by_what_comes() -> None:
    """Once; what comes later wakes those who wait anew."""
    board = Board(most=500)
    before = board.changed
    board.take(tell(frames_of("redis-create")))

    assert before.is_set()
    assert not board.changed.is_set()


def test_the_oldest_stories_make_room() -> None:
    """Whole; they are told no more, and counted."""
    stories = [
        tell(frames_of(name)) for name in ("redis-create", "unschedulable", "rolling-update")
    ]
    board = Board(most=sum(map(len, stories)) - 1)
    for spans in stories:
        board.take(spans)

    assert board.forgotten == 1
    assert board.text(stories[0][0].trace_id) == ""
    assert told(board) == [each for spans in stories[1:] for each in trace_ids(spans)]
    assert json.loads(board.known()) == [trace_id.hex() for trace_id in told(board)]


def test_of_one_story_that_has_no_room_the_earliest_spans_go() -> None:
    """A story may be longer than all that there is room for."""
    spans, board = rollout(replicas=50), Board(most=60)
    for span in spans:
        board.take([span])

    (trace_id,) = told(board)
    held = {each[0] for row in story(board, trace_id)["rows"] for each in row["spans"]}
    assert held == {span.span_id.hex() for span in spans[-60:]}


def test_raw_events_are_redacted_and_of_the_newest_alone() -> None:
    """They are as many as spans at most, and what is redacted never gets to the page."""
    spans, board = tell(frames_of("image-pull-backoff")), Board(most=500)
    keep = board.keep(Redaction(["[Ee]rror"]))
    for raw in raw_frames("image-pull-backoff"):
        keep(raw)
    board.take(spans)
    text = board.text(spans[0].trace_id)
    assert REDACTED in text
    assert '"message":"Error' not in text

    small = Board(most=3)
    keep = small.keep(Redaction(()))
    for raw in raw_frames("image-pull-backoff"):
        keep(raw)
    assert len(keep.events) == 3


def test_an_object_that_has_not_settled_is_shown_as_it_is() -> None:
    """The tree is there before its spans are sealed, and says what they say once they are."""
    spans, board = tell(frames_of("redis-create")), Board(most=500)
    (root,) = roots(spans)
    before = root._replace(end=root.start)
    board.unsealed = lambda _: [before]
    board.take([span for span in spans if is_event(span)])
    assert story(board, root.trace_id)["rows"][0]["spans"][0][:3] == [root.span_id.hex(), 0, 0]

    board.take([span for span in spans if not is_event(span)])
    assert story(board, root.trace_id)["rows"][0]["spans"][0][2] == root.end - root.start
