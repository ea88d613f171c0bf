"""Rows: one for what says the same of one object, with what only status or a name tells."""

from collections.abc import Sequence

from event_tracer.core.span import Span, text_of
from event_tracer.core.times import SECOND
from event_tracer.core.traces import grouped
from event_tracer.render.page.story import story
from event_tracer.render.rows import Row
from event_tracer.render.waterfall import waterfall
from tests.scenarios.captures import captured
from tests.scenarios.event import UID, T, event
from tests.scenarios.folding import listing, tell
from tests.scenarios.looking import lines_of


def rows(name: str, number: int = 0) -> list[Row]:
    """The rows of a story of a capture."""
    traces = sorted(grouped(captured(name)), key=lambda trace: min(s.start for s in trace))
    return list(waterfall(traces[number]).rows)


def named(found: Sequence[Row], name: str) -> Row:
    """The first row of that name."""
    return next(row for row in found if row.title == name)


def test_ready_has_the_wait_before_it() -> None:
    """From the start of its container, as a bar of its own shade, and how long it was."""
    found = rows("evict")
    ready, started = named(found, "Ready"), named(found, "Started")
    (wait,) = ready.waits
    (line, *_) = [each for each in lines_of(trace_of("evict"), columns=120) if "  Ready " in each]

    assert wait == (started.end, ready.end)
    assert ready.took.startswith("9.")
    assert "░░░░" in line
    assert line.index("░") < line.index("•")


def trace_of(name: str) -> Sequence[Span]:
    """The first story of a capture."""
    return min(grouped(captured(name)), key=lambda trace: min(s.start for s in trace))


def test_readiness_that_was_lost_is_waited_for_from_its_loss() -> None:
    """Not from the container's start, which was long before."""
    found = rows("flap")
    ready, lost = named(found, "Ready"), named(found, "NotReady")

    assert len(ready.waits) == 2
    assert ready.waits[1] == (lost.end, ready.end)


def test_a_container_s_life_is_a_bar_with_its_exit_code() -> None:
    """Also one that was asked for, which is no error."""
    stopped, died = (
        named(rows("evict"), "Terminated Error"),
        named(rows("crash"), "Terminated Error"),
    )

    assert (stopped.note, stopped.messages) == ("exit 137", ())
    assert stopped.end - stopped.start > 10 * SECOND
    assert died.note.startswith("exit 3  x6 over ")
    assert died.messages == ("container web: Error, exit 3",)
    assert died.lines == ()  # it tells all of that itself


def test_what_only_status_tells_has_rows() -> None:
    """NotReady, and why a pod was evicted."""
    assert named(rows("flap"), "NotReady").messages == ("the pod is not ready",)
    assert named(rows("flap"), "NotReady").lines == ()
    assert named(rows("evict"), "DisruptionTarget EvictionByEvictionAPI").service == "kubelet"


def test_a_workload_says_how_many_of_its_pods_are_ready() -> None:
    """The ReplicaSet; its Deployment, which has the pods of several, only without one."""
    found = rows("quota")

    assert named(found, "ReplicaSet web-5b9fcf8c4c").note == "1/3"
    assert named(found, "Create Deployment web").note == ""
    assert named(rows("sts-stuck"), "Create StatefulSet db").note == "3/3"


def test_a_container_is_named_where_a_pod_has_several() -> None:
    """With what it is; of a pod with one nobody asks."""
    titles = [row.title for row in rows("init")]

    assert titles.count("Started (init wait)") == titles.count("Started (web)") == 1
    assert "Started" in [row.title for row in rows("crash")]


def test_messages_that_differ_in_generated_names_alone_are_one() -> None:
    """A quota refuses a pod of another name each time."""
    row = named(rows("quota"), "FailedCreate")

    assert len(row.lines) == 1
    assert row.lines[0].startswith("Error creating: pods ")
    assert row.repeats.startswith("x16 over ")


def test_an_error_s_words_win_over_its_repeats() -> None:
    """Why an image cannot be pulled, though "Error: ErrImagePull" came after it each time."""
    row = named(rows("bad-image"), "Failed ErrImagePull")

    assert row.message.startswith('Failed to pull image "')
    assert row.lines == (row.message,)
    assert row.messages[-1] == "Error: ErrImagePull"


def test_a_repeat_of_a_list_stands_at_its_true_first_time() -> None:
    """The nanosecond that its name ends in; a List has whole seconds only."""
    exact = T + 123_456_789
    raw = event(
        reason="BackOff", message="Back-off restarting failed container web in pod web-0_shop(u)",
        type="Warning", count=8, lastTimestamp="2026-11-23T22:34:51Z",
    )  # fmt: skip
    created = event(
        reason="Scheduled", message="", metadata={"uid": f"{UID[:-1]}0", "name": f"web-0.{T:x}"}
    )
    found = waterfall(
        tell([listing({"resource": "events", "object": it} for it in (raw, created))])
    )
    row = named(found.rows, "BackOff restart")

    assert row.first == exact
    assert row.since is None
    assert row.repeats == "x8 over 1m59s"


def test_what_is_older_than_its_story_says_since_when() -> None:
    """Its first time lies outside the picture, so it is told in words."""
    raw = event(
        reason="BackOff", message="Back-off restarting failed container web in pod web-0_shop(u)",
        type="Warning", count=8, lastTimestamp="2026-11-23T23:52:51Z",
    )  # fmt: skip
    spans = tell([{"type": "ADDED", "resource": "events", "object": raw}])
    row = named(waterfall(spans).rows, "BackOff restart")
    page = story(spans, events={})["rows"]

    assert row.since == T + 123_456_789
    assert row.first is None
    assert row.repeats == "x8"
    assert any("  x8  since 2026-11-23 22:32:51 " in line for line in lines_of(spans, columns=120))
    assert [each["since"] for each in page if "since" in each] == [row.since // 1_000_000]
    assert text_of(spans[0].attributes, "k8s.object.name") == "web-0"
