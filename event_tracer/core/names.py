"""Span names: a bounded set, for they become Jaeger's operations and span metrics' labels."""

import re
from functools import lru_cache

from event_tracer.core.event import Event
from event_tracer.core.kubeobject import Chain, KubeObject
from event_tracer.core.tables import COMBINED, GENERATED_NAMES, NAME_WORDS, STABLE_NAMES

_UUID = re.compile(r"-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$")  # provisioned volumes
# The kubelet's image garbage collection and kube-proxy pass whole sentences as reason
# (images/image_gc_manager.go, cmd/kube-proxy/app/server_linux.go).
_REASON = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}")


def event_name(event: Event) -> str:
    """The reason, with one word of the message where the table has one; `Event` for free text."""
    words = NAME_WORDS.get(event.reason)
    if words is None:
        return event.reason if _is_name(event.reason) else "Event"
    message = event.message.removeprefix(COMBINED)
    for pattern, word in words:
        if match := pattern.match(message):
            return f"{event.reason} {word or _word(match)}"
    return event.reason


@lru_cache(maxsize=1024)
def _is_name(reason: str) -> bool:
    return _REASON.fullmatch(reason) is not None


def _word(match: re.Match[str]) -> str:
    # "Readiness probe failed" is capitalised as a sentence, "Error: ErrImagePull" as a name.
    return match[1].lower() if match.re.flags & re.IGNORECASE else match[1]


def object_name(chain: Chain) -> str:
    """`Kind name` of the chain's first object, `*` in place of what a controller generated."""
    return f"{chain[0].kind or 'Object'} {bounded_name(chain)}".rstrip()


def bounded_name(chain: Chain) -> str:
    """The object's name without its generated end."""
    item = chain[0]
    owner = chain[1] if len(chain) > 1 else None
    if owner and (item.kind, owner.kind) in STABLE_NAMES:
        return item.name
    if owner and item.kind in GENERATED_NAMES:
        stem = bounded_name(chain[1:]).removesuffix("-*")
        if item.name.startswith(f"{stem}-"):
            return f"{stem}-*"
    return _without_generated_end(item)


def _without_generated_end(item: KubeObject) -> str:
    if item.generate_name and item.name.startswith(item.generate_name):
        return f"{item.generate_name.removesuffix('-')}-*"
    pattern = GENERATED_NAMES.get(item.kind, _UUID)
    return pattern.sub("-*", item.name)
