"""Options: the help, the heading and the flag of each."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import Field
from pydantic.config import JsonDict
from pydantic_settings import BaseSettings, SettingsConfigDict

from event_tracer import UsageError

PREFIX = "EVENT_TRACER_"
OPTIONS, CLUSTER, STORIES = "options", "which cluster", "which stories"
PICTURE, SENDING = "how traces are drawn", "where the spans go, and what is kept"
LEADER, FILTER, NAMING = "which replica works", "which event spans leave", "how spans are named"
GROUPS = (OPTIONS, CLUSTER, STORIES, PICTURE, SENDING, LEADER, FILTER, NAMING)
"""The headings of --help, in their order."""


class SettingsError(UsageError):
    """Settings that cannot be meant; the message is one sentence for whoever gave them."""


def option(
    default: Any, description: str, *, group: str = OPTIONS, metavar: str = "", short: str = ""
) -> Any:
    """One option: its help, the heading it stands under, the word for its value, a letter."""
    extra: JsonDict = {"group": group, "metavar": metavar, "short": short}
    return Field(default, description=description, json_schema_extra=extra, validate_default=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag:
    """An option on the command line."""

    spellings: tuple[str, ...]
    annotation: Any
    group: str
    metavar: str | None
    help: str


class BaseOptions(BaseSettings):
    """The base of every command's settings."""

    # Deferred: of the settings of eight commands one's are read, 15 ms of CPU less.
    model_config = SettingsConfigDict(
        env_prefix=PREFIX, extra="forbid", frozen=True, env_ignore_empty=True, defer_build=True
    )


def flags_of(model: type[BaseOptions]) -> Iterator[Flag]:
    """The options of a command's settings, as they are typed."""
    for name, field in model.model_fields.items():
        extra = field.json_schema_extra
        assert isinstance(extra, dict)
        default, is_bool = field.default, field.annotation is bool
        shows_default = isinstance(default, (str, int, float)) and default and not is_bool
        short, long = str(extra["short"]), f"--{name.replace('_', '-')}"
        yield Flag(
            spellings=(f"-{short}", long) if short else (long,),
            annotation=field.annotation,
            group=str(extra["group"]),
            metavar=str(extra["metavar"]) or None,
            help=f"{field.description}{f' (default: {default})' if shows_default else ''}",
        )
