"""Logging on stderr: a JSON object a line, or lines for people; never a token."""

import json
import logging
import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, Literal, TextIO

Complain = Callable[[str], None]
Format = Literal["auto", "json", "console"]

MASK: Final = "***"
# They log at INFO what is in the metrics, and at DEBUG whole responses.
_QUIET = ("aiohttp.access", "kubernetes_asyncio", "opentelemetry", "grpc")
# It logs OTLP headers that it cannot read (opentelemetry-api 1.45, util/re.py).
_SECRETIVE = "opentelemetry.util.re"
_STANDARD = frozenset({*logging.makeLogRecord({}).__dict__, "message", "asctime", "taskName"})

# Each keeps its first group and masks the rest. A quote may be escaped any number of times, as it
# is where JSON holds JSON.
_NAME = r"(?:authorization|api[-_]?key|token|password|passwd|client[-_]secret|cookie)"
_SECRET_NAME = re.compile(rf"{_NAME}$", re.IGNORECASE)
_QUOTE = r"""\\*["']"""
_NAMED_VALUE = re.compile(
    rf"""
    (
        {_NAME}
        (?:
            (?: {_QUOTE} )? \s*[:=]\s*                          # token: x, "token": "x", token=x
            | {_QUOTE} \s*,\s* (?: value= )? (?= b?{_QUOTE} )   # ("token", "x"), value="x"
        )
    )
    (?:
        b?\\*" (?: [^"\\] | \\+ (?! ["\\] ) )*                  # a string, to its end
        | b?\\*' (?: [^'\\] | \\+ (?! ['\\] ) )*
        | (?! no\ such\ file | permission\ denied | is\ a\ dir )  # a file may be called token
          (?: (?: bearer | basic | digest | negotiate ) \s+ )?  # or a word, after its scheme
          [^\s,;&"')}}\]]+
    )
    """,
    re.IGNORECASE | re.VERBOSE,
)
_BEARER = re.compile(
    r"""
    ( \b bearer \s+ )
    (?! \* | tokens? \b | auth )    # masked already, or the words of a sentence
    [^\s,;"')}\]]+
    """,
    re.IGNORECASE | re.VERBOSE,
)
_BASIC = re.compile(r"(\bbasic\s+)[A-Za-z0-9+/_-]{6,}=*", re.IGNORECASE)
_JWT = re.compile(r"()\beyJ[\w-]+\.[\w-]+\.[\w-]*")  # RFC 7519: tokens of service accounts
_USERINFO = re.compile(r"(://)[^\s/@]+(?=@)")  # RFC 3986, 3.2.1: user:password of a URL
_SECRETS = (_NAMED_VALUE, _BEARER, _BASIC, _JWT, _USERINFO)


def configure(*, level: str, format_: Format, stream: TextIO) -> None:
    """Log to `stream` from `level` on; "auto" is JSON where the stream is no terminal.

    May be called again. Raises ValueError for a level that is none.
    """
    root = logging.getLogger()
    root.setLevel(level.upper())
    for handler in [each for each in root.handlers if isinstance(each, _Handler)]:
        root.removeHandler(handler)
    for_people = format_ == "console" or (format_ == "auto" and stream.isatty())
    handler = _Handler(stream)
    handler.setFormatter(_Formatter(_console if for_people else _json))
    root.addHandler(handler)
    for name in _QUIET:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
    logging.captureWarnings(True)


def mask(text: str) -> str:
    """The text, with everything that looks like a credential replaced."""
    for secret in _SECRETS:
        text = secret.sub(rf"\g<1>{MASK}", text)
    return text


class _Handler(logging.StreamHandler[TextIO]):
    """The handler of `configure`, distinct from those of others."""


class _Formatter(logging.Formatter):
    def __init__(self, line: Callable[[logging.LogRecord, dict[str, Any], str], str]) -> None:
        super().__init__()
        self._line = line

    def format(self, record: logging.LogRecord) -> str:
        extra = {
            name: MASK if _SECRET_NAME.search(name) else _masked(value)
            for name, value in record.__dict__.items()
            if name not in _STANDARD
        }
        text = mask(self.formatException(record.exc_info)) if record.exc_info else ""
        return self._line(record, extra, text)


def _json(record: logging.LogRecord, extra: Mapping[str, Any], exception: str) -> str:
    time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
    own = {
        "time": time.replace("+00:00", "Z"),
        "level": record.levelname.lower(),
        "logger": record.name,
        "message": _message(record),
    }
    return json.dumps({**own, **extra, **own, **({"exception": exception} if exception else {})})


def _console(record: logging.LogRecord, extra: Mapping[str, Any], exception: str) -> str:
    time = datetime.fromtimestamp(record.created).astimezone().strftime("%H:%M:%S")
    pairs = "".join(f"  {name}={_word(value)}" for name, value in extra.items())
    first = f"{time} {record.levelname.lower():<7}  {printable(_message(record))}{pairs}"
    return "\n".join([first, *(f"    {printable(line)}" for line in exception.splitlines())])


def _message(record: logging.LogRecord) -> str:
    if record.name == _SECRETIVE:
        return str(record.msg).replace("%s", MASK)
    return mask(record.getMessage())


def _masked(value: object) -> Any:
    """The value as JSON can hold it, without secrets."""
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)  # JSON has no NaN
    if isinstance(value, Mapping):
        return {
            str(name): MASK if _SECRET_NAME.search(str(name)) else _masked(each)
            for name, each in value.items()
        }
    if isinstance(value, (list, tuple)):
        if len(value) == 2 and isinstance(value[0], str) and _SECRET_NAME.search(value[0]):
            return [value[0], MASK]
        return [_masked(each) for each in value]
    return mask(str(value))


def _word(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    plain = text and not re.search(r'[\s"=]', text)
    return printable(text if plain else json.dumps(text, ensure_ascii=False))


def printable(text: str) -> str:
    """The text, with control characters, bidirectional marks and the like spelt out.

    What a cluster's users write into messages must not command the reader's terminal.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
