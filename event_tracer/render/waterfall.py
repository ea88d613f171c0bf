"""Spans of one trace → the rows of a waterfall: the tree, with repeats folded as kubectl does."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from event_tracer.core.span import Span, text_of
from event_tracer.core.times import elapsed, human
from event_tracer.render.heading import Heading, heading_of
from event_tracer.render.outcome import Later, about_of, later_of, outcome_of
from event_tracer.render.rows import Pod, Row, event_row, folded

__all__ = ["Row", "Waterfall", "waterfall"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Waterfall:
    """One trace, laid out. `start` and `end` are ns; `namespace` is empty for a cluster's.

    `title` is its change and its root, `about` the root alone; `heading` says how long it took to
    become its `outcome`, and why. `before` tells how earlier stories of the root ended that it
    stands for, too; `is_brief`: one line tells enough.
    """

    trace_id: str
    title: str
    about: str
    namespace: str
    outcome: str
    heading: Heading
    start: int
    end: int
    rows: tuple[Row, ...]
    before: str = ""
    is_brief: bool = False

    @property
    def took(self) -> str:
        """Its duration, for people; empty for an instant."""
        took = elapsed(self.start, self.end)
        return human(took) if took else ""

    def at(self, row: Row) -> str:
        """Time of `row` since the start of the trace, for people."""
        since = elapsed(self.start, row.moment)
        return f"+{human(since)}" if since else "+0"


def waterfall(
    spans: Sequence[Span], *, fold: bool = True, marked: Collection[bytes] = ()
) -> Waterfall:
    """Lay out the spans of one trace, of which there is one at least.

    Without `fold` each occurrence has a row of its own. `marked` are ids of object spans.
    """
    tree = _Tree(spans, fold=fold, marked=marked)
    rows = tuple(row for root in tree.roots for row in tree.rows(root, last=()))
    root = tree.roots[0]
    return Waterfall(
        trace_id=spans[0].trace_id.hex(),
        title=rows[0].name,
        about=about_of(root) or rows[0].name,
        namespace=text_of(root.attributes, "k8s.namespace.name"),
        outcome=rows[0].outcome,
        heading=heading_of(root, tree.later(root), start=tree.start, rows=rows),
        start=tree.start,
        end=max(span.end for span in spans),
        rows=rows,
    )


class _Tree:
    def __init__(self, spans: Sequence[Span], *, fold: bool, marked: Collection[bytes]) -> None:
        self._fold, self._marked = fold, marked
        self.start = min(span.start for span in spans)
        self._children: dict[bytes, list[Span]] = {}
        ordered = sorted(spans, key=_order)
        ids = {span.span_id for span in ordered}
        for span in ordered:
            # The rest of a Job's trace may come long after its root has been shown.
            parent = span.parent_id if span.parent_id in ids else b""
            self._children.setdefault(parent, []).append(span)
        self.roots = self._children[b""]

    def rows(self, span: Span, *, last: tuple[bool, ...]) -> Iterator[Row]:
        """The row of `span` and those of all that is under it, Events before objects."""
        if span.kind == "event":
            pod = Pod((span,), began=self.start)
            yield event_row((span,), last=last, start=self.start, pod=pod)
            return
        children = self._children.get(span.span_id, ())
        events = [child for child in children if child.kind == "event"]
        objects = [child for child in children if child.kind != "event"]
        yield self._object_row(span, last=last, is_counted=not any(map(_ready, objects)))
        groups = folded(events) if self._fold else [(event,) for event in events]
        pod = Pod(events, began=span.start)
        for number, group in enumerate(groups, start=1):
            is_last = number == len(groups) and not objects
            yield event_row(group, last=(*last, is_last), start=self.start, pod=pod)
        for number, child in enumerate(objects, start=1):
            yield from self.rows(child, last=(*last, number == len(objects)))

    def later(self, span: Span) -> Later | None:
        """What came after an object span was sealed, where it says otherwise."""
        return _later(span, self._events(span))

    def _object_row(self, span: Span, *, last: tuple[bool, ...], is_counted: bool) -> Row:
        """`is_counted`: no object below it tells how many pods are ready."""
        attributes = span.attributes
        verb = text_of(attributes, "event_tracer.change.verb") if not span.parent_id else ""
        under = tuple(self._events(span))
        last_time = max((event.end for event in under), default=span.end)
        return Row(
            last=last,
            service=text_of(span.resource, "service.name"),
            name=f"{verb} {about_of(span)}".strip() or span.name,
            intervals=((span.start, span.end),),
            later=last_time if last_time > span.end else None,
            outcome=outcome_of(span, _later(span, under)),
            ready=_ready(span) if is_counted else "",
            is_marked=span.span_id in self._marked,
            spans=(span,),
        )

    def _events(self, span: Span) -> Iterator[Span]:
        for child in self._children.get(span.span_id, ()):
            if child.kind == "event":
                yield child
            else:
                yield from self._events(child)


def _later(span: Span, under: Iterable[Span]) -> Later | None:
    return later_of(span, under) if span.kind == "object" else None


def _order(span: Span) -> tuple[int, int, str, bytes]:
    # An Event happens when its span ends; an object when it begins. Of those of one second the
    # Event that began first stands first: its name ends in the hex UnixNano of that (law 3).
    is_life = span.name.startswith("Terminated")  # of a container, from its start on
    time = span.end if span.kind == "event" and not is_life else span.start
    return time, span.end, text_of(span.attributes, "k8s.event.name"), span.span_id


def _ready(span: Span) -> str:
    return text_of(span.attributes, "event_tracer.ready")
