"""`wait` as a process: signals, pipes, and the lines of docs/answers.md as they stand."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.scenarios.fields import SECOND
from tests.scenarios.processes import PATIENCE, Stage, ended, stage, until
from tests.scenarios.rollouts import START, Life, Rollouts

PAGE = Path(__file__).parents[2] / "docs" / "answers.md"


@pytest.fixture(name="here")
def _stage(tmp_path: Path) -> Iterator[Stage]:
    with stage(tmp_path) as made:
        yield made


def write(here: Stage, life: Life) -> None:
    """A Deployment that has lived so for ten minutes."""
    cluster = Rollouts()
    cluster.deployment("web", life)
    cluster.run(600)
    since = time.monotonic()

    def work() -> None:
        here.server.now = lambda: START / SECOND + 600 + time.monotonic() - since
        for raw in cluster.frames:
            here.server.write(raw)

    here.do(work)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_with_3(here: Stage, number: signal.Signals) -> None:
    """It is open, and that is said."""
    process = here.start("wait", "deploy/web", "-n", "shop")
    until(lambda: "events" in here.asked)
    time.sleep(1)
    told = ended(process, number)

    assert told.code == 3
    assert "deployment/web is not complete yet, and waiting was stopped" in told.out
    assert "Traceback" not in told.err


@pytest.mark.parametrize(("life", "code"), [(Life(), 0), (Life(failed_pulls=1000), 1)])
def test_a_closed_pipe_does_not_change_the_code(here: Stage, life: Life, code: int) -> None:
    """`set -o pipefail; event-tracer wait ... | head -1`."""
    write(here, life)
    process = here.start("wait", "deploy/web", "-n", "shop")
    assert process.stdout
    process.stdout.close()
    process.stdout = None
    told = ended(process)

    assert told.code == code
    assert "nobody reads any more; waiting on for the exit code" in told.err
    assert "Traceback" not in told.err


def blocks() -> dict[str, str]:
    """The first block of lines below each heading."""
    found = re.findall(r"(?m)^## (From .+)\n\n((?:    .+\n)+)", PAGE.read_text("utf-8"))
    return {heading: re.sub(r"(?m)^    ", "", block) for heading, block in found}


@pytest.mark.parametrize("heading", ["From a pipeline", "From an alert", "From an agent"])
def test_the_lines_of_the_page_work_as_they_stand(
    here: Stage, heading: str, tmp_path: Path
) -> None:
    """Three lines each, run by a shell that stops at the first that fails."""
    write(here, Life(ready=5))
    block = blocks()[heading]
    folder = tmp_path / "bin"
    folder.mkdir()
    for name, does in (
        ("kubectl", "exit 0"),
        ("event-tracer", f'exec {sys.executable} -m event_tracer "$@"'),
    ):
        (folder / name).write_text(f"#!/bin/sh\n{does}\n")
        (folder / name).chmod(0o755)
    path = f"{folder}:{os.environ['PATH']}"
    done = subprocess.run(
        ["sh", "-e", "-c", block], capture_output=True, text=True, timeout=4 * PATIENCE,
        cwd=tmp_path, env=here.environment | {"PATH": path},
    )  # fmt: skip

    assert block.count("\n") == 3
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert "complete" in done.stdout
