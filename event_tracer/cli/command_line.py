"""Command lines: what was typed → one command, its settings and words."""

import argparse
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from event_tracer import EventTracerError, UsageError, __version__
from event_tracer.cli.commands import COMMANDS, Command
from event_tracer.cli.process import complain
from event_tracer.cli.settings.base import (
    GROUPS,
    OPTIONS,
    PREFIX,
    BaseOptions,
    Flag,
    flags_of,
)
from event_tracer.cli.settings.environment import demand_limits
from event_tracer.cli.settings.load import load
from event_tracer.runtime.logs import mask

_SETTINGS = """\
Each option may also be set as EVENT_TRACER_<OPTION> or in the YAML file of --config;
flags win over the environment, the environment over the file."""


def run(arguments: Sequence[str]) -> bool | int:
    """Run one command: whether all went well, or its exit code.

    argparse exits with 2 for wrong usage.
    """
    parser = argparse.ArgumentParser(
        prog="event-tracer",
        description="Kubernetes Events as OpenTelemetry traces.",
        epilog="event-tracer COMMAND --help says more.",
    )
    parser.add_argument("--version", action="version", version=__version__)
    listed = parser.add_subparsers(metavar="COMMAND", required=True, dest="command")
    for name, command in COMMANDS.items():
        listed.add_parser(name, help=command.line, add_help=False)
    return _command(parser.parse_args(arguments[:1]).command, arguments[1:])


def _command(name: str, arguments: Sequence[str]) -> bool | int:
    command = COMMANDS[name]
    parser = _parser(name, command)
    if hint := _hint(command, arguments):
        parser.error(hint)
    flags = vars(parser.parse_intermixed_args(arguments))
    given = flags.pop("words", [])
    words = [given] if isinstance(given, str) else given
    config = flags.pop("config", os.environ.get(PREFIX + "CONFIG"))
    if command.words and command.words.missing and not words:
        parser.error(command.words.missing)
    try:
        demand_limits(os.environ)
        settings = load(command.settings, flags=flags, config=Path(config) if config else None)
        return command.run(settings, words)
    except UsageError as error:
        parser.error(mask(str(error)))
    except EventTracerError as error:
        complain(str(error))
        return False


def _hint(command: Command[Any], arguments: Sequence[str]) -> str:
    """What takes the place of kubectl's -n or -A, where a command has neither."""
    fields = command.settings.model_fields
    if "watch_namespaces" not in fields or "all_namespaces" in fields:
        return ""
    if {"-A", "--all-namespaces"}.intersection(arguments):
        return "there is no -A here: without --watch-namespaces all namespaces are read"
    if not any(each.startswith("-n") for each in arguments):
        return ""
    filter_ = "; --namespace shop reads all and sends that" if "namespace" in fields else ""
    return f"there is no -n here: --watch-namespaces shop reads that namespace alone{filter_}"


def _parser(name: str, command: Command[Any]) -> argparse.ArgumentParser:
    words = command.words
    parser = argparse.ArgumentParser(
        prog=f"event-tracer {name}",
        usage=f"event-tracer {name} [OPTION ...]{f' {words.usage}' if words else ''}",
        description=command.text,
        epilog=f"examples:\n{command.examples}\n\n{_SETTINGS}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        argument_default=argparse.SUPPRESS,
    )
    parser.add_argument("--config", metavar="FILE", help="a YAML file of settings")
    if words:
        parser.add_argument("words", nargs=words.nargs, metavar=words.metavar, help=words.help)
    _add_options(parser, command.settings)
    return parser


def _add_options(parser: argparse.ArgumentParser, model: type[BaseOptions]) -> None:
    groups: dict[str, Any] = {OPTIONS: parser}
    for flag in sorted(flags_of(model), key=lambda flag: GROUPS.index(flag.group)):
        if flag.group not in groups:
            groups[flag.group] = parser.add_argument_group(flag.group)
        groups[flag.group].add_argument(
            *flag.spellings, help=flag.help.replace("%", "%%"), **_keywords(flag)
        )


def _keywords(flag: Flag) -> dict[str, Any]:
    if flag.annotation is bool:
        return {"action": argparse.BooleanOptionalAction}
    kind = get_origin(flag.annotation)
    if kind is Literal:
        return {"choices": get_args(flag.annotation)}
    is_many = kind in (tuple, dict)
    return {"metavar": flag.metavar, "action": "append" if is_many else "store"}
