"""Outcomes of rollouts on a real cluster: in Jaeger, beside `kubectl rollout status`."""

import base64
import gzip
import json
from collections.abc import Iterator

import pytest

from tests.e2e.bridge import run
from tests.e2e.conftest import OUTCOMES
from tests.e2e.jaeger import Span
from tests.e2e.rolling import CHECKPOINT, Rolled, namespace_of, rolled_out
from tests.e2e.rollouts import ROLLOUTS
from tests.e2e.scene import ARGUMENT, ENVIRON, LATER, PLANTED
from tests.e2e.site import Site
from tests.e2e.telling import Trace

# All of them go on until their roots are sealed, before the first test.
pytestmark = pytest.mark.timeout(900)
OUTCOME, CAUSE = "event_tracer.outcome", "event_tracer.cause."
NOT_KUBECTL_S = {"crash", "liveness", "oom"}
"""What crashes after it was rolled out (kubectl looks no further), or before, by chance."""
ENDS = {
    "crash": ("Terminated Error", 3), "recover": ("Terminated Error", 5),
    "oom": ("Terminated OOMKilled", 137), "job": ("Terminated Error", 2),
    "liveness": ("Terminated Error", 137),
}  # fmt: skip
_PULL = ("Failed ErrImagePull", "connection refused")
CAUSES = {
    "never-ready": ("Unhealthy readiness", "readiness probe failed"),
    "crash": ("Terminated Error", "container web: Error, exit 3"),
    "oom": ("Terminated OOMKilled", "container web: OOMKilled, exit 137"),
    "bad-config": ("Failed", 'configmap "nowhere" not found'),
    "unschedulable": ("FailedScheduling", "nodes are available"),
    "quota": ("FailedCreate", "exceeded quota"),
    "liveness": ("Terminated Error", "container web: liveness probe failed, exit 137"),
    "job": ("Terminated Error", "container web: Error, exit 2"),
    "bad-image": _PULL, "sts-stuck": _PULL, "superseded": _PULL, "undo": _PULL,
}  # fmt: skip
"""The step, and words of the cause."""
FAILED = [name for name, each in ROLLOUTS.items() if "failed" in dict(each.stories).values()]
TOLERANCE = 2.0  # seconds


@pytest.fixture(scope="session")
def rolled(here: Site) -> Iterator[Rolled]:
    """All rollouts, to the seal of each root."""
    with rolled_out(here) as made:
        yield made


def stories(traces: list[Trace]) -> list[tuple[str, str]]:
    """The root and the outcome of each."""
    return [(trace.root.operation, str(trace.root.tags[OUTCOME])) for trace in traces]


@pytest.mark.parametrize("name", ROLLOUTS)
def test_each_change_has_its_outcome(rolled: Rolled, name: str) -> None:
    """Law 6, on the root span of each story of a namespace."""
    OUTCOMES.extend(_row(rolled, name, trace.root) for trace in rolled.traces(name))
    assert tuple(stories(rolled.traces(name))) == ROLLOUTS[name].stories


def _row(rolled: Rolled, name: str, root: Span) -> tuple[str, ...]:
    word, told = rolled.word(name, root), root.tags.get("event_tracer.completed_after", "")
    observed, said = rolled.completed_after(name, root), ""
    if word:
        said = f"{word.at - root.start // 1_000_000:.1f} s, exit {word.code}: {word.text}"
    frame = "" if observed is None else f"{observed[1]:.1f}"
    return name, root.operation, str(root.tags.get(OUTCOME)), str(told), frame, said


@pytest.mark.parametrize("name", sorted(ROLLOUTS.keys() - NOT_KUBECTL_S))
def test_kubectl_says_the_same(rolled: Rolled, name: str) -> None:
    """`kubectl rollout status`, where it says anything."""
    for trace in rolled.traces(name):
        word = rolled.word(name, trace.root)
        assert word is None or word.outcome in ("", trace.root.tags[OUTCOME])


@pytest.mark.parametrize("name", ROLLOUTS)
def test_it_was_complete_when_kubectl_s_rules_say(rolled: Rolled, name: str) -> None:
    """Within two seconds of the first frame that satisfies them; where none does, never.

    A controller writes late what it saw in time, on a busy machine by more than two seconds.
    """
    for trace in rolled.traces(name):
        told = trace.root.tags.get("event_tracer.completed_after")
        observed = rolled.completed_after(name, trace.root)
        assert (told is None) == (observed is None)
        if told is not None and observed is not None:
            stated, came = observed
            assert stated - TOLERANCE <= float(told) <= came + TOLERANCE


@pytest.mark.parametrize("name", ENDS)
def test_exit_codes_are_those_that_were_injected(rolled: Rolled, name: str) -> None:
    """A span for each end of a container, red, with the reason and the code of status.

    A slow kubelet may write once of two ends, of which status keeps the last.
    """
    operation, code = ENDS[name]
    ends = [
        span
        for trace in rolled.traces(name)
        for span in trace.spans
        if span.operation.startswith("Terminated ") and span.tags.get("error")
    ]
    assert {(span.operation, exit_code(span)) for span in ends} == {(operation, code)}
    seen = rolled.observer.deaths[namespace_of(name)]
    assert len({span.id for span in ends}) >= min(2, len(seen)) > 0


