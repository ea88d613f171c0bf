"""The list of stories: failures first, then the newest; what has many stories takes one line."""

import io
from collections.abc import Callable, Sequence

from event_tracer.core.span import Span, text_of
from event_tracer.core.traces import Trace, grouped, shift
from event_tracer.render.listing import entries, lay_out, listed, runs_of
from event_tracer.render.selection import Selection, Target
from event_tracer.render.terminal import View, console
from tests.scenarios.captures import captured


def renamed(trace: Trace, name: str) -> Trace:
    """The same story of another root."""

    def named(span: Span) -> Span:
        pairs = span.attributes
        if not span.parent_id:
            changed = {"k8s.object.name": name, "k8s.namespace.name": "shop"}
            pairs = tuple((key, changed.get(key, value)) for key, value in pairs)
        return span.but(attributes=pairs, trace_id=span.trace_id[:-4] + name.encode()[:4])

    return tuple(map(named, trace))


def later(trace: Trace, seconds: int) -> Trace:
    """The same story so much later."""
    return tuple(shift(span, seconds=seconds) for span in trace)


(GOOD,) = grouped(captured("good"))
(BAD,) = grouped(captured("oom"))
RUN, FAILED_RUN = sorted(grouped(captured("job")), key=lambda each: each[0].error is not None)


def title(trace: Trace) -> str:
    """The name of its root."""
    root = next(span for span in trace if not span.parent_id)
    return text_of(root.attributes, "k8s.object.name")


def test_failures_first_then_the_newest() -> None:
    """Whatever is older or newer than they are."""
    stories = {
        "old": renamed(GOOD, "old"), "bad": renamed(BAD, "bad"),
        "worse": later(renamed(BAD, "worse"), 60), "new": later(renamed(GOOD, "new"), 600),
    }  # fmt: skip

    assert [title(each.trace) for each in entries(stories.values())] == [
        "worse", "bad", "new", "old",
    ]  # fmt: skip


def test_what_was_mended_is_no_failure_any_more() -> None:
    """Of one root the newest story decides; the others stand at their time."""
    bad, mended = renamed(BAD, "web"), later(renamed(GOOD, "web"), 600)
    other = later(renamed(GOOD, "api"), 300)

    assert [title(each.trace) for each in entries([bad, mended, other])] == ["web", "api", "web"]


def minutely(count: int, *, failed: Callable[[int], bool]) -> list[Trace]:
    """A run each minute."""
    chosen = (FAILED_RUN if failed(number) else RUN for number in range(count))
    return [later(renamed(run, "tick"), 60 * number) for number, run in enumerate(chosen)]


def drawn(traces: Sequence[Trace], *targets: Target, last: int = 0) -> list[str]:
    """The lines of a list."""
    selection = Selection(targets=targets, since=0, last=last)
    view = View(console(io.StringIO(), width=120))
    pictures = (lay_out(selection, entry) for entry in listed(selection, traces))
    return [line.plain for picture in pictures for line in view.lines(picture)]


def test_a_run_each_minute_takes_one_line() -> None:
    """With how the last ones ended; a failure long ago is none of now."""
    lines = drawn([*minutely(12, failed=lambda number: number == 8), GOOD])

    assert [line for line in lines if "tick" in line] == [
        "Create Job tick  complete in 21 s  before that 2 complete, failed, 8 complete"
        "  namespace shop",
    ]
    assert lines[0].startswith("Create Job tick  ")
    assert lines[2].startswith("Create Deployment web  complete in ")


def test_a_run_that_failed_just_now_has_its_picture() -> None:
    """Its cause is what one looks for; how those before ended stands in its title."""
    lines = drawn(minutely(9, failed=lambda number: number == 8))
    joined = " ".join(lines[:3])

    assert joined.startswith("Create Job tick  failed  container c: Error, exit 2 (pod fails-")
    assert "before that 8 complete" in joined
    assert any("Terminated Error" in line for line in lines)


def test_what_is_asked_for_by_name_is_told_whole() -> None:
    """One picture a story, as many as are asked for."""
    runs = minutely(6, failed=lambda number: False)
    asked = Target(kind="Job", name="tick")

    assert len([line for line in drawn(runs, asked) if line.startswith("Create Job")]) == 6
    assert len([line for line in drawn(runs, asked, last=2) if line.startswith("Create Job")]) == 2


def test_how_several_ended() -> None:
    """The newest first, what is the same counted, twenty at most."""
    assert runs_of(["complete", "failed", "failed", "complete"]) == "complete, 2 failed, complete"
    assert runs_of(["complete"] * 50) == "20 complete"
    assert runs_of([]) == ""
