"""JSON and YAML documents with the line of each; a broken one costs itself alone."""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any

import yaml

from event_tracer.core.wire import MalformedError, decode, replace_surrogates
from event_tracer.runtime.go_yaml import first_document

# For people: a place in a document becomes one in the file (as pydantic-core 2.50 writes it).
_PLACE = re.compile(r"(?P<what>.*) at line (?P<line>\d+) column (?P<column>\d+)", re.DOTALL)
_CUT = "EOF while parsing"  # in the words of pydantic-core
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"')
_TEXT = re.compile(r"\S")
_BORDER = re.compile(rb"(?:---|\.\.\.)\s*(?:#.*)?$")
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

    Whoever indents JSON (kubectl, jq) begins and ends each document in the first column. Of any
    other that does not end on its line, its brackets tell where it does.
    """
    ahead = _Ahead(lines)
    for number, line in ahead:
        text = line.strip()
        if not text:
            continue
        if _is_lone(line) and ahead.next[:1] in (b" ", b"\t"):
            yield from _parse(_indented(ahead, line), line=number, on_bad=on_bad)
            continue
        try:
            value = decode(text)
        except MalformedError as error:
            if _CUT in str(error) and (rest := b"".join(_until_closed(ahead, text))):
                yield from _parse(line + rest, line=number, on_bad=on_bad)
            else:
                yield from _joined(text, problem=str(error), line=number, on_bad=on_bad)
        else:
            yield Document(line=number, value=value)


class _Ahead:
    """Numbered lines, and the one that follows."""

    def __init__(self, lines: Iterable[bytes]) -> None:
        self._lines = iter(lines)
        self._number = 0
        self.next = next(self._lines, b"")
        """The next line; empty where there is none."""

    def __iter__(self) -> "_Ahead":
        return self

    def push(self, line: bytes) -> None:
        """Give back the line that was taken last."""
        self._lines = chain([self.next] if self.next else [], self._lines)
        self.next, self._number = line, self._number - 1

    def __next__(self) -> tuple[int, bytes]:
        if not self.next:
            raise StopIteration
        self._number, line = self._number + 1, self.next
        self.next = next(self._lines, b"")
        return self._number, line


def _is_lone(line: bytes) -> bool:
    return line.rstrip() in (b"{", b"[")


def _indented(ahead: _Ahead, line: bytes) -> bytes:
    """A document whose lines are indented but the first and the last, or up to where it is cut."""
    block = [line]
    while ahead.next and not _is_lone(ahead.next):
        block.append(next(ahead)[1])
        if block[-1][:1] in b"}]":
            if _is_lone(block[-1][1:]):  # a file without a last newline, and another
                ahead.push(block[-1][1:])
                block[-1] = block[-1][:1]
            break
    return b"".join(block)


def _until_closed(ahead: _Ahead, text: bytes) -> Iterator[bytes]:
    """The further lines of a document, up to where all its brackets are closed.

    A recording that was cut off has a whole document on the next line, and more after that.
    """
    depth = _depth(text)
    while depth > 0 and ahead.next:
        if ahead.next[:1] == b"{" and depth and _is_whole(ahead.next):
            _, line = next(ahead)
            if ahead.next.lstrip()[:1] not in (b"]", b"}", b","):
                ahead.push(line)
                return
        else:
            _, line = next(ahead)
        depth += _depth(line)
        yield line


def _depth(line: bytes) -> int:
    """How many more brackets a line opens than it closes; no string spans two lines of JSON."""
    bare = _STRING.sub(b"", line)
    return sum(map(bare.count, (b"{", b"["))) - sum(map(bare.count, (b"}", b"]")))


def _is_whole(line: bytes) -> bool:
    try:
        decode(line)
    except MalformedError:
        return False
    return True


def yaml_documents(lines: Iterable[bytes], *, on_bad: OnBad) -> Iterator[Document]:
    """YAML documents between lines of `---`, or after one of `...`."""
    block: list[bytes] = []
    begun = 1
    for number, line in enumerate(chain(lines, [b"---"]), start=1):
        if not _BORDER.match(line):
            block.append(line)
            continue
        try:
            value = replace_surrogates(first_document(b"".join(block)))
        except (yaml.YAMLError, ValueError, RecursionError) as error:
            mark = getattr(error, "problem_mark", None)
            problem = getattr(error, "problem", None) or str(error).splitlines()[0]
            on_bad(begun + (mark.line if mark else 0), f"not YAML: {problem}")
        else:
            if value is not None:
                yield Document(line=begun, value=value)
        block, begun = [], number + 1


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
