"""Spans by trace: each once, and as many as may be."""

from event_tracer.core.traces import TraceBuffer, grouped, shift
from tests.scenarios.fields import SECOND
from tests.scenarios.folding import frames_of, tell


def test_traces_are_let_go_when_nothing_more_can_come() -> None:
    """After 70 minutes without a span, by the API server's clock and never an emitter's."""
    (early, *_), late = tell(frames_of("redis-create")), tell(frames_of("workloads"))
    traces = TraceBuffer()
    now = early.end
    skewed = [shift(span, seconds=24 * 3600) for span in late]

    traces.add([early], now=now)
    assert traces.pop_silent(now=now) == []
    traces.add(skewed, now=now + 60 * 60 * SECOND)
    assert traces.pop_silent(now=now + 60 * 60 * SECOND) == []
    assert traces.pop_silent(now=now + 71 * 60 * SECOND) == [(early,)]
    assert sum(map(len, traces.pop_all())) == len(late)


def test_a_span_that_comes_again_is_there_once() -> None:
    """A span that is sent again has the id that it had (law 2)."""
    spans, traces = tell(frames_of("redis-create")), TraceBuffer()
    (trace_id,) = traces.add(spans)
    traces.add(spans)

    assert traces.size == len(spans)
    assert list(traces.spans(trace_id).values()) == spans


def test_the_longest_unchanged_make_room() -> None:
    """Whole traces go; the newest stays, however long it is, until it is trimmed."""
    first, second = tell(frames_of("redis-create")), tell(frames_of("unschedulable"))
    traces = TraceBuffer(max_spans=2)
    traces.add(first[:1])
    traces.add(second[:1])
    assert traces.evict() == []
    traces.add(first)

    assert traces.evict() == [second[0].trace_id]
    assert list(traces) == [first[0].trace_id]
    traces.trim()
    assert list(traces.spans(first[0].trace_id).values()) == first[-2:]
    assert traces.size == 2


def test_the_newest_trace_stands_last() -> None:
    """The one whose newest span ends last; within a trace parents stand in front."""
    spans = [*tell(frames_of("workloads")), *tell(frames_of("redis-create"))]
    traces = grouped(spans)

    newest = [max(span.end for span in trace) for trace in traces]
    assert newest == sorted(newest)
    for trace in traces:
        ids = [span.span_id for span in trace]
        known = {span.span_id for span in trace if span.kind == "object"}
        below = [(span.parent_id, span.span_id) for span in trace if span.parent_id in known]
        assert all(ids.index(parent) < ids.index(child) for parent, child in below)
