"""The document that explains a story: what it says, how small it is, what may not be in it."""

import json
import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from event_tracer.cli.settings.models import EXPLAINED, LEAST_EXPLAINED
from event_tracer.core.span import Span
from event_tracer.core.times import SECOND, rfc3339
from event_tracer.core.traces import grouped
from event_tracer.render import report
from event_tracer.render.explain import explain
from event_tracer.render.explanation import Explanation
from tests.core.test_truth import CAUSES
from tests.scenarios.captures import CAPTURES, TRUTH, Truth, captured, is_verb
from tests.scenarios.cases import case
from tests.scenarios.folding import JSONL, RECORDINGS, article, frames_of, tell

SCHEMA = Path(__file__).parents[2] / "docs" / "explain.schema.json"
CASES = sorted(path.name.partition("-")[0] for path in (RECORDINGS / "cases").iterdir())


def explained(spans: Sequence[Span]) -> list[Explanation]:
    """Each story among spans, explained."""
    stories = [trace for trace in grouped(spans) if any(span.kind == "object" for span in trace)]
    return [explain(trace, max_bytes=EXPLAINED) for trace in stories]


def story_of(truth: Truth) -> Explanation:
    """The one that the truth is about."""
    (found,) = [
        each for each in explained(captured(truth.file))
        if (each.object.kind, each.object.name) == (truth.kind, truth.name)
        and each.change and is_verb(truth.verb, each.change.verb)
        and each.change.time == _stamp(truth.second)
    ]  # fmt: skip
    return found


def _stamp(second: int) -> str:
    return rfc3339(second * SECOND)


def valid(made: Explanation) -> None:
    """By its schema, and small enough."""
    text = made.json_text()
    assert Explanation.model_validate_json(text, strict=True) == made
    assert len(text.encode()) <= EXPLAINED
    assert text.isprintable()


@pytest.mark.parametrize("truth", TRUTH, ids=str)
def test_it_says_what_another_observer_saw(truth: Truth) -> None:
    """Outcome, and of each failure object, step and cause, as truth.jsonl has them."""
    made = story_of(truth)

    valid(made)
    assert made.outcome == truth.outcome
    if truth.outcome != "failed":
        assert made.cause is None
        return
    step, about, words = CAUSES[truth.file]
    assert made.cause
    assert re.search(step, made.cause.step)
    assert re.fullmatch(about, made.cause.object)
    assert all(word in made.cause.message for word in words)
    code = re.search(r"exit (\d+)", made.cause.message)
    assert made.cause.exit_code == (int(code[1]) if code else None)


@pytest.mark.parametrize("truth", [each for each in TRUTH if each.outcome == "failed"], ids=str)
def test_the_chain_goes_from_the_root_to_the_cause(truth: Truth) -> None:
    """All of it failed, and the evidence begins with the cause's."""
    made = story_of(truth)
    assert made.cause
    assert made.chain[0].object == f"{truth.kind} {truth.name}"
    assert made.chain[-1].object == made.cause.object
    assert {link.outcome for link in made.chain} == {"failed"}
    assert made.evidence[0].step == made.cause.step
    for error in truth.errors:  # "Failed: Error: ErrImagePull"
        words = _anyhow(error.partition(":")[2].strip()).partition(" in pod ")[0][:60]
        assert any(words in _anyhow(said) for each in made.evidence for said in each.messages)


def _anyhow(message: str) -> str:
    """A message without the name of a pod that was never made: each try has another."""
    message = message.removeprefix("(combined from similar events): ")
    return re.sub(r"web-[0-9a-f]+-[a-z0-9]{5}", "web-*", message)


@pytest.mark.parametrize("name", CAPTURES)
def test_a_story_of_whole_objects_fits(name: str) -> None:
    """At most 4 KiB, valid, with nothing left out of what such a story has."""
    for made in explained(captured(name)):
        valid(made)
        assert made.left_out == 0


@pytest.mark.parametrize("name", JSONL)
def test_a_story_of_a_recording_fits(name: str) -> None:
    """The recordings of metadata alone."""
    for made in explained(tell(frames_of(name))):
        valid(made)


@pytest.mark.parametrize("number", CASES)
def test_a_story_of_a_case_fits(number: str) -> None:
    """Situations of public bug reports."""
    for made in explained(case(number)):
        valid(made)


def test_events_alone_are_explained() -> None:
    """The article's List."""
    for made in explained(tell([article()])):
        valid(made)


