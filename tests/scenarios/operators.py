"""Operators on paper: what they say of their objects, and what owns these."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import NAMESPACE_DNS, uuid5

from event_tracer.core.span import Span
from tests.scenarios.cases import tree_of
from tests.scenarios.folding import listing, roots, tell

SECOND = "2025-03-04T10:00:{:02d}Z"


def _uid(text: str) -> str:
    return str(uuid5(NAMESPACE_DNS, text))


class Case:
    """What happens under one root; `above` is by object the one that owns it."""

    def __init__(
        self, kinds: Mapping[str, str], above: Mapping[str, str], said: Sequence[tuple[str, ...]]
    ) -> None:
        self.kinds, self.above, self.said = dict(kinds), dict(above), said

    def events(self) -> list[dict[str, Any]]:
        """Its Events, a second apart."""
        return [self._event(at, *each) for at, each in enumerate(self.said)]

    def objects(self) -> list[dict[str, Any]]:
        """Its objects, with owners."""
        return [self._object(each) for each in self.above]

    def _reference(self, about: str) -> dict[str, str]:
        kind, name = about.split(" ")
        return {"apiVersion": self.kinds[kind], "kind": kind, "name": name, "uid": _uid(about)}

    def _event(
        self, at: int, about: str, reason: str, message: str, component: str, type_: str = "Normal"
    ) -> dict[str, Any]:
        time, name = SECOND.format(at), f"event.{at}"
        return {
            "apiVersion": "v1", "kind": "Event", "reason": reason, "message": message,
            "type": type_, "count": 1, "firstTimestamp": time, "lastTimestamp": time,
            "metadata": {"name": name, "namespace": "shop", "uid": _uid(name)},
            "involvedObject": {**self._reference(about), "namespace": "shop"},
            "source": {"component": component},
        }  # fmt: skip

    def _object(self, about: str) -> dict[str, Any]:
        reference = self._reference(about)
        above = self.above[about]
        is_labelled = about.startswith("StrimziPodSet ")
        owner = [{**self._reference(above), "controller": not is_labelled}] if above else []
        kind, _, name = above.partition(" ")
        labels = {"strimzi.io/kind": kind, "strimzi.io/cluster": name} if is_labelled else {}
        meta = {
            "name": reference["name"], "namespace": "shop", "uid": reference["uid"],
            "creationTimestamp": SECOND.format(0), "ownerReferences": owner, "labels": labels,
        }  # fmt: skip
        return {"apiVersion": reference["apiVersion"], "kind": reference["kind"], "metadata": meta}


POD = {"Pod": "v1", "ReplicaSet": "apps/v1", "Deployment": "apps/v1", "Job": "batch/v1"}


def pod(name: str) -> tuple[str, ...]:
    """A pod has started."""
    return (f"Pod {name}", "Started", "Started container a", "kubelet")


def told(case: Case) -> tuple[list[Span], list[Span]]:
    """What is told of Events alone, and of Events and objects."""
    frames = [{"resource": "events", "object": each} for each in case.events()]
    objects = [{"object": each} for each in case.objects()]
    return tell([listing(frames)]), tell([listing([*frames, *objects])])


def assert_one_tree(case: Case) -> None:
    """Events alone and with objects tell one story, each object below the one that owns it."""
    alone, whole = told(case)

    assert len(roots(alone)) == len(roots(whole)) == 1
    assert tree_of(alone) == tree_of(whole) == case.above
