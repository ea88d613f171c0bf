"""Law 6: what a Warning says of what is well is no failure, whoever says it and however often."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest

from event_tracer.core.errors import ADVICE
from event_tracer.core.span import Span
from event_tracer.render.outcome import later_of
from tests.scenarios.folding import attributes, is_event, listing, raw_frames, roots, tell
from tests.scenarios.readings import watched

RAWS = [raw for raw in raw_frames("status/good") if raw["resource"] != "namespaces"]
EVENTS = [raw for raw in RAWS if raw["resource"] == "events"]
OTHERS = [raw for raw in RAWS if raw["resource"] != "events"]
NAMESERVERS = "Nameserver limits were exceeded, some nameservers have been omitted"
SECRETS = "Unable to retrieve some image pull secrets (regcred)"
POLICY = "policy require-labels/check fail: validation error: a label is required"


def later(stamp: str, seconds: int) -> str:
    """A time so many seconds later."""
    moved = datetime.fromisoformat(stamp) + timedelta(seconds=seconds)
    return moved.strftime("%Y-%m-%dT%H:%M:%SZ")


def warning(kind: str, reason: str, message: str, *, after: int = 1) -> Mapping[str, Any]:
    """A Warning about an object of a kind, first when it was told of, last `after` s later."""
    about = next(
        raw["object"] for raw in EVENTS
        if raw["object"]["involvedObject"]["kind"] == kind and raw["object"]["firstTimestamp"]
    )  # fmt: skip
    first = about["firstTimestamp"]
    changed = {
        "type": "Warning", "reason": reason, "message": message, "count": 9,
        "lastTimestamp": later(first, after),
        "metadata": {**about["metadata"], "uid": "11111111-2222-4333-8444-555555555555"},
    }  # fmt: skip
    return {**EVENTS[-1], "object": {**about, **changed}}


def outcomes(spans: list[Span]) -> dict[str, str]:
    """How each object stands."""
    found = (span for span in spans if not is_event(span))
    return {span.name: attributes(span)["event_tracer.outcome"] for span in found}


@pytest.mark.parametrize("after", [1, 300])
@pytest.mark.parametrize(
    ("kind", "reason", "message"),
    [
        ("Pod", "DNSConfigForming", NAMESERVERS),
        ("Pod", "FailedToRetrieveImagePullSecret", SECRETS),  # kubernetes#128544
        ("Pod", "Unheard", "this controller does not like it"),
        ("Deployment", "PolicyViolation", POLICY),
    ],
)
def test_a_healthy_rollout_has_warnings(kind: str, reason: str, message: str, after: int) -> None:
    """Also in a List, where they were told last long after all else."""
    extra = warning(kind, reason, message, after=after)
    newest = {raw["object"]["metadata"]["uid"]: raw for raw in OTHERS}

    assert outcomes(watched([*RAWS, extra]))["Create Deployment web"] == "complete"
    listed = tell([listing([*EVENTS, extra, *newest.values()])])
    assert [attributes(root)["event_tracer.outcome"] for root in roots(listed)] == ["complete"]


@pytest.mark.parametrize("reason", sorted(ADVICE))
def test_advice_alone_fails_nothing(reason: str) -> None:
    """By Events alone; it keeps no story open, and no picture says "then failed" for it."""
    spans = tell([listing([*EVENTS, warning("Pod", reason, "advice", after=600)])])
    told = [span for span in spans if is_event(span)]

    assert set(outcomes(spans).values()) == {"started"}
    (advice,) = [span for span in told if span.name == reason]
    assert advice.error == "advice"
    (root,) = roots(spans)
    assert root.end < advice.end
    assert later_of(root, told) is None


def test_what_a_workload_was_warned_of_before_it_was_complete_is_over() -> None:
    """Of any other reason, too: status says that it is rolled out."""
    spans = watched([*RAWS, warning("Deployment", "Unheard", "this may not do", after=1)])

    assert outcomes(spans)["Create Deployment web"] == "complete"
