"""Law 6 does not depend on how fast a cluster goes: captures played slower and faster."""

import gzip
import json
import math
from collections.abc import Sequence
from functools import cache

import pytest

from event_tracer.core.frame import parse_frame
from tests.scenarios.captures import FOLDER, TRUTH, Told, Truth, is_verb, spans_of, told
from tests.scenarios.fields import SECOND, Raw
from tests.scenarios.paced import paced

PACES = (0.5, 2, 3, 6)


@cache
def frames(name: str) -> Sequence[Raw]:
    """The raw frames of a capture."""
    lines = gzip.decompress((FOLDER / f"{name}.jsonl.gz").read_bytes()).splitlines()
    return [raw for raw in map(json.loads, lines) if "object" in raw]


@cache
def stories(name: str, pace: float, later: int = 0) -> list[Told]:
    """The stories of a capture at another pace, `later` by ms."""
    moved = paced(frames(name), pace, later=later * 1_000_000)
    return told(spans_of(parse_frame(raw) for raw in moved))


def candidates(truth: Truth, pace: float, later: int = 0) -> list[Told]:
    """What has become of a story: by the moved second of its change.

    Changes that one second held may have come apart.
    """
    first = frames(truth.file)[0]["received"] // SECOND
    begin = first + (truth.second - first) * pace
    return [
        story
        for story in stories(truth.file, pace, later)
        if story.title == f"{story.verb} {truth.kind} {truth.name}"
        and is_verb(truth.verb, story.verb)
        and math.floor(begin) <= story.second <= begin + pace + bool(later)
    ]


def allowed(truth: Truth, pace: float) -> set[str]:
    """The truth, or what law 6's limits make of it.

    Of `liveness` the first failed probe came 14.7 s after all was Ready: a silence of 29.4 s when
    played twice as slow, which is at the limit, and of more than 30 s when slower.
    """
    if truth.file == "liveness" and pace >= 2:
        return {"complete"} if pace > 2 else {"complete", "failed"}
    return {truth.outcome}


@pytest.mark.parametrize("pace", PACES)
@pytest.mark.parametrize("truth", TRUTH, ids=str)
def test_the_outcome_is_true_at_any_pace(truth: Truth, pace: float) -> None:
    """Law 6: open steps are intervals in the API's own times, whatever their length."""
    outcomes = [story.outcome for story in candidates(truth, pace)]

    assert outcomes
    assert outcomes[-1] in allowed(truth, pace)


@pytest.mark.parametrize("pace", PACES)
@pytest.mark.parametrize("name", sorted({truth.file for truth in TRUTH}))
def test_nothing_else_fails_at_any_pace(name: str, pace: float) -> None:
    """Law 6: no root has failed but those of stories that did."""
    failed = [
        story.root.span_id
        for truth in TRUTH
        if truth.file == name and truth.outcome == "failed"
        for story in candidates(truth, pace)
    ]
    others = [
        story.title
        for story in stories(name, pace)
        if story.outcome == "failed" and story.root.span_id not in failed
    ]

    assert others == []


@pytest.mark.parametrize("later", [250, 500, 750])
@pytest.mark.parametrize("truth", TRUTH, ids=str)
def test_the_outcome_is_true_wherever_a_second_begins(truth: Truth, later: int) -> None:
    """Law 3: the API cuts its times; what shares a second in one cluster does not in another."""
    (story,) = candidates(truth, 1, later)

    assert story.outcome == truth.outcome
    if truth.outcome == "complete":
        assert truth.complete_at is not None
        assert story.end == pytest.approx(truth.end + later / 1000, abs=2)
        assert story.completed_after == pytest.approx(truth.complete_at - truth.second, abs=2)


def test_the_true_pace_is_the_recording() -> None:
    """The helper moves nothing where it has nothing to do."""
    for name in sorted({truth.file for truth in TRUTH}):
        assert list(paced(frames(name), 1)) == list(frames(name))
