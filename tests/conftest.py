"""What all tests share: a command that is run, and logging as it was."""

import io
import logging
import os
import sys
from collections.abc import Iterator

import pytest
from hypothesis import settings

from event_tracer.cli.main import main
from tests.scenarios.folding import Run

# A busy machine is no failure, and what is tried is the same each time; `random` looks further.
settings.register_profile("same", deadline=None, derandomize=True)
settings.register_profile("random", deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command; give its exit code, output and complaints."""

    def call(*arguments: str, stdin: bytes = b"", columns: int = 120) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        monkeypatch.setenv("COLUMNS", str(columns))
        try:
            code = main(arguments)
        except SystemExit as stop:
            code = int(stop.code or 0)
        told = capsys.readouterr()
        return code, told.out, told.err

    return call


@pytest.fixture(autouse=True)
def _no_authorities(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of the system take each client 20 ms to load; a test brings what it trusts."""
    monkeypatch.setenv("SSL_CERT_FILE", os.devnull)


@pytest.fixture(autouse=True)
def _same_logging() -> Iterator[None]:
    """A command sets up the process's logging, which another test must not find."""
    root = logging.getLogger()
    level, handlers = root.level, list(root.handlers)
    yield
    root.setLevel(level)
    root.handlers[:] = handlers


@pytest.fixture
def _logging_as_it_was() -> Iterator[None]:
    """A command sets up logging for its whole process."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    yield
    for handler in [handler for handler in root.handlers if handler not in before]:
        root.removeHandler(handler)
    root.setLevel(level)
    logging.captureWarnings(False)
