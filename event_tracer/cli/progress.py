"""How far a long replay has come, on a terminal, without a trace afterwards."""

import time
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

_PATIENCE = 1.0  # seconds before anything shows


class ReadProgress:
    """A bar of bytes read; `total` is None where nobody knows."""

    def __init__(self, made: Console, *, total: int | None) -> None:
        self._begun = time.monotonic()
        self._shown = not made.is_terminal
        self._progress = Progress(
            TextColumn("reading"),
            BarColumn(),
            DownloadColumn(),
            TimeRemainingColumn(),
            console=made,
            transient=True,
            disable=not made.is_terminal,
        )
        self._task = self._progress.add_task("", total=total)

    def __enter__(self) -> "ReadProgress":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Take the bar away."""
        self._progress.stop()

    def advance(self, read: int) -> None:
        """`read` more bytes have been read."""
        self._progress.advance(self._task, read)
        if not self._shown and time.monotonic() - self._begun > _PATIENCE:
            self._shown = True
            self._progress.start()
