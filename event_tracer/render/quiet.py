"""The explanation of an object that nothing has happened to of late: its status alone."""

from typing import cast

from event_tracer.core.chain import KubeObject
from event_tracer.core.span import Span
from event_tracer.core.stand import Stand
from event_tracer.core.times import SECOND, rfc3339
from event_tracer.render.clipped import clip, clipped_name
from event_tracer.render.explanation import (
    Cause,
    ChangeMade,
    Explanation,
    Link,
    ObjectName,
    Outcome,
    Story,
)
from event_tracer.render.page.kubectl import commands

_MESSAGE, _NAME = 160, 253


def explain_quiet(stand: Stand, *, sentence: str = "") -> Explanation:
    """Explain an object that nothing has happened to of late, by its status alone."""
    item, verdict = stand.item, stand.verdict
    name = f"{item.kind} {item.name}"
    title = f"{stand.change.verb} {name}".strip() if stand.change else name
    cause = verdict.cause and Cause(
        step=clip(verdict.cause.reason, _MESSAGE),
        object=clip(verdict.cause.about, _MESSAGE),
        message=clip(verdict.cause.message, _MESSAGE),
    )
    outcome = cast(Outcome, verdict.outcome)
    told = sentence or f"{name}: {outcome}; nothing has happened to it of late"
    return Explanation(
        summary=clip(told, 2 * _MESSAGE),
        object=_object(item),
        outcome=outcome,
        cause=cause,
        chain=(Link(object=clip(name, _NAME), outcome=outcome),) if cause else (),
        change=stand.change and ChangeMade(
            verb=stand.change.verb, manager=clip(stand.change.manager, _NAME),
            time=rfc3339(stand.change.second * SECOND), generation=stand.change.generation,
        ),
        story=Story(title=clip(title, _NAME), outcome=outcome, trace_id=""),
        look_further=commands(_span_of(item)),
    )  # fmt: skip


def _span_of(item: KubeObject) -> Span:
    attributes = {
        "k8s.object.kind": item.kind, "k8s.object.name": item.name, "k8s.object.uid": item.uid,
        "k8s.object.api_version": item.api_version, "k8s.namespace.name": item.namespace,
    }  # fmt: skip
    return Span(b"", b"", b"", "object", "", (), 0, 0, tuple(attributes.items()))


def _object(item: KubeObject) -> ObjectName:
    return clipped_name(item.kind, item.name, namespace=item.namespace, uid=item.uid, most=_NAME)
