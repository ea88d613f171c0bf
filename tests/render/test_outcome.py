"""Law 6 in pictures: what came after an object span was sealed stands beside what it says."""

import io
from collections.abc import Sequence
from typing import Any

import pytest
from rich.console import Console

from event_tracer.core.span import Span
from event_tracer.core.times import SECOND
from event_tracer.render.outcome import later_of, outcome_of
from event_tracer.render.page.story import story
from event_tracer.render.terminal import View
from event_tracer.render.waterfall import waterfall
from tests.browser.pages import late_death
from tests.scenarios.folding import frames_of, is_event, roots, tell

POD, DEPLOYMENT = ("Pod", "web-1"), ("Deployment", "web")


def span(reason: str, at: int, *, about: tuple[str, str] = POD, error: bool = False) -> Span:
    """An event span of a transition, `at` seconds after 1000 s; of an Event, where it is one."""
    is_event = reason.partition(" ")[0] in ("BackOff", "Killing", "Created", "FailedMount")
    source = "k8s.event" if is_event else "event_tracer.transition"
    message = "Stopping container c" if reason == "Killing" else "said"
    pairs = {
        "k8s.object.kind": about[0], "k8s.object.name": about[1], "k8s.container.name": "c",
        f"{source}.reason": reason.partition(" ")[0], f"{source}.message": message,
    }  # fmt: skip
    end = (1000 + at) * SECOND
    return Span(
        b"t", f"{reason} {at}".encode(), b"o", "event", reason, (), end - 1000, end,
        tuple(pairs.items()), "said" if error else None,
    )  # fmt: skip


def sealed(outcome: str, *, about: tuple[str, str] = POD) -> Span:
    """An object span that ends at 1000 s."""
    pairs = {
        "k8s.object.kind": about[0], "k8s.object.name": about[1], "event_tracer.outcome": outcome,
    }  # fmt: skip
    end = 1000 * SECOND
    return Span(b"t", b"o", b"", "object", "web", (), end - SECOND, end, tuple(pairs.items()))


DEATH = span("Terminated Error", 60, error=True)
AGAIN = span("Terminated Error", 360, error=True)


@pytest.mark.parametrize(
    ("outcome", "later", "shown"),
    [
        ("complete", [], "complete"),
        ("complete", [DEATH.but(end=999 * SECOND)], "complete"),
        ("complete", [DEATH], "complete, then failed"),
        ("started", [span("BackOff restart", 60, error=True)], "started, then failed"),
        ("complete", [DEATH, span("Ready", 62)], "complete"),
        ("complete", [DEATH, span("Ready", 62), AGAIN, span("Ready", 362)],
         "complete, then failed"),
        ("complete", [DEATH, AGAIN, span("Killing", 362)], "complete"),
        ("complete", [DEATH, span("DisruptionTarget", 61)], "complete"),
        ("complete", [span("FailedMount", 60, error=True), span("Created", 61)], "complete"),
        ("complete", [span("NotReady", 60, error=True), span("Created", 61)],
         "complete, then failed"),
        ("failed", [DEATH], "failed"),
        ("failed", [span("Ready", 60)], "failed, then complete"),
        ("progressing", [span("Ready", 60)], "progressing, then complete"),
        ("superseded", [span("Ready", 60)], "superseded"),
    ],
)  # fmt: skip
def test_what_came_later_is_told_beside_what_was_sealed(
    outcome: str, later: list[Span], shown: str
) -> None:
    """By the errors that stand at the end of what came after the span's own end."""
    span = sealed(outcome)
    assert outcome_of(span, later_of(span, later)) == shown


def test_a_rollout_that_failed_may_be_complete_in_the_end() -> None:
    """By its own completion, not by that of another or by one pod's Ready."""
    failed = sealed("failed", about=DEPLOYMENT)

    assert later_of(failed, [span("Ready", 60)]) is None
    complete = span("RolloutComplete", 61, about=DEPLOYMENT)
    later = later_of(failed, [span("Ready", 60), complete])
    assert outcome_of(failed, later) == "failed, then complete"


def drawn(spans: Sequence[Span]) -> str:
    """The picture in the terminal."""
    out = io.StringIO()
    View(Console(file=out, width=140)).show(waterfall(spans))
    return out.getvalue()


def test_a_first_death_after_the_seal_is_seen() -> None:
    """In the terminal and on the page: both words, and the message of what died."""
    spans = late_death()
    picture, page = drawn(spans), story(spans, events={})

    says, why = page["says"], page["cause"]

    assert picture.startswith(f"{page['title']}  {says}  {why}\n")
    assert page["outcome"] == "complete, then failed"
    assert says.startswith("complete, then failed after ")
    assert why.startswith("container c: OOMKilled, exit 137 (pod ")
    rows: list[dict[str, Any]] = page["rows"]
    assert [row["outcome"] for row in rows if row["depth"] == 0] == ["complete, then failed"]


@pytest.mark.parametrize("name", ["oom", "bad-image", "crash", "unschedulable"])
def test_a_failure_has_its_cause_in_the_title(name: str) -> None:
    """Law 6: in words why, and which object; as the root's span has it."""
    spans = tell(frames_of(f"status/{name}"))
    (root,) = roots(spans)
    why, bracket, about = (root.error or "").rpartition(" (")
    page = story(spans, events={})["cause"]
    picture = " ".join(" ".join(drawn(spans).splitlines()[:3]).split())

    assert page.startswith(why)
    assert page.endswith(bracket + about)
    assert picture.startswith(f"Create Deployment web failed {page} ")


def test_a_thin_line_goes_on_to_what_came_later() -> None:
    """Law 6: an object's bar ends as its span does; what came under it later is of its picture."""
    spans = tell(frames_of("status/crash"))
    (root,) = roots(spans)
    lines = drawn(spans).splitlines()
    (bar,) = [line for line in lines[1:] if "Create Deployment web" in line]
    (last,) = [line for line in lines if "BackOff restart" in line]

    assert max(span.end for span in spans) > root.end
    assert bar.rindex("┤") < bar.index("┄")
    assert bar.rindex("┄") == last.rindex("•")


def test_a_bar_that_covers_all_ends_with_its_last() -> None:
    """Nothing came later."""
    assert "┄" not in drawn(tell(frames_of("status/good")))


def test_transitions_come_back_as_often_as_they_happened() -> None:
    """Each is an occurrence; the exit code stands where no message tells it."""
    spans = tell(frames_of("status/oom"))
    rows = {row.name: row for row in waterfall(spans).rows}
    deaths = [s for s in spans if s.name == "Terminated OOMKilled"]

    assert rows["Terminated OOMKilled"].repeats.startswith(f"x{len(deaths)} over ")
    assert rows["Terminated OOMKilled"].messages == ("container web: OOMKilled, exit 137",)
    assert rows["Terminated OOMKilled"].lines == ()
    assert rows["Terminated OOMKilled"].exits == (137,)


def test_an_end_that_was_asked_for_has_its_exit_code() -> None:
    """It is no error, so no message stands below it."""
    spans = [s for s in tell(frames_of("status/evict")) if is_event(s)]
    (row, *_) = [row for row in waterfall(spans).rows if row.name == "Terminated Error"]

    assert row.note == "exit 137"
    assert row.message == "container web: Error, exit 137"
