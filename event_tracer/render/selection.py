"""Which traces somebody asked for, and what in them."""

from collections.abc import Sequence
from typing import NamedTuple

from event_tracer.core.span import Span, text_of

_VERSION = "k8s.object.api_version"


class Target(NamedTuple):
    """Objects of a kind; the one called `name`, or all where it is empty."""

    kind: str
    group: str = ""
    name: str = ""


def about(spans: Sequence[Span], target: Target) -> frozenset[bytes]:
    """The ids of the object spans of one trace that are the target's."""
    # Two groups may have kinds of one name (Services of the core and of Knative); the reference
    # of an Event says which, where it says anything (the kubelet's to Nodes does not).
    versions = [(span.parent_id, text_of(span.attributes, _VERSION)) for span in spans]
    others = {parent for parent, version in versions if version and _group(version) != target.group}
    return frozenset(
        span.span_id for span in spans if _is_meant(span, target) and span.span_id not in others
    )


def newest(spans: Sequence[Span]) -> int:
    """When the newest occurrence of a trace was, in ns."""
    return max(span.end for span in spans)


def has_warning(spans: Sequence[Span]) -> bool:
    """Whether something in a trace is not as it should be."""
    return any(span.error is not None for span in spans)


def names(spans: Sequence[Span], target: Target) -> frozenset[str]:
    """What the objects of the target's kind in a trace are called."""
    ids = about(spans, target._replace(name=""))
    return frozenset(_name(span) for span in spans if span.span_id in ids)


def _is_meant(span: Span, target: Target) -> bool:
    is_kind = text_of(span.attributes, "k8s.object.kind") == target.kind
    return span.kind == "object" and is_kind and target.name in ("", _name(span))


def _name(span: Span) -> str:
    return text_of(span.attributes, "k8s.object.name")


def _group(api_version: str) -> str:
    return api_version.rpartition("/")[0]
