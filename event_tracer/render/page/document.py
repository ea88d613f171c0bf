"""The page around the stories: its script, its style and its Content-Security-Policy."""

import base64
import hashlib
import json
import re
from functools import cache
from html import escape
from importlib.resources import files
from typing import Any, NamedTuple

_SCRIPTS = (
    "format", "model", "filter", "scale", "bars", "virtual", "rows", "grid", "brush", "overview",
    "folds", "stories", "detail", "keys", "live", "page",
)  # fmt: skip
_MARK = re.compile(r"{{(\w+)}}")
_STYLES = ("theme", "page", "grid", "detail", "narrow")
# HTML ends a script at "</", and U+2028 and U+2029 once ended a line of one.
_ESCAPES = {ord(mark): f"\\u{ord(mark):04x}" for mark in "<>&\u2028\u2029"}


class Document(NamedTuple):
    """A page, and the Content-Security-Policy that it may be shown under."""

    text: str
    policy: str


@cache
def _read(name: str) -> str:
    return files(__package__).joinpath(name).read_text("utf-8")


@cache
def _script() -> str:
    parts = "\n".join(_read(f"script/{name}.js") for name in _SCRIPTS)
    return f'(() => {{\n"use strict";\n{parts}\n}})();\n'


@cache
def _style() -> str:
    return "\n".join(_read(f"style/{name}.css") for name in _STYLES)


def document(data: dict[str, Any], *, title: str, connects: bool = False) -> Document:
    """The whole page. `connects`: it may ask the server it came from, and nobody else."""
    script, style = _script(), _style()
    policy = _policy(script, style, connects=connects)
    parts = {
        "policy": escape(policy), "title": escape(title), "style": style, "script": script,
        "data": embedded(data),
    }  # fmt: skip
    # In one pass: what looks like a mark in the data is none.
    text = _MARK.sub(lambda mark: parts[mark[1]], _read("page.html"))
    return Document(text=text, policy=policy)


def embedded(data: dict[str, Any]) -> str:
    """JSON that ends no script element and that every reader of JavaScript reads."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return text.translate(_ESCAPES)


def _policy(script: str, style: str, *, connects: bool) -> str:
    parts = [
        "default-src 'none'",
        f"script-src '{_digest(script)}'",
        f"style-src '{_digest(style)}'",
        "img-src data:",
        "base-uri 'none'",
        "form-action 'none'",
        *(["connect-src 'self'"] if connects else []),
    ]
    return "; ".join(parts)


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
