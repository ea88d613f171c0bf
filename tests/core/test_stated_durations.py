"""Law 4: what a message says that it took, and what is absurd."""

import pytest

from event_tracer.core.span import Span
from event_tracer.core.times import SECOND, rfc3339
from tests.scenarios.event import UID, T, event
from tests.scenarios.folding import events, listing, tell
from tests.scenarios.operators import Case

DAY = 24 * 3600 * SECOND


def told(reason: str, message: str, *, age: int | None = None, kind: str = "Thing") -> Span:
    """The span of an Event about an object that is so old (ns), where that is known."""
    about = {"kind": kind, "name": "x", "uid": UID, "namespace": "shop"}
    raw = event(reason=reason, message=message, involvedObject=about)
    frames = [{"resource": "events", "object": raw}]
    if age is not None:
        meta = {"name": "x", "namespace": "shop", "uid": UID, "creationTimestamp": rfc3339(T - age)}
        frames.append({"object": {"kind": kind, "apiVersion": "example.org/v1", "metadata": meta}})
    (span,) = events(tell([listing(frames)]))
    return span


@pytest.mark.parametrize(
    ("message", "seconds"),
    [
        ("Reconciliation finished in 9.04s, next run in 5m0s", 9.04),
        ("Reconciliation finished in 1m2.5s, next run in 10m0s", 62.5),
        ("Reconciliation failed after 1.5s, next try in 2m0s", 1.5),
        ("Health check passed in 538ms", 0.538),
        ("health check failed after 30.021s: timeout waiting for: [Deployment/shop/web]", 30.021),
        ("Quota reserved in ClusterQueue cq, wait time since queued was 42s", 42),
        ("Admitted by ClusterQueue cq, wait time since reservation was 7s", 7),
        ("Admitted by ClusterQueue cq, wait time was 3s", 3),
        ("Image nginx:1.9, ecalpsedTime 2.3s", 2.3),
        ('TaskRun "build" failed to finish within "1m0s"', 60),
        ("Nodes added to group ng failed to register within 15m2.5s", 902.5),
        ("Machine x is unhealthy: Node failed to report startup in 10m0s", 600),
        ("Timed out waiting for condition: timed out after 5m0s", 300),
        ("timed out waiting for rollout of web after 5m0s", 300),
        ("Snapshot took 3.2s", 3.2),
        ("Snapshot took 12 seconds", 12),
        ("Node did not become ready after 5 minutes", 300),
        ("waited 42s for the lock", 42),
        ("Backup completed successfully in 1m2.5s", 62.5),
        ("Successfully restored volume data-db-0 in 3m2s", 182),
    ],
)
def test_a_message_says_how_long_it_took(message: str, seconds: float) -> None:
    """Of any reason: Flux has another one in each of its versions."""
    span = told("Whatever", message)

    assert (span.end - span.start) / SECOND == pytest.approx(seconds)


@pytest.mark.parametrize(
    "message",
    [
        "Quota reserved in ClusterQueue cq, wait time since queued was 9223372037s",
        "Admitted by ClusterQueue cq, wait time since reservation was 0s",
        "Reconciliation in progress, next run in 5m0s",
        "Rollout failed after 3 retries",
        "finished in no time",
        "waited 9223372037s",
        "took longer than 5s",
        "Sync failed, next try after 30 seconds",
        "Node will be drained in 5m0s",
        "Pod is to be deleted in 30s",
        "Machine will be ready in 10m0s",
        "Failed to sync, retrying in 30s",
        "failed to sync, will retry after 30s",
        "failed to sync and will retry in 30s",
        "Created pod web-1, which expires in 24h0m0s",
        "Successfully renewed, next renewal in 12h0m0s",
        "Back-off 5m0s restarting failed container web",
        "requeued after 1m0s",
        "finished in 1.2.3s",
        f"Reconciliation finished in {25}h0m0s",
    ],
)
def test_what_is_absurd_or_states_none_is_an_instant(message: str) -> None:
    """Kueue waits for 292 years where nobody knows since when."""
    span = told("Whatever", message)

    assert span.end - span.start == 1000


@pytest.mark.parametrize(("age", "is_told"), [(10, True), (60, True), (5, False)])
def test_nothing_takes_longer_than_its_object_is_old(age: int, is_told: bool) -> None:
    """Where its creation is known."""
    span = told("Whatever", "Health check passed in 9s", age=age * SECOND)

    assert (span.end - span.start > SECOND) is is_told


@pytest.mark.parametrize(
    ("begun", "ended"),
    [
        ("OperationStarted", "OperationCompleted"),  # Argo CD util/argo/audit_logger.go
        ("CreateStarted", "CreateFailed"),  # Altinity's clickhouse-operator
        ("Data-Path-Started", "Data-Path-Completed"),  # Velero pkg/datapath
        ("Starting", "Completed"),  # CloudNativePG's Backup
        ("Started", "Failed"),  # Tekton's TaskRun
        ("CreatingSnapshot", "SnapshotReady"),  # snapshot-controller
        ("UploadScheduled", "UploadSucceeded"),  # CDI
        ("LoadBalancerNegNotReady", "LoadBalancerNegReady"),  # ingress-gce pkg/neg/readiness
    ],
)
def test_an_end_began_at_its_own_beginning(begun: str, ended: str) -> None:
    """By the table, or by what both are called; a whole second is over before it begins."""
    about, others = "Thing x", [("Thing y", begun, "", "a")] * 2
    said: list[tuple[str, ...]] = [(about, begun, "", "a"), *others, (about, ended, "", "a")]
    raws = Case({"Thing": "example.org/v1"}, {}, said).events()
    spans = events(tell([listing({"resource": "events", "object": raw} for raw in raws)]))
    lengths = {span.name: (span.end - span.start) / SECOND for span in spans}

    assert lengths[ended] == pytest.approx(2, abs=0.01)
    assert lengths[begun] < 0.01


def test_a_certificate_is_issued_since_it_was_to_be() -> None:
    """cert-manager certificates/issuing: an end with the reason of the beginning."""
    about = "Certificate tls"
    said: list[tuple[str, ...]] = [
        (about, "Issuing", "Issuing certificate as Secret does not exist", "a"),
        *[("Secret x", "Read", f"{n}", "a") for n in range(8)],
        (about, "Issuing", "The certificate has been successfully issued", "b"),
    ]
    raws = Case({"Certificate": "cert-manager.io/v1", "Secret": "v1"}, {}, said).events()
    spans = events(tell([listing({"resource": "events", "object": raw} for raw in raws)]))
    lengths = {span.name: (span.end - span.start) / SECOND for span in spans}

    assert lengths["Issuing issued"] == pytest.approx(8, abs=0.01)
    assert lengths["Issuing"] < 0.01


def test_what_a_kubelet_failed_at_is_an_instant() -> None:
    """Of a pod `Failed` is an image's or a start's, whatever has started."""
    said: list[tuple[str, ...]] = [
        ("Pod x", "Started", "Started container a", "kubelet"),
        ("Pod x", "Failed", "Error: no such file", "kubelet"),
    ]
    raws = Case({"Pod": "v1"}, {}, said).events()
    spans = events(tell([listing({"resource": "events", "object": raw} for raw in raws)]))

    assert [span.end - span.start for span in spans if span.name == "Failed"] == [1000]
