"""event-tracer COMMAND: run one command, exit with a code.

Exit codes: 0 good, 1 failed, 2 usage; of `wait` 3 for what is open yet.
"""

import atexit
import gc
import io
import os
import sys
from collections.abc import Sequence

from event_tracer import __version__

GOOD, FAILED, USAGE = 0, 1, 2
GC_THRESHOLD = (500_000, 10, 10)
"""Frames and spans form no cycles, so looking for some after each 700 objects finds none."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the result is the exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    gc.set_threshold(*GC_THRESHOLD)
    # gRPC would write of handshakes to stderr, where logs may be JSON; we tell of its errors.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    # At its end Python looks for cycles in all that is left but in what is frozen: a seventh of the
    # CPU of `show`.
    atexit.register(gc.freeze)
    _open_streams()
    try:
        code = _run(arguments)
        sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        return FAILED
    except BrokenPipeError:
        _abandon_output()  # the reader (head, less) has seen enough
        return GOOD
    except OSError as error:
        sys.stderr.write(f"event-tracer: cannot write: {error.strerror or error}\n")
        _abandon_output()
        return FAILED


def _open_streams() -> None:
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # closed (`>&-`): nobody wants to hear of it
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_WRONLY), "w", encoding="utf-8"))
        elif isinstance(stream, io.TextIOWrapper):  # spell out what its encoding lacks
            stream.reconfigure(errors="backslashreplace")


def _run(arguments: Sequence[str]) -> int:
    if arguments == ["--version"]:
        sys.stdout.write(f"{__version__}\n")
        return GOOD
    from event_tracer.cli.command_line import run  # pydantic takes a while to load

    result = run(arguments)
    if isinstance(result, bool):
        return GOOD if result else FAILED
    return result


def _abandon_output() -> None:
    # Python flushes once more at exit, and would complain once more.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
