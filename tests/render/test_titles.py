"""What a stranger reads first: titles of real rollouts, in a text to be read through in a minute.

`titles.txt` has a line for each story of `tests/recordings/status`. Where a title changes on
purpose, write it anew: `python -m tests.render.test_titles`.
"""

import gzip
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from event_tracer.core.span import Span
from event_tracer.core.times import SECOND
from event_tracer.core.traces import Trace, grouped
from event_tracer.render.heading import heading_of, in_words
from event_tracer.render.page.story import story
from event_tracer.render.waterfall import waterfall
from tests.browser.pages import late_death
from tests.scenarios.captures import CAPTURES, captured
from tests.scenarios.fields import Raw
from tests.scenarios.folding import RECORDINGS, roots, tell
from tests.scenarios.looking import lines_of

TITLES = Path(__file__).with_name("titles.txt")
FAILURES = {
    "crash": ("pod web-", "container web", "exit 3", "4 restarts"),
    "oom": ("pod web-", "container web", "OOMKilled"),
    "bad-image": ("pod web-", "image", "connection refused"),
    "bad-config": ("pod web-", "container web", 'configmap "nowhere" not found'),
    "never-ready": ("pod web-", "container web", "readiness probe failed"),
    "unschedulable": ("pod web-", "cannot be scheduled", "node affinity/selector"),
    "quota": ("ReplicaSet web-", "cannot create pods", "exceeded quota"),
    "liveness": ("pod web-", "container web", "liveness probe failed"),
    "job": ("pod fails-", "container c", "exit 2"),
}
"""Object, step and cause of each."""


def title(trace: Sequence[Span]) -> str:
    """The title of a story as every viewer has it."""
    picture = waterfall(trace)
    return "  ".join(filter(None, (picture.title, *picture.heading)))


def titles() -> str:
    """All titles, in the order in which the stories began."""
    lines = []
    for name in CAPTURES:
        traces = sorted(grouped(captured(name)), key=lambda trace: min(s.start for s in trace))
        lines += [f"{name:14}{title(trace)}" for trace in traces]
    return "\n".join(lines) + "\n"


def test_titles_are_as_they_were_read() -> None:
    """Outcome, length and cause of each; what failed says why."""
    assert titles().splitlines() == TITLES.read_text("utf-8").splitlines()


def failed(name: str) -> Trace:
    """The story of a capture that failed."""
    (found,) = [each for each in grouped(captured(name)) if "  failed  " in title(each)]
    return found


@pytest.mark.parametrize("columns", [80, 120])
@pytest.mark.parametrize("name", FAILURES)
def test_object_step_and_cause_stand_on_top(name: str, columns: int) -> None:
    """In two lines of a terminal of any width, no name or number torn."""
    top = lines_of(failed(name), columns=columns)[:2]
    joined = " ".join(line.strip() for line in top)

    assert all(word in joined for word in FAILURES[name])
    assert all(len(line) <= columns for line in top)


def test_a_slow_init_container_is_seen() -> None:
    """Its life is a bar under its name, next to when it began, with how long it took."""
    (trace,) = grouped(captured("init"))
    lines = lines_of(trace, columns=80)
    place = next(number for number, line in enumerate(lines) if "Started (init wait)" in line)

    assert " ".join(lines[:2]) == (
        "Create Deployment web  complete in 42 s  init container wait took 40 s"
        " (pod web-6bcdb98697-d4fdb)"
    )
    assert "Terminated Completed (init wait)  ━━━━━━━━━━" in lines[place + 1]
    assert lines[place + 1].endswith(" 40s")


def test_a_failing_run_of_a_cron_job() -> None:
    """The CronJob, and the container of the run's pod that ended badly."""
    reference = {
        "apiVersion": "batch/v1", "kind": "CronJob", "name": "backup", "controller": True,
        "uid": "0a1b2c3d-0000-4000-8000-000000000001",
    }  # fmt: skip
    frames: list[Raw] = []
    for line in gzip.decompress((RECORDINGS / "status/job.jsonl.gz").read_bytes()).splitlines():
        frame: dict[str, Any] = json.loads(line)
        if frame.get("resource") == "jobs" and frame["object"]["metadata"]["name"] == "fails":
            frame["object"]["metadata"]["ownerReferences"] = [reference]
        if "object" in frame:
            frames.append(frame)
    found = [title(trace) for trace in grouped(tell(frames))]

    assert (
        "CronJob backup  failed  container c: Error, exit 2 (pod fails-lnx2k and 2 more)" in found
    )


def test_what_came_later_has_its_time_and_cause() -> None:
    """Since the change, as all times of a picture are."""
    spans = late_death()
    (root,) = roots(spans)
    (death,) = [span for span in spans if span.name.startswith("Terminated")]
    after = in_words(death.end - min(span.start for span in spans))

    assert title(spans).startswith(
        f"Create Deployment web  complete, then failed after {after}  container c: OOMKilled,"
    )
    assert heading_of(root, None, start=root.start).says.startswith("complete in ")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.2, "1 s"), (42, "42 s"), (60, "1 m"), (105, "1m45s"), (725, "12 m"), (7500, "2h05m")],
)
def test_a_length_in_words(seconds: float, words: str) -> None:
    """To the second, from ten minutes on to the minute."""
    assert in_words(int(seconds * SECOND)) == words


@pytest.mark.parametrize(
    ("name", "row", "first"),
    [
        ("bad-config", "Failed", 0),
        ("crash", "Terminated Error", 1),
        ("never-ready", "Unhealthy readiness", 0),
        ("oom", "Terminated OOMKilled", 1),
        ("quota", "FailedCreate", 0),
    ],
)
def test_a_title_counts_what_its_row_counts(name: str, row: str, first: int) -> None:
    """Law 6: what came after the root's end is told beside it; the `first` death is no restart."""
    picture = waterfall(failed(name))
    (count,) = (each.count for each in picture.rows if each.name == row)
    numbers = re.search(
        r", (\d+) (?:restarts|tries|times)(?:, then (\d+) more)? \(", title(failed(name))
    )

    assert numbers
    assert sum(int(each) for each in numbers.groups() if each) == count - first


@pytest.mark.parametrize("name", CAPTURES)
def test_the_page_has_the_same_title(name: str) -> None:
    """One function says it, for all viewers."""
    for trace in grouped(captured(name)):
        page = story(trace, events={})
        assert "  ".join(filter(None, (page["title"], page["says"], page["cause"]))) == title(trace)


if __name__ == "__main__":
    TITLES.write_text(titles(), encoding="utf-8")
