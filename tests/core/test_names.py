"""Law 13: names are closed sets, whatever each generator makes."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import md5
from uuid import UUID

import pytest

from event_tracer.core.chain import Chain, KubeObject
from event_tracer.core.names import bounded_component, object_name
from tests.scenarios.event import event
from tests.scenarios.folding import listing, roots, tell

# apimachinery util/rand: SafeEncodeString
SAFE = "bcdfghjklmnpqrstvwxz2456789"
MANY = 1000
Dice = random.Random
Maker = Callable[[Dice], str]


def safe(dice: Dice, length: int) -> str:
    """Characters as generateName, and a ReplicaSet's hash, have them."""
    return "".join(dice.choice(SAFE) for _ in range(length))


def digest(dice: Dice) -> str:
    """A pod template's hash: SafeEncodeString of the decimal FNV-32 (ComputeHash)."""
    return "".join(SAFE[ord(each) % len(SAFE)] for each in str(dice.getrandbits(32)))


def uid(dice: Dice) -> str:
    """A uuid of version 4."""
    return str(UUID(int=dice.getrandbits(128), version=4))


def hexes(dice: Dice, length: int) -> str:
    """A hash, cut."""
    return f"{dice.getrandbits(4 * length):0{length}x}"


def thing(kind: str, name: str, *, base: str = "", known: bool = False) -> KubeObject:
    """An object of a chain."""
    return KubeObject(
        identity=f"{kind}/{name}", uid="", kind=kind, api_version="", namespace="shop", name=name,
        generate_name=base, known=known,
    )  # fmt: skip


@dataclass
class Generator:
    """A kind, what makes its name, and the objects above it, of which each is made, too."""

    kind: str
    make: Maker
    above: tuple[KubeObject, ...] = ()


