"""Filters and redaction: the event spans that leave, and messages without what is secret."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from event_tracer.core.occurrence import Occurrence

Redact = Callable[[Mapping[str, Any]], Mapping[str, Any]]
REDACTED = "[redacted]"
_MESSAGES = ("message", "note")  # core/v1's and events.k8s.io's
Rule = Literal["namespace", "kind", "reason", "type"]
_TYPES = frozenset({"Normal", "Warning"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """A user's filters; an empty set keeps all, or leaves out nothing."""

    namespace: frozenset[str] = frozenset()
    exclude_namespace: frozenset[str] = frozenset()
    kind: frozenset[str] = frozenset()
    exclude_kind: frozenset[str] = frozenset()
    reason: frozenset[str] = frozenset()
    exclude_reason: frozenset[str] = frozenset()
    type: frozenset[str] = frozenset()
    exclude_type: frozenset[str] = frozenset()

    def rule(self, occurrence: Occurrence) -> Rule | Literal[""]:
        """The rule that leaves an occurrence out; empty where none does."""
        if not _passes(occurrence.namespace, self.namespace, self.exclude_namespace):
            return "namespace"
        if not _passes(occurrence.about.kind, self.kind, self.exclude_kind):
            return "kind"
        if not _passes(occurrence.reason.lower(), self.reason, self.exclude_reason):
            return "reason"
        if not _passes(occurrence.type, self.type, self.exclude_type):
            return "type"
        return ""


def _passes(value: str, only: frozenset[str], never: frozenset[str]) -> bool:
    return (not only or value in only) and value not in never


def check(filter_: Filter) -> None:
    """Raise ValueError where no Event at all can pass `filter_`."""
    for name in ("namespace", "kind", "reason", "type"):
        only, never = getattr(filter_, name), getattr(filter_, f"exclude_{name}")
        if only and only <= never:
            words = ",".join(sorted(only))
            raise ValueError(f"--{name} {words} and --exclude-{name} together leave nothing")
    if not filter_.type and filter_.exclude_type >= _TYPES:
        raise ValueError("--exclude-type Normal,Warning leaves nothing")


class Redaction:
    """Replaces what any of `patterns` matches in the messages of a raw frame.

    These are the message of an Event, and those of the conditions of another object.
    """

    def __init__(self, patterns: Sequence[str]) -> None:
        self._patterns = [re.compile(pattern) for pattern in patterns]

    def __call__(self, raw: Mapping[str, Any]) -> Mapping[str, Any]:
        """The frame with its messages redacted."""
        body = raw.get("object")
        if not self._patterns or not isinstance(body, Mapping):
            return raw
        clean = self._messages(body)
        status = body.get("status")
        conditions = status.get("conditions") if isinstance(status, Mapping) else None
        if isinstance(status, Mapping) and isinstance(conditions, list):
            redacted = [self._condition(condition) for condition in conditions]
            clean["status"] = {**status, "conditions": redacted}
        return {**raw, "object": {**body, **clean}} if clean else raw

    def _messages(self, item: Mapping[str, Any]) -> dict[str, Any]:
        return {key: self._clean(item[key]) for key in _MESSAGES if isinstance(item.get(key), str)}

    def _condition(self, condition: object) -> object:
        if not isinstance(condition, Mapping):
            return condition
        return {**condition, **self._messages(condition)}

    def _clean(self, text: str) -> str:
        for pattern in self._patterns:
            text = pattern.sub(REDACTED, text)
        return text
