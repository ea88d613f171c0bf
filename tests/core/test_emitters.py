"""Laws 8 and 12: what messages name. To teach a message, add a rule, and its case here."""

import pytest

from event_tracer.core.children import CHILDREN
from event_tracer.core.event import parse_event
from event_tracer.core.ties import Named, ties_of
from tests.scenarios.event import UID, event

# (the Event's object, reason, message, what is named, what that is below)
CASES = (
    ("Deployment web", "ScalingReplicaSet", "Scaled up replica set web-1 from 0 to 3", "ReplicaSet web-1", "Deployment web"),
    ("Deployment web", "ReplicaSetCreateError", 'Failed to create new replica set "web-1": quota', "ReplicaSet web-1", "Deployment web"),
    ("ReplicaSet web-1", "SuccessfulCreate", "Created pod: web-1-abcde", "Pod web-1-abcde", "ReplicaSet web-1"),
    ("BroadcastJob b", "SuccessfulDelete", "Delete pod: b-abcde", "Pod b-abcde", "BroadcastJob b"),
    ("StatefulSet db", "SuccessfulCreate", "create Pod db-0 in StatefulSet db successful", "Pod db-0", "StatefulSet db"),
    ("StatefulSet db", "SuccessfulCreate", "create Claim data-db-0 Pod db-0 in StatefulSet db success", "PersistentVolumeClaim data-db-0", "Pod db-0"),
    ("StatefulSet db", "FailedCreate", "create Claim data-db-0 for Pod db-0 in StatefulSet db failed error: x", "PersistentVolumeClaim data-db-0", "Pod db-0"),
    ("DaemonSet agent", "FailedDaemonPod", "Found failed daemon pod shop/agent-x on node n, will try to kill it", "Pod agent-x", "DaemonSet agent"),
    ("CronJob tick", "SuccessfulCreate", "Created job tick-29924553", "Job tick-29924553", "CronJob tick"),
    ("CronJob tick", "SawCompletedJob", "Saw completed job: tick-29924553, condition: Complete", "Job tick-29924553", "CronJob tick"),
    ("CronJob tick", "MissingJob", "Active job went missing: tick-29924553", "Job tick-29924553", "CronJob tick"),
    ("PersistentVolumeClaim p-x", "WaitForPodScheduled", "waiting for pod p to be scheduled", "Pod p", "(above)"),
    ("Rollout api", "NewReplicaSetCreated", "Created ReplicaSet api-5d88b5bc8f (revision 2)", "ReplicaSet api-5d88b5bc8f", "Rollout api"),
    ("Rollout api", "NewReplicaSetCreated", 'Created new replica set "api-5d88b5bc8f"', "ReplicaSet api-5d88b5bc8f", "Rollout api"),
    ("Experiment api-1", "NewReplicaSetCreated", 'Created new replica set "api-1-canary" with size 1', "ReplicaSet api-1-canary", "Experiment api-1"),
    ("Rollout api", "ScalingReplicaSet", "Scaled down ReplicaSet api-b6df757cf (revision 1) from 4 to 3", "ReplicaSet api-b6df757cf", "Rollout api"),
    ("Rollout api", "ReplicaSetCreateError", 'Failed to create new replica set "api-1": quota', "ReplicaSet api-1", "Rollout api"),
    ("Rollout api", "AnalysisRunRunning", "Step Analysis Run 'api-1-2-2' Status New: 'Running' Previous: ''", "AnalysisRun api-1-2-2", "Rollout api"),
    ("Rollout api", "AnalysisRunFailed", "Background Analysis Run 'api-1-2' Status New: 'Failed' Previous: 'Running'", "AnalysisRun api-1-2", "Rollout api"),
    ("Rollout api", "ExperimentCreated", "Created Experiment 'api-1-2-0'", "Experiment api-1-2-0", "Rollout api"),
    ("Ingress shop", "CreateCertificate", 'Successfully created Certificate "tls"', "Certificate tls", "Ingress shop"),
    ("Certificate tls", "Requested", 'Created new CertificateRequest resource "tls-abcde"', "CertificateRequest tls-abcde", "Certificate tls"),
    ("CertificateRequest tls-1", "OrderCreated", "Created Order resource shop/tls-1-290594943", "Order tls-1-290594943", "CertificateRequest tls-1"),
    ("Order tls-1-29", "Created", 'Created Challenge resource "tls-1-29-36" for domain "shop.example"', "Challenge tls-1-29-36", "Order tls-1-29"),
    ("Challenge tls-1-29-36", "Presented", "Presented challenge using HTTP-01 challenge mechanism", "Pod cm-acme-http-solver-*", "Challenge tls-1-29-36"),
    ("VirtualMachine vm", "SuccessfulCreate", "Started the virtual machine by creating the new virtual machine instance vm", "VirtualMachineInstance vm", "VirtualMachine vm"),
    ("VirtualMachinePool p", "SuccessfulCreate", "Created VM shop/p-0", "VirtualMachine p-0", "VirtualMachinePool p"),
    ("VirtualMachine vm", "DataVolumeCreated", "Created DataVolume disk", "DataVolume disk", "VirtualMachine vm"),
    ("VirtualMachineInstance vm", "SuccessfulCreate", "Created virtual machine pod virt-launcher-vm-abcde", "Pod virt-launcher-vm-abcde", "VirtualMachineInstance vm"),
    ("VirtualMachineInstance vm", "SuccessfulCreate", "Created attachment pod hp-volume-abcde", "Pod hp-volume-abcde", "VirtualMachineInstance vm"),
    ("VirtualMachineInstanceMigration m", "SuccessfulCreate", "Created migration target pod virt-launcher-vm-fghij", "Pod virt-launcher-vm-fghij", "VirtualMachineInstanceMigration m"),
    ("VirtualMachineInstance vm", "SuccessfulCreate", "Created Migration kubevirt-evacuation-abcde", "VirtualMachineInstanceMigration kubevirt-evacuation-abcde", "VirtualMachineInstance vm"),
    ("Service hello", "Created", 'Created Configuration "hello"', "Configuration hello", "Service hello"),
    ("Service hello", "Created", 'Created Route "hello"', "Route hello", "Service hello"),
    ("Configuration hello", "Created", 'Created Revision "hello-00007"', "Revision hello-00007", "Configuration hello"),
    ("Configuration hello", "LatestReadyUpdate", 'LatestReadyRevisionName updated to "hello-00007"', "Revision hello-00007", "Configuration hello"),
    ("Configuration hello", "Created", 'Created Revision "hello-00007"', "Deployment hello-00007-deployment", "Revision hello-00007"),
    ("Route hello", "Created", 'Created Ingress "hello"', "Ingress hello", "Route hello"),
    ("PyTorchJob dist", "SuccessfulCreatePod", "Created pod: dist-worker-0", "Pod dist-worker-0", "PyTorchJob dist"),
    ("PyTorchJob dist", "SuccessfulCreateService", "Created service: dist-worker-0", "Service dist-worker-0", "PyTorchJob dist"),
    ("PyTorchJob dist", "ExitedWithCode", "Pod: train.dist-worker-0 exited with code 1", "Pod dist-worker-0", "PyTorchJob dist"),
    ("Notebook n", "SuccessfulCreate", "Reissued from statefulset/n: create Pod n-0 in StatefulSet n successful", "StatefulSet n", "Notebook n"),
    ("Notebook n", "SuccessfulCreate", "Reissued from statefulset/n: create Pod n-0 in StatefulSet n successful", "Pod n-0", "StatefulSet n"),
    ("Notebook n", "FailedScheduling", "Reissued from pod/n-0: 0/3 nodes are available", "Pod n-0", "Notebook n"),
    ("SparkApplication etl", "SparkDriverRunning", "Driver etl-driver is running", "Pod etl-driver", "SparkApplication etl"),
    ("SparkApplication etl", "SparkDriverFailed", "Driver etl-driver failed", "Pod etl-driver", "SparkApplication etl"),
    ("SparkApplication etl", "SparkExecutorPending", "Executor [etl-6b26-exec-1] is pending", "Pod etl-6b26-exec-1", "SparkApplication etl"),
    ("SparkApplication etl", "SparkExecutorFailed", "Executor etl-6b26-exec-1 failed with ExitCode: 1, Reason: Error, Pod Message: x", "Pod etl-6b26-exec-1", "SparkApplication etl"),
    ("Job sample", "CreatedWorkload", "Created Workload: shop/job-sample-3fa85", "Workload job-sample-3fa85", "Job sample"),
    ("Workload w", "ProvisioningRequestCreated", 'Created ProvisioningRequest: "w-prov-1"', "ProvisioningRequest w-prov-1", "Workload w"),
    ("DeploymentConfig agenda", "DeploymentCreated", 'Created new replication controller "agenda-81" for version 81', "ReplicationController agenda-81", "DeploymentConfig agenda"),
    ("DeploymentConfig agenda", "DeploymentCreated", 'Created new deployment "agenda-81" for version 81', "Pod agenda-81-deploy", "ReplicationController agenda-81"),
    ("DeploymentConfig agenda", "ReplicationControllerScaled", 'Scaled replication controller "agenda-80" from 1 to 0', "ReplicationController agenda-80", "DeploymentConfig agenda"),
    ("DeploymentConfig agenda", "DeploymentCancelled", 'Cancelled deployment "agenda-80" superceded by version 81', "ReplicationController agenda-80", "DeploymentConfig agenda"),
    ("Build agenda-12", "BuildStarted", "Build shop/agenda-12 is now running", "Pod agenda-12-build", "Build agenda-12"),
    ("Job mpi", "PodGroupPending", "PodGroup shop:mpi-0899 unschedule,reason: x", "PodGroup mpi-0899", "Job mpi"),
    ("JobFlow f", "Created", "create a job named f-a!", "Job f-a", "JobFlow f"),
    ("CloneSet edge", "SuccessfulCreate", "succeed to create pod edge-mjm5l", "Pod edge-mjm5l", "CloneSet edge"),
    ("CloneSet edge", "SuccessfulUpdatePodInPlace", "successfully update pod edge-mjm5l in-place(revision edge-1)", "Pod edge-mjm5l", "CloneSet edge"),
    ("CloneSet edge", "SuccessfulUpdatePodReCreate", "successfully patch pod edge-mjm5l specified-delete for update(revision edge-1)", "Pod edge-mjm5l", "CloneSet edge"),
    ("CloneSet edge", "CreatedImagePullJob", "created ImagePullJob edge-x for image: nginx", "ImagePullJob edge-x", "CloneSet edge"),
    ("Kafka k", "PodHasOldRevision", "Rolling Pod k-kafka-0 due to Pod has old revision", "StrimziPodSet k-kafka", "Kafka k"),
    ("StrimziPodSet k-kafka", "PodHasOldRevision", "Rolling Pod k-kafka-0 due to Pod has old revision", "Pod k-kafka-0", "StrimziPodSet k-kafka"),
    ("KafkaConnect k", "ManualRollingUpdate", "Rolling Pod k-connect-7d4b9f8c4d-x2v9q due to manual rolling update", "Pod k-connect-7d4b9f8c4d-x2v9q", "KafkaConnect k"),
    ("Cluster pg", "CreatingInstance", "Creating instance pg-2", "Pod pg-2", "Cluster pg"),
    ("Cluster pg", "DeletePod", "Deleted unschedulable pod pg-2", "Pod pg-2", "Cluster pg"),
    ("PipelineRun build", "Started", "", "TaskRun build-*", "PipelineRun build"),
    ("TaskRun build", "Started", "", "Pod build-pod", "TaskRun build"),
    ("Workflow wf", "WorkflowRunning", "Workflow Running", "Pod wf", "Workflow wf"),
    ("Workflow wf", "WorkflowRunning", "Workflow Running", "Pod wf-*", "Workflow wf"),
    ("MPIJob pi", "MPIJobCreated", "MPIJob shop/pi is created.", "Pod pi-worker-*", "MPIJob pi"),
    ("MPIJob pi", "MPIJobCreated", "MPIJob shop/pi is created.", "Job pi-launcher", "MPIJob pi"),
    ("Job mpi", "ExecuteAction", "Start to execute action SyncJob ", "Pod mpi-*", "Job mpi"),
    ("TaskRun build", "Failed", '"step-a" exited with code 1 (image: "x"); for logs run: kubectl -n shop logs build-pod-abcde -c step-a', "Pod build-pod-abcde", "TaskRun build"),
    ("ScaledObject s", "KEDAScaleTargetActivated", "Scaled apps/v1.Deployment shop/web from 0 to 1, triggered by kafka", "Deployment web", "(above)"),
    ("ScaledObject s", "KEDAScaleTargetDeactivated", "Deactivated apps/v1.Deployment shop/web from 1 to 0", "Deployment web", "(above)"),
    ("VerticalPodAutoscaler v", "EvictedPod", "VPA Updater evicted Pod web-1-abcde to apply resource recommendation.", "Pod web-1-abcde", "(above)"),
    ("RabbitmqCluster r", "SuccessfulCreate", "created resource r-server of Type *v1.StatefulSet", "StatefulSet r-server", "RabbitmqCluster r"),
    ("Cluster pg", "CreatingInstance", "Primary instance (initdb)", "Pod pg-*", "Cluster pg"),
    ("Volume pvc-1", "Attached", "volume pvc-1 has been attached to node-1", "Replica pvc-1-r-*", "Volume pvc-1"),
    ("Volume pvc-1", "Attached", "volume pvc-1 has been attached to node-1", "Engine pvc-1-e-*", "Volume pvc-1"),
    ("DataUpload daily-8zv9q", "Data-Path-Started", "Data path for daily-8zv9q started", "Pod daily-8zv9q", "DataUpload daily-8zv9q"),
    ("FlinkDeployment wc", "Submit", "Starting deployment", "Deployment wc", "FlinkDeployment wc"),
    ("FlinkDeployment wc", "Submit", "Starting deployment", "Pod wc-taskmanager-*", "Deployment wc"),
    ("LeaderWorkerSet vllm", "GroupsProgressing", "Created worker statefulset for leader pod vllm-0", "StatefulSet vllm-0", "Pod vllm-0"),
    ("Canary web", "Synced", "New revision detected! Scaling up web.shop", "Deployment web", "(above)"),
    ("Canary web", "Synced", "Promotion completed! Scaling down web.shop", "Deployment web", "(above)"),
    ("GameServer arena-x7k2p-5vn8q", "Creating", "Pod arena-x7k2p-5vn8q created", "Pod arena-x7k2p-5vn8q", "GameServer arena-x7k2p-5vn8q"),
    ("Deployment web", "ScalingReplicaSet", "Scaled up replica set web-1 from 2 to 4", "HorizontalPodAutoscaler web", "(above)"),
    ("Rollout web", "ScalingReplicaSet", "Scaled up replica set web-1 from 2 to 4", "HorizontalPodAutoscaler keda-hpa-web", "(above)"),
    ("StatefulSet db", "SuccessfulCreate", "create Pod db-1 in StatefulSet db successful", "HorizontalPodAutoscaler db-hpa", "(above)"),
    ("Cluster pg", "FailoverTarget", "Failing over from pg-1 to pg-2", "Pod pg-*", "(above)"),
    ("Cluster pg", "CreatingInstance", "Primary instance (initdb)", "Job pg-*", "(above)"),
    ("ApplicationSet fleet", "created", 'created Application "shop"', "Application shop", "(above)"),
    ("JobSet train", "Suspended", "Kueue managed job suspended", "Job train-*", "(above)"),
    ("Cluster mydb", "ApplyResourcesSucceed", "Successfully applied for resources", "Component mydb-*", "(above)"),
    ("Component mydb-mysql", "ComponentPhaseTransition", "component is Running", "InstanceSet mydb-mysql", "(above)"),
    ("InstanceSet mydb-mysql", "SuccessfulCreate", "create Pod mydb-mysql-0 in InstanceSet mydb-mysql successful", "Pod mydb-mysql-0", "(above)"),
    ("DataVolume disk", "ImportScheduled", "Import into disk scheduled", "PersistentVolumeClaim disk", "(above)"),
    ("PersistentVolumeClaim disk", "CreatedPVCPrimeSuccessfully", "PVC Prime created successfully", f"PersistentVolumeClaim prime-{UID}", "(above)"),
    ("PersistentVolumeClaim disk", "CreatedPVCPrimeSuccessfully", "PVC Prime created successfully", f"Pod importer-prime-{UID}", f"PersistentVolumeClaim prime-{UID}"),
    ("XNetwork net-7k2px", "ComposeResources", "Successfully composed resources", "* net-7k2px-*", "(above)"),
    # the general rule: under its maker's name
    ("Widget w", "Made", 'Created new Gadget resource "w-gadget"', "Gadget w-gadget", "Widget w"),
    ("Widget w", "Made", "Created Gadget shop/w-1", "Gadget w-1", "Widget w"),
    ("Widget w", "Made", "Successfully created StatefulSet w-main", "StatefulSet w-main", "Widget w"),
    ("Widget w", "Made", "created statefulset w-main.", "StatefulSet w-main", "Widget w"),
    ("MachineSet md", "SuccessfulCreate", 'Created machine "md-x7k2p"', "Machine md-x7k2p", "MachineSet md"),
    ("RayJob train", "CreatedRayJobSubmitter", "Created Kubernetes Job shop/train", "Job train", "RayJob train"),
    ("RayService llm", "CreatedRayCluster", "Created the RayCluster shop/llm-7qk2v", "RayCluster llm-7qk2v", "RayService llm"),
    ("RayCluster r", "CreatedHeadPod", "Created head Pod shop/r-head-6kw2m", "Pod r-head-6kw2m", "RayCluster r"),
    ("RayCluster r", "CreatedRoleBinding", "Created role binding shop/r", "Rolebinding r", "RayCluster r"),
    ("MachineDeployment md", "SuccessfulCreate", "Created MachineSet shop/md-vxmrs with 2 replicas", "MachineSet md-vxmrs", "MachineDeployment md"),
    ("postgresql db", "StatefulSet", 'Statefulset "shop/db" has been successfully created', "StatefulSet db", "postgresql db"),
    ("postgresql db", "Services", 'The service "shop/db-repl" for role replica has been successfully created', "Service db-repl", "postgresql db"),
    ("ClickHouseInstallation logs", "CreateStarted", "Create StatefulSet: shop/chi-logs-main-0-0 - started", "StatefulSet chi-logs-main-0-0", "ClickHouseInstallation logs"),
    ("Route r", "Created", 'Created Cert-Manager Certificate "shop"/"r-tls"', "Certificate r-tls", "Route r"),
    ("Inspection i", "Created", "create job named i-next for next step", "Job i-next", "Inspection i"),
    ("MachineDeployment md", "SuccessfulScale", "Scaled up MachineSet md-vxmrs: 1 -> 2", "MachineSet md-vxmrs", "MachineDeployment md"),
    ("MachineDeployment md", "SuccessfulScale", "Scaled MachineSet shop/md-vxmrs: 1 -> 2", "MachineSet md-vxmrs", "MachineDeployment md"),
    ("Fleet arena", "ScalingGameServerSet", "Scaling active GameServerSet arena-x7k2p from 2 to 3", "GameServerSet arena-x7k2p", "Fleet arena"),
    ("FleetAutoscaler a", "AutoScalingFleet", "Scaling fleet arena from 2 to 3", "Fleet arena", "(above)"),
    ("MachineSet md", "SuccessfulDelete", 'Deleted machine "md-x7k2p"', "Machine md-x7k2p", "MachineSet md"),
    ("RayJob train", "DeletedRayCluster", "Deleted RayCluster shop/train-7qk2v", "RayCluster train-7qk2v", "RayJob train"),
    ("Widget w", "Made", "created config map w-settings", "Configmap w-settings", "Widget w"),
    ("LeaderWorkerSet l", "Made", "Created leader statefulset l-0", "StatefulSet l-0", "LeaderWorkerSet l"),
    ("HelmRelease web", "HelmChartCreated", "Created HelmChart/flux-system/apps-web with SourceRef 'HelmRepository/flux-system/web'", "HelmChart apps-web", "HelmRelease web"),
)  # fmt: skip


