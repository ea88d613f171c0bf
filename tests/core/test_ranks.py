"""Law 3: what one whole second holds stands in the order of an object's life."""

import json
from typing import Any

import pytest

from event_tracer.core.tables import (
    POD_LEAVING,
    RANK,
    UNKNOWN_BEGIN_RANK,
    UNKNOWN_END_RANK,
    UNKNOWN_RANK,
    UNKNOWN_WARNING_RANK,
)
from event_tracer.core.times import MICROSECOND, SECOND, end_of_second, second_of, start_of_second
from tests.scenarios.event import UID, T, event
from tests.scenarios.folding import RECORDINGS, attributes, events, listing, raw_frames, tell

UNKNOWN = (UNKNOWN_BEGIN_RANK, UNKNOWN_RANK, UNKNOWN_END_RANK, UNKNOWN_WARNING_RANK)
PULL = "Failed to pull image"
BACK_OFF = "Back-off pulling image"
AGAIN = "Error: ImagePullBackOff"
RESTART = "Back-off restarting failed container web in pod web-0"


def names(*said: tuple[str, str, str]) -> list[str]:
    """The names of the spans of Events (type, reason, message) of one whole second, in order."""
    frames = [
        {"type": "ADDED", "resource": "events", "object": about(number, *each)}
        for number, each in enumerate(reversed(said))
    ]
    return [span.name for span in events(tell(frames))]


def about(number: int, type_: str, reason: str, message: str) -> dict[str, Any]:
    """An Event without any time but a whole second."""
    meta = {"uid": f"{UID[:-1]}{number}", "name": f"web-0.{reason}"}
    return event(reason=reason, message=message, type=type_, metadata=meta)


def normal(*reasons: str) -> list[tuple[str, str, str]]:
    """Events that say no more than their reason."""
    return [("Normal", reason, "") for reason in reasons]


def test_a_pods_life_is_in_order() -> None:
    """metav1.Time puts a pod start into one second."""
    life = normal("Scheduled", "Pulling", "Pulled", "Created", "Started", "Killing")

    assert names(*life) == ["Scheduled", "Pulling", "Pulled", "Created", "Started", "Killing"]


def test_other_schedulers_and_networks_have_their_place() -> None:
    """YuniKorn and, on OpenShift, Multus tell of each pod, too."""
    life = normal("Scheduling", "Scheduled", "PodBindSuccessful", "AddedInterface", "Pulling")

    assert names(*reversed(life)) == [reason for _, reason, _ in life]


@pytest.mark.parametrize("evicts", ["EvictedByVPA", "Disrupted", "ScaleDown", "LowNodeUtilization"])
def test_who_evicts_a_pod_does_so_before_it_is_stopped(evicts: str) -> None:
    """VPA, Karpenter, cluster-autoscaler, descheduler: it goes, as one that the kubelet evicts."""
    assert names(*normal("Killing", evicts)) == [evicts, "Killing"]
    assert evicts in POD_LEAVING


@pytest.mark.parametrize(
    ("before", "warnings"),
    [
        ("Started", {"BackOff restart": RESTART}),
        ("Started", {"Failed": 'Error: configmap "nowhere" not found'}),
        ("Started", {"Failed CreateContainerError": "Error: CreateContainerError"}),
        ("Started", {"Failed RunContainerError": "Error: RunContainerError"}),
        ("Started", {"FailedPostStartHook": "PostStartHook failed"}),
        ("Started", {"Unhealthy readiness": "Readiness probe failed: no"}),
        ("Pulling", {"Failed ErrImagePull": PULL, "BackOff image": BACK_OFF}),
        ("Pulling", {"BackOff image": BACK_OFF, "Failed ImagePullBackOff": AGAIN}),
        ("SuccessfulCreate", {"FailedCreate": "Error creating: quota"}),
        ("Provisioning", {"ProvisioningFailed": "no"}),
        ("Unheard", {"Unheard of": ""}),
    ],
)  # fmt: skip
def test_a_warning_stands_after_what_it_is_about(before: str, warnings: dict[str, str]) -> None:
    """A back-off and a failed start after Started, a failed pull after Pulling."""
    said = [("Warning", name.split(" ")[0], message) for name, message in warnings.items()]
    told = names(*normal(before), *said)

    assert told == [before, *(name.replace("Unheard of", "Unheard") for name in warnings)]


def test_a_pull_that_fails_is_before_the_other_containers_start() -> None:
    """Of one word of the message: a failed pull stands before Created, a failed start after."""
    pull, start = ("Warning", "Failed", PULL), ("Warning", "Failed", "Error: no such file")

    assert names(pull, *normal("Created"), start) == ["Failed ErrImagePull", "Created", "Failed"]


def test_what_the_table_does_not_know_stands_last() -> None:
    """Its Warnings after the others."""
    odd = [("Warning", "ReconcileFailed", ""), ("Normal", "Reconciling", "")]

    assert names(*odd, *normal("Killing")) == ["Killing", "Reconciling", "ReconcileFailed"]


def test_what_is_called_a_beginning_or_an_end_is_one() -> None:
    """Of reasons that the table does not know: their own words tell; a Warning is last."""
    told = names(
        ("Warning", "BackupFailed", ""), *normal("BackupFinished", "BackupRunning", "BackupStarted")
    )
    assert told == ["BackupStarted", "BackupRunning", "BackupFinished", "BackupFailed"]


def test_an_event_called_as_a_transition_is_none() -> None:
    """Its second is its own, not a status' begin or end."""
    said = [*normal("Reconciling", "Ready"), ("Warning", "NotReady", "no heartbeat")]

    assert names(*reversed(said)) == ["Reconciling", "Ready", "NotReady"]


def test_a_rank_stays_within_its_second() -> None:
    """Ends of a second stand in their order behind all that its Events say."""
    ends = ["Terminated", "Ready", "RolloutComplete", "ProgressDeadlineExceeded"]
    begins = ["DisruptionTarget", "NotReady"]
    others = {*RANK} - {*ends, *begins}
    second = second_of(T)
    times = [
        *(start_of_second(second, rank=RANK[name]) for name in begins),
        *(T + rank * MICROSECOND for rank in sorted({RANK[name] for name in others})),
        *(T + rank * MICROSECOND for rank in UNKNOWN),
        *(end_of_second(second, rank=RANK[name]) for name in ends),
    ]

    assert times == sorted(set(times))
    assert times[0] > T
    assert times[-1] < T + SECOND


def test_a_crash_loop_of_one_second_ends_with_its_back_off() -> None:
    """As kubectl lists it, all of it repeated and of one second."""
    items = json.loads((RECORDINGS / "cases/37a-crashloop-backoff-same-second.json").read_bytes())
    spans = tell([listing({"resource": "events", "object": item} for item in items["items"])])

    assert [span.name for span in events(spans)] == [
        "Pulled",
        "Created",
        "Started",
        "BackOff restart",
    ]


def test_a_provisioning_fails_after_it_was_tried() -> None:
    """Each time, four attempts."""
    spans = tell(raw_frames("cases/41b-pvc-provision-same-second"))
    told = [(span.name, attributes(span)["k8s.event.count"]) for span in events(spans)]
    attempts = [told[at : at + 2] for at in range(0, len(told), 2)]

    assert attempts == [
        [("Provisioning", count), ("ProvisioningFailed", count)] for count in (1, 2, 3, 4)
    ]
