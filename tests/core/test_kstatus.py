"""Law 6: an object of a custom kind that is read whole stands as kstatus says."""

from collections.abc import Iterable, Sequence
from typing import Any

import pytest

from event_tracer.core.frame import END, Item, Listing, Tick, parse_frame
from event_tracer.core.span import Span
from event_tracer.core.story import Stories
from event_tracer.pipeline.checkpoint import Checkpoint, CheckpointEncoder, decode
from tests.scenarios.customs import (
    CERTIFICATE,
    ISSUED,
    ISSUING,
    NEW,
    STALLED,
    T,
    condition,
    custom,
    said,
)
from tests.scenarios.fields import SECOND, Raw, stamp
from tests.scenarios.folding import attributes, by_id, events, roots, tell

Condition = tuple[str, str, int]  # type, status, seconds into the story


def root(spans: Iterable[Span]) -> Any:
    """The attributes of the last root."""
    return attributes(roots(spans)[-1])


def cause(spans: Iterable[Span]) -> tuple[Any, ...]:
    """The outcome of the last root, and why."""
    found = root(spans)
    told = (found.get(f"event_tracer.cause.{each}") for each in ("reason", "message", "object"))
    return (found["event_tracer.outcome"], *told)


def test_one_that_is_not_ready_is_under_way() -> None:
    """For ten minutes after it last came further."""
    assert root(tell(CERTIFICATE[:4]))["event_tracer.outcome"] == "progressing"


def test_one_that_stalls_has_failed() -> None:
    """kstatus: with the condition's reason and message as the cause."""
    spans = tell([NEW, ISSUING, custom(20, condition("Ready", "False", 1), STALLED)])
    (stalled,) = [span for span in events(spans) if span.error is not None]

    assert cause(spans) == ("failed", "BadSpec", "no such issuer", "Certificate web")
    assert (stalled.name, stalled.error) == ("Stalled", "Stalled is True")


def test_one_that_goes_on_has_not_failed() -> None:
    """Within the 30 s after which a failed story ends."""
    stalled = custom(20, condition("Ready", "False", 1), STALLED)
    spans = tell([NEW, ISSUING, stalled, custom(30, condition("Ready", "True", 30))])

    assert cause(spans)[0] == "complete"
    assert root(spans)["event_tracer.completed_after"] == 30


@pytest.mark.parametrize(
    ("conditions", "outcome"),
    [
        ([("Ready", "True", 5)], "complete"),
        ([("Ready", "Unknown", 5)], "progressing"),
        ([("Ready", "True", 5), ("Reconciling", "True", 6)], "progressing"),
        ([("Reconciling", "True", 6)], "progressing"),
        ([("Ready", "True", 5), ("Reconciling", "False", 6)], "complete"),
        ([("Ready", "False", 5), ("Available", "True", 5)], "progressing"),
        ([("Available", "True", 5)], "complete"),
        ([("Available", "True", 5), ("Healthy", "False", 5)], "progressing"),
        ([("Succeeded", "True", 5)], "complete"),
        ([("Running", "True", 3), ("Failed", "True", 5)], "failed"),
        ([("Ready", "True", 5), ("Degraded", "True", 5)], "complete"),
        ([("Synced", "True", 5)], "started"),
        ([("Failed", "False", 5)], "started"),
    ],
)
def test_outcome_is_that_of_kstatus(conditions: list[Condition], outcome: str) -> None:
    """Where it has no word, the rules of a root without rules of its own hold."""
    frame = custom(6, *(condition(*each) for each in conditions))

    assert cause(tell([NEW, said(1), frame]))[0] == outcome


