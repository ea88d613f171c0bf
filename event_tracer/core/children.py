"""Lineage by message (laws 8 and 12): which messages name which objects; one line, one rule.

Add a line for a controller of your own, and a case to `tests/core/test_emitters.py`. In a pattern
`name` is the object's name, `namespace` its namespace where the message has one, and `kind` its kind
where the line has none. `docs/emitters.md` is made of these lines. Sources are files of the
component's own repository; wordings that only older versions have stay.
"""

import re
from dataclasses import dataclass
from enum import Enum


class Tie(Enum):
    """What a message says of the object that it names and of the one that its Event is about."""

    OWNS = "owns it"
    HAS = "has it below it"  # somewhere: what names it nearer counts
    NAMES = "names it"
    ATTACHES = "has it attached"  # to what is named as its parent (law 12)
    JOINS = "has it attached, made by others"
    BELONGS = "is attached to it"  # the Event's object to the one that is named (law 12)


@dataclass(frozen=True, slots=True)
class ChildRule:
    """A message of `component` about an object of one of `kinds` (any where there are none).

    It names an object of kind `child`; that is called `name`, made of the pattern's groups, `about`
    and `uid`, those of the Event's object. `parent` is what it belongs to, as `Kind name`, where
    that is not the Event's object.
    """

    component: str
    reasons: frozenset[str]
    kinds: frozenset[str]
    child: str
    pattern: re.Pattern[str]
    source: str
    tie: Tie = Tie.OWNS
    name: str = "{name}"
    parent: str = ""


def _rule(
    component: str, reasons: str, kinds: str, child: str, pattern: str, source: str, *,
    tie: Tie = Tie.OWNS, name: str = "{name}", parent: str = "",
) -> ChildRule:  # fmt: skip
    of = frozenset(reasons.split()), frozenset(kinds.split())
    return ChildRule(component, *of, child, re.compile(pattern), source, tie, name, parent)


ANY_KIND = "*"
"""Of a child: what it is no message says."""
_CREATED = "SuccessfulCreate SuccessfulDelete"
_STATEFUL = f"{_CREATED} SuccessfulUpdate FailedCreate FailedUpdate FailedDelete"
_TASK_RUN = "Started Pending Running Succeeded Failed"
_WORKFLOW = "WorkflowRunning WorkflowSucceeded WorkflowFailed WorkflowTimedOut WorkflowNodeRunning WorkflowNodeSucceeded WorkflowNodeFailed WorkflowNodeError"
_VOLUME = "Attached Detached Degraded Healthy Faulted"
_DATA_VOLUME = "Pending Bound ImportScheduled ImportInProgress ImportSucceeded ImportFailed CloneScheduled CloneInProgress CloneSucceeded CloneFailed UploadScheduled UploadReady UploadSucceeded UploadFailed"
_DATA_PATH = (
    "Data-Path-Started Data-Path-Progress Data-Path-Completed Data-Path-Failed Data-Path-Canceled"
)
_BUILD = "BuildStarted BuildCompleted BuildCancelled BuildFailed"
_DRIVER = "SparkDriverPending SparkDriverRunning SparkDriverCompleted SparkDriverFailed SparkDriverUnknown"
_EXECUTOR = "SparkExecutorPending SparkExecutorRunning SparkExecutorCompleted SparkExecutorFailed SparkExecutorUnknown"
_ANALYSIS = "AnalysisRunPending AnalysisRunRunning AnalysisRunSuccessful AnalysisRunFailed AnalysisRunError AnalysisRunInconclusive"
_INSTANCES = "CreatingInstance FailingOver FailoverTarget SwitchingOver Switchover UpgradingInstance RolloutDelayed DeletePod DeleteUnrecoverableInstance"
_KEDA = "KEDAScaleTargetActivated KEDAScaleTargetActivationFailed KEDAScaleTargetDeactivated KEDAScaleTargetDeactivationFailed"