def named(about: str, reason: str, message: str, **more: object) -> tuple[Named, ...]:
    """What an Event about `Kind name` in the namespace `shop` names."""
    kind, name = about.split(" ")
    involved = {"kind": kind, "name": name, "uid": UID, "namespace": "shop"}
    return ties_of(
        parse_event(event(reason=reason, message=message, involvedObject=involved, **more))
    )


@pytest.mark.parametrize(("about", "reason", "message", "child", "above"), CASES)
def test_messages_name_what_they_are_about(
    about: str, reason: str, message: str, child: str, above: str
) -> None:
    """Formats of the components' own sources, named beside each rule."""
    found = {
        f"{tie.kind} {tie.name}": f"{tie.parent.kind} {tie.parent.name}"
        for tie in named(about, reason, message)
    }
    assert found[child] == (about if above == "(above)" else above)


def test_each_rule_has_a_case() -> None:
    """A rule without one is no rule: its pattern matches the message of a case."""
    for rule in CHILDREN:
        assert (
            any(
                (not rule.reasons or reason in rule.reasons)
                and (not rule.kinds or about.split(" ")[0] in rule.kinds)
                and rule.pattern.match(message)
                for about, reason, message, _, _ in CASES
            )
            or "UnexpectedJob" in rule.reasons
        ), rule


