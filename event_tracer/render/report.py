"""An explanation for people: as text, as Markdown, as one line of a log.

Messages are quoted as JSON quotes them, so that it shows where each begins and ends; in Markdown
they are code, which nothing in them can leave.
"""

import json
import re
from collections.abc import Iterator

from event_tracer.core.times import human, parse_timestamp
from event_tracer.render.explanation import Evidence, Explanation, OpenStep

_INDENT = "  "


def quoted(message: str) -> str:
    """A message between quotes."""
    return json.dumps(message, ensure_ascii=False)


def text(made: Explanation) -> str:
    """Lines for a terminal or a log, each with its end."""
    return "".join(f"{line}\n" for line in _lines(made))


def _lines(made: Explanation) -> Iterator[str]:
    yield f"{headline(made)}{_took(made)}"
    yield from (f"{name:<9}{what}" for name, what in _facts(made) if what)
    if made.evidence:
        yield "evidence"
    for each in made.evidence:
        yield f"{_INDENT}{'  '.join(_words(each))}"
        yield from (f"{_INDENT * 3}{quoted(message)}" for message in each.messages)
        yield from (f"{_INDENT * 3}Event {uid}" for uid in each.event_uids)
    if made.open_steps:
        yield "open"
    yield from (f"{_INDENT}{open_step(each)}" for each in made.open_steps)
    if made.left_out:
        yield f"{_INDENT}and {made.left_out} more, for which there is no room"
    if made.look_further:
        yield "look further"
    yield from (f"{_INDENT}{command}" for command in made.look_further)


def headline(made: Explanation) -> str:
    """What was done, and what became of it."""
    name = f"{made.object.kind} {made.object.name}"
    title = made.story.title if made.story.title.endswith(name) else name
    where = f"  namespace {made.object.namespace}" if made.object.namespace else ""
    return f"{title}  {made.outcome}{where}"


def cause(made: Explanation) -> str:
    """Object, step and words of the cause; empty where there is none."""
    if not made.cause:
        return ""
    return f"{made.cause.object}: {made.cause.step}: {quoted(made.cause.message)}"


def where(made: Explanation) -> Iterator[str]:
    """The line that says where its trace is, if there is an address."""
    if made.story.url:
        yield f"{'trace':<9}{made.story.url}"


def open_step(step: OpenStep) -> str:
    """One line of what has not ended."""
    last = f", last {step.step}" if step.step else ""
    said = f": {quoted(step.message)}" if step.message else ""
    return f"{step.object}  {step.outcome} since {step.since}{last}{said}"


def _took(made: Explanation) -> str:
    began, ended = parse_timestamp(made.began), parse_timestamp(made.ended)
    if made.completed_after is not None and made.outcome == "complete":
        return f"  in {made.completed_after} s"
    return f"  over {human(ended - began)}" if began and ended and ended > began else ""


def _facts(made: Explanation) -> Iterator[tuple[str, str]]:
    yield "cause", cause(made)
    yield "chain", " > ".join(f"{each.object} ({each.outcome})" for each in made.chain)
    yield "change", _change(made)
    yield "trace", made.story.url or made.story.trace_id


def _change(made: Explanation) -> str:
    change = made.change
    if change is None:
        return ""
    generation = f", generation {change.generation}" if change.generation else ""
    revision = f", revision {change.revision}" if change.revision else ""
    notes = "".join(f", {name} {quoted(note)}" for name, note in change.notes.items())
    return f"{change.verb} by {change.manager} at {change.time}{generation}{revision}{notes}"


def _words(each: Evidence) -> Iterator[str]:
    yield each.step + (f" x{each.count}" if each.count > 1 else "")
    yield each.object + (f" and {each.objects - 1} more" if each.objects > 1 else "")
    if each.container:
        yield f"container {each.container}"
    if each.exit_codes:
        yield f"exit {', '.join(map(str, each.exit_codes))}"
    yield each.last if each.first == each.last else f"{each.first} to {each.last}"


# -- Markdown


def markdown(made: Explanation) -> str:
    """A section of Markdown."""
    return "".join(f"{line}\n" for line in _sections(made))


def _sections(made: Explanation) -> Iterator[str]:
    yield f"### {_code(headline(made))}"
    yield ""
    for name, what in _facts(made):
        if what and name == "trace" and made.story.url:
            yield f"- **trace** [{made.story.trace_id}]({made.story.url})"
        elif what:
            yield f"- **{name}** {_code(what)}"
    for each in made.evidence:
        yield f"- {_code('  '.join(_words(each)))}"
        yield from (f"  - {_code(message)}" for message in each.messages)
    yield from (f"- **open** {_code(open_step(each))}" for each in made.open_steps)
    if made.look_further:
        yield ""
        yield "```sh"
        yield from made.look_further
        yield "```"
    yield ""


def _code(text: str) -> str:
    """A code span: its fence is longer than any run of backticks in it (CommonMark, 6.1)."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * (longest + 1)
    space = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{space}{text}{space}{fence}"
