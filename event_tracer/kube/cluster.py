"""Which cluster this is."""

import logging

from event_tracer.kube.client import Api, ApiError
from event_tracer.kube.resources import NAMESPACES

_KUBE_SYSTEM = "kube-system"

logger = logging.getLogger(__name__)


async def kube_system(api: Api) -> dict[str, object]:
    """The namespace whose uid is the cluster's, as a frame. Raises ApiError."""
    body = await api.get(NAMESPACES.path(name=_KUBE_SYSTEM), accept=NAMESPACES.accept())
    if not (isinstance(body.get("metadata"), dict) and body["metadata"].get("uid")):
        raise ApiError(f"{_KUBE_SYSTEM} came without a uid", status=502)
    return NAMESPACES.frame(body)


async def cluster_uid(api: Api) -> str:
    """The cluster's uid; empty where it may not be read. Raises ApiError where nobody answers."""
    try:
        frame = await kube_system(api)
    except ApiError as error:
        if not error.is_refusal:
            raise
        logger.warning("the cluster's uid may not be read", extra={"error": str(error)})
        return ""
    body = frame["object"]
    assert isinstance(body, dict)
    return str(body["metadata"]["uid"])
