"""Law 6 of a look at one moment, as `show` and `link` take it: one LIST, and the time of now."""

import io
import json
from collections.abc import Iterator, Sequence
from functools import cache

import pytest

from event_tracer.core.story import Stories
from event_tracer.core.traces import traces_of
from event_tracer.recording import reader
from event_tracer.recording.reader import Problem
from tests.scenarios.captures import CAPTURES, Told, told
from tests.scenarios.fields import SECOND
from tests.scenarios.folding import raw_frames
from tests.scenarios.readings import Raw, looked_at, server_after, watched


@cache
def looks(name: str) -> tuple[tuple[Told, ...], ...]:
    """The stories of a capture that a look each second tells, to its end."""
    raws = raw_frames(f"status/{name}")
    return tuple(tuple(told(looked_at(raws, now))) for now in _seconds(raws))


def printed(raws: Sequence[Raw]) -> io.BytesIO:
    """What `kubectl get … -o json` prints after these frames."""
    held = server_after(raws).held.values()
    items = [{"kind": raw["kind"], "apiVersion": "v1", **raw["object"]} for raw in held]
    return io.BytesIO(json.dumps({"apiVersion": "v1", "kind": "List", "items": items}).encode())


def _seconds(raws: tuple[Raw, ...]) -> Iterator[int]:
    return iter(range(raws[0]["received"], raws[-1]["received"] + SECOND, SECOND))


def outcomes(name: str, title: str) -> list[str]:
    """Outcome of the story of this title, look by look."""
    return [story.outcome for look in looks(name) for story in look if story.title == title]


def since_first(found: list[str], outcome: str) -> list[str]:
    """Those from the first look on that gives this outcome."""
    return found[found.index(outcome) :]


@pytest.mark.parametrize("name", ["crash", "oom", "liveness", "bad-image", "bad-config", "quota"])
def test_a_loop_has_one_verdict(name: str) -> None:
    """One look a second, between deaths and back-offs, whether the container runs or not."""
    found = since_first(outcomes(name, "Create Deployment web"), "failed")

    assert len(found) >= 80
    assert set(found) == {"failed"}


def test_a_hundred_looks_at_a_crash_loop() -> None:
    """From the first death on, also while the container runs and its pod is Ready."""
    found = since_first(outcomes("crash", "Create Deployment web"), "failed")

    assert found[:100] == ["failed"] * 100


@pytest.mark.parametrize(
    ("name", "title"),
    [("restart", "Restart Deployment web"), ("evict", "Create Deployment web")],
)
def test_old_pods_do_not_fail_what_replaces_them(name: str, title: str) -> None:
    """Their probes fail and their containers end with 137 while they go."""
    found = outcomes(name, title)

    assert "failed" not in found
    assert found[-1] == "complete"


@pytest.mark.parametrize("name", ["never-ready", "unschedulable", "slow-ready", "crash", "job"])
def test_a_list_is_a_look(name: str) -> None:
    """What kubectl prints, replayed: a pod that is not ready yet has not failed for that."""
    raws, problems = raw_frames(f"status/{name}"), list[Problem]()
    for now in tuple(_seconds(raws))[1::3]:
        seen = [raw for raw in raws if raw["received"] <= now]
        items = reader.items(["-"], stdin=printed(seen), on_problem=problems.append)
        listed = [span for trace in traces_of(items, Stories()) for span in trace]

        assert [(story.title, story.outcome) for story in told(listed)] == [
            (story.title, story.outcome) for story in told(looked_at(seen, now))
        ]


def test_a_failing_run_is_failed_each_time() -> None:
    """From its first death on; the run beside it is not."""
    assert set(since_first(outcomes("job", "Create Job fails"), "failed")) == {"failed"}
    assert "failed" not in outcomes("job", "Create Job works")


@pytest.mark.parametrize("after", [0, 11, 60, 600])
def test_a_failed_run_that_was_cleaned_up_has_failed(after: int) -> None:
    """A CronJob keeps its last failed Job alone: of those before Events are left."""
    raws = raw_frames("status/job")
    end = raws[-1]["received"]
    gone = [
        {**raw, "type": "DELETED", "received": end + 10 * SECOND + number}
        for number, raw in enumerate(server_after(raws).held.values())
        if raw["resource"] in ("jobs", "pods")
    ]
    found = told(looked_at([*raws, *gone], end + after * SECOND))

    assert [story.outcome for story in found if "fails" in story.title] == ["failed"]
    assert [story.outcome for story in found if "works" in story.title] in (
        ["complete"], ["started"],
    )  # fmt: skip


@pytest.mark.parametrize("name", CAPTURES)
def test_no_look_tells_a_story_of_its_own(name: str) -> None:
    """Law 5: the traces of each are those of the run that has watched it all."""
    known = {story.root.trace_id for story in told(watched(raw_frames(f"status/{name}")))}
    for look in looks(name):
        assert {story.root.trace_id for story in look} <= known


@pytest.mark.parametrize("name", sorted({*CAPTURES} - {"flap", "recover"}))
def test_no_look_is_red_but_of_what_fails(name: str) -> None:
    """What is complete in the end was never failed on the way, where no error stood."""
    last = {story.root.trace_id: story.outcome for story in looks(name)[-1]}
    for look in looks(name):
        for story in look:
            is_over = last.get(story.root.trace_id) != "complete"
            assert is_over or story.outcome != "failed", story.title