CHILDREN = (
    # older: "... X to 3", "... to 3 from 0"
    _rule("deployment-controller", "ScalingReplicaSet", "Deployment", "ReplicaSet", r"Scaled (?:up|down) replica set (?P<name>\S+)", "kubernetes pkg/controller/deployment/sync.go"),
    _rule("deployment-controller", "ReplicaSetCreateError", "Deployment", "ReplicaSet", r'Failed to create new replica set "(?P<name>[^"]+)"', "kubernetes pkg/controller/deployment/sync.go"),
    # of ReplicaSet, ReplicationController, DaemonSet, Job and their like
    _rule("controllers of pods", f"{_CREATED} SuccessfulCreatePod SuccessfulDeletePod", "", "Pod", r"(?:Created|Deleted?) pod: (?P<name>\S+)", "kubernetes pkg/controller/controller_utils.go"),
    _rule("statefulset-controller", _STATEFUL, "StatefulSet", "Pod", r"\w+ Pod (?P<name>\S+) in StatefulSet \S+ ", "kubernetes pkg/controller/statefulset/stateful_pod_control.go"),
    _rule("statefulset-controller", _STATEFUL, "StatefulSet", "Pod", r"\w+ Claim \S+ (?:for )?Pod (?P<name>\S+) in StatefulSet \S+ ", "kubernetes pkg/controller/statefulset/stateful_pod_control.go"),
    _rule("statefulset-controller", _STATEFUL, "StatefulSet", "PersistentVolumeClaim", r"\w+ Claim (?P<name>\S+) (?:for )?Pod (?P<pod>\S+) in StatefulSet \S+ ", "kubernetes pkg/controller/statefulset/stateful_pod_control.go", parent="Pod {pod}", tie=Tie.ATTACHES),
    _rule("daemonset-controller", "FailedDaemonPod SucceededDaemonPod", "DaemonSet", "Pod", r"Found (?:failed|succeeded) daemon pod [^/\s]+/(?P<name>\S+) on node", "kubernetes pkg/controller/daemon/daemon_controller.go"),
    _rule("cronjob-controller", _CREATED, "CronJob", "Job", r"(?:Created|Deleted) job (?P<name>\S+)", "kubernetes pkg/controller/cronjob/cronjob_controllerv2.go"),
    _rule("cronjob-controller", "SawCompletedJob", "CronJob", "Job", r"Saw completed job: (?P<name>[^,\s]+)", "kubernetes pkg/controller/cronjob/cronjob_controllerv2.go"),
    _rule("cronjob-controller", "MissingJob", "CronJob", "Job", r"Active job went missing: (?P<name>\S+)", "kubernetes pkg/controller/cronjob/cronjob_controllerv2.go"),
    _rule("cronjob-controller", "UnexpectedJob", "CronJob", "Job", r"Saw a job that the controller did not create or forgot: (?P<name>\S+)", "kubernetes pkg/controller/cronjob/cronjob_controllerv2.go", tie=Tie.NAMES),
    _rule("persistentvolume-controller", "WaitForPodScheduled", "PersistentVolumeClaim", "Pod", r"waiting for pod (?P<name>\S+) to be scheduled", "kubernetes pkg/controller/volume/persistentvolume/pv_controller.go", tie=Tie.BELONGS),
    # What kubectl autoscale, charts and KEDA (keda pkg/util, getHPAName) call it by default; of one
    # that was read its spec tells.
    *(
        _rule("horizontal-pod-autoscaler", reasons, kind, "HorizontalPodAutoscaler", r"Scaled|(?:create|delete) Pod", "kubectl pkg/cmd/autoscale, keda controllers/keda/hpa.go", name=name, tie=Tie.JOINS)
        for kind, reasons in (("Deployment Rollout", "ScalingReplicaSet"), ("StatefulSet", "SuccessfulCreate SuccessfulDelete"))
        for name in ("{about}", "{about}-hpa", "keda-hpa-{about}")
    ),
    # before 1.0 as Kubernetes' Deployments
    _rule("rollouts-controller", "ScalingReplicaSet", "Rollout Experiment", "ReplicaSet", r"Scaled (?:up|down) (?:ReplicaSet|replica set) (?P<name>\S+)", "argo-rollouts rollout/sync.go, utils/conditions/conditions.go"),
    _rule("rollouts-controller", "NewReplicaSetCreated FoundNewReplicaSet", "Rollout Experiment", "ReplicaSet", r'(?:Created|Found) (?:ReplicaSet|new replica set) "?(?P<name>[a-z0-9.-]+)', "argo-rollouts utils/conditions/conditions.go"),
    _rule("rollouts-controller", "ReplicaSetCreateError", "Rollout Experiment", "ReplicaSet", r'Failed to create new replica set "(?P<name>[^"]+)"', "argo-rollouts utils/conditions/conditions.go"),
    _rule("rollouts-controller", _ANALYSIS, "Rollout Experiment", "AnalysisRun", r"(?:\w+ )?Analysis ?Run '(?P<name>[^']+)' Status New", "argo-rollouts rollout/analysis.go"),
    _rule("rollouts-controller", "ExperimentCreated", "Rollout", "Experiment", r"Created Experiment '(?P<name>[^']+)'", "argo-rollouts rollout/experiment.go"),
    _rule("cert-manager-ingress-shim", "CreateCertificate UpdateCertificate", "", "Certificate", r'Successfully (?:created|updated) Certificate "(?P<name>[^"]+)"', "cert-manager pkg/controller/certificate-shim/sync.go"),
    _rule("cert-manager-certificates-request-manager", "Requested", "Certificate", "CertificateRequest", r'Created new CertificateRequest resource "(?P<name>[^"]+)"', "cert-manager pkg/controller/certificates/requestmanager/requestmanager_controller.go"),
    _rule("cert-manager-certificaterequests-issuer-acme", "OrderCreated", "CertificateRequest CertificateSigningRequest", "Order", r"Created Order resource (?:(?P<namespace>[^/\s]+)/)?(?P<name>[^/\s]+)", "cert-manager pkg/controller/certificaterequests/acme/acme.go"),
    _rule("cert-manager-orders", "Created", "Order", "Challenge", r'Created Challenge resource "(?P<name>[^"]+)"', "cert-manager pkg/controller/acmeorders/sync.go"),
    # the solver's pod has a generated name, and no message names it
    _rule("cert-manager-challenges", "Presented", "Challenge", "Pod", r"Presented challenge using HTTP-01", "cert-manager pkg/controller/acmechallenges/sync.go, pkg/issuer/acme/http/pod.go", name="cm-acme-http-solver-*"),
    _rule("virtualmachine-controller", "SuccessfulCreate", "VirtualMachine VirtualMachineInstanceReplicaSet", "VirtualMachineInstance", r"Started the virtual machine by creating the new virtual machine instance (?P<name>\S+)", "kubevirt pkg/virt-controller/watch/vm/vm.go"),
    _rule("virtualmachine-controller", "SuccessfulCreate SuccessfulDelete SuccessfulUpdate", "VirtualMachinePool", "VirtualMachine", r"(?:Created|Deleted|Updated) VM (?:(?P<namespace>[^/\s]+)/)?(?P<name>[^/\s]+)", "kubevirt pkg/virt-controller/watch/pool/pool.go"),
    _rule("virtualmachine-controller", "DataVolumeCreated SuccessfulDataVolumeCreate", "VirtualMachine", "DataVolume", r"Created DataVolume (?P<name>\S+)", "kubevirt pkg/virt-controller/watch/vm/vm.go"),
    _rule("virtualmachine-controller", f"{_CREATED} FailedDelete", "VirtualMachineInstance", "Pod", r"(?:Created|Deleted|Failed to delete) (?:virtual machine|attachment|WaitForFirstConsumer temporary) pod (?P<name>\S+)", "kubevirt pkg/virt-controller/watch/vmi/lifecycle.go, volume-hotplug.go"),
    _rule("virtualmachine-controller", _CREATED, "VirtualMachineInstanceMigration", "Pod", r"(?:Created|Deleted) (?:migration target|attachment|canceled target) pod (?P<name>\S+)", "kubevirt pkg/virt-controller/watch/migration/migration.go", tie=Tie.HAS),
    _rule("virtualmachine-controller", "SuccessfulCreate SuccessfulCreateVirtualMachineInstanceMigration", "VirtualMachineInstance", "VirtualMachineInstanceMigration", r"Created Migration (?P<name>\S+)", "kubevirt pkg/virt-controller/watch/drain/evacuation/evacuation.go"),
    _rule("knative", "Created Updated Deleted", "Service Configuration Route DomainMapping Revision", "", r'(?:Created|Updated|Deleted) (?P<kind>[A-Z]\w+) "(?P<name>[^"]+)"', "serving pkg/reconciler/service/service.go, configuration/configuration.go, route/reconcile_resources.go"),
    _rule("configuration-controller", "LatestReadyUpdate", "Configuration", "Revision", r'LatestReadyRevisionName updated to "(?P<name>[^"]+)"', "serving pkg/reconciler/configuration/configuration.go"),
    _rule("configuration-controller", "Created LatestReadyUpdate", "Configuration", "Deployment", r'(?:Created Revision|LatestReadyRevisionName updated to) "(?P<name>[^"]+)"', "serving pkg/reconciler/revision/resources/names/names.go", name="{name}-deployment", parent="Revision {name}"),
    _rule("training-operator", "SuccessfulCreateService SuccessfulDeleteService", "", "Service", r"(?:Created|Deleted) service: (?P<name>\S+)", "training-operator pkg/controller.v1/common/service.go"),
    _rule("training-operator", "ExitedWithCode", "", "Pod", r"Pod: (?P<namespace>[^.\s]+)\.(?P<name>\S+) exited with code", "training-operator pkg/controller.v1/common/pod.go"),
    _rule("spark-application-controller", _DRIVER, "SparkApplication", "Pod", r"Driver (?P<name>\S+) (?:is|completed|failed|in)\b", "spark-operator internal/controller/sparkapplication/controller.go"),
    _rule("spark-application-controller", _EXECUTOR, "SparkApplication", "Pod", r"Executor \[?(?P<name>[^\]\s]+)\]? (?:is|completed|failed|in)\b", "spark-operator internal/controller/sparkapplication/controller.go", tie=Tie.HAS),
    _rule("kueue", "CreatedWorkload", "", "Workload", r"Created Workload: (?:(?P<namespace>[^/\s]+)/)?(?P<name>[^/\s]+)", "kueue pkg/controller/jobframework/reconciler.go"),
    _rule("kueue", "ProvisioningRequestCreated", "Workload", "ProvisioningRequest", r'Created ProvisioningRequest: "(?P<name>[^"]+)"', "kueue pkg/controller/admissionchecks/provisioning/controller.go"),
    _rule("deploymentconfig-controller", "DeploymentCreated", "DeploymentConfig", "ReplicationController", r'Created new (?:replication controller|deployment) "(?P<name>[^"]+)"', "openshift-controller-manager pkg/apps/deploymentconfig/deploymentconfig_controller.go"),
    _rule("deploymentconfig-controller", "ReplicationControllerScaled DeploymentScaled", "DeploymentConfig", "ReplicationController", r'Scaled (?:replication controller|deployment) "(?P<name>[^"]+)"', "openshift-controller-manager pkg/apps/deploymentconfig/deploymentconfig_controller.go"),
    _rule("deploymentconfig-controller", "DeploymentCancelled", "DeploymentConfig", "ReplicationController", r'Cancelled deployment "(?P<name>[^"]+)"', "openshift-controller-manager pkg/apps/deploymentconfig/deploymentconfig_controller.go"),
    # a version's pods: <name>-deploy, and one for each hook
    *(
        _rule("deployer-controller", "DeploymentCreated", "DeploymentConfig", "Pod", r'Created new (?:replication controller|deployment) "(?P<name>[^"]+)"', "openshift library-go pkg/apps/appsutil/util.go", name=f"{{name}}-{end}", parent="ReplicationController {name}")
        for end in ("deploy", "hook-pre", "hook-mid", "hook-post")
    ),
    _rule("build-controller", _BUILD, "Build", "Pod", r"Build (?P<namespace>[^/\s]+)/(?P<name>\S+) ", "openshift-controller-manager pkg/build/buildutil/util.go", name="{name}-build"),
    _rule("vc-controller-manager", "PodGroupPending", "Job", "PodGroup", r"PodGroup (?P<namespace>[^:\s]+):(?P<name>\S+) ", "volcano pkg/controllers/job/job_controller_actions.go"),
    _rule("vc-controller-manager", "Created", "JobFlow", "Job", r"create a job named (?P<name>[a-z0-9.-]+)!", "volcano pkg/controllers/jobflow/jobflow_controller_action.go"),
    _rule("cloneset-controller", _CREATED, "CloneSet", "Pod", r"succeed to (?:create|delete) pod (?P<name>\S+)", "kruise pkg/controller/cloneset/sync/cloneset_scale.go"),
    _rule("kruise", "SuccessfulUpdatePodInPlace FailedUpdatePodInPlace", "", "Pod", r"(?:successfully|failed to) update pod (?P<name>\S+) in-place", "kruise pkg/controller/cloneset/sync/cloneset_update.go"),
    _rule("kruise", "SuccessfulUpdatePodReCreate FailedUpdatePodReCreate", "", "Pod", r"(?:successfully|failed to) patch pod (?P<name>\S+) ", "kruise pkg/controller/cloneset/sync/cloneset_update.go"),
    _rule("kruise", "CreatedImagePullJob", "", "ImagePullJob", r"created ImagePullJob (?P<name>\S+) for image", "kruise pkg/controller/cloneset/cloneset_predownload_image.go"),
    # since 0.35 each pod is of a StrimziPodSet, before of a StatefulSet of the same name
    _rule("strimzi.io/cluster-operator", "", "Kafka KafkaConnect KafkaMirrorMaker2", "StrimziPodSet", r"Rolling Pod (?P<name>\S+)-\d+ due to", "strimzi cluster-operator model/AbstractModel.java (getPodName)"),
    _rule("strimzi.io/cluster-operator", "", "Kafka KafkaConnect KafkaMirrorMaker2", "Pod", r"Rolling Pod (?P<name>(?P<set>\S+)-\d+) due to", "strimzi cluster-operator model/AbstractModel.java (getPodName)", parent="StrimziPodSet {set}"),
    _rule("strimzi.io/cluster-operator", "", "Kafka KafkaConnect KafkaMirrorMaker2 KafkaNodePool StrimziPodSet", "Pod", r"Rolling Pod (?P<name>\S+) due to", "strimzi operator/resource/events/KubernetesRestartEventPublisher.java", tie=Tie.HAS),
    _rule("cloudnative-pg", "CreatingInstance", "Cluster", "Pod", r"(?:Recreating|Creating) instance (?P<name>\S+)", "cloudnative-pg internal/controller/cluster_create.go"),
    _rule("cloudnative-pg", _INSTANCES, "Cluster", "Pod", r"", "cloudnative-pg pkg/specs/pods.go (GetInstanceName)", name="{about}-*"),
    _rule("cloudnative-pg", _INSTANCES, "Cluster", "Job", r"", "cloudnative-pg pkg/specs/jobs.go", name="{about}-*"),
    _rule("cloudnative-pg", "DeletePod", "Cluster", "Pod", r"Deleted unschedulable pod (?P<name>\S+)", "cloudnative-pg internal/controller/cluster_controller.go"),
    # names that no message tells whole; those beyond 63 characters end in a hash
    _rule("Tekton", f"{_TASK_RUN} Completed", "PipelineRun", "TaskRun", r"", "pipeline pkg/reconciler/pipelinerun/resources/pipelinerunresolution.go (kmeta.ChildName)", name="{about}-*"),
    _rule("workflow-controller", _WORKFLOW, "Workflow", "Pod", r"", "argo-workflows workflow/util/pod_name.go", name="{about}-*"),
    _rule("workflow-controller", _WORKFLOW, "Workflow", "Pod", r"", "argo-workflows workflow/util/pod_name.go (of one node)", name="{about}"),
    _rule("mpi-job-controller", "MPIJobCreated", "MPIJob", "Pod", r"", "mpi-operator pkg/controller/mpi_job_controller.go (workerName)", name="{about}-worker-*"),
    _rule("mpi-job-controller", "MPIJobCreated", "MPIJob", "Job", r"", "mpi-operator pkg/controller/mpi_job_controller.go (newLauncherJob)", name="{about}-launcher"),
    _rule("vc-controller-manager", "PodGroupPending ExecuteAction", "Job", "Pod", r"", "volcano pkg/controllers/job/helpers/helpers.go (MakePodName)", name="{about}-*"),
    # older: a random end
    _rule("Tekton", _TASK_RUN, "TaskRun", "Pod", r"", "pipeline pkg/pod/pod.go (kmeta.ChildName)", name="{about}-pod"),
    _rule("Tekton", "Failed", "TaskRun", "Pod", r"(?s).*for logs run: kubectl -n (?P<namespace>\S+) logs (?P<name>\S+) -c ", "pipeline pkg/pod/status.go"),
    _rule("applicationset-controller", "created Created updated Updated unchanged deleted Deleted", "ApplicationSet", "Application", r'\w+ Application "(?P<name>[^"]+)"', "argo-cd applicationset/controllers/applicationset_controller.go"),
    _rule("jobset", "", "JobSet", "Job", r"", "jobset pkg/util/placement/placement.go (GenJobName)", name="{about}-*"),
    _rule("cluster-controller", "", "Cluster", "Component", r"", "kubeblocks pkg/constant/pattern.go", name="{about}-*"),
    _rule("component-controller", "", "Component", "InstanceSet", r"", "kubeblocks pkg/controller/builder/builder_instance_set.go", name="{about}"),
    _rule("crossplane", "SelectComposition ComposeResources", "", "*", r"", "crossplane internal/controller/apiextensions/composite/composition_render.go", name="{about}-*"),
    _rule("rabbitmqcluster-controller", "SuccessfulCreate SuccessfulUpdate", "RabbitmqCluster", "", r"(?:created|updated) resource (?P<name>\S+) of Type \*?(?:\w+\.)?(?P<kind>\w+)", "cluster-operator controllers/rabbitmqcluster_controller.go"),
    _rule("keda-operator", _KEDA, "ScaledObject", "", r"(?:Scaled|Deactivated|Failed to (?:scale|deactivate)) (?:\S+\.)?(?P<kind>[A-Z]\w+) (?P<namespace>[^/\s]+)/(?P<name>\S+) from", "keda pkg/scaling/executor/scale_scaledobjects.go", tie=Tie.BELONGS),
    # what a Canary analyses is its target's rollout; nearly all targets are Deployments
    _rule("flagger", "Synced", "Canary", "Deployment", r"(?:New revision detected! (?:Scaling up|Restarting analysis for)|Starting canary analysis for|Promotion completed! (?:Scaling down|Canary analysis was skipped for)) (?P<name>[^.\s]+)\.(?P<namespace>[^.\s]+)", "flagger pkg/controller/scheduler.go", tie=Tie.BELONGS),
    _rule("datavolume-controller", _DATA_VOLUME, "DataVolume", "PersistentVolumeClaim", r"", "containerized-data-importer pkg/controller/datavolume/controller-base.go", name="{about}"),
    *(
        _rule("populator", "CreatedPVCPrimeSuccessfully", "PersistentVolumeClaim", kind, r"", "containerized-data-importer pkg/controller/populators/util.go (PVCPrimeName)", name=name, parent=parent)
        for kind, name, parent in (
            ("PersistentVolumeClaim", "prime-{uid}", "PersistentVolumeClaim {about}"),
            ("Pod", "importer-prime-{uid}", "PersistentVolumeClaim prime-{uid}"),
            ("Pod", "cdi-upload-prime-{uid}", "PersistentVolumeClaim prime-{uid}"),
        )
    ),
    _rule("longhorn-volume-controller", _VOLUME, "Volume", "Replica", r"", "longhorn-manager types/types.go (GenerateReplicaNameForVolume)", name="{about}-r-*"),
    _rule("longhorn-volume-controller", _VOLUME, "Volume", "Engine", r"", "longhorn-manager types/types.go (GenerateEngineNameForVolume)", name="{about}-e-*"),
    _rule("velero", _DATA_PATH, "DataUpload DataDownload PodVolumeBackup PodVolumeRestore", "Pod", r"", "velero pkg/exposer/csi_snapshot.go, pod_volume.go", name="{about}"),
    _rule("flink-kubernetes-operator", "Submit JobStatusChanged", "FlinkDeployment", "Deployment", r"", "flink flink-kubernetes utils/KubernetesUtils.java (getDeploymentName)", name="{about}"),
    _rule("flink-kubernetes-operator", "Submit JobStatusChanged", "FlinkDeployment", "Pod", r"", "flink flink-kubernetes KubernetesResourceManagerDriver.java (native mode)", name="{about}-taskmanager-*", parent="Deployment {about}"),
    _rule("leaderworkerset", "GroupsProgressing", "LeaderWorkerSet", "StatefulSet", r"Created worker statefulset for leader pod (?P<name>\S+)", "lws pkg/controllers/pod_controller.go", parent="Pod {name}"),
    _rule("fleetautoscaler-controller", "AutoScalingFleet", "FleetAutoscaler", "Fleet", r"Scaling fleet (?P<name>\S+) from", "agones pkg/fleetautoscalers/controller.go", tie=Tie.BELONGS),
    _rule("gameserver-controller", "Creating", "GameServer", "Pod", r"Pod (?P<name>\S+) created", "agones pkg/gameservers/controller.go"),
    _rule("vpa-updater", "EvictedPod", "VerticalPodAutoscaler", "Pod", r"VPA Updater evicted Pod (?P<name>\S+) to", "autoscaler vertical-pod-autoscaler/pkg/updater/restriction/pods_eviction_restriction.go", tie=Tie.BELONGS),
)  # fmt: skip

