"""What is logged, for machines and for people, and what never is."""

import io
import json
import logging
import re
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from opentelemetry.util.re import parse_env_headers

from event_tracer.runtime import logs

TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl"
SECRET = "s3cr3t-v4lue"
Configure = Callable[..., io.StringIO]
log = logging.getLogger("event_tracer.test")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def configure() -> Iterator[Configure]:
    """Set logging up on a stream of the test's; afterwards all is as it was."""
    root = logging.getLogger()
    names = ("aiohttp.access", "kubernetes_asyncio", "opentelemetry", "grpc")
    level, handlers = root.level, list(root.handlers)

    def call(format_: logs.Format = "json", *, level: str = "info") -> io.StringIO:
        stream = Terminal() if format_ == "console" else io.StringIO()
        logs.configure(level=level, format_=format_, stream=stream)
        return stream

    yield call
    logging.captureWarnings(False)
    root.setLevel(level)
    root.handlers[:] = handlers
    for name in names:
        logging.getLogger(name).setLevel(logging.NOTSET)


def entry(stream: io.StringIO) -> dict[str, Any]:
    """The only line, as JSON."""
    (line,) = stream.getvalue().splitlines()
    parsed: dict[str, Any] = json.loads(line)
    return parsed


def fail(message: str) -> None:
    """Log an exception with this text."""
    try:
        raise ValueError(message)
    except ValueError:
        log.exception("it failed")


