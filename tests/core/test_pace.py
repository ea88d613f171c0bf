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
def stories(name: str, pace: float) -> list[Told]:
    """The stories of a capture at another pace."""
    return told(spans_of(parse_frame(raw) for raw in paced(frames(name), pace)))


def candidates(truth: Truth, pace: float) -> list[Told]:
    """What has become of a story: by the moved second of its change.

    Changes that one second held may have come apart.
    """
    first = frames(truth.file)[0]["received"] // SECOND
    begin = first + (truth.second - first) * pace
    return [
        story
        for story in stories(truth.file, pace)
        if story.title == f"{story.verb} {truth.kind} {truth.name}"
        and is_verb(truth.verb, story.verb)
        and math.floor(begin) <= story.second <= begin + pace
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


def test_the_true_pace_is_the_recording() -> None:
    """The helper moves nothing where it has nothing to do."""
    for name in sorted({truth.file for truth in TRUTH}):
        assert list(paced(frames(name), 1)) == list(frames(name))
