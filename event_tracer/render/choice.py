"""Which stories `show` shows, and how each is laid out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from event_tracer.cli.settings.look import ShowSettings
from event_tracer.core.span import Span
from event_tracer.render.selection import Target, about, has_warning, newest
from event_tracer.render.waterfall import Waterfall, waterfall

Trace = tuple[Span, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The stories of `target` (None: all) to which something came after `since` (ns)."""

    target: Target | None
    since: int
    settings: ShowSettings

    def concerned(self, traces: Iterable[Trace]) -> list[Trace]:
        """Those that are about the target, whenever they were."""
        return [trace for trace in traces if not self.target or about(trace, self.target)]

    def wanted(self, traces: Iterable[Trace]) -> list[Trace]:
        """Those that are wanted, however many."""
        return [
            trace
            for trace in self.concerned(traces)
            if newest(trace) >= self.since and (not self.settings.warnings or has_warning(trace))
        ]

    def newest(self, traces: Sequence[Trace]) -> list[Trace]:
        """The last so many of `traces`, which are in order."""
        return list(traces[-self.settings.last :])

    def lay_out(self, trace: Sequence[Span]) -> Waterfall:
        """A story's picture, with the target marked where it is one object below the root."""
        ids = about(trace, self.target) if self.target and self.target.name else frozenset()
        marked = {span.span_id for span in trace if span.span_id in ids and span.parent_id}
        return waterfall(trace, fold=self.settings.fold, marked=marked)

    def lay_out_wanted(self, spans: Sequence[Span]) -> Waterfall | None:
        """The same, but None for what is not wanted."""
        return self.lay_out(spans) if self.wanted([tuple(spans)]) else None
