"""Law 6 on captures of a real cluster, whose truth a second observer has told."""

import re

import pytest

from event_tracer.core.span import Span
from tests.scenarios.captures import CAPTURES, TRUTH, Told, Truth, captured, is_verb, told
from tests.scenarios.folding import attributes, events

FAILED = [truth for truth in TRUTH if truth.outcome == "failed"]
COMPLETE = [truth for truth in TRUTH if truth.outcome == "complete"]

# The step, the object and, where there is one, the exit code that a failed story's cause names.
_PULL = ("ErrImagePull|ImagePullBackOff|Failed", r"Pod \S+", ("127.0.0.1:5999",))
CAUSES = {
    "bad-config": (
        "CreateContainerConfigError|Failed", r"Pod web-\S+", ('configmap "nowhere" not found',)
    ),
    "bad-image": _PULL,
    "crash": ("Terminated|Error", r"Pod web-\S+", ("web", "exit 3")),
    "job": ("Terminated|Error", r"Pod fails-\S+", ("container c", "exit 2")),
    "liveness": ("Terminated|Error", r"Pod web-\S+", ("web", "exit 137")),
    "never-ready": ("Unhealthy", r"Pod web-\S+", ("readiness probe failed", "container web")),
    "oom": ("Terminated|OOMKilled", r"Pod web-\S+", ("web", "OOMKilled", "exit 137")),
    "quota": ("FailedCreate", r"ReplicaSet web-\S+", ("exceeded quota",)),
    "sts-stuck": _PULL,
    "superseded": _PULL,
    "undo": _PULL,
    "unschedulable": ("FailedScheduling", r"Pod web-\S+", ("0/1 nodes are available",)),
}  # fmt: skip


def found(truth: Truth) -> Told:
    """The story that the truth is about."""
    stories = [
        story
        for story in told(captured(truth.file))
        if story.second == truth.second
        and is_verb(truth.verb, story.verb)
        and story.title == f"{story.verb} {truth.kind} {truth.name}"
    ]
    assert len(stories) == 1, [
        (story.title, story.second, story.outcome) for story in told(captured(truth.file))
    ]
    return stories[0]


@pytest.mark.parametrize("truth", TRUTH, ids=str)
def test_the_outcome_is_true(truth: Truth) -> None:
    """Law 6: as another observer of the same cluster saw it."""
    assert found(truth).outcome == truth.outcome


@pytest.mark.parametrize("truth", COMPLETE, ids=str)
def test_a_complete_story_ends_when_it_ended(truth: Truth) -> None:
    """Law 6: within 2 s of its last occurrence, and its completion within 2 s of the first."""
    story = found(truth)

    assert story.end == pytest.approx(truth.end, abs=2)
    assert truth.complete_at is not None
    assert story.completed_after == pytest.approx(truth.complete_at - truth.second, abs=2)


@pytest.mark.parametrize("truth", FAILED, ids=str)
def test_a_failed_story_goes_on_as_long_as_it_failed(truth: Truth) -> None:
    """Law 6: at least to the last occurrence that the truth knows, which is a lower bound."""
    assert found(truth).end >= truth.end - 2


@pytest.mark.parametrize("truth", FAILED, ids=str)
def test_a_cause_names_step_object_and_exit_code(truth: Truth) -> None:
    """Law 6: `failed` is status ERROR with the cause in words, also in the attributes."""
    story = found(truth)
    reason, about, words = CAUSES[truth.file]

    assert story.root.error is not None
    assert story.root.error.startswith(story.cause["message"])
    assert story.cause["object"].partition(" ")[2] in story.root.error
    assert re.search(reason, story.cause["reason"])
    assert re.fullmatch(about, story.cause["object"])
    for word in words:
        assert word in story.cause.get("message", "")


@pytest.mark.parametrize("truth", COMPLETE, ids=str)
def test_a_complete_story_is_no_error(truth: Truth) -> None:
    """Law 10: no status ERROR and no cause on the root, whatever went wrong on the way."""
    story = found(truth)

    assert story.root.error is None
    assert story.cause == {}


@pytest.mark.parametrize(
    "truth", [truth for truth in TRUTH if truth.file in ("crash", "liveness")], ids=str
)
def test_complete_once_is_told_of_what_failed(truth: Truth) -> None:
    """Law 11: kubectl said "successfully rolled out" before the deaths; the root tells when."""
    assert truth.complete_at is not None
    assert found(truth).completed_after == pytest.approx(truth.complete_at - truth.second, abs=2)


