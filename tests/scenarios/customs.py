"""Objects of custom kinds that are read whole, as their controllers write them."""

from typing import Any

from tests.scenarios.event import event
from tests.scenarios.fields import SECOND, SPEC, STATUS, Raw, entry, stamp

T = 1_795_473_171_000_000_000
UID = "7d0c1b9e-0c5b-4d0e-9a51-000000000001"
KINDS = {
    "Certificate": ("certificates.cert-manager.io", "cert-manager.io/v1"),
    "Rollout": ("rollouts.argoproj.io", "argoproj.io/v1alpha1"),
    "Service": ("services.serving.knative.dev", "serving.knative.dev/v1"),
}


def condition(type_: str, status: str, at: int, **more: Any) -> Raw:
    """One of a status; its reason and message are of the moment."""
    return {
        "type": type_, "status": status, "lastTransitionTime": stamp(T + at * SECOND),
        "reason": "Because", "message": "so it is", **more,
    }  # fmt: skip


def custom(
    at: int, *conditions: Raw, kind: str = "Certificate", generation: int = 1,
    changed: int = 0, observed: Any = None, is_whole: bool = True, **meta: Any,
) -> Raw:  # fmt: skip
    """A frame of an object of a custom kind that was created at 0, `at` seconds into the story."""
    resource, api_version = KINDS[kind]
    writes = [entry("kubectl", T + changed * SECOND, SPEC)]
    writes += [entry("controller", T + at * SECOND, STATUS, subresource="status")] if at else []
    metadata = {
        "name": "web", "namespace": "shop", "uid": UID, "generation": generation,
        "resourceVersion": str(1000 + at), "creationTimestamp": stamp(T), "managedFields": writes,
        **meta,
    }  # fmt: skip
    body: Raw = {"kind": kind, "apiVersion": api_version, "metadata": metadata}
    if not is_whole:
        body |= {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1"}
    elif at:
        body["status"] = {"conditions": list(conditions), "revision": 7}
        body["status"] |= {} if observed is None else {"observedGeneration": observed}
    type_ = "MODIFIED" if at else "ADDED"
    return {"type": type_, "resource": resource, "kind": kind, "object": body}


def said(at: int, *, kind: str = "Certificate", type_: str = "Normal", reason: str = "Told") -> Raw:
    """An Event about it."""
    time = stamp(T + at * SECOND)
    about = {
        "kind": kind, "apiVersion": KINDS[kind][1], "namespace": "shop", "name": "web", "uid": UID,
    }  # fmt: skip
    meta = {"name": f"web.{reason}{at}", "uid": f"8d0c1b9e-0c5b-4d0e-9a51-{at:012}"}
    made = event(
        involvedObject=about, reason=reason, message="", type=type_, metadata=meta,
        firstTimestamp=time, lastTimestamp=time, count=1,
    )  # fmt: skip
    made["metadata"]["creationTimestamp"] = time
    return {"type": "ADDED", "resource": "events", "object": made}


NEW = custom(0)
ISSUING = custom(1, condition("Ready", "False", 1), condition("Issuing", "True", 1))
ISSUED = custom(90, condition("Ready", "True", 90), condition("Issuing", "False", 90))
CERTIFICATE = (NEW, said(1, reason="Issuing"), ISSUING, said(2, reason="Generated"), ISSUED)
STALLED = condition("Stalled", "True", 20, reason="BadSpec", message="no such issuer")
