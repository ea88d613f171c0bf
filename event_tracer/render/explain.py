"""One story's spans → the document that explains it, in so many bytes at most.

Spans say outcome and cause (law 6); nothing is decided here. Repeats are folded before distinct
messages are clipped, these before what tells least is left out.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, cast

from event_tracer.core.span import Span, text_of
from event_tracer.core.times import rfc3339
from event_tracer.render.clipped import clip, clipped_name
from event_tracer.render.clues import Clue, clues_of, is_explained_by
from event_tracer.render.explanation import (
    Cause,
    ChangeMade,
    Evidence,
    Explanation,
    Link,
    ObjectName,
    OpenStep,
    Outcome,
    Story,
)
from event_tracer.render.outcome import last_word, message_of
from event_tracer.render.page.kubectl import commands, restarted
from event_tracer.render.waterfall import Row, Waterfall, waterfall

_NOTES = (
    "kubernetes.io/change-cause", "argocd.argoproj.io/tracking-id", "meta.helm.sh/release-name",
    "helm.toolkit.fluxcd.io/name", "kustomize.toolkit.fluxcd.io/name", "helm.sh/chart",
)  # fmt: skip


class _Room(NamedTuple):
    """How much is told: bytes of a message and of a name, and numbers of the rest."""

    message: int
    messages: int
    uids: int
    evidence: int
    open_steps: int
    chain: int = 8
    commands: int = 3
    name: int = 253


_ROOMS = (
    _Room(1024, 8, 4, 24, 24),
    _Room(600, 8, 2, 16, 12),
    _Room(300, 6, 1, 12, 8),
    _Room(200, 4, 1, 8, 6),
    _Room(200, 2, 1, 6, 4),
    _Room(160, 1, 1, 4, 3),
    _Room(160, 1, 1, 2, 2, 4, 2),
    _Room(120, 1, 1, 1, 1, 4, 1, 63),
    _Room(120, 0, 0, 0, 0, 0, 0, 40),
    _Room(30, 0, 0, 0, 0, 0, 0, 16),
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """A story laid out; `object_rows` by the id of their span, `clues` the most telling first."""

    picture: Waterfall
    subject: Row
    object_rows: Mapping[bytes, Row]
    clues: Sequence[Clue]
    open_words: tuple[str, ...]


def explain(
    spans: Sequence[Span], *, max_bytes: int, subject: bytes = b"", jaeger: str = "",
    is_open: bool = False,
) -> Explanation:  # fmt: skip
    """Explain the spans of one trace: its root, or the object whose span's id is `subject`.

    `max_bytes`, 1,024 at least, bounds its JSON; `jaeger` is the address of Jaeger's UI. `is_open`:
    what fails in it may go well yet, and is an open step.
    """
    picture = waterfall(spans)
    objects = {row.spans[0].span_id: row for row in picture.rows if row.outcome}
    row = objects.get(subject, picture.rows[0])
    told = _Told(
        picture=picture, subject=row, object_rows=objects,
        clues=clues_of(picture.rows, below=row.spans[0], objects=objects),
        open_words=("failed", "progressing") if is_open else ("progressing",),
    )  # fmt: skip
    made = _document(told, _ROOMS[0], jaeger=jaeger)
    for room in _ROOMS[1:]:
        if made.size <= max_bytes:
            break
        made = _document(told, room, jaeger=jaeger)
    return made


def _document(told: _Told, room: _Room, *, jaeger: str) -> Explanation:
    subject, outcome = told.subject.spans[0], _outcome(told.subject)
    cause, at = _cause(told, room)
    telling = [clue for clue in told.clues if at in clue.spans]
    others = [clue for clue in told.clues if at not in clue.spans]
    evidence = [_evidence(clue, room) for clue in (*telling, *others)[: room.evidence]]
    steps = list(_open_steps(told))
    return Explanation(
        summary=_summary(told, cause, room),
        object=_name(subject, room),
        outcome=outcome,
        began=rfc3339(subject.start),
        ended=rfc3339(max(span.end for span in (subject, *_below(told)))),
        completed_after=_number(subject, "event_tracer.completed_after"),
        cause=cause,
        chain=tuple(_chain(told, at, room)) if cause else (),
        change=_change(told.picture.rows[0].spans[0], room),
        evidence=tuple(evidence),
        open_steps=tuple(_step(told, row, room) for row in steps[: room.open_steps]),
        left_out=len(told.clues) - len(evidence) + max(0, len(steps) - room.open_steps),
        story=_story(told, room, jaeger=jaeger),
        look_further=_commands(told, at)[: room.commands],
    )


def _commands(told: _Told, at: Span) -> tuple[str, ...]:
    spans = (span for row in told.picture.rows for span in row.spans)
    return commands(at, restarted=restarted(spans))


def _below(told: _Told) -> Iterator[Span]:
    return (span for clue in told.clues for span in clue.spans)


def _outcome(row: Row) -> Outcome:
    return cast(Outcome, row.outcome)


def _about(span: Span, most: int) -> str:
    kind, name = (text_of(span.attributes, f"k8s.object.{each}") for each in ("kind", "name"))
    return f"{clip(kind, most)} {clip(name, most)}".strip()


def _name(span: Span, room: _Room) -> ObjectName:
    names = ("k8s.object.kind", "k8s.object.name", "k8s.namespace.name", "k8s.object.uid")
    kind, name, namespace, uid = (text_of(span.attributes, each) for each in names)
    return clipped_name(kind, name, namespace=namespace, uid=uid, most=room.name)


def _number(span: Span, name: str) -> int | None:
    return next((v for k, v in span.attributes if k == name and isinstance(v, int)), None)


def _summary(told: _Told, cause: Cause | None, room: _Room) -> str:
    root, subject, heading = told.picture.rows[0], told.subject, told.picture.heading
    if subject is root:
        says = ": ".join(filter(None, (heading.says, heading.why)))
        return f"{clip(root.name, 2 * room.name)}: {clip(says, 2 * room.message)}"
    title = f"{subject.name} of {root.name!r}"
    done = f"{clip(title, 2 * room.name)}: {subject.outcome}"
    if cause is None:
        return done
    about = "" if cause.object == _about(subject.spans[0], room.name) else f"{cause.object}: "
    return clip(f"{done}: {about}{cause.message}", 2 * room.message)


def _story(told: _Told, room: _Room, *, jaeger: str) -> Story:
    root, trace_id = told.picture.rows[0], told.picture.trace_id
    return Story(
        title=clip(root.name, room.name),
        outcome=_outcome(root),
        trace_id=trace_id,
        previous_trace_id=text_of(root.spans[0].attributes, "event_tracer.previous_trace_id")
        or None,
        url=f"{jaeger}/trace/{trace_id}" if jaeger else None,
    )


def _change(root: Span, room: _Room) -> ChangeMade | None:
    attributes = root.attributes
    verb, manager, time = (
        text_of(attributes, f"event_tracer.change.{each}") for each in ("verb", "manager", "time")
    )
    if not time:
        return None
    notes = {name: clip(text_of(attributes, name), room.message // 4) for name in _NOTES}
    return ChangeMade(
        verb=verb,
        manager=clip(manager, room.name),
        time=time,
        generation=_number(root, "event_tracer.change.generation"),
        revision=text_of(attributes, "event_tracer.revision") or None,
        notes={name: note for name, note in notes.items() if note} if room.commands else {},
    )


# -- the cause


def _cause(told: _Told, room: _Room) -> tuple[Cause | None, Span]:
    """The cause of a failure, and a span about its object."""
    subject = told.subject.spans[0]
    if last_word(told.subject.outcome) != "failed":
        return None, subject
    clue = next((each for each in told.clues if is_explained_by(subject, each)), None)
    if clue is None and subject.error is None:  # complete, then failed
        clue = next((each for each in told.clues if each.is_error), None)
    at = clue.spans[-1] if clue else subject
    said = {
        name: text_of(subject.attributes, f"event_tracer.cause.{name}")
        for name in ("reason", "object", "message")
    }
    message = said["message"] or subject.error or at.error or at.name
    made = Cause(
        step=clip(said["reason"] or (clue.step if clue else "status"), room.message),
        object=_about(at, room.name) if clue else clip(said["object"], 2 * room.name),
        message=clip(message, room.message),
        container=clip(clue.container, room.name) or None if clue else None,
        exit_code=_number(at, "event_tracer.container.exit_code"),
    )
    return made, at


def _chain(told: _Told, at: Span, room: _Room) -> Iterator[Link]:
    row = told.object_rows.get(at.parent_id if at.kind == "event" else at.span_id)
    found: list[Row] = []
    while row is not None:
        found.append(row)
        row = told.object_rows.get(row.spans[0].parent_id)
    for each in reversed(found[: room.chain]):
        yield Link(object=_about(each.spans[0], room.name), outcome=_outcome(each))


# -- evidence and open steps


def _evidence(clue: Clue, room: _Room) -> Evidence:
    return Evidence(
        step=clip(clue.step, room.message),
        object=_about(clue.spans[-1], room.name),
        objects=clue.objects,
        container=clip(clue.container, room.name) or None,
        count=clue.count,
        first=rfc3339(clue.first),
        last=rfc3339(clue.last),
        exit_codes=clue.exit_codes[:4],
        event_uids=tuple(clip(uid, 36) for uid in clue.event_uids[-room.uids :] if room.uids),
        messages=tuple(
            clip(each, room.message) for each in clue.messages[-room.messages :] if room.messages
        ),
    )


def _open_steps(told: _Told) -> Iterator[Row]:
    """The objects at the leaves that have not come to their end, those that failed first."""
    rows = [row for row in told.object_rows.values() if last_word(row.outcome) in told.open_words]
    parents = {row.spans[0].parent_id for row in rows}
    leaves = [row for row in rows if row.spans[0].span_id not in parents and _is_below(told, row)]
    yield from sorted(leaves, key=lambda row: last_word(row.outcome) != "failed")


def _is_below(told: _Told, row: Row | None) -> bool:
    while row is not None and row is not told.subject:
        row = told.object_rows.get(row.spans[0].parent_id)
    return row is not None


def _step(told: _Told, row: Row, room: _Room) -> OpenStep:
    span = row.spans[0]
    last = max(
        (each for row in told.picture.rows for each in row.spans
         if each.kind == "event" and each.parent_id == span.span_id),
        key=lambda each: each.end, default=None,
    )  # fmt: skip
    return OpenStep(
        object=_about(span, room.name),
        outcome=_outcome(row),
        since=rfc3339(span.start),
        step=clip(last.name, room.message) if last else None,
        message=(clip(message_of(last), room.message) or None) if last else None,
    )
