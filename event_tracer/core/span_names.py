"""Names made of objects: of their spans, and of the attributes that name a lineage.

Span names are a bounded set, as they become Jaeger's operations and span metrics' labels.
"""

import re
from functools import lru_cache

from event_tracer.core.objects import Chain, KubeObject
from event_tracer.core.span import Attributes
from event_tracer.core.tables import GENERATED_NAMES, STABLE_NAMES

_UUID = re.compile(r"-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$")  # provisioned volumes
# Custom kinds whose attribute would say something else: k8s.cluster.name is Kubernetes' own.
_TAKEN = frozenset({"cluster", "container", "event"})


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


@lru_cache(maxsize=1024)
def kind_attribute(kind: str, part: str) -> str:
    """`k8s.<kind>.name` or `.uid`, as the semantic conventions write it for known kinds."""
    word = kind.lower() or "object"
    return f"k8s.{word}_object.{part}" if word in _TAKEN else f"k8s.{word}.{part}"


def lineage_names(chain: Chain) -> Attributes:
    """The attributes that name a chain's objects, the root first: on every span of a trace."""
    return tuple(
        (kind_attribute(item.kind, "name"), item.name) for item in reversed(chain) if item.name
    )