# notebook-controller (kubeflow components/notebook-controller/controllers/notebook_controller.go)
# and its like: what was said of an object, said again of the one that owns it.
REISSUED = re.compile(r"Reissued from (?P<kind>[a-z]+)/(?P<name>[a-z0-9.-]+): (?P<message>(?s:.*))")

# The general rule: by an Event about an object whose name is in the child's; a deletion and a scale
# are told also where the creation is forgotten. Up to three words may
# say more of the kind ("virtual machine pod", "Kubernetes Job", "config map").
_OF_KIND = (
    r"(?P<more>(?:(?!(?:for|in|on|of|from|to|with|by|at) )[A-Za-z-]+ ){%d})(?P<kind>[A-Za-z]{2,})"
)
_SAYS = r"(?: resource| object| named)?:? "
_CALLED = (
    r"[\"'`]?(?:(?P<namespace>[a-z0-9-]+)[\"'`]?/[\"'`]?)?"
    r"(?P<name>[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)(?![\w/-])"
)
_ACTIVE = (
    r"(?:Successfully |Succeed(?:ed)? (?:to|in) )?"
    r"(?:(?:[Cc]reat|[Dd]elet)(?:ed|ing|e)|(?P<scale>[Ss]cal(?:ed|ing)(?: up| down)?)) "
    r"(?:an? |the )?(?:new )?"
    rf"{_OF_KIND}(?:{_SAYS}|/){_CALLED}"  # also Flux's HelmChart/flux-system/apps-web
)
# Zalando's postgres-operator pkg/cluster/cluster.go: 'Statefulset "shop/db" has been successfully
# created', 'The service "shop/db" for role master has ...'
_PASSIVE = (
    rf"(?P<scale>)(?:[Tt]he )?{_OF_KIND}{_SAYS}{_CALLED}[\"'`]?(?: for [\w ./-]{{1,99}}?)?"
    r"(?: has been| was)?(?: successfully)? created\b"
)
CREATED_KINDS = tuple(
    re.compile(voice % words) for words in range(4) for voice in (_ACTIVE, _PASSIVE)
)

