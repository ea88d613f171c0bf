"""The waterfall in the terminal: what is shown, and what must not be."""

import io
import json
import re
import time
from datetime import datetime
from pathlib import Path

import pytest
from rich.console import Console

from event_tracer.cli.main import GOOD
from event_tracer.core.span import Span
from event_tracer.core.traces import grouped
from event_tracer.render.layout import layout_of
from event_tracer.render.terminal import View, console
from event_tracer.render.waterfall import Waterfall, waterfall
from tests.scenarios.captures import CAPTURES, captured
from tests.scenarios.cluster import Cluster
from tests.scenarios.folding import JSONL, RECORDINGS, Run, events, frames_of, tell

ARTICLE = str(RECORDINGS / "article-events.json")
REDIS = (RECORDINGS / "redis-create.jsonl").read_bytes()


def drawn(trace: Waterfall, *, columns: int) -> list[str]:
    """The lines of one picture without colours."""
    return [line.plain for line in View(console(io.StringIO(), width=columns)).lines(trace)]


def test_without_arguments_the_sample_is_drawn(run: Run) -> None:
    """Three rollouts with what became of each: whole names, a line for each span."""
    code, out, err = run("replay")
    lines = out.splitlines()
    drawn = [
        ("kubectl-client-side-apply", "Create Deployment web"),
        ("├─ deployment-controller", "ScalingReplicaSet up"),
        ("├─ deployment-controller", "RolloutComplete"),
        ("└─ deployment-controller", "ReplicaSet web-5b9fcf8c4c"),
        ("   ├─ replicaset-controller", "SuccessfulCreate"),
        ("   ├─ replicaset-controller", "Pod web-5b9fcf8c4c-xrtz8"),
        ("   │  ├─ default-scheduler", "Scheduled"),
        ("   │  ├─ kubelet", "Pulled"),
        ("   │  ├─ kubelet", "Created"),
        ("   │  ├─ kubelet", "Started"),
        ("   │  └─ kubelet", "Ready"),
    ]

    assert (code, err) == (GOOD, "")
    assert [line for line in lines if " Deployment web  " in line and line[0].isupper()] == [
        "Create Deployment web  complete in 1 s",
        'Update Deployment web  failed  image "127.0.0.1:5999/none": connection refused, 2 tries'
        " (pod web-745c9f889f-5vc2d)",
        "Update Deployment web  complete in 1 s",
    ]
    for line, (service, name) in zip(lines[3:14], drawn, strict=True):
        assert line.startswith(f"{service} ")
        assert f"  {name} " in line
    assert lines[-1] == "3 traces, 40 spans of 31 occurrences"
    assert tell(frames_of("status/undo"))[0].trace_id.hex() in lines[1]


@pytest.mark.parametrize("columns", [20, 60, 79, 80, 100, 120, 200])
def test_no_width_cuts_a_name(columns: int, run: Run) -> None:
    """A name is never cut; from 80 columns on, no line is longer than the terminal."""
    _, out, _ = run("replay", columns=columns)

    assert "Pod web-5b9fcf8c4c-xrtz8" in out
    assert "kubectl-client-side-apply" in out
    if columns >= 80:
        assert max(len(line) for line in out.splitlines()) <= columns
        assert "━" in out


def test_bars_stand_where_the_times_are(run: Run) -> None:
    """Created follows Pulled, Started follows Created, on one axis."""
    _, out, _ = run("replay", str(RECORDINGS / "redis-create.jsonl"))
    pulled, created, started = (
        next(line for line in out.splitlines() if f"kubelet             {name} " in line)
        for name in ("Pulled", "Created", "Started")
    )

    assert pulled.index("•") <= created.index("━") < created.rindex("━") <= started.index("━")


def test_without_a_terminal_there_is_no_colour(run: Run) -> None:
    """A pipe gets plain text."""
    assert "\x1b" not in run("replay")[1]


