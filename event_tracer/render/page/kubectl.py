"""kubectl commands that show more of an object."""

import re
from collections.abc import Collection, Iterable

from event_tracer.core.errors import Kind
from event_tracer.core.span import Span, text_of
from event_tracer.render.outcome import error_kind, reason_of

Container = tuple[str, str]
"""The name of a pod, and that of a container of it."""

# Nobody has checked that the object that an Event names exists, so what a shell would take for
# more than a name gets no command. ":" is in names of RBAC's objects.
_WORD = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.:_-]*[A-Za-z0-9])?")


def commands(span: Span, *, restarted: Collection[Container] = ()) -> tuple[str, ...]:
    """Commands for the object that `span` is about; none where its name is no name.

    Where it tells of a container's death, what that container said comes first. Of one that was
    started again, which are `restarted`, kubectl calls that the logs of the previous one.
    """
    attributes = span.attributes
    kind, name = text_of(attributes, "k8s.object.kind"), text_of(attributes, "k8s.object.name")
    namespace = text_of(attributes, "k8s.namespace.name")
    container = text_of(attributes, "k8s.container.name")
    if not all(_WORD.fullmatch(word) for word in (kind, name, namespace or "x", container or "x")):
        return ()
    # Events about what is in no namespace are in this one (client-go tools/record/event.go).
    where = f"kubectl -n {namespace or 'default'}"
    at = where if namespace else "kubectl"
    selector = f"involvedObject.kind={kind},involvedObject.name={name}"
    lines = [
        f"{at} describe {_resource(span, kind)} {name}",
        f"{where} get events --field-selector {selector}",
    ]
    if kind != "Pod":
        return tuple(lines)
    logs = f"{at} logs {name}" + (f" -c {container}" if container else "")
    if not _is_death(span):
        return (*lines, logs)
    both = (f"{logs} --previous", logs)
    return (*(both if (name, container) in restarted else reversed(both)), *lines)


def restarted(spans: Iterable[Span]) -> frozenset[Container]:
    """The containers that a trace shows to have been started again."""
    started, again = set[Container](), set[Container]()
    for span in spans:
        container = text_of(span.attributes, "k8s.container.name")
        each = (text_of(span.attributes, "k8s.object.name"), container)
        if reason_of(span) == "Started":
            (again if each in started else started).add(each)
        elif span.name == "BackOff restart":
            again.add(each)
    return frozenset(again)


def _is_death(span: Span) -> bool:
    is_error = span.kind == "event" and span.error is not None
    return is_error and error_kind(span) in (Kind.DEATH, Kind.BACK_OFF)


def _resource(span: Span, kind: str) -> str:
    # kubectl takes a kind for a resource's name; a group keeps custom kinds of one name apart.
    group, slash, _ = text_of(span.attributes, "k8s.object.api_version").partition("/")
    is_custom = slash and "." in group and not group.endswith(".k8s.io") and _WORD.fullmatch(group)
    return f"{kind.lower()}.{group}" if is_custom else kind.lower()
