"""The rights that `run` uses: which there are, and what is lost without the others, once each."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from event_tracer.kube.client import Api
from event_tracer.kube.resources import EVENTS, LEASES, NODES, WORKLOADS, Resource, each_namespace

_REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
_BY_NAME = "are known by messages and references alone"


class Right(NamedTuple):
    """One right, and the `loss` without it; an `optional` one may be missing.

    Of rights with a `loss` that says what becomes of their kinds these are named before it.
    """

    verb: str
    resource: Resource
    namespace: str
    name: str
    loss: str
    optional: bool = False

    @property
    def about(self) -> str:
        """What it is a right to, for people."""
        return f"the {self.resource.kind.lower()} {self.name}" if self.name else (
            self.resource.plural
        )  # fmt: skip

    @property
    def place(self) -> str:
        """The namespace, where its object does not say enough."""
        return "" if self.name else self.namespace


def rights_of_a_run(namespaces: Sequence[str], *, lease: str, lease_in: str) -> Iterator[Right]:
    """Those that a run in `namespaces` uses, all where none is named; `lease_in`, if it elects."""
    places = each_namespace(namespaces)
    for namespace in places:
        for verb in ("list", "watch"):
            yield Right(verb, EVENTS, namespace, "", "there is nothing to trace")
    for namespace in places:
        for resource in WORKLOADS:
            for verb in ("list", "watch"):
                yield Right(verb, resource, namespace, "", _BY_NAME)
    if not namespaces:
        yield Right("get", NODES, "", "", "stories of nodes begin with their first Event", True)
    if lease_in:
        # RBAC cannot restrict create to a name (Kubernetes, "Using RBAC Authorization").
        for verb, name in (("get", lease), ("create", ""), ("update", lease)):
            yield Right(verb, LEASES, lease_in, name, "no replica can become the leader")


async def is_allowed(api: Api, right: Right) -> bool:
    """Whether the API server allows it to whoever asks. Raises ApiError."""
    attributes = {
        "verb": right.verb,
        "group": right.resource.group,
        "resource": right.resource.plural,
        "namespace": right.namespace,
        "name": right.name,
    }
    body = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": attributes},
    }
    review = await api.post(_REVIEWS, body)
    return bool(review.get("status", {}).get("allowed"))


def by_loss(rights: Iterable[Right]) -> Iterator[list[Right]]:
    """Rights with the same loss together, in their order."""
    for _, same in groupby(rights, lambda right: (right.loss, bool(right.namespace))):
        yield list(same)


def in_words(rights: Sequence[Right]) -> str:
    """What they are, as in `list and watch events, pods in shop, web; watch jobs in shop`."""
    verbs: dict[tuple[str, str], list[str]] = {}
    for right in rights:
        verbs.setdefault((right.place, right.about), []).append(right.verb)
    objects: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for (place, about), each in verbs.items():
        objects.setdefault((place, tuple(each)), []).append(about)
    places: dict[tuple[tuple[str, ...], tuple[str, ...]], list[str]] = {}
    for (place, each_verbs), names in objects.items():
        places.setdefault((each_verbs, tuple(names)), []).append(place)
    return "; ".join(
        f"{' and '.join(what)} {', '.join(names)}{f' in {where}' if where else ''}"
        for (what, names), found in places.items()
        for where in [", ".join(filter(None, found))]
    )


def advice_without(rights: Sequence[Right]) -> str:
    """What is lost without rights that have one loss, and where to allow them."""
    first = rights[0]
    kinds = ", ".join(dict.fromkeys(f"{right.resource.kind}s" for right in rights))
    loss = f"{kinds} {first.loss}" if first.loss is _BY_NAME else first.loss
    role = "Role" if first.namespace else "ClusterRole"
    return f"without it, {loss}; allow it in the {role}"