@pytest.mark.parametrize("name", CAPTURES)
def test_no_other_root_is_green_or_red(name: str) -> None:
    """Law 6: what the truth does not list has neither failed nor been completed."""
    known = {(truth.kind, truth.name, truth.second) for truth in TRUTH if truth.file == name}
    others = [
        (story.title, story.outcome)
        for story in told(captured(name))
        if (*story.title.split()[1:], story.second) not in known
    ]

    assert [each for each in others if each[1] in ("complete", "failed")] == []


@pytest.mark.parametrize("name", CAPTURES)
def test_every_span_is_once_and_has_its_parent(name: str) -> None:
    """Laws 1 and 2, with status: no id twice, every parent there, none shorter than 1 µs."""
    spans = captured(name)
    ids = {(span.trace_id, span.span_id) for span in spans}

    assert len(ids) == len(spans)
    assert all((span.trace_id, span.parent_id) in ids for span in spans if span.parent_id)
    assert all(span.end - span.start >= 1000 for span in spans)


def named(name: str, reason: str) -> list[Span]:
    """The event spans of a capture whose names begin so, by time."""
    return [span for span in events(captured(name)) if span.name.startswith(reason)]


def test_ready_stands_after_started() -> None:
    """Law 3: what ends something stands at the end of its second."""
    for name in CAPTURES:
        for ready in named(name, "Ready"):
            pod = attributes(ready)["k8s.pod.name"]
            started = [
                span.end
                for span in named(name, "Started")
                if attributes(span).get("k8s.pod.name") == pod
            ]
            assert not started or min(started) < ready.end


def test_the_eviction_is_visible() -> None:
    """Law 11: the Eviction API writes no Event, but a condition."""
    (eviction,) = named("evict", "DisruptionTarget")

    assert eviction.name == "DisruptionTarget EvictionByEvictionAPI"
    assert dict(eviction.resource)["service.name"] == "kubelet"


@pytest.mark.parametrize(
    ("name", "word", "code"), [("oom", "OOMKilled", 137), ("crash", "Error", 3)]
)
def test_a_death_is_told_with_its_exit_code(name: str, word: str, code: int) -> None:
    """Law 11: a Terminated for each death, an error, and covering the container's life (law 4)."""
    deaths = named(name, "Terminated")

    assert len(deaths) >= 3
    for death in deaths:
        assert death.name == f"Terminated {word}"
        assert death.error is not None
        assert code in attributes(death).values()


def test_deaths_of_what_was_asked_to_go_are_no_errors() -> None:
    """Law 10: 137 after the pod was asked to go, as the old pods of a rollout end."""
    deaths = named("surge", "Terminated")

    assert deaths
    assert all(death.error is None for death in deaths)


def test_readiness_lost_and_won() -> None:
    """Law 11: NotReady is an error that a later Ready undoes."""
    lost = named("flap", "NotReady")
    won = named("flap", "Ready")

    assert len(lost) == 1
    assert lost[0].error is not None
    assert len(won) == 2
    assert won[0].end < lost[0].end < won[1].end
    assert named("job", "NotReady") == []  # PodCompleted and PodFailed are none


def test_a_rollout_is_complete_once_for_each_generation() -> None:
    """Law 11: RolloutComplete at most once for each generation, by its workload's controller."""
    services = {
        "Deployment": "deployment-controller", "StatefulSet": "statefulset-controller",
        "DaemonSet": "daemonset-controller",
    }  # fmt: skip
    for name in CAPTURES:
        for span in named(name, "RolloutComplete"):
            kind = attributes(span)["k8s.object.kind"]
            assert dict(span.resource)["service.name"] == services[kind]
        stories = [truth for truth in TRUTH if truth.file == name and truth.complete_at]
        expected = [truth for truth in stories if truth.kind != "Job"]
        assert len(named(name, "RolloutComplete")) == len(expected), name


def test_a_deadline_is_told() -> None:
    """Law 11: ProgressDeadlineExceeded, an error, in the story whose deadline it was."""
    for truth in FAILED:
        if "ProgressDeadlineExceeded" in truth.errors:
            (span,) = named(truth.file, "ProgressDeadlineExceeded")
            assert span.error is not None
            assert span.trace_id == found(truth).root.trace_id
