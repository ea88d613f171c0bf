"""Law 5: the changes of roots and of the workloads that custom resources own, and their stories."""

from collections.abc import Mapping
from typing import Any

from event_tracer.core.chain import Chain, KubeObject
from event_tracer.core.histories import Histories, Story
from event_tracer.core.lineage import Lineage
from event_tracer.core.objects import parse_object
from tests.scenarios.fields import SECOND, SPEC, entry, stamp
from tests.scenarios.folding import attributes, events, raw_frames, roots, service, tell

T = 1_795_473_171
MINUTE = 60


class Known:
    """Objects whose metadata was read, and their histories."""

    def __init__(self) -> None:
        self.lineage = Lineage()
        self.histories = Histories()

    def read(
        self, kind: str, *, generation: int = 1, created: int = 0, written: int = 0,
        owner: KubeObject | None = None, manager: str = "kubectl",
    ) -> KubeObject:  # fmt: skip
        """A frame of the one object of `kind`; `created` and `written` are seconds from T."""
        meta: dict[str, Any] = {
            "name": "web", "namespace": "shop", "uid": uid(kind), "generation": generation,
            "creationTimestamp": stamp((T + created) * SECOND),
            "managedFields": [entry(manager, (T + written) * SECOND, SPEC)],
        }  # fmt: skip
        if owner:
            reference = {"kind": owner.kind, "name": owner.name, "uid": owner.uid}
            meta["ownerReferences"] = [{"apiVersion": "v1", "controller": True, **reference}]
        read = parse_object({"metadata": meta}, resource="", kind=kind)
        item = self.lineage.observe(read, deleted=False)
        self.histories.observe(item, read, deleted=False, now=0)
        return item

    def story(self, item: KubeObject, at: int, *, generation: int | None = None) -> Story:
        """The story of an occurrence about `item`, `at` seconds from T."""
        return self.histories.story(
            self.chain(item), second=T + at, first_second=T + at, final_before=0,
            generation=generation,
        )  # fmt: skip

    def chain(self, item: KubeObject) -> Chain:
        """The object and its owners."""
        return self.lineage.chain(item, second=T)


def uid(kind: str) -> str:
    """A UUID for the one object of `kind`."""
    return f"00000000-0000-4000-8000-{sum(map(ord, kind)):012d}"


def rolled_out(*seconds: int) -> tuple[Known, KubeObject]:
    """A Deployment that was created at T and changed in these seconds."""
    known = Known()
    item = known.read("Deployment")
    for generation, second in enumerate(seconds, start=2):
        known.read("Deployment", generation=generation, written=second)
    return known, item


def test_the_next_change_ends_a_story() -> None:
    """The first of a later second; the newest story has none."""
    known, item = rolled_out(100, 200)
    first, last = known.story(item, 5), known.story(item, 205)
    change = known.histories.next_change(first)

    assert change is not None
    assert (change.second, change.generation) == (T + 100, 2)
    assert known.histories.next_change(last) is None


def test_the_story_before_the_nth_hour_is_the_one_before() -> None:
    """And before the first that of the change before."""
    known, item = rolled_out(100)
    hours = [known.story(item, second) for second in (5, 105, 105 + 3600, 105 + 2 * 3600)]
    before = [known.histories.previous(story) for story in hours]

    assert before == [None, *(story.key for story in hours[:-1])]


def test_an_occurrence_of_a_generation_belongs_to_its_change() -> None:
    """A rollout that is complete in the second of the next change is not the next one's."""
    known, item = rolled_out(100, 200)
    second, third = known.story(item, 150), known.story(item, 200)

    assert known.story(item, 200, generation=2) == second
    assert known.story(item, 200, generation=3) == third
    assert known.story(item, 200, generation=4) == third


# -- the workloads of custom resources


def operated(*, created: int = 2) -> tuple[Known, KubeObject, KubeObject]:
    """A custom resource of T and the StatefulSet that its operator made of it."""
    known = Known()
    root = known.read("Prometheus")
    owned = known.read("StatefulSet", created=created, written=created, owner=root, manager="op")
    return known, root, owned