def test_a_line_is_a_json_object(configure: Configure) -> None:
    """time (RFC 3339, UTC, ms), level, logger and message, then the fields of extra=."""
    stream = configure()
    log.info("watch restarted", extra={"resource": "pods", "after": 1.5, "tries": [1, None]})

    found = entry(stream)
    assert list(found) == ["time", "level", "logger", "message", "resource", "after", "tries"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", found.pop("time"))
    assert found == {
        "level": "info",
        "logger": "event_tracer.test",
        "message": "watch restarted",
        "resource": "pods",
        "after": 1.5,
        "tries": [1, None],
    }


def test_an_exception_is_a_field(configure: Configure) -> None:
    """Its traceback stays in the one line."""
    stream = configure()
    fail("no such pod")

    assert entry(stream)["exception"].splitlines()[-1] == "ValueError: no such pod"


def test_whatever_is_logged_is_json(configure: Configure) -> None:
    """Newlines, lone surrogates, NaN and objects: still one line that any JSON reader takes."""
    stream = configure()
    odd = {"text": "a\nb\ud800é", "number": float("nan"), "thing": {1}, "map": {2: b"x"}}
    log.info("odd", extra=odd)

    assert stream.getvalue().isascii()
    assert "NaN" not in stream.getvalue()
    found = entry(stream)
    assert (found["number"], found["thing"], found["map"]) == ("nan", "{1}", {"2": "b'x'"})


def test_extras_do_not_hide_what_a_line_is(configure: Configure) -> None:
    """An extra called level changes no level."""
    stream = configure()
    log.info("x", extra={"level": "none", "time": 0})

    assert entry(stream)["level"] == "info"


def test_a_line_for_people(configure: Configure) -> None:
    """HH:MM:SS level  message  key=value, quoted where a value has blanks."""
    stream = configure("console")
    log.warning("watch restarted", extra={"resource": "pods", "why": "too old", "n": 2})

    line = stream.getvalue()
    assert re.sub(r"^\d\d:\d\d:\d\d", "TIME", line) == (
        'TIME warning  watch restarted  resource=pods  why="too old"  n=2\n'
    )


def test_an_exception_for_people_is_below(configure: Configure) -> None:
    """Its lines, indented."""
    stream = configure("console")
    fail("no such pod")

    assert stream.getvalue().endswith("\n    ValueError: no such pod\n")


def test_texts_do_not_steer_the_terminal(configure: Configure) -> None:
    """Escape sequences and newlines of a cluster's texts are shown, not obeyed."""
    stream = configure("console")
    log.info("a\x1b[2Jb\nc", extra={"x": "\x9b1m\r"})

    (line,) = stream.getvalue().splitlines()
    assert line.isprintable()
    assert r"a\x1b[2Jb\nc" in line


@pytest.mark.parametrize(("stream", "is_json"), [(io.StringIO, True), (Terminal, False)])
def test_auto_looks_at_the_stream(
    stream: type[io.StringIO], is_json: bool, configure: Configure
) -> None:
    """JSON where no terminal is: in a pod."""
    configure()
    made = stream()
    logs.configure(level="info", format_="auto", stream=made)
    log.info("x")

    assert made.getvalue().startswith("{") is is_json


def test_the_level_counts(configure: Configure) -> None:
    """What is below it is not written."""
    stream = configure(level="warning")
    log.info("a")
    log.warning("b")

    assert entry(stream)["message"] == "b"


def test_an_unknown_level_is_refused(configure: Configure) -> None:
    """ValueError names it."""
    with pytest.raises(ValueError, match="LOUD"):
        configure(level="loud")


def test_libraries_are_quiet(configure: Configure) -> None:
    """Their INFO and DEBUG stay out, even where ours are wanted; their warnings come."""
    stream = configure(level="debug")
    for name in ("aiohttp.access", "kubernetes_asyncio.client.rest", "opentelemetry.sdk", "grpc"):
        logging.getLogger(name).info("chatter")
    logging.getLogger("grpc._cython").warning("trouble")

    assert entry(stream)["message"] == "trouble"


def test_libraries_are_not_louder_than_we(configure: Configure) -> None:
    """Where only errors are wanted, their warnings stay out too."""
    stream = configure(level="error")
    logging.getLogger("grpc").warning("trouble")

    assert stream.getvalue() == ""


def test_to_configure_again_replaces(configure: Configure) -> None:
    """Each line is written once, to the last stream."""
    first, second = configure(), configure()
    log.info("x")

    assert (first.getvalue(), entry(second)["message"]) == ("", "x")


def test_warnings_are_lines_too(configure: Configure) -> None:
    """Python's own would break the stream of JSON objects."""
    stream = configure()
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("old", stacklevel=1)

    assert entry(stream)["logger"] == "py.warnings"


@pytest.mark.parametrize(
    "text",
    [
        f"Authorization: Bearer {TOKEN}",
        f"sent Bearer {SECRET} to it",
        f"a token {TOKEN} alone",
        f"authorization=Basic {SECRET}",
        f"{{'authorization': '{SECRET} and more'}}",
        f'{{"Authorization": "{SECRET} and more"}}',
        json.dumps(json.dumps({"authorization": f"{SECRET} and more"})),
        f"<CIMultiDict('Authorization': 'Custom {SECRET}')>",
        f"_Metadatum(key='authorization', value='{SECRET}')",
        f"(('x-api-key', '{SECRET}'), ('x', 'y'))",
        f"b'authorization': b'{SECRET}'",
        f"x-api-key={SECRET},x-tenant=shop",
        f"access_token={SECRET}&x=1",
        f"https://me:{SECRET}@collector:4318/v1/traces",
        f"password: {SECRET}",
        f"authorization=Bearer%20{SECRET}",
        "bearer " + SECRET,
        json.dumps(json.dumps(f'{{"token": "a{chr(92)}{SECRET}"}}')),
    ],
)
@pytest.mark.parametrize("format_", ["json", "console"])
def test_tokens_are_masked_everywhere(text: str, format_: str, configure: Configure) -> None:
    """In the message, its arguments, extras at any depth and exceptions."""
    stream = configure(format_)
    log.info(text)
    log.info("sent %s and %r", text, {"headers": text})
    log.info("sent", extra={"answer": text, "deep": {"list": [text]}, "error": ValueError(text)})
    fail(text)

    written = stream.getvalue()
    assert logs.MASK in written
    assert TOKEN not in written
    assert SECRET not in written


def test_fields_named_like_secrets_are_masked(configure: Configure) -> None:
    """Whatever they hold, at any depth, also as pairs."""
    stream = configure()
    headers = {"Authorization": SECRET, "accept": "x", "X-Auth-Token": [SECRET]}
    log.info("x", extra={"token": SECRET, "headers": headers, "pairs": [("cookie", SECRET)]})

    found = entry(stream)
    assert SECRET not in stream.getvalue()
    assert found["headers"] == {"Authorization": "***", "accept": "x", "X-Auth-Token": "***"}


def test_headers_that_the_sdk_cannot_read_are_not_told(configure: Configure) -> None:
    """opentelemetry-api logs them whole; here the sentence stays, the header does not."""
    stream = configure()
    parse_env_headers(SECRET, liberal=True)

    assert "eader" in entry(stream)["message"]
    assert SECRET not in stream.getvalue()


@pytest.mark.parametrize(
    "text",
    [
        "Basic rules hold: no bearer token, no bearer authentication",
        "serviceaccount kube-system/token-cleaner has no token",
        "watch of pods: 410 Gone: too old resource version: 5 (9)",
        "http://collector:4318/v1/traces refuses: 401 Unauthorized",
        'pods is forbidden: User "system:serviceaccount:a:b" cannot list resource "pods"',
    ],
)
def test_the_rest_is_left_alone(text: str) -> None:
    """What only speaks of tokens is readable."""
    assert logs.mask(text) == text