@pytest.mark.parametrize("of_condition", [False, True])
@pytest.mark.parametrize("as_text", [False, True])
def test_what_is_said_of_an_older_generation_is_not_of_this(
    of_condition: bool, as_text: bool
) -> None:
    """By the status' observedGeneration or a condition's; Argo Rollouts write it as a string."""

    def healthy(at: int, status: str, since: int, generation: int, observed: int) -> Raw:
        value: Any = str(observed) if as_text else observed
        changed, of = (100 if generation > 1 else 0), {"observedGeneration": value}
        each = condition("Healthy", status, since, **(of if of_condition else {}))
        return custom(
            at, each, kind="Rollout", generation=generation, changed=changed,
            observed=None if of_condition else value,
        )  # fmt: skip

    first = [custom(0, kind="Rollout"), healthy(10, "True", 10, 1, 1)]
    seen = healthy(100, "True", 10, 2, 1)
    begun, done = healthy(102, "False", 102, 2, 2), healthy(200, "True", 200, 2, 2)
    told = said(101, kind="Rollout")

    before = tell([*first, seen, told])
    after = tell([*first, seen, told, begun, done])

    assert [attributes(each)["event_tracer.outcome"] for each in roots(before)] == [
        "complete", "progressing",
    ]  # fmt: skip
    assert [attributes(each)["event_tracer.outcome"] for each in roots(after)] == ["complete"] * 2
    assert root(after)["event_tracer.completed_after"] == 100


def test_a_failure_that_a_change_ends_was_one() -> None:
    """The change is observed later, and puts an end to it."""
    failed = custom(20, STALLED, kind="Rollout", observed=1)
    changed = custom(60, STALLED, kind="Rollout", observed=1, generation=2, changed=60)
    ready = custom(70, condition("Ready", "True", 70), kind="Rollout", observed=2, generation=2,
                   changed=60)  # fmt: skip
    first, second = roots(tell([custom(0, kind="Rollout"), failed, changed, ready]))

    assert attributes(first)["event_tracer.cause.reason"] == "BadSpec"
    assert attributes(second)["event_tracer.outcome"] == "complete"


def test_readiness_undoes_a_warning_about_it() -> None:
    """As any later Normal occurrence does; that it is not ready undoes nothing."""
    warning = said(5, type_="Warning", reason="IssuerNotFound")
    late = custom(40, condition("Ready", "False", 8))

    assert cause(tell([NEW, warning, late]))[0] == "failed"
    assert cause(tell([NEW, warning, late, ISSUED]))[0] == "complete"


def test_one_that_was_asked_to_go_went() -> None:
    """Whatever its conditions say."""
    gone: Raw = {"deletionTimestamp": stamp(T + 60 * SECOND), "deletionGracePeriodSeconds": 0}
    asked = custom(61, condition("Ready", "False", 61), **gone)
    spans = tell([*CERTIFICATE[:4], asked, {**asked, "type": "DELETED"}])

    assert roots(spans)[-1].name == "Delete Certificate web"
    assert cause(spans)[0] == "complete"


def restarted(frames: Sequence[Raw], *, cut: int) -> list[Span]:
    """What two runs make of it, the second of which begins with the checkpoint of the first."""
    stories = Stories()
    spans = [span for raw in frames[:cut] for span in stories.feed(parse_frame(raw))]
    spans += stories.feed(Tick(now=stories.watermark + 3 * SECOND))  # all of it leaves
    saved, _ = CheckpointEncoder().encode(Checkpoint(state=stories.state()))
    state = decode(saved).state
    assert state == stories.state()
    stories = Stories(state=state)
    objects = [raw for raw in frames[:cut] if raw["resource"] != "events"][-1:]
    known = Listing(frames=tuple(map(parse_frame, objects)), learn_only=True)
    items: list[Item] = [known, *map(parse_frame, frames[cut:]), END]
    for item in items:
        spans += stories.feed(item)
    return spans


@pytest.mark.parametrize("end", [ISSUED, custom(90, STALLED)])
def test_a_restart_goes_on_the_same(end: Raw) -> None:
    """Law 9: each transition is told once, and the root is the same."""
    ticks = [said(at) for at in (30, 33, 120, 123)]
    frames = [*CERTIFICATE[:4], *ticks[:2], end, *ticks[2:]]
    whole = by_id(tell(frames))

    for cut in (6, 9):
        assert by_id(restarted(frames, cut=cut)) == whole