WEB = (thing("Deployment", "web"),)
GENERATORS = {
    "a ReplicaSet": Generator("ReplicaSet", lambda dice: f"web-{digest(dice)}", WEB),
    "a ReplicaSet alone": Generator("ReplicaSet", lambda dice: f"web-{digest(dice)}"),
    "a pod": Generator("Pod", lambda dice: f"web-5d88b5bc8f-{safe(dice, 5)}", (thing("ReplicaSet", "web-5d88b5bc8f"), *WEB)),
    "a pod alone": Generator("Pod", lambda dice: f"web-{digest(dice)}-{safe(dice, 5)}"),
    "a pod with a number alone": Generator("Pod", lambda dice: f"db-{dice.randrange(1000)}"),
    "a StatefulSet's pod": Generator("Pod", lambda dice: f"db-{dice.randrange(1000)}", (thing("StatefulSet", "db"),)),
    "a Job": Generator("Job", lambda dice: f"tick-{29_000_000 + dice.randrange(10**6)}", (thing("CronJob", "tick"),)),
    "a Job alone": Generator("Job", lambda dice: f"tick-{29_000_000 + dice.randrange(10**6)}"),
    "an indexed Job's pod": Generator("Pod", lambda dice: f"render-{dice.randrange(99)}-{safe(dice, 5)}", (thing("Job", "render"),)),
    "an AnalysisRun": Generator("AnalysisRun", lambda dice: f"api-{digest(dice)}-{dice.randrange(99)}-{dice.randrange(9)}", (thing("Rollout", "api"),)),
    "an AnalysisRun alone": Generator("AnalysisRun", lambda dice: f"api-{digest(dice)}-{dice.randrange(99)}-{dice.randrange(9)}"),
    "a CertificateRequest": Generator("CertificateRequest", lambda dice: f"tls-{dice.randrange(999)}", (thing("Certificate", "tls"),)),
    "an older CertificateRequest alone": Generator("CertificateRequest", lambda dice: f"tls-{safe(dice, 5)}"),
    "an Order alone": Generator("Order", lambda dice: f"tls-{dice.randrange(99)}-{dice.getrandbits(32)}"),
    "a Challenge alone": Generator("Challenge", lambda dice: f"tls-{dice.randrange(99)}-{dice.getrandbits(32)}-{dice.getrandbits(32)}"),
    "a solver's pod": Generator("Pod", lambda dice: f"cm-acme-http-solver-{safe(dice, 5)}", (thing("Challenge", "tls-1-290-365"),)),
    "a Revision": Generator("Revision", lambda dice: f"hello-{dice.randrange(10**5):05d}", (thing("Configuration", "hello"),)),
    "a Revision alone": Generator("Revision", lambda dice: f"hello-{dice.randrange(10**5):05d}"),
    "a Revision's Deployment alone": Generator("Deployment", lambda dice: f"hello-{dice.randrange(10**5):05d}-deployment"),
    "a long Revision's pods": Generator("Pod", lambda dice: f"{'a-service-with-a-long-name-as-it-was'[:31]}{md5(dice.randbytes(8)).hexdigest()}", (thing("Revision", "a-service-with-a-long-name-as-it-was-00001"),)),
    "a SparkApplication": Generator("SparkApplication", lambda dice: f"etl-{dice.getrandbits(60)}", (thing("ScheduledSparkApplication", "etl"),)),
    "a SparkApplication alone": Generator("SparkApplication", lambda dice: f"etl-2025{dice.randrange(1, 13):02d}{dice.randrange(1, 29):02d}-{dice.randrange(24):02d}00"),
    "an executor": Generator("Pod", lambda dice: f"etl-{hexes(dice, 16)}-exec-{dice.randrange(99)}", (thing("Pod", "etl-20250304-1000-driver"), thing("SparkApplication", "etl-20250304-1000"), thing("ScheduledSparkApplication", "etl"))),
    "a version": Generator("ReplicationController", lambda dice: f"agenda-{dice.randrange(999)}"),
    "a deployer": Generator("Pod", lambda dice: f"agenda-{dice.randrange(999)}-deploy", (thing("DeploymentConfig", "agenda"),)),
    "a Build": Generator("Build", lambda dice: f"agenda-{dice.randrange(999)}"),
    "a StatefulSet's claim": Generator("PersistentVolumeClaim", lambda dice: f"data-db-{dice.randrange(999)}", (thing("StatefulSet", "db"),)),
    "an ephemeral claim alone": Generator("PersistentVolumeClaim", lambda dice: f"runner-{digest(dice)}-{safe(dice, 5)}-scratch"),
    "a volume": Generator("PersistentVolume", lambda dice: f"pvc-{uid(dice)}"),
    "an attachment": Generator("VolumeAttachment", lambda dice: f"csi-{hexes(dice, 64)}"),
    "a PodGroup": Generator("PodGroup", lambda dice: f"mpi-{uid(dice)}", (thing("Job", "mpi"),)),
    "a CloneSet's pod": Generator("Pod", lambda dice: f"edge-{safe(dice, 5)}", (thing("CloneSet", "edge"),)),
    "a NodeClaim": Generator("NodeClaim", lambda dice: f"gpu-pool-{safe(dice, 5)}"),
    "a composite": Generator("XNetwork", lambda dice: f"net-{safe(dice, 5)}"),
    "a Workload": Generator("Workload", lambda dice: f"job-sample-{hexes(dice, 5)}", (thing("Job", "sample"),)),
    "a Workload alone": Generator("Workload", lambda dice: f"job-sample-{hexes(dice, 4)}{dice.randrange(10)}"),
    "a Workflow of a schedule": Generator("Workflow", lambda dice: f"nightly-{1_700_000_000 + dice.randrange(10**7)}", (thing("CronWorkflow", "nightly"),)),
    "a Workflow alone": Generator("Workflow", lambda dice: f"build-{safe(dice, 5)}"),
    "a Workflow's pod": Generator("Pod", lambda dice: f"build-x7k2p-main-{dice.getrandbits(32)}", (thing("Workflow", "build-x7k2p"),)),
    "a PipelineRun alone": Generator("PipelineRun", lambda dice: f"build-{safe(dice, 5)}"),
    "a TaskRun alone": Generator("TaskRun", lambda dice: f"build-run-{safe(dice, 5)}-unit-test"),
    "a launcher": Generator("Pod", lambda dice: f"virt-launcher-vm-{safe(dice, 5)}", (thing("VirtualMachineInstance", "vm"), thing("VirtualMachine", "vm"))),
    "a migration": Generator("VirtualMachineInstanceMigration", lambda dice: f"kubevirt-evacuation-{safe(dice, 5)}"),
    "a backup": Generator("Backup", lambda dice: f"daily-2025{dice.randrange(1, 13):02d}{dice.randrange(1, 29):02d}{dice.randrange(10**6):06d}"),
    "a runner's pod alone": Generator("Pod", lambda dice: f"runner-{''.join(dice.choice('abcdefghij') for _ in range(7))}{dice.randrange(10)}-project-{dice.randrange(999)}-concurrent-{dice.randrange(9)}"),
    "a claim of a template": Generator("PersistentVolumeClaim", lambda dice: f"scratch-{safe(dice, 5)}"),
    "a managed resource": Generator("VPC", lambda dice: f"net-{safe(dice, 5)}-vpc-{safe(dice, 5)}"),
    "a machine": Generator("MachineSet", lambda dice: f"md-0-{safe(dice, 5)}"),
    "a node of EKS": Generator("Node", lambda dice: f"ip-10-0-{dice.randrange(255)}-{dice.randrange(255)}.ec2.internal"),
    "a node of GKE": Generator("Node", lambda dice: f"gke-main-pool-1-{hexes(dice, 8)}-{safe(dice, 4)}"),
    "a node of AKS": Generator("Node", lambda dice: f"aks-nodepool1-{dice.randrange(10**8):08d}-vmss{dice.randrange(36**2):06x}"),
    "a node by its instance": Generator("Node", lambda dice: f"i-{hexes(dice, 17)}"),
    "a commit's Job alone": Generator("Job", lambda dice: f"migrate-{dice.randrange(10)}{hexes(dice, 5)}{dice.choice('abcdef')}"),
    "a shell on a node": Generator("Pod", lambda dice: f"node-shell-{dice.choice('abcdef')}{hexes(dice, 4)}{dice.randrange(10)}"),
    "a ULID": Generator("Job", lambda dice: f"dump-01{''.join(dice.choice('0123456789abcdefghjkmnpqrstvwxyz') for _ in range(24))}"),
    "a certificate of a node": Generator("CertificateSigningRequest", lambda dice: f"node-csr-{dice.randrange(10)}{''.join(dice.choice('aZ09_xY') for _ in range(42))}"),
    "a static pod on EKS": Generator("Pod", lambda dice: f"kube-proxy-ip-10-{dice.randrange(255)}-0-{dice.randrange(255)}.eu-west-1.compute.internal"),
    "a static pod on GKE": Generator("Pod", lambda dice: f"kube-proxy-gke-main-pool-1-{hexes(dice, 8)}-{''.join(dice.choice('abcdefghij0123456789') for _ in range(4))}"),
    "a static pod on AKS": Generator("Pod", lambda dice: f"kube-proxy-aks-nodepool1-{dice.randrange(10**8):08d}-vmss{dice.randrange(36**2):06x}"),
    "a job of GitLab's runner": Generator("Pod", lambda dice: f"runner-t1zxy8bqk-project-{dice.randrange(999)}-concurrent-{dice.randrange(9)}-{''.join(dice.choice('abcdefgh12') for _ in range(8))}"),
    "an identity": Generator("CiliumIdentity", lambda dice: str(dice.randrange(10**6))),
    "an address": Generator("IPAddress", lambda dice: f"10.96.{dice.randrange(255)}.{dice.randrange(255)}"),
    "a node's network": Generator("CNINode", lambda dice: f"ip-10-0-{dice.randrange(255)}-{dice.randrange(255)}.ec2.internal"),
    "a cluster's instance": Generator("Pod", lambda dice: f"pg-{dice.randrange(1, 999)}", (thing("Cluster", "pg"),)),
    "a broker": Generator("Pod", lambda dice: f"my-cluster-kafka-{dice.randrange(99)}", (thing("StrimziPodSet", "my-cluster-kafka"), thing("Kafka", "my-cluster"))),
}  # fmt: skip


