"""What must not leave a cluster in Events' messages."""

from typing import Any

import pytest

from event_tracer.core.filters import REDACTED, Redaction
from tests.scenarios.event import EVENT, event
from tests.scenarios.folding import RECORDINGS, Run, attributes, events, tell

MAIL = r"[\w.]+@[\w.]+"


def frame(**changes: Any) -> dict[str, Any]:
    """An Event as a watch brings it."""
    return {"type": "ADDED", "resource": "events", "object": event(**changes)}


@pytest.mark.parametrize(
    ("patterns", "message", "left"),
    [
        ([MAIL], "ask jo@example.org or al@example.org", f"ask {REDACTED} or {REDACTED}"),
        (["token=[^ ]+", "4+"], "token=x, code 44", f"{REDACTED} code {REDACTED}"),
        (["(?i)SECRET"], "a Secret", f"a {REDACTED}"),
        (["é+"], "caféé", f"caf{REDACTED}"),
        ([r"(a)(b)"], r"ab \1", rf"{REDACTED} \1"),
        (["nothing"], "of the sort", "of the sort"),
        ([], MAIL, MAIL),
    ],
)
def test_what_a_pattern_matches_is_replaced(patterns: list[str], message: str, left: str) -> None:
    """Each time that any of them matches, by a word that says so."""
    assert Redaction(patterns)(frame(message=message)) == frame(message=left)


def test_both_ways_to_write_an_event_are_redacted() -> None:
    """`note` is what events.k8s.io calls the message."""
    raw = frame(message=None, note="ask jo@example.org")
    assert Redaction([MAIL])(raw) == frame(message=None, note=f"ask {REDACTED}")


def test_the_messages_of_a_status_are_redacted() -> None:
    """A condition's message is free text, as an Event's is; its reason is a name."""
    condition = {"type": "Ready", "reason": "Mail", "message": "ask jo@example.org"}
    status = {"phase": "Running", "conditions": [condition, {"type": "Initialized"}, None, 5]}
    raw = {"type": "ADDED", "resource": "pods", "object": {"status": status}}
    clean = Redaction([MAIL])(raw)["object"]["status"]

    assert clean == {**status, "conditions": [
        {**condition, "message": f"ask {REDACTED}"}, {"type": "Initialized"}, None, 5,
    ]}  # fmt: skip
    assert condition["message"] == "ask jo@example.org"


def test_nothing_else_is_touched() -> None:
    """Names are ids, whatever a pattern says; what was given stays as it was."""
    raw = frame(message="web-0 and node-1")
    before = frame(message="web-0 and node-1")

    assert Redaction(["web-0", "node-1"])(raw) == frame(message=f"{REDACTED} and {REDACTED}")
    assert raw == before


@pytest.mark.parametrize(
    "raw",
    [
        frame(message=None),
        frame(message=7),
        {"type": "ADDED", "resource": "events"},
        {"type": "ADDED", "resource": "events", "object": "jo@example.org"},
        {"type": "ADDED", "resource": "pods", "object": {"metadata": EVENT["metadata"]}},
    ],
)
def test_what_has_no_message_stays_as_it_is(raw: dict[str, Any]) -> None:
    """Odd frames are for others to complain of."""
    assert Redaction([MAIL])(raw) == raw


def test_a_redacted_message_changes_no_id() -> None:
    """With and without --redact an Event is the same span, but for its message and status."""
    raw = frame(message="ask jo@example.org", type="Warning")
    (plain,), (clean,) = events(tell([raw])), events(tell([Redaction([MAIL])(raw)]))

    assert (plain.trace_id, plain.span_id) == (clean.trace_id, clean.span_id)
    assert attributes(clean)["k8s.event.message"] == f"ask {REDACTED}"
    assert "jo@example.org" not in repr(clean)


def test_a_replay_is_redacted(run: Run) -> None:
    """--redact, once for each pattern: nothing of it is in what is made."""
    path, made = str(RECORDINGS / "image-pull-backoff.jsonl"), ["--to", "otlp-json"]
    _, plain, _ = run("replay", path, *made)
    _, clean, _ = run("replay", path, *made, "--redact", "moelove/[^ :]+", "--redact", "refused")

    for word in ("moelove", "refused"):
        assert word in plain
        assert word not in clean
    assert REDACTED in clean
