"""Objects as they are typed: what kubectl takes for their names."""

from collections.abc import Sequence
from typing import NamedTuple

from event_tracer.cli.settings.base import SettingsError


class Named(NamedTuple):
    """A word for a kind, and a name; all objects of the kind where that is empty."""

    kind: str
    name: str


def parse_names(words: Sequence[str]) -> tuple[Named, ...]:
    """`deployment/web`, `sts/db deploy/web`, `deployment web api` or `deployment` → what is meant.

    Raises SettingsError for what is none of these.
    """
    if not words:
        return ()
    if any("/" in word for word in words):
        return tuple(dict.fromkeys(_split(word) for word in words))
    kind, *names = words
    if not all(words):
        raise _unlike(" ".join(words))
    return tuple(dict.fromkeys(Named(kind, name) for name in names or [""]))


def parse_name(words: Sequence[str]) -> Named:
    """The one object, or kind, that is meant; both are empty where nothing was asked for."""
    found = parse_names(words)
    if len(found) > 1:
        raise SettingsError(f"{' '.join(words)!r} names several objects; name one")
    return found[0] if found else Named("", "")


def _split(word: str) -> Named:
    kind, _, name = word.partition("/")
    if not kind or not name or "/" in name:
        raise _unlike(word)
    return Named(kind, name)


def _unlike(text: str) -> SettingsError:
    return SettingsError(f"{text!r} names no object: it is like deployment/web")
