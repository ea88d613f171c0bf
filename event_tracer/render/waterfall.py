"""Spans of one trace → the rows of a waterfall: the tree, with repeats folded as kubectl does."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from event_tracer.core.span import Span, text_of
from event_tracer.core.times import SECOND, elapsed, human, parse_timestamp
from event_tracer.render.outcome import last_word, message_of, outcome_of

_Spans = tuple[Span, ...]
_COUNT = "k8s.event.count"  # on the spans of Events, and on every one of them
_EXIT_CODE = "event_tracer.container.exit_code"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line: an object, or all occurrences that say the same of one. Times in ns.

    `last` has for each level below the root whether the row, or its ancestor there, is the last
    child. `name` is whole, whatever the span's name leaves out. `repeats` is like `x7 over 3m58s`,
    empty for a single occurrence; `first` is the time of the first occurrence if no span has it;
    `outcome` is an object's; `messages` are those of its errors that differ, the newest last,
    `message` is the newest of all, `exits` are the exit codes that they do not tell. `count`,
    `node` and `image` are those of the occurrences; `spans` are the spans that the row stands for.
    """

    last: tuple[bool, ...]
    service: str
    name: str
    intervals: tuple[tuple[int, int], ...]
    repeats: str = ""
    first: int | None = None
    outcome: str = ""
    messages: tuple[str, ...] = ()
    is_marked: bool = False
    count: int = 0
    node: str = ""
    image: str = ""
    message: str = ""
    exits: tuple[int, ...] = ()
    spans: tuple[Span, ...] = ()

    @property
    def start(self) -> int:
        """Time of its begin (ns)."""
        return min(start for start, _ in self.intervals)

    @property
    def end(self) -> int:
        """Time of its end (ns)."""
        return max(end for _, end in self.intervals)

    @property
    def moment(self) -> int:
        """Time of the first occurrence; of an object, of its begin (ns)."""
        if self.first is not None:
            return self.first
        return self.start if self.outcome else self.intervals[0][1]

    @property
    def note(self) -> str:
        """What stands after its name: repeats and exit codes."""
        exits = f"exit {', '.join(map(str, self.exits))}" if self.exits else ""
        return "  ".join(filter(None, (self.repeats, exits)))

    @property
    def took(self) -> str:
        """Its duration, for people; empty for an instant and for repeats."""
        is_one = bool(self.outcome) or len(self.intervals) == 1
        return human(took) if is_one and (took := elapsed(self.start, self.end)) else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waterfall:
    """One trace, laid out. `start` and `end` are ns; `namespace` is empty for a cluster's.

    `cause` says why it failed, where it ended so and its root tells.
    """

    trace_id: str
    title: str
    namespace: str
    outcome: str
    start: int
    end: int
    rows: tuple[Row, ...]
    cause: str = ""

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
    return Waterfall(
        trace_id=spans[0].trace_id.hex(),
        title=rows[0].name,
        namespace=text_of(tree.roots[0].attributes, "k8s.namespace.name"),
        outcome=rows[0].outcome,
        start=tree.start,
        end=max(span.end for span in spans),
        rows=rows,
        cause=_cause(tree.roots[0]) if last_word(rows[0].outcome) == "failed" else "",
    )


def _cause(root: Span) -> str:
    about, message = (
        text_of(root.attributes, f"event_tracer.cause.{name}") for name in ("object", "message")
    )
    return ": ".join(filter(None, (about, message)))


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
            yield _event_row((span,), last=last, start=self.start)
            return
        outcome = outcome_of(span, self._events(span))
        is_marked = span.span_id in self._marked
        yield _object_row(span, last=last, outcome=outcome, is_marked=is_marked)
        children = self._children.get(span.span_id, ())
        events = [child for child in children if child.kind == "event"]
        groups = _folded(events) if self._fold else [(event,) for event in events]
        objects = [child for child in children if child.kind != "event"]
        for number, group in enumerate(groups, start=1):
            is_last = number == len(groups) and not objects
            yield _event_row(group, last=(*last, is_last), start=self.start)
        for number, child in enumerate(objects, start=1):
            yield from self.rows(child, last=(*last, number == len(objects)))

    def _events(self, span: Span) -> Iterator[Span]:
        for child in self._children.get(span.span_id, ()):
            if child.kind == "event":
                yield child
            else:
                yield from self._events(child)


