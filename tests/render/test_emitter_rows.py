"""Law 13: a row is one Event's, or of what a table knows to say the same."""

import pytest

from event_tracer.render.rows import Row
from event_tracer.render.waterfall import waterfall
from tests.scenarios.cases import picture
from tests.scenarios.folding import listing, tell
from tests.scenarios.operators import Case


def rows(number: str, name: str, at: int = 0) -> list[Row]:
    """The rows of a name in one of a case's pictures."""
    return [row for row in picture(number, at).rows if row.name == name]


def test_steps_of_a_canary_are_no_repeats() -> None:
    """Case 01b: "step 1/5" and "step 2/5"."""
    assert [row.repeats for row in rows("01b", "RolloutStepCompleted")] == ["", ""]


def test_two_texts_are_no_repeat() -> None:
    """Case 03b: a NodeClaim's DisruptionBlocked, two texts."""
    assert [row.repeats for row in rows("03b", "DisruptionBlocked", at=1)] == ["", ""]


def test_an_error_that_is_told_twice_each_time_is_counted_once() -> None:
    """Case 15: two `Failed` Events an attempt, count 4 each."""
    (row,) = rows("15", "Failed ErrImagePull")

    assert row.repeats.startswith("x4 ")
    assert row.count == 4


def test_a_first_time_a_second_before_its_story_is_drawn() -> None:
    """Case 21: the row keeps ◦ for its first time."""
    (row,) = rows("21", "Provisioning", at=2)

    assert row.first is not None
    assert row.repeats.startswith("x7 over")


def test_a_reason_both_normal_and_warning_has_two_rows() -> None:
    """Case 29: the newest, a Normal, is to be seen."""
    errors, others = rows("29", "ComposeResources")

    assert (errors.count, others.count) == (12, 10)
    assert errors.messages
    assert not others.messages


@pytest.mark.parametrize(
    ("number", "name", "times"), [("09a", "SuccessfulCreatePod", 3), ("26", "SuccessfulDelete", 5)]
)
def test_what_names_one_after_the_other_is_a_repeat(number: str, name: str, times: int) -> None:
    """Its messages differ in names alone, and a table says so."""
    (row,) = rows(number, name)

    assert row.count == times


def test_containers_have_rows_of_their_own() -> None:
    """Case 34: sidecar, init container and the pod's own; an image volume has none."""
    assert [row.title for row in rows("34", "Started")] == [
        "Started (init proxy)", "Started (init migrate)", "Started (app)",
    ]  # fmt: skip


def test_the_title_names_the_analysis() -> None:
    """Case 01b: the abort comes after two minutes of silence."""
    trace = picture("01b")

    assert trace.outcome.startswith("started, then failed")
    assert "nalysis" in trace.heading.why


def test_the_head_tells_the_whole_rollout() -> None:
    """Case 26: five nodes, 45 s apart, without status."""
    trace = picture("26")

    assert trace.outcome == "started"
    assert trace.took == "3m03s"


@pytest.mark.parametrize(
    ("about", "reason", "texts"),
    [
        ("Canary web", "Synced", ("Starting canary analysis for web.shop", "Promotion completed!")),
        ("PipelineRun web", "Running", ("Tasks Completed: 0", "Tasks Completed: 1")),
    ],
)  # fmt: skip
def test_one_reason_of_several_things_is_several_rows(
    about: str, reason: str, texts: tuple[str, ...]
) -> None:
    """Flagger says all under `Synced`, a PipelineRun under `Running` how far it is."""
    kinds = {"Canary": "flagger.app/v1beta1", "PipelineRun": "tekton.dev/v1"}
    said: list[tuple[str, ...]] = [(about, reason, text, "") for text in texts]
    raws = Case(kinds, {}, said).events()
    found = waterfall(tell([listing({"resource": "events", "object": raw} for raw in raws)]))

    assert [row.repeats for row in found.rows if row.name == reason] == ["", ""]
