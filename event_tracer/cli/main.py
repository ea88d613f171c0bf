"""event-tracer COMMAND: parse what was typed, run it, tell how it went.

Exit codes: 0 good, 1 failed, 2 usage.
"""

import argparse
import gc
import io
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

from event_tracer.cli import help

if TYPE_CHECKING:
    from event_tracer.cli.settings.options import BaseOptions

GOOD, FAILED, USAGE = 0, 1, 2
GC_THRESHOLD = (500_000, 10, 10)
"""Frames and spans form no cycles, so looking for some after each 700 objects finds none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Takes:
    """What a command takes beside options: argparse's nargs and help; `usage` writes it."""

    nargs: str
    usage: str
    metavar: str
    help: str
    missing: str = ""  # what to say where it must not be left out


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One command: its manual, its settings' class, what it takes, and what runs it."""

    page: help.Page
    settings: str
    takes: Takes | None
    run: str  # a function of event_tracer.commands


_READ = Takes(nargs="*", usage="[FILE ...]", metavar="FILE", help="what to read; - is stdin")
_WRITE = Takes(
    nargs="?",
    usage="FILE",
    metavar="FILE",
    help="what to write; - is stdout",
    missing="name the FILE to write, or - for standard output",
)
_KIND = Takes(
    nargs="*",
    usage="[KIND[/NAME]]",
    metavar="KIND/NAME",
    help="an object, or all of a kind, as kubectl names them",
)
_OBJECT = Takes(
    nargs="*",
    usage="KIND/NAME",
    metavar="KIND/NAME",
    help="an object, as kubectl names it",
    missing="name an object, as deployment/web",
)
COMMANDS = {
    "show": Command(page=help.SHOW, settings="ShowSettings", takes=_KIND, run="show"),
    "run": Command(page=help.RUN, settings="RunSettings", takes=None, run="run"),
    "replay": Command(page=help.REPLAY, settings="ReplaySettings", takes=_READ, run="replay"),
    "link": Command(page=help.LINK, settings="LinkSettings", takes=_OBJECT, run="link"),
    "record": Command(page=help.RECORD, settings="RecordSettings", takes=_WRITE, run="record"),
    "check": Command(page=help.CHECK, settings="CheckSettings", takes=None, run="check"),
}


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
    for name, command in COMMANDS.items():
        commands.add_parser(name, help=command.page.line, add_help=False)
    name = parser.parse_args(arguments[:1]).command
    return _command(name, COMMANDS[name], arguments[1:])


def _command(name: str, command: Command, arguments: Sequence[str]) -> int:
    from event_tracer.cli.settings import load
    from event_tracer.cli.settings.options import PREFIX, SettingsError

    model = load.MODELS[command.settings]
    parser = _parser(name, command, model)
    flags = vars(parser.parse_intermixed_args(arguments))
    words = flags.pop("words", [])
    config = flags.pop("config", os.environ.get(PREFIX + "CONFIG"))
    if command.takes and command.takes.missing and not words:
        parser.error(command.takes.missing)
    try:
        options = load.load(model, flags=flags, config=Path(config) if config else None)
    except SettingsError as error:
        parser.error(str(error))
    from event_tracer.cli import commands

    run: Callable[..., bool] = getattr(commands, command.run)
    try:
        is_good = run(options, words) if command.takes else run(options)
    except SettingsError as error:
        parser.error(str(error))
    return GOOD if is_good else FAILED


def _parser(name: str, command: Command, model: "type[BaseOptions]") -> argparse.ArgumentParser:
    takes = command.takes
    parser = argparse.ArgumentParser(
        prog=f"event-tracer {name}",
        usage=f"event-tracer {name} [OPTION ...]{f' {takes.usage}' if takes else ''}",
        description=command.page.text,
        epilog=f"examples:\n{command.page.examples}\n\n{help.SETTINGS}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        argument_default=argparse.SUPPRESS,
    )
    parser.add_argument("--config", metavar="FILE", help="a YAML file of settings")
    if takes:
        parser.add_argument("words", nargs=takes.nargs, metavar=takes.metavar, help=takes.help)
    _add_options(parser, model)
    return parser


def _add_options(parser: argparse.ArgumentParser, model: "type[BaseOptions]") -> None:
    groups: dict[str, Any] = {"options": parser}
    extras = {name: field.json_schema_extra for name, field in model.model_fields.items()}
    for name, extra in sorted(extras.items(), key=_rank):
        field = model.model_fields[name]
        assert isinstance(extra, dict)
        title = str(extra["group"])
        if title not in groups:
            groups[title] = parser.add_argument_group(title)
        flags = [f"-{extra['short']}"] if extra["short"] else []
        flags.append(f"--{name.replace('_', '-')}")
        keywords = _keywords(field.annotation, metavar=str(extra["metavar"] or "") or None)
        groups[title].add_argument(*flags, help=_help(field.description, field.default), **keywords)


def _rank(named: tuple[str, Any]) -> int:
    from event_tracer.cli.settings.options import GROUPS

    return GROUPS.index(named[1]["group"])


def _keywords(annotation: Any, *, metavar: str | None) -> dict[str, Any]:
    if annotation is bool:
        return {"action": argparse.BooleanOptionalAction}
    if get_origin(annotation) is Literal:
        return {"choices": get_args(annotation)}
    is_many = get_origin(annotation) in (tuple, dict)
    return {"metavar": metavar, "action": "append" if is_many else "store"}


def _help(description: str | None, default: object) -> str:
    is_plain = isinstance(default, (str, int, float)) and not isinstance(default, bool)
    text = (description or "").replace("%", "%%")
    return f"{text} (default: {default})" if is_plain and default else text