@pytest.mark.parametrize("generator", GENERATORS.values(), ids=GENERATORS)
def test_a_thousand_names_are_one_operation(generator: Generator) -> None:
    """With names of each generator's own algorithm."""
    dice = random.Random(7)
    names = {
        object_name((thing(generator.kind, generator.make(dice)), *generator.above))
        for _ in range(MANY)
    }

    assert len(names) == 1, sorted(names)[:9]
    assert "*" in names.pop()


@pytest.mark.parametrize("kind", ["Pod", "PipelineRun", "Gadget", "Job"])
def test_a_generated_name_ends_where_its_metadata_says(kind: str) -> None:
    """generateName, whatever the end is."""
    item = thing(kind, "smoke-aeiou", base="smoke-", known=True)

    assert object_name((item,)) == f"{kind} smoke-*"


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("Deployment", "mycompanyswebfrontend2"), ("Deployment", "shop-2"), ("Deployment", "web"), ("StatefulSet", "prometheus-k8s"),
        ("Service", "kube-dns"), ("Kustomization", "apps"), ("Certificate", "shop-tls"),
        ("Ingress", "shop-https"), ("Rollout", "api"), ("Job", "migrate-db"), ("HelmRelease", "redis"),
        ("PersistentVolumeClaim", "data"), ("ConfigMap", "cluster-autoscaler-status"),
    ],
)  # fmt: skip
def test_what_somebody_chose_stays(kind: str, name: str) -> None:
    """A name that no controller made is told."""
    assert object_name((thing(kind, name),)) == f"{kind} {name}"


