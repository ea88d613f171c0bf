"""Span names are a bounded set."""

import random
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from event_tracer.core.times import rfc3339
from tests.core.test_names import digest, safe, uid
from tests.scenarios.cluster import Cluster
from tests.scenarios.event import T, event
from tests.scenarios.fields import SECOND
from tests.scenarios.folding import listing, service, tell


def test_operation_names_stay_bounded() -> None:
    """A thousand rollouts of one Deployment add no span name after the first update."""
    cluster = Cluster()
    cluster.apply("web")
    cluster.wait(60 * SECOND)
    cluster.update("web")
    first = {span.name for span in tell(cluster.frames)}
    for _ in range(1000):
        cluster.wait(60 * SECOND)
        cluster.update("web")

    spans = tell(cluster.frames)
    assert {span.name for span in spans} == first
    assert len({span.trace_id for span in spans}) == 1002


Told = tuple[str, str, str, str]  # the object, reason, message, component
MADE: dict[str, Callable[[random.Random, int], list[Told]]] = {
    "rollouts": lambda dice, n: [
        ("Rollout api", "NewReplicaSetCreated", f"Created ReplicaSet api-{(rs := digest(dice))} (revision {n})", "rollouts-controller"),
        (f"ReplicaSet api-{rs}", "SuccessfulCreate", f"Created pod: api-{rs}-{(end := safe(dice, 5))}", "replicaset-controller"),
        (f"Pod api-{rs}-{end}", "Started", "Started container api", "kubelet"),
        ("Rollout api", "AnalysisRunRunning", f"Step Analysis Run 'api-{rs}-{n}-1' Status New: 'Running' Previous: ''", "rollouts-controller"),
        (f"AnalysisRun api-{rs}-{n}-1", "AnalysisRunSuccessful", "Analysis Completed. Result: Successful", "rollouts-controller"),
    ],
    "revisions": lambda dice, n: [
        ("Configuration hello", "Created", f'Created Revision "hello-{n:05d}"', "configuration-controller"),
        (f"Revision hello-{n:05d}", "RevisionReady", "Revision becomes ready", "revision-controller"),
        (f"Deployment hello-{n:05d}-deployment", "ScalingReplicaSet", f"Scaled up replica set hello-{n:05d}-deployment-{(rs := digest(dice))} from 0 to 1", "deployment-controller"),
        (f"ReplicaSet hello-{n:05d}-deployment-{rs}", "SuccessfulCreate", f"Created pod: hello-{n:05d}-deployment-{rs}-{(end := safe(dice, 5))}", "replicaset-controller"),
        (f"Pod hello-{n:05d}-deployment-{rs}-{end}", "Started", "Started container a", "kubelet"),
    ],
    "runs": lambda dice, n: [
        (f"SparkApplication etl-{1_700_000_000_000 + n}", "SparkDriverRunning", f"Driver etl-{1_700_000_000_000 + n}-driver is running", "spark-application-controller"),
        (f"Pod etl-{1_700_000_000_000 + n}-driver", "Started", "Started container spark", "kubelet"),
        ("CronJob tick", "SuccessfulCreate", f"Created job tick-{29_000_000 + n}", "cronjob-controller"),
        (f"Job tick-{29_000_000 + n}", "SuccessfulCreate", f"Created pod: tick-{29_000_000 + n}-{(end := safe(dice, 5))}", "job-controller"),
        (f"Pod tick-{29_000_000 + n}-{end}", "Started", "Started container tick", "kubelet"),
        ("Certificate tls", "Requested", f'Created new CertificateRequest resource "tls-{n}"', "cert-manager-certificates-request-manager"),
        (f"CertificateRequest tls-{n}", "OrderCreated", f"Created Order resource shop/tls-{n}-{(order := dice.getrandbits(32))}", "cert-manager-certificaterequests-issuer-acme"),
        (f"Order tls-{n}-{order}", "Complete", "Order completed successfully", "cert-manager-orders"),
    ],
    "versions": lambda dice, n: [
        ("DeploymentConfig agenda", "DeploymentCreated", f'Created new replication controller "agenda-{n}" for version {n}', "deploymentconfig-controller"),
        (f"ReplicationController agenda-{n}", "SuccessfulCreate", f"Created pod: agenda-{n}-{(end := safe(dice, 5))}", "replication-controller"),
        (f"Pod agenda-{n}-{end}", "Started", "Started container a", "kubelet"),
        (f"Pod agenda-{n}-deploy", "Started", "Started container deployment", "kubelet"),
        (f"Build agenda-{n}", "BuildStarted", f"Build shop/agenda-{n} is now running", "build-controller"),
        (f"Pod agenda-{n}-build", "Started", "Started container sti-build", "kubelet"),
    ],
    "claims and nodes": lambda dice, n: [
        ("StatefulSet db", "SuccessfulCreate", f"create Claim data-db-{n} Pod db-{n} in StatefulSet db success", "statefulset-controller"),
        (f"PersistentVolumeClaim data-db-{n}", "Provisioning", "External provisioner is provisioning", f"ebs.csi.aws.com_ebs-csi-controller-{digest(dice)}-{safe(dice, 5)}_{uid(dice)}"),
        (f"PersistentVolumeClaim runner-{digest(dice)}-{safe(dice, 5)}-scratch", "ProvisioningSucceeded", "Successfully provisioned volume", f"rancher.io/local-path_local-path-provisioner-0_{uid(dice)}"),
        (f"Node i-{dice.getrandbits(68):017x}", "NodeReady", "Node status is now: NodeReady", "kubelet"),
        (f"NodeClaim gpu-{safe(dice, 5)}", "Launched", "Status condition transitioned", "karpenter"),
    ],
}  # fmt: skip


@pytest.mark.parametrize("made", MADE.values(), ids=MADE)
def test_a_thousand_of_any_kind_add_no_operation_and_no_service(
    made: Callable[[random.Random, int], list[Told]],
) -> None:
    """Rollouts, revisions, runs, versions, claims and Nodes, named as their generators name them."""
    dice = random.Random(7)
    told = [(number, each) for number in range(2, 1002) for each in made(dice, number)]
    raws = [_event(at, minute, *each) for at, (minute, each) in enumerate(told)]
    few = len(made(dice, 1))
    spans = tell([listing({"resource": "events", "object": raw} for raw in raws[: 2 * few])])
    first = {(span.name, service(span)) for span in spans}
    spans = tell([listing({"resource": "events", "object": raw} for raw in raws)])

    assert {(span.name, service(span)) for span in spans} == first
    assert len(spans) > 1000 * few


def _event(
    at: int, minute: int, about: str, reason: str, message: str, component: str
) -> dict[str, Any]:
    kind, name = about.split(" ")
    stamp = rfc3339(T + minute * 60 * SECOND)
    return event(
        reason=reason, message=message, firstTimestamp=stamp, lastTimestamp=stamp,
        metadata={"name": f"e.{at}", "uid": str(UUID(int=at + 1))},
        involvedObject={"kind": kind, "name": name, "namespace": "shop" if kind != "Node" else ""},
        source={"component": component},
    )  # fmt: skip
