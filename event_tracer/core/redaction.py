"""What must not leave a cluster in Events' messages."""

import re
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any

from event_tracer.core.frame import holds_event
from event_tracer.core.wire import lean

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


class Kept:
    """Redacts raw frames and keeps their Events by uid: the `most` newest, each as it was last."""

    def __init__(self, redact: Redaction, *, most: int | None = None) -> None:
        self.events: OrderedDict[str, Mapping[str, Any]] = OrderedDict()
        self._redact = redact
        self._most = most

    def __call__(self, raw: Mapping[str, Any]) -> Mapping[str, Any]:
        """The frame with its message redacted."""
        clean = self._redact(raw)
        if holds_event(clean):
            self._keep(clean["object"])
        return clean

    def _keep(self, event: object) -> None:
        meta = event.get("metadata") if isinstance(event, Mapping) else None
        uid = meta.get("uid") if isinstance(meta, Mapping) else None
        if not isinstance(event, Mapping) or not isinstance(uid, str) or not uid:
            return
        self.events[uid] = lean(event)
        self.events.move_to_end(uid)
        if self._most is not None and len(self.events) > self._most:
            self.events.popitem(last=False)