@pytest.mark.parametrize("kind", ["Node", "Machine", "CSINode", "NodeImage", "SelfNodeRemediation"])
def test_what_is_called_as_a_node_has_no_name(kind: str) -> None:
    """Its name is the cloud's, or a machine's, whether it was read or not (Kruise, Medik8s)."""
    for known in (True, False):
        assert object_name((thing(kind, "rack1-07", known=known),)) == f"{kind} *"


def test_what_was_read_and_chosen_stays() -> None:
    """Of an object whose metadata has no generateName five consonants may be a word."""
    assert object_name((thing("Gadget", "my-https", known=True),)) == "Gadget my-https"


def test_a_static_pod_has_no_nodes_name() -> None:
    """kubelet config/common.go: its name ends with its node's, which its mirror's owner is."""
    pods = [
        thing("Pod", f"etcd-ip-10-0-0-{number}", known=True).but(
            other_owners=(f"Node ip-10-0-0-{number}",)
        )
        for number in range(9)
    ]
    assert {object_name((pod,)) for pod in pods} == {"Pod etcd-*"}


def test_a_static_pod_is_known_by_its_kubelet() -> None:
    """By Events alone: the kubelet's host ends its name."""
    hosts = [f"gke-main-pool-1-081fecd4-{end}" for end in ("88s2", "x2x1", "abcd")]
    raws = [
        event(
            involvedObject={
                "kind": "Pod",
                "namespace": "kube-system",
                "name": f"kube-proxy-{host}",
            },
            metadata={"uid": str(UUID(int=at + 1)), "name": f"e.{at}"},
            source={"component": "kubelet", "host": host},
        )
        for at, host in enumerate(hosts)
    ]
    spans = tell([listing({"resource": "events", "object": raw} for raw in raws)])

    assert {span.name for span in roots(spans)} == {"Events Pod kube-proxy-*"}


