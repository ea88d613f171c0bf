"""`run --to console`: a trace is drawn when it has settled, and again when more has come."""

import asyncio
import contextlib
import io
from collections.abc import Iterable, Sequence

import pytest

from event_tracer.core.frame import END, Tick
from event_tracer.core.span import Span
from event_tracer.core.story import Stories
from event_tracer.render.live import MAX_SPANS, SettledPrinter
from event_tracer.render.terminal import View, console
from event_tracer.render.waterfall import waterfall
from tests.scenarios.cluster import Cluster
from tests.scenarios.fields import SECOND
from tests.scenarios.folding import JSONL, events, frames_of, is_event, roots, tell
from tests.scenarios.world import World, in_world


class Terminal:
    """A live view, and what it draws."""

    def __init__(self, *, max_spans: int = MAX_SPANS) -> None:
        self._file = io.StringIO()
        view = View(console(self._file))
        self._live = SettledPrinter(view, lay_out=waterfall, max_spans=max_spans)

    def draw(self, spans: Sequence[Span]) -> str:
        """What is drawn when these come."""
        before = len(self._file.getvalue())
        assert asyncio.run(self._live.deliver(spans)).accepted
        return self._file.getvalue()[before:]

    def titles(self, spans: Sequence[Span]) -> list[str]:
        """The ids of the traces that are drawn when these come."""
        lines = self.draw(spans).splitlines()
        return [line.split()[-1] for line in lines if " trace " in f" {line}"]


def picture(spans: Iterable[Span]) -> str:
    """A whole trace, as `replay` draws it."""
    file = io.StringIO()
    View(console(file)).show(waterfall(tuple(spans)))
    return file.getvalue()


def batches(name: str) -> list[list[Span]]:
    """The spans of a recording as they leave the fold."""
    stories, found = Stories(), []
    for frame in frames_of(name):
        found.append(stories.feed(frame))
    for _ in range(150):
        found.append(stories.feed(Tick(now=stories.watermark + SECOND)))
    return [spans for spans in [*found, stories.feed(END)] if spans]


def test_nothing_is_drawn_before_the_root_has_settled() -> None:
    """Its Events come first, each at its time; with the last object span the picture is there."""
    terminal = Terminal()
    spans = tell(frames_of("redis-create"))
    told, objects = events(spans), [span for span in spans if not is_event(span)]

    assert [terminal.draw([span]) for span in told] == [""] * 6
    assert [terminal.draw([span]) for span in objects[:-1]] == ["", ""]
    assert terminal.draw(objects[-1:]) == picture(spans)


@pytest.mark.parametrize("name", JSONL)
def test_every_trace_is_drawn_whole(name: str) -> None:
    """Each one at least once; never with a parent still to come, so with one root alone."""
    terminal, drawn = Terminal(), set[str]()
    known: dict[str, list[Span]] = {}
    for spans in batches(name):
        for span in spans:
            known.setdefault(span.trace_id.hex(), []).append(span)
        for trace_id in terminal.titles(spans):
            drawn.add(trace_id)
            ids = {span.span_id for span in known[trace_id]}
            assert {span.parent_id for span in known[trace_id]} <= ids | {b""}

    assert drawn == known.keys()


def crash_loop(times: int) -> tuple[list[Span], list[Span]]:
    """A Deployment as it settled, and the repeats of one Event since."""
    cluster = Cluster()
    cluster.apply("web")
    cluster.back_off(cluster.pods[0], times=times)
    spans = tell(cluster.frames)
    repeats = [span for span in events(spans) if span.name.startswith("BackOff")]
    return [span for span in spans if span not in repeats], repeats


def test_what_repeats_itself_is_drawn_ever_more_seldom() -> None:
    """A crash loop does not fill the screen; what is drawn is never less than half of it."""
    terminal = Terminal()
    settled, repeats = crash_loop(times=200)
    assert terminal.draw(settled)
    drawings = [drawn for span in repeats if (drawn := terminal.draw([span]))]

    assert 1 < len(drawings) < 10
    counts = [int(drawn.partition("BackOff restart  x")[2].split()[0]) for drawn in drawings]
    assert counts == sorted(counts)
    assert counts[-1] >= len(repeats) / 2


def test_what_settles_late_is_drawn_at_once() -> None:
    """One more object under a root that has settled: the picture with it."""
    terminal = Terminal()
    spans = tell(frames_of("redis-create"))
    (pod,) = [span for span in spans if span.name.startswith("Pod ")]
    below = [span for span in spans if span is pod or span.parent_id == pod.span_id]

    rest = [span for span in spans if span not in below]
    assert terminal.draw(rest) == picture(rest)
    assert terminal.draw(below) == picture(spans)


def test_what_comes_again_is_there_once() -> None:
    """At least once is how spans arrive; the picture has each of them once."""
    terminal = Terminal()
    spans = tell(frames_of("redis-create"))
    assert terminal.draw(spans) == picture(spans)

    assert terminal.draw(events(spans)) == ""
    assert terminal.draw(spans) in ("", picture(spans))


@in_world()
async def test_a_run_draws_as_it_is_told(world: World) -> None:
    """Width, folding and columns are those of `show` and `replay`."""
    out = io.StringIO()
    cluster = Cluster()
    cluster.apply("web", replicas=2)
    with contextlib.redirect_stdout(out):
        task = world.start(to="console", output="wide", fold=False, width=150, utc=True)
        await world.play(cluster)
        assert await world.end(task)
    lines = out.getvalue().splitlines()

    assert len([line for line in lines if "SuccessfulCreate" in line]) == 2
    assert any(" NODE " in line and line.endswith("COUNT") for line in lines)
    assert world.collector.requests == []


def lives(count: int) -> list[list[Span]]:
    """Traces of as many Deployments, one after the other."""
    cluster = Cluster()
    for number in range(count):
        cluster.apply(f"web{number}")
        cluster.wait(300 * SECOND)
    spans = tell(cluster.frames)
    return [[s for s in spans if s.trace_id == root.trace_id] for root in roots(spans)]


def late(trace: Sequence[Span]) -> Span:
    """One more object under the root."""
    (root,) = roots(trace)
    return root.but(span_id=b"late one", parent_id=root.span_id)


def test_what_is_remembered_is_bounded() -> None:
    """The traces that nothing came to for longest are forgotten; the others can still grow."""
    traces = lives(8)
    terminal = Terminal(max_spans=sum(map(len, traces[-3:])))
    for trace in traces[:-1]:
        assert terminal.draw(trace) == picture(trace)
    assert terminal.draw([late(traces[-3])])  # which so is no longer the oldest
    assert terminal.draw(traces[-1])

    assert [bool(terminal.draw([late(trace)])) for trace in traces] == [False] * 5 + [
        True, False, True,
    ]  # fmt: skip
