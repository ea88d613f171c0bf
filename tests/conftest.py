"""What tests of the command line share."""

import io
import sys

import pytest

from event_tracer.cli import main
from tests.support import Run


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