@pytest.mark.parametrize(
    ("chain", "name"),
    [
        ((thing("VirtualMachineInstance", "vm"), thing("VirtualMachine", "vm")), "VirtualMachineInstance vm"),
        ((thing("StatefulSet", "db"), thing("Cluster", "db")), "StatefulSet db"),
        ((thing("Pod", "webb-x"), thing("ReplicaSet", "web")), "Pod webb-x"),
        ((thing("PersistentVolumeClaim", "data-db-0"), thing("Pod", "db-0"), thing("StatefulSet", "db")), "PersistentVolumeClaim data-db-*"),
    ],
)  # fmt: skip
def test_an_owned_object_has_its_owners_name(chain: Chain, name: str) -> None:
    """The owner's bounded name stands for it, at the borders of words alone."""
    assert object_name(chain) == name


COMPONENTS = {
    "ebs.csi.aws.com": lambda dice: f"ebs.csi.aws.com_ebs-csi-controller-{digest(dice)}-{safe(dice, 5)}_{uid(dice)}",
    "rancher.io/local-path": lambda dice: f"rancher.io/local-path_local-path-provisioner-{digest(dice)}-{safe(dice, 5)}_{uid(dice)}",
    "csi.hetzner.cloud": lambda dice: f"csi.hetzner.cloud_hcloud-csi-controller-{dice.randrange(9)}_{uid(dice)}",
    "k8s-sigs.io/nfs": lambda dice: f"k8s-sigs.io/nfs_host.{hexes(dice, 6)}.example_{uid(dice)}",
    "metallb-speaker": lambda dice: f"metallb-speaker-{safe(dice, 5)}",
    "csi-attacher": lambda dice: f"csi-attacher-{digest(dice)}-{safe(dice, 5)}_{uid(dice)}",
    # csi-lib-utils leaderelection/leader_election.go
    "external-attacher-leader-ebs/ebs-csi-controller": lambda dice: f"external-attacher-leader-ebs/ebs-csi-controller-{digest(dice)}-{safe(dice, 5)}",
    "external-attacher-leader-efs": lambda dice: f"external-attacher-leader-efs/ip-10-0-{dice.randrange(255)}-{dice.randrange(255)}.ec2.internal",
    "daily-*": lambda dice: f"daily-2025060309{dice.randrange(10**4):04d}-{safe(dice, 5)}",
    "kured": lambda dice: f"kured ip-10-0-{dice.randrange(255)}-{dice.randrange(255)}.ec2.internal",
    "*": lambda dice: f"ip-10-0-{dice.randrange(255)}-{dice.randrange(255)}.ec2.internal",
    "old-provisioner": lambda dice: f"old-provisioner-{uid(dice)}",
}  # fmt: skip


@pytest.mark.parametrize(("name", "make"), COMPONENTS.items(), ids=COMPONENTS)
def test_a_restarted_component_is_one_service(name: str, make: Maker) -> None:
    """sig-storage-lib-external-provisioner controller.go: name, host and uuid."""
    dice = random.Random(7)

    assert {bounded_component(make(dice)) for _ in range(MANY)} == {name}


@pytest.mark.parametrize(
    "component",
    [
        "kubelet", "default-scheduler", "external-resizer ebs.csi.aws.com", "rollouts-controller",
        "defined/compositeresourcedefinition.apiextensions.crossplane.io", "batch/job-kueue-controller",
        "cert-manager-certificates-trigger", "kernel-monitor", "strimzi.io/cluster-operator", "",
    ],
)  # fmt: skip
def test_a_components_own_name_stays(component: str) -> None:
    """There is nothing generated in it."""
    assert bounded_component(component) == component
