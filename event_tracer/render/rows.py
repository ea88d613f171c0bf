"""Event spans of one object → rows: what says the same shares one, as kubectl folds it."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from event_tracer.core.children import CHILDREN, Tie
from event_tracer.core.errors import goes_on
from event_tracer.core.ranks import OTHERS
from event_tracer.core.span import Span, text_of
from event_tracer.core.tables import COMBINED, RANK
from event_tracer.core.times import SECOND, elapsed, human, name_time, parse_timestamp, second_of
from event_tracer.render.outcome import count_of, message_of, reason_of

Spans = tuple[Span, ...]
Interval = tuple[int, int]
_EXIT_CODE = "event_tracer.container.exit_code"
_CONTAINER = "k8s.container.name"
_NO_OUTPUT = re.compile(r"\w+ probe failed:\s*")  # prober.go: a command that said nothing
# Kubernetes' own, and those that name what their object owns; not Flagger's, which say all under
# one reason, nor Tekton's, whose numbers are how far a run is.
_SAME = frozenset(RANK) - frozenset(OTHERS) | frozenset().union(
    *(rule.reasons for rule in CHILDREN if rule.pattern.pattern and rule.tie is not Tie.BELONGS)
)
_GENERATED = re.compile(r"-[a-z0-9]{5}\b")  # the end of a pod's name: rand.String(5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line: an object, or all occurrences that say the same of one. Times in ns.

    `last` has for each level below the root whether the row, or its ancestor there, is the last
    child. `name` is whole, whatever the span's name leaves out; `container` is the row's where its
    pod has several, like `web` or `init migrate`. `intervals` are the occurrences, `waits` what was
    waited before each: of a pod from its container's start until it is ready. `repeats` is like
    `x7 over 3m58s`, empty for a single occurrence; `first` is the time of the first occurrence if
    no span has it, `since` that time where it lies before the story. `outcome` is an object's,
    `later` the time of the last occurrence under it where that came after its span's end,
    `ready` a workload's ready pods of those wanted. `messages` are those of its errors that differ,
    the newest last, `lines` those of them that the row does not tell itself; `message` is the most
    telling of all. `exits` are exit codes; `count`, `node` and `image` are those of the
    occurrences; `spans` are the spans that the row stands for.
    """

    last: tuple[bool, ...]
    service: str
    name: str
    intervals: tuple[Interval, ...]
    waits: tuple[Interval, ...] = ()
    container: str = ""
    repeats: str = ""
    first: int | None = None
    since: int | None = None
    later: int | None = None
    outcome: str = ""
    ready: str = ""
    messages: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    is_marked: bool = False
    count: int = 0
    node: str = ""
    image: str = ""
    message: str = ""
    exits: tuple[int, ...] = ()
    spans: Spans = ()

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
    def title(self) -> str:
        """Its name, and its container where the pod has several."""
        return f"{self.name} ({self.container})" if self.container else self.name

    @property
    def note(self) -> str:
        """What stands after its name: ready pods, exit codes and repeats."""
        exits = f"exit {', '.join(map(str, self.exits))}" if self.exits else ""
        return "  ".join(filter(None, (self.ready, exits, self.repeats)))

    @property
    def took(self) -> str:
        """Its duration, for people; empty for an instant and for repeats."""
        if len(self.waits) == 1:
            return human(self.waits[0][1] - self.waits[0][0])
        is_one = bool(self.outcome) or len(self.intervals) == 1
        return human(took) if is_one and (took := elapsed(self.start, self.end)) else ""


class Pod:
    """What rows need to know of all that happened to one object."""

    def __init__(self, events: Sequence[Span], *, began: int) -> None:
        self._began = began
        self._waits_from = [span.end for span in events if span.name in ("Started", "NotReady")]
        paths = {
            text_of(span.attributes, _CONTAINER): text_of(span.attributes, "k8s.object.fieldpath")
            for span in events
            if text_of(span.attributes, "k8s.object.fieldpath")
        }
        names = {text_of(span.attributes, _CONTAINER) for span in events} - {""}
        self._containers = {
            name: f"init {name}" if paths.get(name, "").startswith("spec.init") else name
            for name in (names if len(names) > 1 else ())
        }

    def container(self, span: Span) -> str:
        """The container that a span is about, where there are several."""
        return self._containers.get(text_of(span.attributes, _CONTAINER), "")

    def waits(self, spans: Spans) -> Iterator[Interval]:
        """From the newest start of a container, or loss of readiness, until the pod was ready."""
        for span in spans:
            if span.name == "Ready" and text_of(span.attributes, "k8s.object.kind") == "Pod":
                began = [time for time in self._waits_from if time < span.end]
                since = max(began, default=self._began)
                if elapsed(since, span.end) > 0:
                    yield since, span.end


