"""JSON and YAML documents with the line of each; a broken one costs itself alone."""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any

import yaml

from event_tracer.core.wire import MalformedError, decode, replace_surrogates

# For people: a place in a document becomes one in the file (as pydantic-core 2.50 writes it).
_PLACE = re.compile(r"(?P<what>.*) at line (?P<line>\d+) column (?P<column>\d+)", re.DOTALL)
_TEXT = re.compile(r"\S")
_DECODER = json.JSONDecoder()


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One document and the line it begins on."""

    line: int
    value: Any


OnBad = Callable[[int, str], None]
"""Takes the line of a document that cannot be read, and the reason."""


def json_documents(lines: Iterable[bytes], *, on_bad: OnBad) -> Iterator[Document]:
    """JSON Lines, and documents printed over several lines, one after the other.

    Whoever indents JSON (kubectl, jq) begins and ends each document in the first column, so a
    line that is one bracket opens a document, and the next bracket in the first column ends it.
    """
    for begun, text in _texts(lines):
        yield from _parse(text, line=begun, on_bad=on_bad)


def _texts(lines: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    block: list[bytes] = []
    begun = 0
    for number, line in enumerate(lines, start=1):
        opens = line.rstrip() in (b"{", b"[")
        if block and opens:  # the one before was cut off
            yield begun, b"".join(block)
            block = []
        if block or opens:
            begun = begun if block else number
            block.append(line)
        elif line.strip():
            yield number, line.strip()
        if block and line[:1] in b"}]":
            yield begun, b"".join(block)
            block = []
    if block:
        yield begun, b"".join(block)


def yaml_documents(lines: Iterable[bytes], *, on_bad: OnBad) -> Iterator[Document]:
    """YAML documents between lines of `---`."""
    block: list[bytes] = []
    begun = 1
    for number, line in enumerate(chain(lines, [b"---"]), start=1):
        if line.rstrip() != b"---":
            block.append(line)
            continue
        try:
            value = replace_surrogates(yaml.load(b"".join(block), _Loader))  # a safe loader
        except (yaml.YAMLError, ValueError, RecursionError) as error:
            mark = getattr(error, "problem_mark", None)
            problem = getattr(error, "problem", None) or str(error).splitlines()[0]
            on_bad(begun + (mark.line if mark else 0), f"not YAML: {problem}")
        else:
            if value is not None:
                yield Document(line=begun, value=value)
        block, begun = [], number + 1


class _Loader(yaml.CSafeLoader):
    """YAML as Kubernetes reads it: JSON's types, so a timestamp stays the text that it is."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in rules if not tag.endswith(":timestamp")]
    for first, rules in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}


def _parse(text: bytes, *, line: int, on_bad: OnBad) -> Iterator[Document]:
    try:
        value = decode(text)
    except MalformedError as error:
        yield from _joined(text, problem=str(error), line=line, on_bad=on_bad)
    else:
        yield Document(line=line, value=value)


def _joined(text: bytes, *, problem: str, line: int, on_bad: OnBad) -> Iterator[Document]:
    """Documents one after the other; `problem` is why they are not one."""
    rest, end = text.decode("utf-8", "replace").rstrip(), 0
    while found := _TEXT.search(rest, end):
        begun = end
        try:
            value, end = _DECODER.raw_decode(rest, found.start())
        except (ValueError, RecursionError) as error:
            on_bad(*(_later(error, line=line) if begun else _placed(problem, line=line)))
            return
        if not begun and end == len(rest):  # it is one, but no UTF-8
            on_bad(*_placed(problem, line=line))
            return
        yield Document(line=line, value=replace_surrogates(value))


def _placed(problem: str, *, line: int) -> tuple[int, str]:
    """A problem of the document that begins on `line`, by its line in the file."""
    place = _PLACE.fullmatch(problem)
    if not place:
        return line, problem
    return line + int(place["line"]) - 1, f"{place['what']} at column {place['column']}"


def _later(error: Exception, *, line: int) -> tuple[int, str]:
    if isinstance(error, json.JSONDecodeError):
        return line + error.lineno - 1, f"not JSON: {error.msg} at column {error.colno}"
    return line, f"not JSON: {error}"
