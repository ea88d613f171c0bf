"""What is waited for, as it goes on: a line a pod in place, or a line a transition in a log."""

from collections import Counter
from collections.abc import Iterator, Sequence

from rich.text import Text

from event_tracer.core.span import Span, text_of
from event_tracer.core.times import human, rfc3339, second_of
from event_tracer.render.lines import visible
from event_tracer.render.outcome import about_of, last_word, message_of
from event_tracer.render.report import quoted
from event_tracer.render.waterfall import Row, Waterfall

_STYLES = {"complete": "green", "failed": "red", "progressing": "yellow"}


def board(name: str, picture: Waterfall | None, *, outcome: str, now: int) -> Iterator[Text]:
    """The lines of one object: itself, and each pod of its story with its last step."""
    head = Text(f"{visible(name)}  ").append(outcome, style=_STYLES.get(last_word(outcome), ""))
    if picture is None:
        yield head
        return
    root = picture.rows[0]
    yield head.append(f"  {visible(root.name)} by {visible(root.service)}", style="dim").append(
        f"  {human(max(now - root.start, 0))}", style="dim"
    )
    if picture.heading.why:
        yield Text(f"  {visible(picture.heading.why)}", style="dim")
    pods = [row for row in picture.rows if row.outcome and row.name.startswith("Pod ")]
    for row in sorted(pods, key=_order):
        yield _pod(row, _last(picture, row), now=now)


def _order(row: Row) -> tuple[bool, bool, str]:
    word = last_word(row.outcome)
    return word != "failed", word == "complete", row.name


def _last(picture: Waterfall, row: Row) -> Span | None:
    """The newest occurrence about an object; an error that came last wins over what it repeats."""
    spans = (
        span for each in picture.rows for span in each.spans
        if span.kind == "event" and span.parent_id == row.spans[0].span_id
    )  # fmt: skip
    return max(spans, key=lambda span: (span.end, span.error is not None), default=None)


def _pod(row: Row, last: Span | None, *, now: int) -> Text:
    line = Text(f"  {visible(row.name)}  ")
    line.append(row.outcome, style=_STYLES.get(last_word(row.outcome), ""))
    if last is not None and last_word(row.outcome) != "complete":
        line.append(f"  {visible(last.name)} {human(max(now - last.end, 0))} ago", style="dim")
        if last.error is not None and (message := message_of(last)):
            line.append(f"  {quoted(visible(message))}", style="red")
    return line


class Log:
    """A line for each transition of the stories of one object; repeats at 2, 4, 8, … of them."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._seen: set[bytes] = set()
        self._times = Counter[tuple[str, str, str, str]]()

    def lines(self, spans: Sequence[Span]) -> Iterator[str]:
        """The lines of what is new among spans, by their time."""
        events = [span for span in spans if span.kind == "event" and span.span_id not in self._seen]
        for span in sorted(events, key=lambda span: (span.end, span.span_id)):
            self._seen.add(span.span_id)
            key = _key(span)
            self._times[key] += 1
            times = self._times[key]
            if times & (times - 1) == 0:
                yield self._line(span, times)

    def _line(self, span: Span, times: int) -> str:
        container = text_of(span.attributes, "k8s.container.name")
        words = [
            rfc3339(second_of(span.end) * 1_000_000_000), self._name, about_of(span),
            span.name + (f" x{times}" if times > 1 else ""),
            f"container {container}" if container else "",
            quoted(visible(message_of(span))) if span.error is not None else "",
        ]  # fmt: skip
        return "  ".join(word if word[:1] == '"' else visible(word) for word in words if word)


def _key(span: Span) -> tuple[str, str, str, str]:
    attributes = span.attributes
    names = ("k8s.object.kind", "k8s.object.name", "k8s.container.name")
    kind, name, container = (text_of(attributes, each) for each in names)
    return kind, name, container, span.name
