"""Frames from files: recordings in JSON Lines, and what kubectl prints."""

import gzip
import io
import re
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from importlib.resources import files
from itertools import chain
from pathlib import Path
from typing import Any, cast

from event_tracer.core.event import Event
from event_tracer.core.filters import Redact
from event_tracer.core.frame import Frame, Item, Listing, parse_frame
from event_tracer.core.times import SECOND
from event_tracer.core.wire import MalformedError
from event_tracer.recording.documents import Document, json_documents, yaml_documents

STDIN = "-"
SAMPLE = "sample.jsonl.gz"
VERSION = 1
TOLD_SINCE = "told_since"
"""Of an object that a LIST brought: the time (ns) from which on its transitions are news."""
_EVENTS_LIVE = 3600 * SECOND  # ns; kube-apiserver's --event-ttl: so much of the past a List tells
_FRAMES = frozenset({"ADDED", "MODIFIED", "DELETED"})
_SILENT = frozenset({"HEADER", "BOOKMARK"})
_UTF8_BOM = b"\xef\xbb\xbf"
_UTF16_BOMS = (b"\xff\xfe", b"\xfe\xff")
_YAML = re.compile(rb"---|#|%YAML|- |[a-zA-Z]\w*:(\s|$)")
# Of kubectl get events, with headers or without, of kubectl events, and of kubectl get.
_EVENTS_TABLE = re.compile(
    rb"(NAMESPACE +)?(LAST ?SEEN|FIRST SEEN) +"
    rb"|(\S+ +)?(?:\d+[smhd]\w*|<unknown>|<invalid>)( +\(x\d+ .*?\))? +(Normal|Warning) "
)
_TABLE = re.compile(rb"(NAMESPACE|NAME)( +[A-Z]|\s*$)")
_DESCRIBED = re.compile(rb"Name: +\S+")
_SERVES = "kubectl get events -A -o json would serve"
_GZIP = b"\x1f\x8b"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something that cannot be used; line 0 is the whole of `source`."""

    source: str
    line: int
    reason: str

    def __str__(self) -> str:
        where = f"{self.source}:{self.line}" if self.line else self.source
        return f"{where}: {self.reason}"


OnProblem = Callable[[Problem], None]
OnProgress = Callable[[int], None]
Reads = io.BufferedIOBase


def items(
    paths: Sequence[str],
    *,
    stdin: Reads,
    on_problem: OnProblem,
    on_progress: OnProgress = lambda read: None,
    redact: Redact = lambda raw: raw,
) -> Iterator[Item]:
    """Everything in `paths` for the fold; without any, the sample that ships in the package.

    What kubectl prints has no order that means anything: all of it is one Listing, and comes
    first. Recordings then stream, a file after the other. Nothing raises: what cannot be used
    goes to `on_problem`. `on_progress` takes the number of bytes that were read since the last
    call. `redact` is applied to every raw frame first.
    """
    with ExitStack() as opened:
        recordings, listed = [], []
        for path in paths or [""]:
            source = _Source(path or "the sample", on_problem)
            stream = stdin if path == STDIN else _open(path, source, opened)
            documents = _documents(_Counted(stream, on_progress), source)
            first = next(documents, None)
            if first is None:
                source.empty()
                continue
            whole, head = chain([first], documents), first.value
            # kubectl's frames do not name their resource.
            if isinstance(head, Mapping) and (head.get("type") == "HEADER" or "resource" in head):
                recordings.append((source, whole))
            else:
                listed += [frame for frame, _ in _frames(whole, source, redact)]
        if listed:
            yield Listing(frames=tuple(listed), tell_since=_newest(listed) - _EVENTS_LIVE)
        for source, whole in recordings:
            for frame, since in _frames(whole, source, redact):
                yield frame if since is None else Listing(frames=(frame,), tell_since=since)


def standard_input() -> Reads:
    """Standard input; nothing where it is closed."""
    return cast(Reads, sys.stdin.buffer) if sys.stdin else io.BytesIO()


def total_size(paths: Sequence[str]) -> int | None:
    """Bytes in the files of `paths`; None where that is not known."""
    try:
        return sum(Path(path).stat().st_size for path in paths if Path(path).is_file()) or None
    except OSError:
        return None


class _Source:
    """One file: its name in problems, and whether it had one; what it is encoded in, if odd."""

    def __init__(self, name: str, on_problem: OnProblem) -> None:
        self.name = "standard input" if name == STDIN else name
        self._on_problem = on_problem
        self._has_problem = False
        self.encoding = ""

    def problem(self, line: int, reason: str) -> None:
        self._has_problem = True
        self._on_problem(Problem(source=self.name, line=line, reason=reason))

    def empty(self) -> None:
        if not self._has_problem:
            self.problem(0, "empty")


class _Counted(io.RawIOBase):
    """A stream that reports how many bytes of it have been read."""

    def __init__(self, stream: Reads, on_progress: OnProgress) -> None:
        self._stream = stream
        self._on_progress = on_progress

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        # What is there: a read that waits for more checks no signal in between (CPython's
        # _bufferedreader_read_generic), and Ctrl-C would wait with it.
        data = self._stream.read1(len(buffer))
        buffer[: len(data)] = data
        self._on_progress(len(data))
        return len(data)


def _open(path: str, source: _Source, opened: ExitStack) -> Reads:
    """A file; nothing in its place where it cannot be opened, which is a problem of `source`."""
    file = Path(path) if path else files("event_tracer.recording").joinpath(SAMPLE)
    try:
        return opened.enter_context(cast(Reads, file.open("rb")))
    except IsADirectoryError:
        source.problem(0, "a directory; name the files in it")
    except OSError as error:
        source.problem(0, (error.strerror or str(error)).lower())
    return io.BytesIO()


def _documents(raw: io.RawIOBase, source: _Source) -> Iterator[Document]:
    lines = _lines(raw, source)
    begin = []  # up to the first line that is not empty
    for line in lines:
        begin.append(line)
        if line.strip():
            break
    head, whole = b"".join(begin).lstrip(), chain(begin, lines)
    if head.startswith((b"{", b"[")):
        yield from json_documents(whole, on_bad=source.problem)
    elif _EVENTS_TABLE.match(head):
        source.problem(0, f"kubectl's table of Events, for people; {_SERVES}")
    elif _TABLE.match(head):
        source.problem(0, "kubectl's table for people; add -o json to the command that printed it")
    elif _DESCRIBED.match(head):
        source.problem(0, f"what kubectl describe prints, for people; {_SERVES}")
    elif _YAML.match(head):
        yield from yaml_documents(whole, on_bad=source.problem)
    elif head:
        reason = "neither a recording nor what kubectl prints with -o json or -o yaml"
        source.problem(0, f"{reason}{source.encoding}")


def _lines(raw: io.RawIOBase, source: _Source) -> Iterator[bytes]:
    """The lines of a stream, without a byte order mark; it may end within its compression."""
    number = 0
    stream = io.BufferedReader(raw)
    try:
        plain: io.BufferedReader[Any] = stream
        if stream.peek(len(_GZIP)).startswith(_GZIP):
            plain = io.BufferedReader(gzip.GzipFile(fileobj=stream))
        for number, line in enumerate(_as_utf8(plain, source), start=1):
            yield line.removeprefix(_UTF8_BOM) if number == 1 else line
    except (EOFError, OSError, zlib.error) as error:
        source.problem(number, f"cannot be read further: {str(error).lower()}")


def _as_utf8(stream: "io.BufferedReader[Any]", source: _Source) -> Iterable[bytes]:
    # PowerShell 5's `kubectl … > now.json` writes UTF-16 with a byte order mark.
    if not stream.peek(2).startswith(_UTF16_BOMS):
        return stream
    source.encoding = ", read as UTF-16"
    text = io.TextIOWrapper(stream, encoding="utf-16", errors="replace", newline="")
    return (line.encode("utf-8", "replace") for line in text)


def _newest(frames: Iterable[Frame]) -> int:
    """The newest time (ns) in some frames, whoever wrote it."""
    bodies = [frame.body for frame in frames]
    occurred = (body.time for body in bodies if isinstance(body, Event))
    return max((*occurred, *(body.server_time or 0 for body in bodies)))


def _frames(
    documents: Iterator[Document], source: _Source, redact: Redact
) -> Iterator[tuple[Frame, int | None]]:
    """Frames; of each that a LIST brought the time (ns) from which on its transitions are news."""
    for document in documents:
        for where, raw in _raw_frames(document, source):
            since = raw.get(TOLD_SINCE)
            try:
                yield parse_frame(redact(raw)), since if isinstance(since, int) else None
            except MalformedError as error:
                source.problem(document.line, f"{where}{error}")


def _raw_frames(document: Document, source: _Source) -> Iterator[tuple[str, Mapping[str, Any]]]:
    value = document.value
    entries = value if isinstance(value, list) else [value]
    for entry in entries:
        if not isinstance(entry, Mapping):
            source.problem(document.line, f"not an object but {str(entry)[:40]}")
        elif isinstance(entry.get("items"), list):
            yield from _of_list(entry)
        elif "object" not in entry and "metadata" in entry:
            yield "", {"object": _named(entry)}
        elif "verb" in entry and isinstance(entry.get("event"), Mapping):
            yield "", {"object": _named(entry["event"])}  # eventrouter's sinks/interfaces.go
        elif str(entry.get("type")) in _FRAMES:
            yield "", entry
        elif str(entry.get("type")) not in _SILENT:
            source.problem(document.line, _unknown(entry))
        elif entry.get("version", VERSION) != VERSION:
            reason = f"a recording of version {entry['version']}; this reads version {VERSION}"
            source.problem(document.line, reason)


def _named(item: Mapping[str, Any]) -> Mapping[str, Any]:
    # Who exports Events (kubernetes-event-exporter, eventrouter) leaves out what they are.
    return item if item.get("kind") or "involvedObject" not in item else {**item, "kind": "Event"}


def _of_list(entry: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    # An API server's typed List (EventList) leaves out what all its items are.
    kind = str(entry.get("kind") or "").removesuffix("List")
    for number, item in enumerate(entry["items"]):
        if isinstance(item, Mapping) and kind and not item.get("kind"):
            item = {**item, "kind": kind, "apiVersion": entry.get("apiVersion")}
        yield f"items[{number}]: ", {"object": item}


def _unknown(entry: Mapping[str, Any]) -> str:
    if entry.get("type") == "ERROR":
        status = entry.get("object")
        message = status.get("message") if isinstance(status, Mapping) else ""
        return f"the watch ended: {message or 'no reason given'}"
    if "type" in entry:
        return f"a frame of type {str(entry['type'])[:40]}, which is not known"
    return "neither a frame nor a Kubernetes object"
