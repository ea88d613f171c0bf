"""Laws 8 and 12: what belongs together by names that follow from one another, or by annotations."""

import pytest

from tests.scenarios.cases import tree_of
from tests.scenarios.folding import is_event, listing, service, tell
from tests.scenarios.operators import POD, Case, assert_one_tree, pod

CASES = {
    "Argo CD": Case(
        dict.fromkeys(("ApplicationSet", "Application"), "argoproj.io/v1alpha1"),
        {"ApplicationSet fleet": "", "Application shop": "ApplicationSet fleet"},
        [
            ("ApplicationSet fleet", "created", 'created Application "shop"', "applicationset-controller"),
            ("Application shop", "OperationCompleted", "Sync operation to 8a1f0c2 succeeded", "argocd-application-controller"),
        ],
    ),
    "KubeBlocks": Case(
        POD | {"Cluster": "apps.kubeblocks.io/v1", "Component": "apps.kubeblocks.io/v1", "InstanceSet": "workloads.kubeblocks.io/v1"},
        {
            "Cluster mydb": "", "Component mydb-mysql": "Cluster mydb",
            "InstanceSet mydb-mysql": "Component mydb-mysql",
            "Pod mydb-mysql-0": "InstanceSet mydb-mysql",
        },
        [
            ("Cluster mydb", "ApplyResourcesSucceed", "Successfully applied for resources", "cluster-controller"),
            ("Component mydb-mysql", "ComponentPhaseTransition", "component is Creating", "component-controller"),
            ("InstanceSet mydb-mysql", "SuccessfulCreate", "create Pod mydb-mysql-0 in InstanceSet mydb-mysql successful", "instance-set-controller"),
            pod("mydb-mysql-0"),
        ],
    ),
    "JobSet": Case(
        POD | {"JobSet": "jobset.x-k8s.io/v1alpha2"},
        {"JobSet train": "", "Job train-node-0": "JobSet train", "Pod train-node-0-0-x7k2p": "Job train-node-0"},
        [
            ("JobSet train", "InOrderStartupPolicyCompleted", "in order startup policy has completed", "jobset"),
            ("Job train-node-0", "SuccessfulCreate", "Created pod: train-node-0-0-x7k2p", "job-controller"),
            pod("train-node-0-0-x7k2p"),
        ],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_events_alone_and_objects_give_one_tree(case: Case) -> None:
    """One story, in which each object is below the one that owns it."""
    assert_one_tree(case)


def test_a_claim_is_told_with_what_it_is_composed_of() -> None:
    """Law 12: the claim's Events name its composite resource in an annotation (Crossplane)."""
    claim, composite, managed = "Network net", "XNetwork net-7k2px", "VPC net-7k2px-x8kz2"
    case = Case(
        dict.fromkeys(("Network", "XNetwork", "VPC"), "example.org/v1"),
        {claim: "", composite: "", managed: composite},
        [
            (claim, "BindCompositeResource", "Composite resource is not yet ready", "offered/x"),
            (composite, "ComposeResources", "Successfully composed resources", "defined/x"),
            (managed, "CreatedExternalResource", "Successfully requested creation", "managed/x"),
        ],
    )
    events, objects = case.events(), case.objects()
    events[0]["metadata"]["annotations"] = {"composite-name": "net-7k2px"}
    for each in events[1:]:
        each["metadata"]["namespace"] = "default"
        each["involvedObject"].pop("namespace")
    for each in objects[1:]:
        each["metadata"].pop("namespace")
    frames = [{"resource": "events", "object": each} for each in events]
    above = {claim: "", composite: claim, managed: composite}

    assert tree_of(tell([listing(frames)])) == above
    assert tree_of(tell([listing([*frames, *({"object": each} for each in objects)])])) == above


@pytest.mark.parametrize("name", ["web", "web-hpa", "keda-hpa-web"])
def test_an_autoscaler_called_as_its_target_is_told_with_it(name: str) -> None:
    """Law 12: by kubectl autoscale's name, a chart's or KEDA's, where no object was read."""
    autoscaler = f"HorizontalPodAutoscaler {name}"
    rescale = "New size: 4; reason: cpu resource utilization (percentage of request) above target"
    said = [
        (autoscaler, "SuccessfulRescale", rescale, "horizontal-pod-autoscaler"),
        ("Deployment web", "ScalingReplicaSet", "Scaled up replica set web-1 from 2 to 4", "deployment-controller"),
    ]  # fmt: skip
    kinds = POD | {"HorizontalPodAutoscaler": "autoscaling/v2"}
    frames = [{"resource": "events", "object": it} for it in Case(kinds, {}, said).events()]
    spans = tell([listing(frames)])

    assert tree_of(spans) == {autoscaler: "Deployment web", "Deployment web": ""}
    (of_it,) = [span for span in spans if not is_event(span) and span.parent_id]
    assert service(of_it) == "kubernetes"


def test_an_owner_that_is_no_controller_counts_where_it_says_that_it_made_it() -> None:
    """Cluster API: a MachineDeployment has a plain ownerReference to its Cluster, which names it."""
    above = {
        "Cluster prod": "", "MachineDeployment prod-md": "Cluster prod",
        "MachineSet prod-md-vxmrs": "MachineDeployment prod-md",
    }  # fmt: skip
    kinds = dict.fromkeys(
        ("Cluster", "MachineDeployment", "MachineSet"), "cluster.x-k8s.io/v1beta1"
    )
    said = [
        ("Cluster prod", "TopologyCreate", 'Created MachineDeployment "shop/prod-md"', "topology/cluster-controller"),
        ("MachineDeployment prod-md", "SuccessfulCreate", "Created MachineSet shop/prod-md-vxmrs with 1 replicas", "machinedeployment-controller"),
        ("MachineSet prod-md-vxmrs", "SuccessfulCreate", 'Created Machine "x"', "machineset-controller"),
    ]  # fmt: skip
    case = Case(kinds, above, said)
    events = [{"resource": "events", "object": each} for each in case.events()]
    objects = case.objects()
    objects[1]["metadata"]["ownerReferences"][0]["controller"] = False
    whole = tell([listing([*events, *({"object": each} for each in objects)])])
    assert tree_of(whole) == above

    silent = tell([listing([*events[1:], *({"object": each} for each in objects)])])
    assert tree_of(silent)["MachineDeployment prod-md"] == ""
