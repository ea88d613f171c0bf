"""Selection of stories by object, age, number and outcome."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from event_tracer.core.span import Span, text_of
from event_tracer.core.times import parse_timestamp
from event_tracer.core.traces import Trace
from event_tracer.render.waterfall import Waterfall, waterfall

_VERSION = "k8s.object.api_version"


class Target(NamedTuple):
    """Objects of a kind; the one called `name`, or all where it is empty; so with `namespace`."""

    kind: str
    group: str = ""
    name: str = ""
    namespace: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """At most `last` stories (0: all) about `targets` (none: any), not over before `since`.

    `since` is ns since the epoch. `warnings`: only those with an error. `fold`: occurrences that
    say the same share a row.
    """

    targets: tuple[Target, ...]
    since: int
    last: int = 0
    warnings: bool = False
    fold: bool = True

    def about_target(self, traces: Iterable[Trace]) -> list[Trace]:
        """The traces about a target, whatever their age."""
        return [trace for trace in traces if not self.targets or ids_of_any(trace, self.targets)]

    def matching(self, traces: Iterable[Trace]) -> list[Trace]:
        """The traces that match, whatever their number."""
        return [
            trace
            for trace in self.about_target(traces)
            if newest_time(trace) >= self.since and (not self.warnings or has_error(trace))
        ]

    def lay_out(self, trace: Sequence[Span]) -> Waterfall:
        """The waterfall of a trace; targets are marked that are single objects below the root."""
        ids = ids_of_any(trace, [target for target in self.targets if target.name])
        marked = {span.span_id for span in trace if span.span_id in ids and span.parent_id}
        return waterfall(trace, fold=self.fold, marked=marked)

    def lay_out_matching(self, spans: Sequence[Span]) -> Waterfall | None:
        """The waterfall of a trace that matches; None for any other."""
        return self.lay_out(spans) if self.matching([tuple(spans)]) else None


def ids_of_any(spans: Sequence[Span], targets: Iterable[Target]) -> frozenset[bytes]:
    """The ids of the object spans of one trace that are some target's."""
    return frozenset().union(*(object_span_ids(spans, target) for target in targets))


def object_span_ids(spans: Sequence[Span], target: Target) -> frozenset[bytes]:
    """The ids of the object spans of one trace that are the target's."""
    # Two groups may have kinds of one name (Services of the core and of Knative); the reference
    # of an Event says which, where it says anything (the kubelet's to Nodes does not).
    versions = [(span.parent_id, text_of(span.attributes, _VERSION)) for span in spans]
    others = {parent for parent, version in versions if version and _group(version) != target.group}
    return frozenset(
        span.span_id for span in spans if span.span_id not in others and _matches(span, target)
    )


def object_names(spans: Sequence[Span], target: Target) -> frozenset[str]:
    """The names of the objects of the target's kind in a trace."""
    ids = object_span_ids(spans, target._replace(name=""))
    return frozenset(_name(span) for span in spans if span.span_id in ids)


def newest_story(traces: Iterable[Trace]) -> Trace | None:
    """The trace of the newest change, of its last hour; None of none."""
    return max(traces, key=_changed, default=None)


def _changed(trace: Trace) -> tuple[int, int]:
    root = next((span for span in trace if not span.parent_id), trace[0])
    time = parse_timestamp(text_of(root.attributes, "event_tracer.change.time"))
    return time or root.start, root.start


def newest_time(spans: Sequence[Span]) -> int:
    """Time of the newest occurrence of a trace, in ns."""
    return max(span.end for span in spans)


def has_error(spans: Sequence[Span]) -> bool:
    """Whether a trace has a span with status ERROR."""
    return any(span.error is not None for span in spans)


def _matches(span: Span, target: Target) -> bool:
    is_kind = text_of(span.attributes, "k8s.object.kind") == target.kind
    place = text_of(span.attributes, "k8s.namespace.name")
    return (
        span.kind == "object"
        and is_kind
        and target.name in ("", _name(span))
        and target.namespace in ("", place)
    )


def _name(span: Span) -> str:
    return text_of(span.attributes, "k8s.object.name")


def _group(api_version: str) -> str:
    return api_version.rpartition("/")[0]