def test_the_schema_is_published_in_step() -> None:
    """docs/explain.schema.json is what pydantic says of the document."""
    made = json.dumps(Explanation.model_json_schema(), indent=2) + "\n"

    assert SCHEMA.read_text("utf-8") == made


def test_evidence_has_uids_times_counts_and_exit_codes() -> None:
    """Of a crash loop: a death from status, its back-offs from one Event."""
    (truth,) = [each for each in TRUTH if each.file == "oom"]
    death, deadline, back_off = story_of(truth).evidence

    assert (death.step, death.exit_codes, death.count) == ("Terminated OOMKilled", (137,), 5)
    assert death.event_uids == ()
    assert deadline.step == "ProgressDeadlineExceeded"
    assert (back_off.count, len(back_off.event_uids)) == (10, 1)
    assert death.first < back_off.first < death.last < back_off.last


def test_one_object_of_a_story_is_explained_by_its_own() -> None:
    """Its outcome, cause and evidence, and whose story it is."""
    (trace,) = [
        trace for trace in grouped(captured("job")) if trace[0].name.startswith("Create Job fails")
    ]
    pod = next(span for span in trace if span.kind == "object" and span.parent_id)
    made = explain(trace, subject=pod.span_id, max_bytes=EXPLAINED)

    assert (made.object.kind, made.outcome, made.story.outcome) == ("Pod", "failed", "failed")
    assert made.cause
    assert made.cause.exit_code == 2
    assert [each.object for each in made.evidence] == [f"Pod {made.object.name}"]


HOSTILE = st.text(
    st.one_of(st.characters(), st.sampled_from("`\"'\n\r\t\x1b\x00\u202e\u200b#:|<>")),
    min_size=1, max_size=1500,
)  # fmt: skip


def hostile(text: str) -> list[Span]:
    """The spans of a failure whose every word is `text`."""
    found: list[Span] = []
    for span in captured("bad-image"):
        pairs = tuple(
            (key, text if "message" in key or key.endswith(".name") else value)
            for key, value in span.attributes
        )
        error = text if span.error is not None else None
        found.append(span.but(attributes=pairs, error=error))
    return found


@given(HOSTILE)
def test_messages_are_data(text: str) -> None:
    """Whatever a cluster's programs write: one line, no control character, within its bytes."""
    for most in (EXPLAINED, LEAST_EXPLAINED):
        made = explain(hostile(text), max_bytes=most)
        assert made.size <= most
        assert made.json_text().isascii()
        assert all(line.isprintable() for line in report.text(made).splitlines())
        assert all(line.isprintable() for line in report.markdown(made).split("\n"))


@given(st.text("`x ", min_size=1, max_size=60))
def test_a_message_does_not_leave_its_code_span(text: str) -> None:
    """CommonMark 6.1: a code span ends at the first run of as many backticks as began it."""
    (line,) = [
        each for each in report.markdown(explain(hostile(text), max_bytes=EXPLAINED)).splitlines()
        if each.startswith("- **cause** ")
    ]  # fmt: skip
    code = line.removeprefix("- **cause** ")
    fence = re.match(r"`+", code)
    assert fence
    assert re.findall(r"`+", code).count(fence[0]) == 2
    assert code.endswith(fence[0])


def test_repeats_are_folded_before_messages_are_clipped() -> None:
    """A thousand pods that fail alike are one piece of evidence, and what they say is whole."""
    spans = captured("bad-image")
    pods = [span for span in spans if "k8s.pod.name" in dict(span.attributes)]
    more = [_sibling(span, number) for number in range(1, 1000) for span in pods]
    made = explain([*spans, *more], max_bytes=EXPLAINED)

    assert made.left_out == 0
    assert made.evidence[0].objects == 1000
    assert any(
        "connection refused" in message and "…" not in message
        for message in made.evidence[0].messages
    )


def _sibling(span: Span, number: int) -> Span:
    name = str(dict(span.attributes)["k8s.pod.name"])

    def other(value: object) -> object:
        return value.replace(name, f"{name[:-5]}{number:05}") if isinstance(value, str) else value

    mark = number.to_bytes(2, "big")
    is_pod = span.kind == "object"
    return span.but(
        span_id=span.span_id[:6] + mark,
        parent_id=span.parent_id if is_pod else span.parent_id[:6] + mark,
        attributes=tuple((key, other(value)) for key, value in span.attributes),
    )