def _order(span: Span) -> tuple[int, int, str, bytes]:
    # An Event happens when its span ends; an object when it begins. Of those of one second the
    # Event that began first stands first: its name ends in the hex UnixNano of that (law 3).
    time = span.end if span.kind == "event" else span.start
    return time, span.end, text_of(span.attributes, "k8s.event.name"), span.span_id


def _folded(spans: Iterable[Span]) -> list[_Spans]:
    groups: dict[tuple[str, str, str], list[Span]] = {}
    for span in spans:
        container = text_of(span.attributes, "k8s.container.name")
        key = (text_of(span.resource, "service.name"), span.name, container)
        groups.setdefault(key, []).append(span)
    return [tuple(group) for group in groups.values()]


def _event_row(spans: _Spans, *, last: tuple[bool, ...], start: int) -> Row:
    errors = [span.error or span.name for span in spans if span.error is not None]
    events = _by_event(spans)
    began = min(_began(event) for event in events)
    is_missing = began < min(span.end for span in spans)
    newest_first = sorted(spans, key=lambda span: -span.end)
    return Row(
        last=last,
        service=text_of(spans[0].resource, "service.name"),
        name=spans[0].name,
        intervals=tuple((span.start, span.end) for span in spans),
        repeats=_repeats(events, over=elapsed(began, max(span.end for span in spans))),
        # A whole second holds the trace's own beginning; anything earlier is another story's.
        first=max(began, start) if is_missing and began > start - SECOND else None,
        messages=tuple(reversed(dict.fromkeys(reversed(errors)))),
        count=_times(events),
        node=next(_texts(newest_first, "k8s.node.name"), ""),
        image=next(filter(None, map(_image, newest_first)), ""),
        message=next(filter(None, map(message_of, newest_first)), ""),
        exits=() if errors else tuple(dict.fromkeys(_exits(spans))),
        spans=spans,
    )


def _texts(spans: Iterable[Span], name: str) -> Iterator[str]:
    return filter(None, (text_of(span.attributes, name) for span in spans))


def _exits(spans: _Spans) -> Iterator[int]:
    codes = (value for span in spans for name, value in span.attributes if name == _EXIT_CODE)
    return (code for code in codes if isinstance(code, int))


def _image(span: Span) -> str:
    tags = next((v for k, v in span.attributes if k == "container.image.tags"), ())
    name = text_of(span.attributes, "container.image.name")
    return f"{name}:{tags[0]}" if isinstance(tags, tuple) and tags else name


def _object_row(span: Span, *, last: tuple[bool, ...], outcome: str, is_marked: bool) -> Row:
    attributes = span.attributes
    verb = text_of(attributes, "event_tracer.change.verb") if not span.parent_id else ""
    name = f"{text_of(attributes, 'k8s.object.kind')} {text_of(attributes, 'k8s.object.name')}"
    return Row(
        last=last,
        service=text_of(span.resource, "service.name"),
        name=f"{verb} {name}".strip() or span.name,
        intervals=((span.start, span.end),),
        outcome=outcome,
        is_marked=is_marked,
        spans=(span,),
    )


def _repeats(events: list[_Spans], *, over: int) -> str:
    times = _times(events)
    if times < 2:
        return ""
    return f"x{times} over {human(over)}" if over else f"x{times}"


def _times(events: list[_Spans]) -> int:
    # An Event's count has occurrences before the first that was seen, too.
    return sum(max(_count(span) for span in event) for event in events)


def _by_event(spans: _Spans) -> list[_Spans]:
    events: dict[str, list[Span]] = {}
    for span in spans:
        attributes = span.attributes
        key = text_of(attributes, "k8s.event.uid") or text_of(attributes, "k8s.event.name")
        key = key or span.span_id.hex()  # a transition happens once
        events.setdefault(key, []).append(span)
    return [tuple(event) for event in events.values()]


def _began(event: _Spans) -> int:
    """Time of the first occurrence of an Event, by its own span or by a later one (ns)."""
    first = min(event, key=_count)
    if _count(first) == 1:
        return first.end  # exact, where first_time has whole seconds
    names = ("k8s.event.first_time", "k8s.event.event_time")
    times = [parse_timestamp(text_of(first.attributes, name)) for name in names]
    return min((time for time in (*times, first.end) if time is not None), default=first.end)


def _count(span: Span) -> int:
    return next((v for k, v in span.attributes if k == _COUNT and isinstance(v, int)), 1)