@pytest.mark.parametrize(
    ("about", "message"),
    [
        ("Pod web-1", "Created container: web-1-init"),
        ("Widget w", "Created Gadget other"),  # not under its name
        ("Widget w", "Created w-thing"),  # of no kind
        ("Service w", "Created load balancer"),
        ("Widget w", "Created container w-1"),  # of no kind of object
        ("Widget w", "Created Widget w"),  # itself
        ("Widget w", "Not created: Gadget w-1"),
        ("Widget w", "Gadget w-1 was not created"),
        ("Node w", "Deleted Pod kube-proxy-w"),
        ("PodAutoscaler w", "Scaled Deployment w-main from 1 to 2"),
        ("Widget w", "Scaled Deployment w from 1 to 2"),
        ("Namespace w", "Created Secret w-token"),
        ("Widget w", "Gadget w-1 has not been created yet"),
        ("Widget w", "Waiting for Gadget w-1 to be created"),
        ("Widget w", "Created gateway for Widget w"),
        ("Kustomization w", "Deployment/shop/w-1 created"),  # applied, not owned
        ("VolumeSnapshot s", "Snapshot shop/s was successfully created by the CSI driver."),
    ],
)
def test_what_is_no_creation_names_nothing(about: str, message: str) -> None:
    """The general rule takes what is of a kind, and of its maker's name."""
    assert named(about, "Made", message) == ()


def test_a_message_that_names_without_end_is_taken_in() -> None:
    """Whoever may write Events may write any message; core/v1 has no limit but etcd's."""
    found = named("Notebook n", "Made", "Reissued from statefulset/n: " * 40_000)

    assert 0 < len(found) < 10


def test_a_workflows_node_is_of_its_workflow() -> None:
    """Argo Workflows' nodeEvents.sendAsPod: about the pod, its Workflow in annotations."""
    meta = {
        "name": "p.1", "namespace": "shop", "uid": UID,
        "annotations": {
            "workflows.argoproj.io/workflow-name": "wf", "workflows.argoproj.io/workflow-uid": UID,
        },
    }  # fmt: skip
    (tie,) = named("Pod wf-1", "WorkflowNodeSucceeded", "Succeeded node wf-1", metadata=meta)

    assert (tie.kind, tie.name, tie.parent.kind, tie.parent.name, tie.parent.uid) == (
        "Pod", "wf-1", "Workflow", "wf", UID,
    )  # fmt: skip