def folded(spans: Iterable[Span]) -> list[Spans]:
    """Event spans of one object by what they say, those of each in order.

    Of errors a row has all messages. Of others those share one that are the same Event, or of which
    a table knows that their messages differ in names and numbers alone (law 13).
    """
    groups: dict[tuple[str, ...], list[Span]] = {}
    said: dict[str, str] = {}
    for span in spans:
        container = text_of(span.attributes, _CONTAINER)
        is_error = span.error is not None
        text = (
            ""
            if is_error or reason_of(span) in _SAME
            else said.setdefault(_event_of(span), message_of(span))
        )
        key = (text_of(span.resource, "service.name"), span.name, container, str(is_error), text)
        groups.setdefault(key, []).append(span)
    return [tuple(group) for group in groups.values()]


def event_row(spans: Spans, *, last: tuple[bool, ...], start: int, pod: Pod) -> Row:
    """The row of occurrences that say the same, in a story that began at `start` (ns)."""
    messages = _different(span.error or span.name for span in spans if span.error is not None)
    events = _by_event(spans)
    began = min(_first_time(event) for event in events)
    is_missing = began < min(span.end for span in spans)
    # A whole second holds the story's own beginning; anything earlier is before it.
    is_before = began < start - SECOND
    newest_first = sorted(spans, key=lambda span: -span.end)
    over = 0 if is_before else elapsed(began, max(span.end for span in spans))
    said = [*reversed(messages), *filter(None, map(message_of, newest_first))]
    return Row(
        last=last,
        service=text_of(spans[0].resource, "service.name"),
        name=spans[0].name,
        container=pod.container(spans[0]),
        intervals=tuple((span.start, span.end) for span in spans),
        waits=tuple(pod.waits(spans)),
        repeats=_repeats(events, over=over),
        first=max(began, start) if is_missing and not is_before else None,
        since=began if is_missing and is_before else None,
        messages=messages,
        lines=tuple(_lines(messages, spans[0])),
        count=_times(events),
        node=next(_texts(newest_first, "k8s.node.name"), ""),
        image=next(filter(None, map(_image, newest_first)), ""),
        message=next((each for each in said if not goes_on(each)), next(iter(said), "")),
        exits=tuple(dict.fromkeys(_exits(spans))),
        spans=spans,
    )


def _different(messages: Iterable[str]) -> tuple[str, ...]:
    """Those that say something else, each as it was last, the newest last.

    Two that differ in a pod's generated name alone say the same.
    """
    found: dict[str, str] = {}
    for message in messages:
        text = message.removeprefix(COMBINED)
        key = _GENERATED.sub("-*", text)
        found.pop(key, None)
        found[key] = text
    return tuple(found.values())


def _lines(messages: Sequence[str], span: Span) -> Iterator[str]:
    """The messages that tell more than the row's name, exit codes and repeats do."""
    if text_of(span.attributes, "event_tracer.transition.reason") == "Terminated":
        return
    yield from (each for each in messages if not goes_on(each) and not _NO_OUTPUT.fullmatch(each))


def _texts(spans: Iterable[Span], name: str) -> Iterator[str]:
    return filter(None, (text_of(span.attributes, name) for span in spans))


def _exits(spans: Spans) -> Iterator[int]:
    codes = (value for span in spans for name, value in span.attributes if name == _EXIT_CODE)
    return (code for code in codes if isinstance(code, int))


def _image(span: Span) -> str:
    tags = next((v for k, v in span.attributes if k == "container.image.tags"), ())
    name = text_of(span.attributes, "container.image.name")
    return f"{name}:{tags[0]}" if isinstance(tags, tuple) and tags else name


def _repeats(events: list[Spans], *, over: int) -> str:
    times = _times(events)
    if times < 2:
        return ""
    return f"x{times} over {human(over)}" if over else f"x{times}"


def _times(events: list[Spans]) -> int:
    # An Event's count has occurrences before the first that was seen, too. Some errors are told
    # twice each time: why, and that it is so ("Error: ErrImagePull").
    told = [event for event in events if not all(goes_on(span.error or "") for span in event)]
    return sum(max(count_of(span) for span in event) for event in told or events)


def _by_event(spans: Spans) -> list[Spans]:
    events: dict[str, list[Span]] = {}
    for span in spans:
        events.setdefault(_event_of(span), []).append(span)
    return [tuple(event) for event in events.values()]


def _event_of(span: Span) -> str:
    attributes = span.attributes
    key = text_of(attributes, "k8s.event.uid") or text_of(attributes, "k8s.event.name")
    return key or span.span_id.hex()  # a transition happens once


def _first_time(event: Spans) -> int:
    """Time of the first occurrence of an Event, by its own span or by a later one (ns)."""
    first = min(event, key=count_of)
    if count_of(first) == 1:
        return first.end  # exact, where first_time has whole seconds
    names = ("k8s.event.first_time", "k8s.event.event_time")
    known = [parse_timestamp(text_of(first.attributes, name)) for name in names]
    time = min((each for each in (*known, first.end) if each is not None), default=first.end)
    # Its name ends in that very instant, where it lies in the second that is stated (law 3).
    exact = name_time(text_of(first.attributes, "k8s.event.name"))
    return exact if exact is not None and second_of(exact) == second_of(time) else time
