"""Which story stands first, and what takes one line: failures first, then the newest."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from typing import NamedTuple

from event_tracer.core.span import Span, text_of
from event_tracer.core.traces import Trace
from event_tracer.render.outcome import last_word, later_of, outcome_of
from event_tracer.render.selection import Selection, newest_time
from event_tracer.render.waterfall import Waterfall

_FEW = 3
"""Stories of one root that are told one by one; of more only the newest, and how others ended."""
_MOST_BEFORE = 20


class Entry(NamedTuple):
    """A story of a list, and how those `before` of the same root ended, the newest first.

    `is_brief`: one line tells enough of it. `rest` are the traces of those before.
    """

    trace: Trace
    before: tuple[str, ...] = ()
    rest: tuple[Trace, ...] = ()
    is_brief: bool = False

    @property
    def has_failed(self) -> bool:
        """Whether what it shows has failed, or one before."""
        return "failed" in (ended(self.trace), *self.before)

    @property
    def traces(self) -> tuple[Trace, ...]:
        """All that it stands for."""
        return self.trace, *self.rest


def entries(traces: Iterable[Trace], *, is_asked: bool = False) -> list[Entry]:
    """The entries of a list: what failed and stands so, then the newest.

    A root with many stories, as a CronJob of each minute, has one entry, but where it `is_asked`
    for by name.
    """
    roots: dict[tuple[str, ...], list[Trace]] = {}
    for trace in sorted(traces, key=newest_time, reverse=True):
        roots.setdefault(_root_name(trace), []).append(trace)
    made = [
        entry for stories in roots.values()
        for entry in (map(Entry, stories) if is_asked or len(stories) <= _FEW else [_one(stories)])
    ]  # fmt: skip
    newest = {stories[0] for stories in roots.values()}
    failed = {trace for trace in newest if ended(trace) == "failed"}
    return sorted(made, key=lambda entry: (entry.trace not in failed, -newest_time(entry.trace)))


def listed(selection: Selection, traces: Iterable[Trace]) -> list[Entry]:
    """The first entries of those traces that match, as many as are to be shown."""
    is_asked = any(target.name for target in selection.targets)
    return entries(traces, is_asked=is_asked)[: selection.last or None]


def lay_out(selection: Selection, entry: Entry) -> Waterfall:
    """The waterfall of an entry."""
    picture = selection.lay_out(entry.trace)
    return replace(picture, before=runs_of(entry.before), is_brief=entry.is_brief)


def runs_of(outcomes: Sequence[str]) -> str:
    """How several stories ended, as in `9 complete, failed, 2 complete`."""
    return ", ".join(_runs(outcomes[:_MOST_BEFORE]))


def _runs(outcomes: Iterable[str]) -> Iterator[str]:
    for outcome, same in groupby(outcomes):
        number = len(list(same))
        yield outcome if number == 1 else f"{number} {outcome}"


def _one(stories: Sequence[Trace]) -> Entry:
    first, *rest = stories
    is_brief = ended(first) != "failed"
    return Entry(first, tuple(map(ended, rest)), tuple(rest), is_brief)


def ended(trace: Trace) -> str:
    """How a story stands in the end."""
    root = _root(trace)
    events = (span for span in trace if span.kind == "event")
    return last_word(outcome_of(root, later_of(root, events)))


def _root_name(trace: Trace) -> tuple[str, ...]:
    names = ("k8s.object.kind", "k8s.namespace.name", "k8s.object.name")
    root = _root(trace)
    found = tuple(text_of(root.attributes, name) for name in names)
    return found if found[2] else (root.trace_id.hex(),)


def _root(trace: Trace) -> Span:
    return next((span for span in trace if not span.parent_id), trace[0])
