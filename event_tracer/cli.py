"""event-tracer COMMAND: parse what was typed, run it, tell how it went.

Exit codes: 0 good, 1 failed, 2 usage.
"""

import argparse
import gc
import io
import os
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

if TYPE_CHECKING:
    from event_tracer.settings import Settings

GOOD, FAILED, USAGE = 0, 1, 2
GC_THRESHOLD = (50_000, 20, 100)
"""Frames and spans form no cycles, so looking for some after each 700 objects finds none."""

_REPLAY = """\
Turn recorded Events into traces: draw them here, or send them to a collector.

Reads recordings (JSON Lines, plain or gzipped) and what kubectl prints:
  kubectl get events -A -o json                       Events alone already give the tree
  kubectl get events,pods,rs,deploy,sts,ds,jobs,cronjobs -A -o json --show-managed-fields
                                                      with owners, and who changed what
  kubectl get events -A --watch -o json
Without FILE it replays a sample; - reads standard input."""

_EXAMPLES = """\
examples:
  event-tracer replay
  kubectl get events -A -o json | event-tracer replay -
  event-tracer replay --namespace shop --type Warning events.json
  OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4317 event-tracer replay --to otlp --shift-to-now
  OTEL_TRACES_EXPORTER=console event-tracer replay --to sdk
  event-tracer replay --to otlp-json --output trace.json      then "Upload JSON file" in Jaeger

Each option may also be set as EVENT_TRACER_<OPTION> or in the YAML file of --config;
flags win over the environment, the environment over the file."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the result is the exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    gc.set_threshold(*GC_THRESHOLD)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # what it cannot say it spells out
            stream.reconfigure(errors="backslashreplace")
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


def _abandon_output() -> None:
    # Python flushes once more at exit, and would complain once more.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _run(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="event-tracer",
        description="Kubernetes Events as OpenTelemetry traces.",
        epilog="event-tracer COMMAND --help tells more.",
    )
    parser.add_argument("--version", action="version", version=version("event-tracer"))
    commands = parser.add_subparsers(metavar="COMMAND", required=True, dest="command")
    replay = "recorded Events to traces: in the terminal, as a file, or to a collector"
    commands.add_parser("replay", help=replay, add_help=False)
    parser.parse_args(arguments[:1])
    return _replay(arguments[1:])


def _replay(arguments: Sequence[str]) -> int:
    from event_tracer import settings

    parser = _parser("replay", settings.ReplaySettings, description=_REPLAY, epilog=_EXAMPLES)
    parser.add_argument("files", nargs="*", metavar="FILE", help="what to read; - is stdin")
    flags = vars(parser.parse_args(arguments))
    files = flags.pop("files", [])
    config = flags.pop("config", os.environ.get(settings.PREFIX + "CONFIG"))
    try:
        options = settings.load(
            settings.ReplaySettings, flags=flags, config=Path(config) if config else None
        )
    except settings.SettingsError as error:
        parser.error(str(error))
    from event_tracer.replay import replay

    return GOOD if replay(files, settings=options) else FAILED


def _parser(
    command: str, model: "type[Settings]", *, description: str, epilog: str
) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=f"event-tracer {command}",
        usage=f"event-tracer {command} [OPTION ...] [FILE ...]",
        description=description,
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        argument_default=argparse.SUPPRESS,
    )
    parser.add_argument("--config", metavar="FILE", help="a YAML file of settings")
    groups: dict[str, Any] = {"options": parser}
    for name, field in model.model_fields.items():
        extra = field.json_schema_extra
        assert isinstance(extra, dict)
        title = str(extra["group"])
        if title not in groups:
            groups[title] = parser.add_argument_group(title)
        flag = f"--{name.replace('_', '-')}"
        keywords = _keywords(field.annotation, metavar=str(extra["metavar"] or "") or None)
        groups[title].add_argument(flag, help=_help(field.description, field.default), **keywords)
    return parser


def _keywords(annotation: Any, *, metavar: str | None) -> dict[str, Any]:
    if annotation is bool:
        return {"action": argparse.BooleanOptionalAction}
    choices = get_args(annotation)
    if choices and all(isinstance(choice, str) for choice in choices):
        return {"choices": choices}
    is_many = "tuple" in str(annotation) or "dict" in str(annotation)
    return {"metavar": metavar, "action": "append" if is_many else "store"}


def _help(description: str | None, default: object) -> str:
    is_plain = isinstance(default, str) and default
    text = (description or "").replace("%", "%%")
    return f"{text} (default: {default})" if is_plain else text
