"""Law 5: changes that only the status tells, or that no write dates."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from event_tracer.core.history import History
from event_tracer.core.objects import parse_object
from event_tracer.core.projection import project
from tests.scenarios.fields import (
    PAUSED,
    REPLICAS,
    RESTART,
    SECOND,
    SPEC,
    STATUS,
    TEMPLATE,
    entry,
    stamp,
)
from tests.scenarios.folding import attributes, events, raw_frames, roots, service, tell

Raw = dict[str, Any]
T = 1_795_473_171
MINUTE = 60
AUTOSCALER = "kube-controller-manager"


class Deployment:
    """A Deployment of T as frames tell it; seconds are from T."""

    def __init__(self, kind: str = "Deployment") -> None:
        self.kind = kind
        self.history = History()
        self.writes = [entry("kubectl", T * SECOND, SPEC)]
        self.generation = 1
        self.frame(0, is_complete=False)

    def frame(
        self, status: int, *, is_complete: bool = True, paused: bool = False,
        has_status: bool = True,
    ) -> None:  # fmt: skip
        """Its frame after a status write of this second."""
        ready, observed = 2 if is_complete else 1, self.generation
        written = entry("kube-controller-manager", at(status), STATUS, subresource="status")
        raw: Raw = {
            "metadata": {
                "name": "web", "namespace": "shop", "generation": self.generation,
                "resourceVersion": "7", "creationTimestamp": stamp(T * SECOND),
                "managedFields": [*self.writes, written],
            },
            "spec": {"replicas": 2, **({"paused": True} if paused else {})},
            "status": {
                "observedGeneration": observed, "replicas": 2, "updatedReplicas": 2,
                "readyReplicas": ready, "availableReplicas": ready,
            },
        }  # fmt: skip
        if not has_status:
            raw = {"metadata": raw["metadata"]}
        meta = parse_object(project(raw), resource="deployments", kind=self.kind)
        self.history = self.history.observe(meta, now=0)

    def write(self, *writes: Raw) -> None:
        """Its generation rises; these are its writes now."""
        self.generation += 1
        self.writes = [self.writes[0], *writes]

    @property
    def changes(self) -> list[tuple[int, str, str]]:
        """Second, verb and manager of each change."""
        return [(each.second - T, each.verb, each.manager) for each in self.history.dated]


def at(second: int) -> int:
    """Time (ns) of a second from T."""
    return (T + second) * SECOND


CREATED = (0, "Create", "kubectl")


# -- pause and resume


@pytest.mark.parametrize("has_status", [True, False])
@pytest.mark.parametrize("before", [{}, RESTART["f:spec"]], ids=["alone", "after a restart"])
def test_a_pause_is_written_and_a_resume_is_not(before: Raw, has_status: bool) -> None:
    """The entry loses f:paused or vanishes; the next status write dates it."""
    web = Deployment()
    paused = entry("kubectl-rollout", at(100), {"f:spec": {**before, "f:paused": {}}})
    web.write(paused)
    web.frame(100, paused=True, has_status=has_status)
    left = [entry("kubectl-rollout", at(100), {"f:spec": before})] if before else []
    web.write(*left)
    web.frame(100, has_status=has_status)
    web.frame(140, has_status=has_status)

    paused_and_resumed = [(100, "Pause", "kubectl-rollout"), (140, "Resume", "kubernetes")]
    assert web.changes == [CREATED, *paused_and_resumed]


def test_a_resume_is_no_scale() -> None:
    """An entry of `/scale` has no date either, and stays where it is."""
    web = Deployment()
    scaled = entry("kubectl", None, REPLICAS, subresource="scale")
    web.write(scaled)
    web.frame(0)
    web.frame(50)
    web.write(scaled, entry("kubectl-rollout", at(100), PAUSED))
    web.frame(100, paused=True)
    web.write(scaled)
    web.frame(100)
    web.frame(140)

    verbs = [verb for _, verb, _ in web.changes]
    assert verbs == ["Create", "Scale", "Pause", "Resume"]


def test_a_new_template_is_an_update_paused_or_not() -> None:
    """Also where the same write pauses or resumes."""
    web = Deployment()
    paused = entry("kubectl-rollout", at(100), PAUSED)
    web.write(paused)
    web.frame(100, paused=True)
    web.write(paused, entry("kubectl-set", at(110), TEMPLATE))
    web.frame(110, paused=True)
    web.write(entry("kubectl-edit", at(120), TEMPLATE))
    web.frame(120)

    assert [verb for _, verb, _ in web.changes] == ["Create", "Pause", "Update", "Update"]


def test_of_a_custom_kind_a_write_of_paused_is_an_update() -> None:
    """It may say false, which a Deployment's does not."""
    rollout = Deployment("Rollout")
    rollout.write(entry("kubectl-argo-rollouts", at(100), PAUSED))
    rollout.frame(100, has_status=False)

    assert rollout.changes == [CREATED, (100, "Update", "kubectl-argo-rollouts")]


def test_a_paused_rollout_goes_on_when_it_is_resumed() -> None:
    """Paused, changed and resumed: nothing happens under the first two."""
    spans = tell(raw_frames("status/paused"))
    told = [(root.name, service(root), changed(root)) for root in roots(spans)]

    assert told == [
        ("Create Deployment web", "kubectl-client-side-apply", "2026-11-26T07:09:12Z"),
        ("Resume Deployment web", "kubernetes", "2026-11-26T07:09:57Z"),
    ]


def test_without_status_stories_are_the_same() -> None:
    """A resume takes f:paused out of what was written: the same ids by metadata alone."""
    whole, bare = tell(raw_frames("status/paused")), tell(as_metadata("status/paused"))

    assert {span.span_id for span in events(bare)} <= {span.span_id for span in events(whole)}
    assert {span.trace_id for span in roots(bare)} == {span.trace_id for span in roots(whole)}


def changed(root: Any) -> str:
    """The time of a story's change."""
    return str(attributes(root)["event_tracer.change.time"])


def as_metadata(name: str) -> Iterator[Mapping[str, Any]]:
    """A recording without any object's spec and status."""
    for raw in raw_frames(name):
        if raw["resource"] == "events":
            yield raw
        else:
            yield {**raw, "object": {"metadata": raw["object"]["metadata"]}}


# -- the autoscaler


def scaled(*, is_complete: bool, was_complete: bool = False) -> Deployment:
    """A Deployment that was updated, and that the autoscaler scales eleven minutes later."""
    web = Deployment()
    updated = entry("kubectl", at(100), TEMPLATE, operation="Apply")
    web.write(updated)
    web.frame(100, is_complete=was_complete)
    web.frame(200, is_complete=is_complete)
    web.write(updated, entry(AUTOSCALER, None, REPLICAS, subresource="scale"))
    web.frame(200, is_complete=False)
    web.frame(100 + 11 * MINUTE, is_complete=False)
    return web


UPDATED = (100, "Update", "kubectl")
SCALED = (100 + 11 * MINUTE, "Scale", AUTOSCALER)


def test_an_autoscalers_scale_in_a_slow_rollout_belongs_to_it() -> None:
    """At minute 11 of one that takes 12: its status says that it is not complete."""
    assert scaled(is_complete=False).changes == [CREATED, UPDATED]


def test_after_a_rollout_an_autoscalers_scale_is_a_story() -> None:
    """Also where a pod has failed since: complete is said once for each generation."""
    assert scaled(is_complete=True).changes == [CREATED, UPDATED, SCALED]
    assert scaled(is_complete=False, was_complete=True).changes == [CREATED, UPDATED, SCALED]