# Annotation of Crossplane's Events about a claim (apiextensions/claim/reconciler.go): the name of
# its composite resource, which is in no namespace and of another kind.
COMPOSITE = "composite-name"
# Annotations of Argo Workflows' Events about nodes (workflow/common/common.go, operator.go).
_ARGO = "workflows.argoproj.io"
WORKFLOW_NAME, WORKFLOW_UID = f"{_ARGO}/workflow-name", f"{_ARGO}/workflow-uid"
NODE_STARTED = f"{_ARGO}/node-start-time"  # in ns

# Autoscalers, and the field of a spec that names their target (law 12): autoscaling/v2
# HorizontalPodAutoscalerSpec, VPA's vpa_types.go, KEDA's scaledobject_types.go.
TARGETS = {
    "HorizontalPodAutoscaler": "scaleTargetRef",
    "VerticalPodAutoscaler": "targetRef",
    "ScaledObject": "scaleTargetRef",
}
# Kinds that no controller owns, and the labels of theirs that say what they belong to, by kind and
# name, in this API (strimzi operator-common Labels.java; their ownerReferences are no controllers').
LABELLED = {"StrimziPodSet": ("strimzi.io/kind", "strimzi.io/cluster", "kafka.strimzi.io/v1")}
# What these say is that the Event's object has scaled its target.
SCALES = frozenset({
    "SuccessfulRescale", "KEDAScaleTargetActivated", "KEDAScaleTargetDeactivated",
})  # fmt: skip
