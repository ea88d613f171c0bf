"""What a command writes to: a terminal of no size, a stream that was closed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from event_tracer.cli.main import GOOD
from tests.scenarios.folding import RECORDINGS

RECORDING = str(RECORDINGS / "redis-create.jsonl")


def drawn(redirection: str = "", **environ: str) -> "subprocess.CompletedProcess[str]":
    """`replay`, by a shell."""
    command = ["sh", "-c", f'exec "$@" {redirection}', "sh", sys.executable, "-m", "event_tracer"]
    given = {key: value for key, value in os.environ.items() if key != "COLUMNS"}
    return subprocess.run(
        [*command, "replay", "--utc", RECORDING], env=given | environ, capture_output=True,
        text=True, cwd=Path(__file__).parents[2],
    )  # fmt: skip


def test_a_terminal_of_no_size_has_that_of_a_pipe() -> None:
    """COLUMNS=0: a terminal of Docker or kubectl may have none (moby 43229, HammerDB 289)."""
    assert drawn(COLUMNS="0").stdout == drawn().stdout


@pytest.mark.parametrize("redirection", [">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_a_closed_stream_is_no_failure(redirection: str) -> None:
    """As of a daemon; Python has None for it (sys.stdout)."""
    told = drawn(redirection)
    assert told.returncode == GOOD
    assert "Traceback" not in told.stderr
    assert ("Create Deployment redis" in told.stdout) is (">&-" not in redirection.split())
