"""Law 6: what waits for its turn has not failed."""

import pytest

from tests.scenarios.folding import attributes, listing, roots, tell
from tests.scenarios.operators import Case

LATER = "2025-03-04T10:05:00Z"
KUEUE = Case(
    {"Workload": "kueue.x-k8s.io/v1beta1"},
    {},
    [
        ("Workload w-3fa85", "Pending", "couldn't assign flavors", "kueue-admission"),
        ("Workload w-3fa85", "QuotaReserved", "Quota reserved in cq", "kueue-admission"),
    ],
)  # fmt: skip
VOLCANO = Case(
    {"PodGroup": "scheduling.volcano.sh/v1beta1"},
    {},
    [
        ("PodGroup mpi-0899", "Unschedulable", "2/2 tasks in gang unschedulable", "volcano"),
        ("PodGroup mpi-0899", "Scheduled", "pod group is ready", "volcano"),
    ],
)  # fmt: skip


@pytest.mark.parametrize("case", [KUEUE, VOLCANO])
@pytest.mark.parametrize("is_over", [True, False])
def test_a_queue_is_no_failure_once_its_turn_came(case: Case, is_over: bool) -> None:
    """Also after more than two minutes; as long as it waits, its title says for what."""
    waits, turn = case.events()
    waits["type"] = "Warning"
    turn["firstTimestamp"] = turn["lastTimestamp"] = LATER
    said = [waits, turn] if is_over else [waits]
    (root,) = roots(tell([listing({"resource": "events", "object": each} for each in said)]))

    assert attributes(root)["event_tracer.outcome"] == ("started" if is_over else "failed")
    if not is_over:
        cause = attributes(root)["event_tracer.cause.message"]
        assert str(cause).startswith("cannot be scheduled: ")