def exit_code(span: Span) -> int:
    """That of the container's process."""
    (found,) = (
        value for key, value in span.tags.items() if key.endswith(("exit_code", "exit.code"))
    )
    return int(str(found))


def test_the_eviction_is_seen(rolled: Rolled) -> None:
    """The Eviction API writes no Event: the pod's condition tells."""
    (trace,) = rolled.traces("evict")
    (evicted,) = trace.named("DisruptionTarget EvictionByEvictionAPI")
    assert trace.path(evicted)[1:3] == ["ReplicaSet web-*", "Pod web-*"]
    assert len(trace.named("Ready")) == 3


def test_readiness_comes_and_goes(rolled: Rolled) -> None:
    """Which no Event says."""
    (trace,) = rolled.traces("flap")
    (lost,) = trace.named("NotReady")
    first, second = trace.named("Ready")
    assert lost.is_error
    assert first.end < lost.end < second.end
    assert 20e6 < second.end - lost.end < 45e6


@pytest.mark.parametrize("tags", [{OUTCOME: "failed"}, {"error": "true"}], ids=["outcome", "error"])
def test_what_failed_is_found(rolled: Rolled, tags: dict[str, str]) -> None:
    """By Jaeger's search, on the root span."""
    found = {
        span.tags.get("k8s.namespace.name")
        for spans in rolled.jaeger.find(tags).values()
        for span in spans
        if not span.parent and str(span.tags.get(OUTCOME)) == "failed" and span.is_error
    }
    assert {namespace_of(name) for name in FAILED} <= found


@pytest.mark.parametrize("name", FAILED)
def test_what_failed_says_why(rolled: Rolled, name: str) -> None:
    """A cause with its object, which is the status of the root, too."""
    (root,) = (trace.root for trace in rolled.traces(name) if trace.root.tags[OUTCOME] == "failed")
    reason, words = CAUSES[name]
    message = str(root.tags[CAUSE + "message"])
    assert root.tags[CAUSE + "reason"] == reason
    assert words in message
    assert str(root.tags[CAUSE + "object"]).startswith(("Pod ", "ReplicaSet web-"))
    said = str(root.tags["otel.status_description"])
    assert said.startswith(f"{message} (")
    assert str(root.tags[CAUSE + "object"]).partition(" ")[2] in said


@pytest.mark.parametrize("name", ROLLOUTS)
def test_jaeger_warns_of_nothing(rolled: Rolled, name: str) -> None:
    """Nor is a span there twice."""
    spans = [span for trace in rolled.traces(name) for span in trace.spans]
    assert [(span.operation, span.warnings) for span in spans if span.warnings] == []
    assert len({span.id for span in spans}) == len(spans)


def test_a_replay_says_the_same(rolled: Rolled) -> None:
    """What was recorded beside the run has the same roots with the same outcomes."""
    output = rolled.folder / "replayed.json"
    done = run("replay", str(rolled.recorded()), "--to=otlp-json", f"--output-file={output}")
    assert done.returncode == 0, done.stderr
    replayed: dict[str, str] = {}
    for resource in json.loads(output.read_text())["resourceSpans"]:
        for scope in resource["scopeSpans"]:
            for span in scope["spans"]:
                attributes = {each["key"]: each["value"] for each in span["attributes"]}
                if OUTCOME in attributes and not span.get("parentSpanId"):
                    replayed[span["spanId"]] = attributes[OUTCOME]["stringValue"]
    for name in ROLLOUTS:
        for trace in rolled.traces(name):
            assert (name, replayed.get(trace.root.id)) == (name, trace.root.tags[OUTCOME])


# -- what must not leave


def test_no_planted_value_leaves(rolled: Rolled) -> None:
    """Law 14: in no span, log, metric, recording or checkpoint, plain or in base64."""
    seen = rolled.frames.read_text()
    assert all(value in seen for value in (ENVIRON, ARGUMENT, LATER))
    kept = rolled.here.kube.one("configmaps", "event-tracer", CHECKPOINT)
    assert kept
    outputs = {
        "spans": repr(rolled.jaeger.find({})),
        "log": rolled.bridge.program.text,
        "metrics": rolled.bridge.metrics(),
        "recorder": rolled.recorder.text,
        "recording": rolled.recorded().read_text(),
        "checkpoint": gzip.decompress(base64.b64decode(kept["binaryData"]["checkpoint"])).decode(),
    }
    assert all(outputs.values())
    secrets = [*PLANTED, *(base64.b64encode(value.encode()).decode() for value in PLANTED)]
    leaks = [
        (where, value) for where, text in outputs.items() for value in secrets if value in text
    ]
    assert leaks == []
