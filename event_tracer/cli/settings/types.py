"""Types of options' values; a value that cannot be meant is refused."""

import re
from difflib import get_close_matches
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator
from pydantic_settings import NoDecode

from event_tracer.core.kinds import KIND_OF_NAME
from event_tracer.core.times import parse_duration
from event_tracer.runtime.address import Address, parse_address

_KIND = re.compile(r"[A-Z][A-Za-z0-9]*")
_CUSTOM_KIND = re.compile(r"[A-Za-z][A-Za-z0-9]*([.][a-z0-9]([-a-z0-9.]*[a-z0-9])?)?")
_NAMESPACE = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")  # RFC 1123 label
_OBJECT_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?")  # RFC 1123 subdomain, nearly
_MAX_OBJECT_NAME = 253


def _split(value: object) -> object:
    # `--kind pod,job`, `--kind pod --kind job` and EVENT_TRACER_KIND=pod,job say the same.
    if isinstance(value, dict):
        return value
    parts = value if isinstance(value, (list, tuple)) else [value]
    return tuple(word.strip() for part in parts for word in str(part).split(",") if word.strip())


def _pairs(value: object) -> object:
    words = _split(value)
    return dict(word.partition("=")[::2] for word in words) if isinstance(words, tuple) else value


def _several(value: object) -> object:
    return tuple(value) if isinstance(value, (list, tuple)) else (value,)


def _namespaces(names: tuple[str, ...]) -> tuple[str, ...]:
    for name in names:
        if not _NAMESPACE.fullmatch(name):
            raise ValueError(f"no namespace can be called {name}")
    return tuple(dict.fromkeys(names))


def _kinds(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(_kind(name) for name in names)


def _kind(name: str) -> str:
    kind = KIND_OF_NAME.get(name.lower(), name)
    if _KIND.fullmatch(kind):  # a custom kind may be called anything of that shape
        return kind
    near = get_close_matches(name.lower(), KIND_OF_NAME, n=1)
    hint = f"did you mean {KIND_OF_NAME[near[0]]}?" if near else "kinds are written like Deployment"
    raise ValueError(f"there is no kind called {name}; {hint}")


def _custom_kinds(names: tuple[str, ...]) -> tuple[str, ...]:
    for name in names:
        if not _CUSTOM_KIND.fullmatch(name):
            raise ValueError(f"no kind can be called {name}; it is like Workflow.argoproj.io")
    return _lower(names)


def _on_off(value: object) -> object:
    # YAML 1.1, as PyYAML reads it, has booleans of these names.
    return {True: "on", False: "off"}[value] if isinstance(value, bool) else value


def _lower(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name.lower() for name in names)


def _types(names: tuple[str, ...]) -> tuple[str, ...]:
    for name in names:
        if name.lower() not in ("normal", "warning"):
            raise ValueError(f"no Event is of type {name}; there are Normal and Warning")
    return tuple(name.capitalize() for name in names)


def _patterns(patterns: tuple[str, ...]) -> tuple[str, ...]:
    for pattern in patterns:
        try:
            re.compile(pattern)
        except re.error as error:
            raise ValueError(f"{pattern} is no regular expression: {error}") from None
    return patterns


def _template(text: str) -> str:
    unknown = set(re.findall(r"[{}][^{}]*[{}]?", text)) - {"{component}"}
    if unknown:
        raise ValueError(f"{min(unknown)} stands for nothing; {{component}} is all there is")
    return text


def _object_name(text: str) -> str:
    if len(text) > _MAX_OBJECT_NAME or not _OBJECT_NAME.fullmatch(text):
        raise ValueError(f"{text!r} is no name of an object in Kubernetes")
    return text


def _duration(value: object) -> object:
    if not isinstance(value, str):
        return value
    found = parse_duration(value)
    if found is not None:
        return found
    raise ValueError(f"{value!r} is no duration: it is like 90s, 30m or 1h30m")


def _url(text: str) -> str:
    if text and not text.startswith(("http://", "https://")):
        raise ValueError(f"{text!r} is no URL: it is like https://jaeger.example.org")
    return text.rstrip("/")


def _probe_address(value: object) -> object:
    if not isinstance(value, str) or value in ("auto", "none"):
        return value
    return parse_address(value)


def _page_address(value: object) -> object:
    if value is None or isinstance(value, tuple):
        return value
    text = str(value)
    return parse_address(f"127.0.0.1:{text}" if text.isdecimal() else text)


Words = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]
"""Several words, by commas or by repetition."""
Namespaces = Annotated[Words, AfterValidator(_namespaces)]
Kinds = Annotated[Words, AfterValidator(_kinds)]
"""Kinds by any name that kubectl has for them; a custom kind as its objects write it."""
CustomKinds = Annotated[Words, AfterValidator(_custom_kinds)]
"""Kinds or plurals in lower case, each with its group or without."""
OnOff = Annotated[Literal["on", "off"], BeforeValidator(_on_off)]
Reasons = Annotated[Words, AfterValidator(_lower)]
EventTypes = Annotated[Words, AfterValidator(_types)]
Patterns = Annotated[
    tuple[str, ...], NoDecode, BeforeValidator(_several), AfterValidator(_patterns)
]
"""Regular expressions; a comma belongs to one."""
Files = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_several)]
"""Paths; a comma belongs to one."""
Statuses = Annotated[dict[str, Literal["error", "unset"]], NoDecode, BeforeValidator(_pairs)]
Template = Annotated[str, AfterValidator(_template)]
ObjectName = Annotated[str, AfterValidator(_object_name)]
Duration = Annotated[int, BeforeValidator(_duration)]
"""ns, given as Go writes durations."""
Url = Annotated[str, AfterValidator(_url)]
ProbeAddress = Annotated[
    Address | Literal["auto", "none"], NoDecode, BeforeValidator(_probe_address)
]
PageAddress = Annotated[Address | None, NoDecode, BeforeValidator(_page_address)]
"""A port alone is one of 127.0.0.1."""
