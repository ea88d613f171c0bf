"""In words, the changes of shown roots that what was read does not date (law 5)."""

from collections.abc import Iterable, Mapping

from event_tracer.core.span import text_of
from event_tracer.core.traces import Trace

_MOST = 3
_REVISED = ("StatefulSet", "DaemonSet")


def root_names(traces: Iterable[Trace]) -> dict[str, str]:
    """The roots of some traces, as `Kind name`, by uid."""
    roots = (span.attributes for trace in traces for span in trace if not span.parent_id)
    return {
        text_of(each, "k8s.object.uid"): " ".join(
            text_of(each, f"k8s.object.{part}") for part in ("kind", "name")
        )
        for each in roots
    }


def without_revisions(traces: Iterable[Trace]) -> dict[str, tuple[str, ...]]:
    """What has no date of these roots where ControllerRevisions may not be read, by uid.

    Only an earlier template of what has been changed since it was created.
    """
    roots = [dict(span.attributes) for trace in traces for span in trace if not span.parent_id]
    return {
        str(each.get("k8s.object.uid")): ("earlier templates (no right to controllerrevisions)",)
        for each in roots
        if each.get("k8s.object.kind") in _REVISED
        and each.get("event_tracer.change.generation") not in (None, 1)
    }


def undated_in_words(undated: Mapping[str, tuple[str, ...]], roots: Mapping[str, str]) -> str:
    """A sentence about those of `roots` (names by uid) that are `undated`; empty where none is."""
    found = [
        f"{' and '.join(undated[uid])} of {name}" for uid, name in roots.items() if uid in undated
    ]
    if not found:
        return ""
    left = f" and of {len(found) - _MOST} more" if found[_MOST:] else ""
    return (
        f"not dated by what one look has: {', '.join(found[:_MOST])}{left}; "
        "what followed may stand in the story before, where `run` sends one of its own"
    )
