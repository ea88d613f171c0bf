"""Names of object spans: a bounded set, as they become Jaeger's operations and metrics' labels."""

import re

from event_tracer.core.objects import Chain, KubeObject
from event_tracer.core.tables import GENERATED_NAMES, STABLE_NAMES

_UUID = re.compile(r"-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$")  # provisioned volumes


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