def change_of(story: Story) -> tuple[int, str, str]:
    """The second, verb and manager of a story's change."""
    return story.change.second - T, story.change.verb, story.change.manager


def test_what_an_operator_makes_of_a_change_belongs_to_it() -> None:
    """The workload's creation, and what is written into it within ten minutes."""
    known, root, owned = operated()
    pod = known.read("Pod", owner=owned)
    known.read("StatefulSet", generation=2, created=2, written=9 * MINUTE, owner=root, manager="op")

    for item in (root, owned, pod):
        assert change_of(known.story(item, 10 * MINUTE)) == (0, "Create", "kubectl")


def test_an_operator_changes_its_workload_by_itself() -> None:
    """Later than that it is a change of the story, by the manager that wrote it."""
    known, root, owned = operated()
    pod = known.read("Pod", owner=owned)
    late = 20 * MINUTE
    known.read("StatefulSet", generation=2, created=2, written=late, owner=root, manager="op")
    first, second = known.story(pod, 5), known.story(pod, late + 5)

    assert change_of(first) == (0, "Create", "kubectl")
    assert change_of(second) == (late, "Update", "op")
    assert known.histories.next_change(first) == second.change
    assert known.histories.previous(second) == first.key
    assert known.story(root, late + 5) == known.story(owned, late + 5) == second


def test_one_more_workload_is_an_update_of_its_owner() -> None:
    """A new revision, or a StatefulSet made anew: the resource itself was there before."""
    known, root, _ = operated(created=20 * MINUTE)

    assert change_of(known.story(root, 21 * MINUTE)) == (20 * MINUTE, "Update", "op")


def test_a_resource_that_was_never_read_is_changed_by_its_operator() -> None:
    """An Event about it dates nothing where its workload's changes are known."""
    known, root = Known(), object_without_frames()
    owned = known.read("StatefulSet", owner=root, manager="op")
    early = known.story(root, 5)
    known.read("StatefulSet", generation=2, written=MINUTE, owner=root, manager="op")

    assert change_of(early) == (0, "Create", "op")
    assert change_of(known.story(owned, MINUTE + 5)) == (MINUTE, "Update", "op")


def object_without_frames() -> KubeObject:
    """A custom resource that only an ownerReference names."""
    return KubeObject(
        identity=uid("Prometheus"), uid=uid("Prometheus"), kind="Prometheus", api_version="v1",
        namespace="shop", name="web",
    )  # fmt: skip


def test_a_restart_knows_whose_workload_it_is() -> None:
    """The checkpoint's histories say it."""
    known, root, _ = operated()
    late = 20 * MINUTE
    known.read("StatefulSet", generation=2, created=2, written=late, owner=root, manager="op")
    whole = known.story(root, late + 5)
    known.histories = Histories(known.histories.saved(now=T * SECOND))

    assert known.story(root, late + 5) == whole


def test_an_operators_updates_are_stories() -> None:
    """Two of a StatefulSet's, twenty minutes apart; the Prometheus itself was never read."""
    spans = tell(raw_frames("cases/40-operator-owned-two-rollouts"))
    changes = [(root.name, service(root), about(root)["time"]) for root in roots(spans)]

    assert changes == [
        ("Update Prometheus k8s", "PrometheusOperator", "2025-03-04T10:00:00Z"),
        ("Update Prometheus k8s", "PrometheusOperator", "2025-03-04T10:20:00Z"),
    ]
    told = [span.trace_id for span in events(spans)]
    assert [told.count(root.trace_id) for root in roots(spans)] == [7, 7]


def about(root: Any) -> Mapping[str, Any]:
    """What its root says of a story's change."""
    prefix = "event_tracer.change."
    pairs = attributes(root).items()
    return {key.removeprefix(prefix): value for key, value in pairs if key.startswith(prefix)}
