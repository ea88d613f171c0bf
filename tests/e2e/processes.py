"""Programs that run beside the tests, each with a log, and none of them left behind."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")


class Program:
    """One program, in a process group of its own."""

    def __init__(
        self, name: str, command: Sequence[str | Path], *, logs: Path,
        environ: Mapping[str, str] | None = None,
    ) -> None:  # fmt: skip
        self.name = name
        self.log = logs / f"{name}.log"
        self._command = [str(part) for part in command]
        self._environ = {**os.environ, **(environ or {})}
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> "Program":
        """Start it; what it says goes to its log."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                env=self._environ, start_new_session=True,
            )  # fmt: skip
        return self

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        assert self._process
        return self._process.pid

    @property
    def text(self) -> str:
        """All that it has said."""
        return self.log.read_text(errors="replace")

    def kill(self) -> None:
        """kill -9, with its children."""
        if self._process:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def pause(self) -> None:
        """Let it neither run nor end."""
        assert self._process
        os.killpg(self._process.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Let a paused one go on."""
        assert self._process
        os.killpg(self._process.pid, signal.SIGCONT)

    def stop(self, *, within: float = 30) -> int:
        """SIGTERM; its exit code."""
        assert self._process
        self._process.terminate()
        return self.ended(within=within)

    def ended(self, *, within: float = 30) -> int:
        """Its exit code, once it has ended."""
        assert self._process
        try:
            return self._process.wait(within)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"{self.name} does not end\n{self.text[-3000:]}") from None


def wait(what: str, found: Callable[[], T | None], *, within: float = 60, pause: float = 0.3) -> T:
    """What `found` gives once it is neither None nor empty. Raises AssertionError after `within`.

    The time is a bound for a machine that hangs, nothing that a result depends on.
    """
    end = time.monotonic() + within
    while not (result := found()):
        assert time.monotonic() < end, f"{what} has not come within {within} s"
        time.sleep(pause)
    return result
