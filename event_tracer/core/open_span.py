"""An object span under way: the event spans that it covers, and what it says when sealed."""

from dataclasses import dataclass, field

from event_tracer.core.chain import Chain
from event_tracer.core.changes import Change
from event_tracer.core.object_outcome import NEVER, End
from event_tracer.core.outcome import SESSION_GAP, Case
from event_tracer.core.placer import Placement
from event_tracer.core.saved_span import Position, SavedSpan
from event_tracer.core.span import Span, object_span_id
from event_tracer.core.times import SECOND, second_of
from event_tracer.core.verdict import SealedObject, Verdict


@dataclass(slots=True, kw_only=True, eq=False)
class OpenObjectSpan:
    """An object span that may still grow, in place. Times in ns.

    `is_exported` tells whether any event span under it is. `check` is the earliest time at which
    it may have ended, `sealed` its content once it surely has.
    """

    trace_id: bytes
    span_id: bytes
    parent_id: bytes
    chain: Chain
    change: Change
    hours: int
    run: str
    previous_trace_id: bytes | None
    start: int
    first: int
    last: Position
    is_exported: bool = False
    check: int = 0
    sealed: SealedObject | None = field(default=None, init=False, repr=False)

    def cover(self, span: Span) -> None:
        """Cover one more event span."""
        self.start = min(self.start, span.start)
        self.first = min(self.first, span.end)
        self.last = max(self.last, (span.end, span.span_id))

    def saved(self) -> SavedSpan:
        """A copy as of now, for a checkpoint."""
        # By position, in the order of the fields: once for each span that grew between two.
        return SavedSpan(
            self.span_id, self.trace_id, self.chain, self.change, self.hours, self.run,
            self.previous_trace_id, self.start, self.first, self.last, self.is_exported,
        )  # fmt: skip

    @property
    def identity(self) -> str:
        """The identity of its object."""
        return self.chain[0].identity

    def end_in(self, case: Case) -> End:
        """Its end, by all that is known of its story."""
        return case.end(self.identity, last=self.last[0])

    def recheck(self, case: Case, end: End, *, by: int) -> int:
        """When to ask again for an `end` that is not before `by`, whatever is read until then."""
        times = [end.time, by + SESSION_GAP, *case.may_end(self.identity)]
        return min(time for time in times if time >= by)

    def seal(self, case: Case, end: End, *, known: int = NEVER) -> SealedObject:
        """All that its span says, as of its end; what happened was read up to `known`."""
        verdict = case.verdict(self.identity, end=end, known=known)
        is_root, is_under_way = len(self.chain) == 1, verdict.outcome == "progressing"
        return SealedObject(
            trace_id=self.trace_id,
            span_id=self.span_id,
            parent_id=self.parent_id,
            chain=self.chain,
            start=self._begin(),
            end=self.last[0],
            verdict=verdict,
            completed_after=case.completed_after(at=end.time) if is_root else None,
            ready=case.ready(self.identity, at=end.time),
            progress=self._progress(case, end, verdict) if is_root and is_under_way else "",
            change=self.change,
            hours=self.hours,
            previous_trace_id=self.previous_trace_id,
        )

    def _progress(self, case: Case, end: End, verdict: Verdict) -> str:
        about = f"{self.chain[0].kind} {self.chain[0].name}"
        hindrance = verdict.hindrance.text(of=about) if verdict.hindrance else ""
        return "; ".join(filter(None, (case.progress(at=end.time), hindrance)))

    def _begin(self) -> int:
        changed = self.change.second * SECOND
        follows = 0 <= self.first - changed <= SESSION_GAP
        is_root = len(self.chain) == 1 and self.hours == 0
        # The first Event of the change's own second tells the moment better than the second.
        if not is_root or not follows or second_of(self.first) == self.change.second:
            return self.start
        return min(self.start, changed)


def first_span(
    span: Span, placement: Placement, depth: int, *, previous: bytes | None
) -> OpenObjectSpan:
    """The object span at `depth` of the chain above `span`, its first."""
    return OpenObjectSpan(
        trace_id=placement.trace_id,
        span_id=placement.span_ids[depth],
        parent_id=placement.span_ids[depth + 1] if placement.span_ids[depth + 1 :] else b"",
        chain=placement.chain[depth:],
        change=placement.story.change,
        hours=placement.story.hours,
        run=placement.story.run,
        previous_trace_id=previous,
        start=span.start,
        first=span.end,
        last=(span.end, span.span_id),
        check=span.end + SESSION_GAP,
    )


def reopened(saved: SavedSpan) -> OpenObjectSpan:
    """The object span that was saved; whether it has ended is to be asked at once."""
    trace, above = saved.trace_id, saved.chain[1:2]
    return OpenObjectSpan(
        trace_id=trace, span_id=saved.span_id,
        parent_id=object_span_id(trace=trace, identity=above[0].identity) if above else b"",
        chain=saved.chain, change=saved.change, hours=saved.hours, run=saved.run,
        previous_trace_id=saved.previous_trace_id, start=saved.start, first=saved.first,
        last=saved.last, is_exported=saved.is_exported,
    )  # fmt: skip
