"""Redaction of what must not leave a cluster in Events' messages."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

Redact = Callable[[Mapping[str, Any]], Mapping[str, Any]]

REDACTED = "[redacted]"
_MESSAGES = ("message", "note")  # core/v1's and events.k8s.io's


class Redaction:
    """Replaces what any of `patterns` matches in the message of a raw frame's Event."""

    def __init__(self, patterns: Sequence[str]) -> None:
        self._patterns = [re.compile(pattern) for pattern in patterns]

    def __call__(self, raw: Mapping[str, Any]) -> Mapping[str, Any]:
        """The frame with its message redacted."""
        body = raw.get("object")
        if not self._patterns or not isinstance(body, Mapping):
            return raw
        clean = {key: self._clean(body[key]) for key in _MESSAGES if isinstance(body.get(key), str)}
        return {**raw, "object": {**body, **clean}} if clean else raw

    def _clean(self, text: str) -> str:
        for pattern in self._patterns:
            text = pattern.sub(REDACTED, text)
        return text
