"""Why there is nothing to see of what was asked for."""

from collections.abc import Sequence

from event_tracer.core.traces import Trace
from event_tracer.kube import kinds
from event_tracer.kube.client import ApiError
from event_tracer.kube.listing import Lister, StaleError
from event_tracer.kube.resources import NAMESPACES, Resource
from event_tracer.pipeline.snapshot import LookError, Scene
from event_tracer.render.selection import object_names

_KEPT = "the API server keeps an Event for one hour after its last update by default"
# kube-apiserver --event-ttl


async def explain_absence(seen: Scene, traces: Sequence[Trace]) -> str:
    """Why no trace is about the scene's target. Raises LookError where it does not exist."""
    target, resource = seen.target, seen.resource
    if target and resource and target.name:
        known = await _names(seen, resource)
        if known is not None and target.name not in known:
            known |= {name for trace in traces for name in object_names(trace, target)}
            hint = kinds.near(target.name, known)
            raise LookError(f"there is no {seen.object_name}{hint}")
    elif not traces and len(seen.namespaces) == 1:
        await _demand_namespace(seen, seen.namespaces[0])
    return f"there are no Events {seen}: {_KEPT}"


async def _names(seen: Scene, resource: Resource) -> set[str] | None:
    """What the objects of a resource are called; None where that may not be known."""
    found: set[str] = set()
    namespaces = seen.namespaces if resource.is_namespaced else ()
    try:
        for namespace in namespaces or ("",):
            async for page in Lister(seen.api, resource, namespace=namespace).pages():
                found |= {str(item["metadata"].get("name")) for item in page.items}
    except (ApiError, StaleError):
        return None
    return found


async def _demand_namespace(seen: Scene, name: str) -> None:
    """Raises LookError where the namespace is not there."""
    try:
        await seen.api.get(NAMESPACES.path(name=name))
    except ApiError as error:
        if error.status == 404:
            hint = kinds.near(name, await _names(seen, NAMESPACES) or ())
            raise LookError(f"there is no namespace called {name}{hint}") from None
