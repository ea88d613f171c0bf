"""Law 8: the tree of common controllers, from their Events alone and with objects the same."""

from typing import Any

import pytest

from event_tracer.core.frame import Listing
from tests.scenarios.folding import attributes, is_event, listing, roots, service, tell
from tests.scenarios.operators import POD, Case, assert_one_tree, pod

CASES = {
    "Argo Rollouts": Case(
        POD | {"Rollout": "argoproj.io/v1alpha1", "AnalysisRun": "argoproj.io/v1alpha1"},
        {
            "Rollout api": "", "ReplicaSet api-5d88b5bc8f": "Rollout api",
            "Pod api-5d88b5bc8f-x7k2p": "ReplicaSet api-5d88b5bc8f",
            "AnalysisRun api-5d88b5bc8f-2-2": "Rollout api",
        },
        [
            ("Rollout api", "NewReplicaSetCreated", "Created ReplicaSet api-5d88b5bc8f (revision 2)", "rollouts-controller"),
            ("ReplicaSet api-5d88b5bc8f", "SuccessfulCreate", "Created pod: api-5d88b5bc8f-x7k2p", "replicaset-controller"),
            pod("api-5d88b5bc8f-x7k2p"),
            ("Rollout api", "AnalysisRunRunning", "Step Analysis Run 'api-5d88b5bc8f-2-2' Status New: 'Running' Previous: ''", "rollouts-controller"),
            ("AnalysisRun api-5d88b5bc8f-2-2", "AnalysisRunSuccessful", "Analysis Completed. Result: Successful", "rollouts-controller"),
        ],
    ),
    "cert-manager": Case(
        POD | {
            "Certificate": "cert-manager.io/v1", "CertificateRequest": "cert-manager.io/v1",
            "Order": "acme.cert-manager.io/v1", "Challenge": "acme.cert-manager.io/v1",
        },
        {
            "Certificate tls": "", "CertificateRequest tls-1": "Certificate tls",
            "Order tls-1-290594943": "CertificateRequest tls-1",
            "Challenge tls-1-290594943-365295505": "Order tls-1-290594943",
            "Pod cm-acme-http-solver-7k2px": "Challenge tls-1-290594943-365295505",
        },
        [
            ("Certificate tls", "Requested", 'Created new CertificateRequest resource "tls-1"', "cert-manager-certificates-request-manager"),
            ("CertificateRequest tls-1", "OrderCreated", "Created Order resource shop/tls-1-290594943", "cert-manager-certificaterequests-issuer-acme"),
            ("Order tls-1-290594943", "Created", 'Created Challenge resource "tls-1-290594943-365295505" for domain "a.example"', "cert-manager-orders"),
            ("Challenge tls-1-290594943-365295505", "Presented", "Presented challenge using HTTP-01 challenge mechanism", "cert-manager-challenges"),
            pod("cm-acme-http-solver-7k2px"),
        ],
    ),
    "KubeVirt": Case(
        POD | {"VirtualMachine": "kubevirt.io/v1", "VirtualMachineInstance": "kubevirt.io/v1"},
        {
            "VirtualMachine vm": "", "VirtualMachineInstance vm": "VirtualMachine vm",
            "Pod virt-launcher-vm-x7k2p": "VirtualMachineInstance vm",
        },
        [
            ("VirtualMachine vm", "SuccessfulCreate", "Started the virtual machine by creating the new virtual machine instance vm", "virtualmachine-controller"),
            ("VirtualMachineInstance vm", "SuccessfulCreate", "Created virtual machine pod virt-launcher-vm-x7k2p", "virtualmachine-controller"),
            pod("virt-launcher-vm-x7k2p"),
        ],
    ),
    "CloudNativePG": Case(
        POD | {"Cluster": "postgresql.cnpg.io/v1"},
        {"Cluster pg": "", "Pod pg-2": "Cluster pg"},
        [("Cluster pg", "CreatingInstance", "Creating instance pg-2", "cloudnative-pg"), pod("pg-2")],
    ),
    "Kueue": Case(
        POD | {"Workload": "kueue.x-k8s.io/v1beta1"},
        {
            "Job sample": "", "Workload job-sample-3fa85": "Job sample",
            "Pod sample-x7k2p": "Job sample",
        },
        [
            ("Job sample", "CreatedWorkload", "Created Workload: shop/job-sample-3fa85", "batch/job-kueue-controller"),
            ("Workload job-sample-3fa85", "QuotaReserved", "Quota reserved in ClusterQueue cq, wait time since queued was 1s", "kueue-admission"),
            ("Job sample", "SuccessfulCreate", "Created pod: sample-x7k2p", "job-controller"),
            pod("sample-x7k2p"),
        ],
    ),
    "Knative": Case(
        POD | {"Configuration": "serving.knative.dev/v1", "Revision": "serving.knative.dev/v1", "Service": "serving.knative.dev/v1"},
        {
            "Service hello": "", "Configuration hello": "Service hello",
            "Revision hello-00007": "Configuration hello",
            "Deployment hello-00007-deployment": "Revision hello-00007",
            "ReplicaSet hello-00007-deployment-6dbf989bff": "Deployment hello-00007-deployment",
            "Pod hello-00007-deployment-6dbf989bff-hnbfl": "ReplicaSet hello-00007-deployment-6dbf989bff",
        },
        [
            ("Service hello", "Created", 'Created Configuration "hello"', "service-controller"),
            ("Configuration hello", "Created", 'Created Revision "hello-00007"', "configuration-controller"),
            ("Deployment hello-00007-deployment", "ScalingReplicaSet", "Scaled up replica set hello-00007-deployment-6dbf989bff from 0 to 1", "deployment-controller"),
            ("ReplicaSet hello-00007-deployment-6dbf989bff", "SuccessfulCreate", "Created pod: hello-00007-deployment-6dbf989bff-hnbfl", "replicaset-controller"),
            pod("hello-00007-deployment-6dbf989bff-hnbfl"),
        ],
    ),
    "Tekton": Case(
        POD | {"PipelineRun": "tekton.dev/v1", "TaskRun": "tekton.dev/v1"},
        {
            "PipelineRun build-x7k2p": "", "TaskRun build-x7k2p-unit-test": "PipelineRun build-x7k2p",
            "Pod build-x7k2p-unit-test-pod": "TaskRun build-x7k2p-unit-test",
        },
        [
            ("PipelineRun build-x7k2p", "Started", "", "PipelineRun"),
            ("TaskRun build-x7k2p-unit-test", "Started", "", "TaskRun"),
            pod("build-x7k2p-unit-test-pod"),
            ("TaskRun build-x7k2p-unit-test", "Succeeded", "All Steps have completed executing", "TaskRun"),
            ("PipelineRun build-x7k2p", "Succeeded", "Tasks Completed: 1 (Failed: 0, Cancelled 0), Skipped: 0", "PipelineRun"),
        ],
    ),
    "Argo Workflows": Case(
        POD | {"Workflow": "argoproj.io/v1alpha1"},
        {
            "Workflow build-x7k2p": "", "Pod build-x7k2p": "Workflow build-x7k2p",
            "Pod build-x7k2p-unit-test-2905949435": "Workflow build-x7k2p",
        },
        [
            ("Workflow build-x7k2p", "WorkflowRunning", "Workflow Running", "workflow-controller"),
            pod("build-x7k2p"),
            pod("build-x7k2p-unit-test-2905949435"),
        ],
    ),
    "Volcano": Case(
        POD | {"Job": "batch.volcano.sh/v1alpha1"},
        {"Job mpi": "", "Pod mpi-worker-0": "Job mpi"},
        [
            ("Job mpi", "ExecuteAction", "Start to execute action SyncJob ", "vc-controller-manager"),
            pod("mpi-worker-0"),
        ],
    ),
    "Strimzi": Case(
        POD | {"Kafka": "kafka.strimzi.io/v1", "StrimziPodSet": "core.strimzi.io/v1beta2"},
        {
            "Kafka k": "", "StrimziPodSet k-kafka": "Kafka k",
            "Pod k-kafka-0": "StrimziPodSet k-kafka",
        },
        [
            ("Kafka k", "PodHasOldRevision", "Rolling Pod k-kafka-0 due to Pod has old revision", "strimzi.io/cluster-operator"),
            pod("k-kafka-0"),
        ],
    ),
    "Agones": Case(
        POD | dict.fromkeys(("Fleet", "GameServerSet", "GameServer"), "agones.dev/v1"),
        {
            "Fleet arena": "", "GameServerSet arena-x7k2p": "Fleet arena",
            "GameServer arena-x7k2p-5vn8q": "GameServerSet arena-x7k2p",
            "Pod arena-x7k2p-5vn8q": "GameServer arena-x7k2p-5vn8q",
        },
        [
            ("Fleet arena", "CreatingGameServerSet", "Created GameServerSet arena-x7k2p", "fleet-controller"),
            ("GameServerSet arena-x7k2p", "SuccessfulCreate", "Created gameserver: arena-x7k2p-5vn8q", "gameserverset-controller"),
            ("GameServer arena-x7k2p-5vn8q", "Creating", "Pod arena-x7k2p-5vn8q created", "gameserver-controller"),
            pod("arena-x7k2p-5vn8q"),
        ],
    ),
    "Zalando's postgres-operator": Case(
        POD | {"postgresql": "acid.zalan.do/v1", "StatefulSet": "apps/v1"},
        {"postgresql db": "", "StatefulSet db": "postgresql db", "Pod db-0": "StatefulSet db"},
        [
            ("postgresql db", "Create", "Started creation of new cluster resources", "postgres-operator"),
            ("postgresql db", "StatefulSet", 'Statefulset "shop/db" has been successfully created', "postgres-operator"),
            ("StatefulSet db", "SuccessfulCreate", "create Pod db-0 in StatefulSet db successful", "statefulset-controller"),
            pod("db-0"),
        ],
    ),
    "Altinity's clickhouse-operator": Case(
        POD | {"ClickHouseInstallation": "clickhouse.altinity.com/v1", "StatefulSet": "apps/v1"},
        {
            "ClickHouseInstallation logs": "",
            "StatefulSet chi-logs-main-0-0": "ClickHouseInstallation logs",
            "Pod chi-logs-main-0-0-0": "StatefulSet chi-logs-main-0-0",
        },
        [
            ("ClickHouseInstallation logs", "CreateStarted", "Create StatefulSet: shop/chi-logs-main-0-0 - started", "clickhouse-operator"),
            ("StatefulSet chi-logs-main-0-0", "SuccessfulCreate", "create Pod chi-logs-main-0-0-0 in StatefulSet chi-logs-main-0-0 successful", "statefulset-controller"),
            pod("chi-logs-main-0-0-0"),
        ],
    ),
    "KubeRay before 1.1": Case(
        POD | {"RayJob": "ray.io/v1", "RayCluster": "ray.io/v1"},
        {
            "RayJob train": "", "RayCluster train-raycluster-7qk2v": "RayJob train",
            "Pod train-raycluster-7qk2v-head-6kw2m": "RayCluster train-raycluster-7qk2v",
        },
        [
            ("RayJob train", "Created", "Created cluster train-raycluster-7qk2v", "rayjob-controller"),
            ("RayCluster train-raycluster-7qk2v", "Created", "Created head pod train-raycluster-7qk2v-head-6kw2m", "raycluster-controller"),
            pod("train-raycluster-7qk2v-head-6kw2m"),
        ],
    ),
    "KubeRay": Case(
        POD | {"RayService": "ray.io/v1", "RayCluster": "ray.io/v1"},
        {
            "RayService llm": "", "RayCluster llm-7qk2v": "RayService llm",
            "Pod llm-7qk2v-head-6kw2m": "RayCluster llm-7qk2v",
        },
        [
            ("RayService llm", "CreatedRayCluster", "Created the RayCluster shop/llm-7qk2v", "rayservice-controller"),
            ("RayCluster llm-7qk2v", "CreatedHeadPod", "Created head Pod shop/llm-7qk2v-head-6kw2m", "raycluster-controller"),
            pod("llm-7qk2v-head-6kw2m"),
        ],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_events_alone_and_objects_give_one_tree(case: Case) -> None:
    """One story, in which each object is below the one that owns it."""
    assert_one_tree(case)


@pytest.mark.parametrize("name", sorted(CASES.keys() - {"Argo Rollouts", "Kueue", "Knative"}))
def test_who_made_an_object_is_known_without_the_event_that_names_it(name: str) -> None:
    """By the API group and kind of its owner: the component that wrote that Event."""
    case = CASES[name]
    events = [{"resource": "events", "object": each} for each in case.events()]
    objects = [{"object": each} for each in case.objects()]
    pods = [
        {"resource": "events", "object": each}
        for each in case.events()
        if each["involvedObject"]["kind"] == "Pod"
    ]
    assert makers([listing([*pods, *objects])]) == makers([listing(events)])


def makers(items: list[Listing]) -> dict[str, str]:
    """The service of each object's span, but for roots."""
    found = [span for span in tell(items) if not is_event(span) and span.parent_id]
    return {str(attributes(span)["k8s.object.name"]): service(span) for span in found}


@pytest.mark.parametrize(
    ("said", "undone"),
    [
        # cloud-on-k8s elasticsearch/reconcile/state.go
        (("Elasticsearch es", "Unhealthy", "Elasticsearch cluster health degraded", "elasticsearch-controller"),
         ("Elasticsearch es", "StateChange", "Elasticsearch cluster recovered", "elasticsearch-controller")),
        # cloudnative-pg management/postgres/backup.go
        (("Backup pg-1", "Failed", "Backup failed: connection refused", "cloudnative-pg-backup"),
         ("Backup pg-1", "Completed", "Backup completed", "cloudnative-pg-backup")),
        (("Widget w", "BackOff", "Back-off restarting the widget", "widget-operator"),
         ("Widget w", "Running", "The widget runs", "widget-operator")),
    ],
)  # fmt: skip
def test_what_the_kubelet_says_of_a_pod_others_say_of_theirs(
    said: tuple[str, ...], undone: tuple[str, ...]
) -> None:
    """Law 6: of anything but a pod any later Normal Event undoes such an error."""
    kind = said[0].split(" ")[0]
    case = Case({kind: "example.com/v1"}, {}, [(*said, "Warning"), undone])
    frames = [{"resource": "events", "object": each} for each in case.events()]

    assert outcomes(frames[:1]) == ["failed"]
    assert outcomes(frames) == ["started"]


def outcomes(frames: list[dict[str, Any]]) -> list[str]:
    """How the stories of some frames, read at once, end."""
    return [attributes(span)["event_tracer.outcome"] for span in roots(tell([listing(frames)]))]


def test_a_volcano_jobs_status_is_not_a_jobs() -> None:
    """Its conditions have a `status` and no type: nothing is open by that."""
    volcano = Case(
        {"Job": "batch.volcano.sh/v1alpha1"},
        {"Job mpi": ""},
        [("Job mpi", "ExecuteAction", "Start to execute action SyncJob ", "vc-controller-manager")],
    )
    frames = [{"resource": "events", "object": each} for each in volcano.events()]
    (job,) = volcano.objects()
    status = {"state": {"phase": "Running"}, "conditions": [{"status": "Running"}], "running": 1}
    spans = tell([listing([*frames, {"object": {**job, "status": status}}])])

    assert [attributes(span)["event_tracer.outcome"] for span in roots(spans)] == ["started"]