@pytest.mark.parametrize("variable", ["NO_COLOR", "TERM"])
def test_colour_can_be_refused(variable: str, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """NO_COLOR (no-color.org) and a dumb terminal get no colours even where they are forced."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b[36m" in run("replay")[1]

    monkeypatch.setenv(variable, "dumb")
    assert "\x1b[3" not in run("replay")[1]


def test_a_warning_shows_its_messages_to_the_cause(run: Run) -> None:
    """Every different message, and of a long one its end too: there Go's errors have the cause."""
    _, out, _ = run("replay", str(RECORDINGS / "image-pull-backoff.jsonl"))

    assert "Create Deployment non-exist  failed" in out
    assert "Error: ErrImagePull" not in out  # which only says that it goes on
    assert "connection refused" in out
    assert "BackOff image  x21 over 5m10s" in out
    assert "◦" not in out  # every first occurrence has a span of its own


def test_a_crash_loop_of_fifty_fits_a_screen(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Repeats are folded as kubectl says it."""
    cluster = Cluster()
    cluster.apply("web")
    cluster.back_off(cluster.pods[0], times=50)
    path = tmp_path / "loop.jsonl"
    path.write_text("\n".join(json.dumps(frame) for frame in cluster.frames))
    _, out, _ = run("replay", str(path))

    assert "BackOff restart  x50 over 10m36s" in out
    assert len(out.splitlines()) <= 24


HOSTILE = (
    "\x1b[31mred\x1b]0;title\x07 \x9b2J \x00\x7f [bold]x[/bold] :smile: "
    "\u202eevil\u2066 \u200bzero \u2028line\r\nnext\ttab"
)


def test_nothing_from_a_message_commands_the_terminal(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Control sequences, bidirectional marks and markup are shown as text."""
    frames = [json.loads(line) for line in REDIS.splitlines()]
    for frame in frames:
        if frame["resource"] == "events":
            frame["object"] |= {"message": HOSTILE, "type": "Warning"}
            frame["object"]["source"] = {"component": HOSTILE}
    path = tmp_path / "hostile.jsonl"
    path.write_text("\n".join(json.dumps(frame) for frame in frames))
    _, out, _ = run("replay", str(path), columns=400)

    assert not {"\x1b", "\x07", "\x9b", "\x00", "\x7f", "\u202e", "\u2066", "\u200b", "\u2028"} & {
        *out
    }
    assert "\\x1b[31mred" in out
    assert "[bold]x[/bold] :smile:" in out
    assert "next tab" in out


@pytest.mark.parametrize("name", JSONL)
def test_the_picture_leaves_nothing_out(name: str) -> None:
    """Every event span is a mark of some row, every object span a row of its own."""
    by_trace: dict[bytes, list[Span]] = {}
    for span in tell(frames_of(name)):
        by_trace.setdefault(span.trace_id, []).append(span)

    for spans in by_trace.values():
        rows = waterfall(spans).rows
        marks = sum(len(row.intervals) for row in rows if not row.outcome)
        assert marks == len(events(spans))
        assert sum(1 for row in rows if row.outcome) == len(spans) - marks
        assert rows[0].last == ()


def test_a_gap_is_drawn_by_its_name() -> None:
    """It is about no object, so the span's own name is all there is."""
    (span, *_) = tell(frames_of("redis-create"))
    gap = span.but(name="gap", parent_id=b"", attributes=(("event_tracer.gap.cause", "x"),))
    trace = waterfall([gap])

    assert (trace.title, [row.name for row in trace.rows]) == ("gap", ["gap"])


def test_times_are_the_machine_s_unless_utc_is_asked_for(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each says its offset, that of its own day."""
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    try:
        local, utc = run("replay")[1].splitlines()[1], run("replay", "--utc")[1].splitlines()[1]
    finally:
        monkeypatch.undo()
        time.tzset()
    moments = [datetime.fromisoformat(line.split("  ")[0]) for line in (local, utc)]

    assert utc.split("  ")[0].endswith("Z")
    assert "+00:00" not in local
    assert not local.split("  ")[0].endswith("Z")
    assert moments[0] == moments[1]


@pytest.mark.parametrize("columns", [80, 100, 160])
def test_the_width_can_be_said(columns: int, run: Run) -> None:
    """--width counts, whatever the terminal is."""
    _, out, _ = run("replay", "--width", str(columns), columns=120)

    assert max(len(line) for line in out.splitlines()) == columns


@pytest.mark.parametrize("columns", [80, 100, 120, 180, 240])
@pytest.mark.parametrize("name", ["bad-image", "evict", "init", "surge", "liveness"])
def test_wide_keeps_to_the_width(name: str, columns: int, run: Run) -> None:
    """-o wide has columns of its own where these are whole, and lines below a row else."""
    path = str(RECORDINGS / f"status/{name}.jsonl.gz")
    _, out, _ = run("replay", path, "-o", "wide", "--width", str(columns))

    assert max(len(line) for line in out.splitlines()) <= columns
    assert "Started container" in out or name == "bad-image"
    assert " node-1" in out


@pytest.mark.parametrize("columns", [80, 120])
@pytest.mark.parametrize("name", CAPTURES)
def test_the_chart_has_room(name: str, columns: int) -> None:
    """24 cells at least, whatever the names are; the axis has its labels whole, from 0 on."""
    for spans in grouped(captured(name)):
        trace = waterfall(spans)
        layout = layout_of(
            trace, width=columns, is_wide=False, names=[row.title for row in trace.rows],
            services=[row.service for row in trace.rows],
        )  # fmt: skip
        lines = drawn(trace, columns=columns)
        (axis,) = [line for line in lines if "╷0" in line]

        assert layout.chart >= 24
        assert all(re.fullmatch(r"╷(0|[\d.]+[a-zµ]+(\d+[a-z])?)", label) for label in axis.split())
        assert all(len(line) <= columns for line in lines)


def test_a_long_name_leaves_the_chart_its_room(run: Run, tmp_path: Path) -> None:
    """Its begin and its end stay, which tell siblings apart."""
    long = "payments-reconciliation-worker-for-the-north-of-europe"
    cluster = Cluster()
    cluster.apply(long)
    path = tmp_path / "long.jsonl"
    path.write_text("\n".join(json.dumps(frame) for frame in cluster.frames))
    _, out, _ = run("replay", str(path), "--width", "80")
    pod = cluster.pods[0]["metadata"]["name"]
    (row,) = [line for line in out.splitlines() if "─ Pod " in line]

    assert max(map(len, out.splitlines())) <= 80
    assert f"─ Pod {long[:12]}" in row
    assert f"{pod[-12:]}  " in row
    assert "…" in row


def test_no_fold_leaves_each_occurrence_its_line(run: Run) -> None:
    """As many lines as spans, and nothing said to have come back."""
    path = str(RECORDINGS / "image-pull-backoff.jsonl")
    _, folded, _ = run("replay", path)
    _, plain, _ = run("replay", path, "--no-fold")

    assert folded.count("  BackOff image") == 1
    assert plain.count("  BackOff image") == 21
    assert len([line for line in plain.splitlines() if "BackOff image  x" in line]) <= 21


def test_wide_tells_whole_messages(run: Run) -> None:
    """Nothing is clipped, nothing left out: `…` stands in none of them."""
    path = str(RECORDINGS / "image-pull-backoff.jsonl")
    assert "…" in run("replay", path, columns=80)[1]
    assert "…" not in run("replay", path, "-o", "wide", columns=80)[1]


def test_a_trace_without_its_root_is_drawn_all_the_same() -> None:
    """The rest of a long Job may come after its root was let go: the orphans stand alone."""
    spans = [span for span in tell(frames_of("redis-create")) if span.parent_id]
    rows = waterfall(spans).rows

    assert len(rows) == len(spans)
    assert {row.last for row in rows if not row.last} == {()}


@pytest.mark.parametrize(("height", "recalled"), [(20, 1), (500, 0)])
def test_what_failed_and_has_scrolled_away_is_recalled(height: int, recalled: int) -> None:
    """Its title, below all pictures, on a terminal that shows the end alone; nothing in a pipe."""
    traces = grouped(captured("undo"))
    traces = sorted(traces, key=lambda trace: min(span.start for span in trace))
    for is_terminal in (True, False):
        out = io.StringIO()
        view = View(Console(file=out, width=90, height=height, force_terminal=is_terminal))
        for trace in traces:
            view.show(waterfall(trace))
        before = out.getvalue()
        view.recall()
        lines = out.getvalue().removeprefix(before).splitlines()

        assert len(lines) == (recalled if is_terminal else 0)
        assert all(
            "Update Deployment web" in line and "connection refused" in line for line in lines
        )
