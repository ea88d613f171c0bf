"""Where the reasons of components other than Kubernetes' own stand within a second (law 3).

By µs, in the order of an object's life, a Warning after the Normals that led to it; the sources are
named by file, those of each component in its own repository. `tables.RANK` is these and
Kubernetes' own.
"""

# Kinds of the Kubeflow training operator, whose reasons begin with their kind.
TRAINING_KINDS = ("TFJob", "PyTorchJob", "MPIJob", "XGBoostJob", "MXJob", "PaddleJob", "JAXJob")

# What the makers of runs say at the beginning and at the end of one, of the run itself: of custom
# kinds nobody reads the status. Files as at the ranks, and pipeline pkg/apis/pipeline/v1.
RUN_BEGUN = frozenset({
    "WorkflowRunning", "Started", "Running", "Starting", "SparkApplicationSubmitted",
    "BuildStarted", "ImportScheduled", "CloneScheduled", "UploadScheduled",
    *(f"{kind}{word}" for kind in TRAINING_KINDS for word in ("Created", "Running", "Restarting")),
})  # fmt: skip
RUN_ENDED = frozenset({
    "WorkflowSucceeded", "WorkflowFailed", "WorkflowTimedOut", "Succeeded", "Failed", "Completed",
    "PipelineRunTimeout", "TaskRunTimeout", "PipelineRunCancelled", "TaskRunCancelled", "Cancelled",
    "SparkApplicationCompleted", "SparkApplicationFailed", "SparkApplicationSubmissionFailed",
    "BuildCompleted", "BuildFailed", "BuildCancelled", "ImportSucceeded", "ImportFailed",
    "CloneSucceeded", "CloneFailed", "UploadSucceeded", "UploadFailed", "Stopped",
    *(f"{kind}{word}" for kind in TRAINING_KINDS for word in ("Succeeded", "Failed", "Suspended")),
})  # fmt: skip

ENDING = frozenset({"DataVolume"})
"""Kinds that are no runs, but say the same at their beginning and at their end."""

# cluster-autoscaler's actuator, and the plugins of the descheduler, whose reasons are their names
# (pkg/descheduler/evictions/evictions.go).
EVICTORS = (
    "ScaleDown", "Descheduled", "HighNodeUtilization", "LowNodeUtilization", "PodLifeTime",
    "RemoveDuplicates", "RemoveFailedPods", "RemovePodsHavingTooManyRestarts",
    "RemovePodsViolatingInterPodAntiAffinity", "RemovePodsViolatingNodeAffinity",
    "RemovePodsViolatingNodeTaints", "RemovePodsViolatingTopologySpreadConstraint",
)  # fmt: skip

OTHERS = {
    # Argo Rollouts: utils/conditions/conditions.go, rollout/analysis.go, analysis/analysis.go
    "RolloutUpdated": 131, "NewReplicaSetCreated": 132, "RolloutNotCompleted": 133,
    "SkipSteps": 134, "RolloutStepCompleted": 135, "RolloutPaused": 136, "RolloutResumed": 137,
    "ExperimentCreated": 138, "AnalysisRunPending": 139, "AnalysisRunRunning": 140,
    "MetricSuccessful": 141, "MetricInconclusive": 142, "MetricError": 142, "MetricFailed": 142,
    "AnalysisRunSuccessful": 143, "AnalysisRunInconclusive": 144, "AnalysisRunError": 144,
    "AnalysisRunFailed": 144, "TrafficWeightUpdated": 145, "SwitchService": 146,
    "RolloutCompleted": 147, "RolloutAborted": 148,
    # cert-manager: pkg/controller/{certificate-shim,certificates,acmeorders,acmechallenges}
    "CreateCertificate": 150, "Issuing": 151, "Reused": 152, "Generated": 153, "Requested": 154,
    "RequestFailed": 155, "WaitingForApproval": 156, "cert-manager.io": 157, "OrderCreated": 158,
    "OrderPending": 159, "PresentError": 160, "Presented": 161, "DomainVerified": 162,
    "CleanUpError": 163, "Complete": 164, "OrderFailed": 165, "CertificateIssued": 166,
    "Issuing issued": 167,
    # KubeVirt: virt-controller/watch/{vm,vmi,migration}, virt-handler/vm.go
    "SuccessfulHandOver": 170, "PreparingTarget": 171, "Migrating": 172, "Migrated": 173,
    "SuccessfulMigration": 174, "FailedMigration": 175, "ShuttingDown": 176, "Stopped": 177,
    # Knative: serving pkg/reconciler/configuration/configuration.go
    "ConfigurationReady": 180, "LatestReadyUpdate": 181, "LatestReadyFailed": 182,
    # Spark operator: sparkapplication/controller.go; a driver's end is the application's
    "SparkApplicationAdded": 190, "SparkApplicationSubmitted": 191,
    "SparkApplicationSubmissionFailed": 192, "SparkDriverPending": 193, "SparkDriverRunning": 194,
    "SparkExecutorPending": 195, "SparkExecutorRunning": 196, "SparkExecutorCompleted": 197,
    "SparkExecutorFailed": 198, "SparkDriverCompleted": 199, "SparkDriverFailed": 200,
    "SparkApplicationCompleted": 201, "SparkApplicationFailed": 202,
    # Kueue: jobframework/events.go, scheduler.go, workload_controller.go
    "CreatedWorkload": 210, "Pending": 211, "QuotaReserved": 212, "Admitted": 213,
    "FinishedWorkload": 215,
    # OpenShift: deploymentconfig_controller.go, build/buildutil/consts.go
    "DeploymentCreated": 220, "ReplicationControllerScaled": 221, "DeploymentCancelled": 222,
    "BuildStarted": 223, "BuildCompleted": 224, "BuildCancelled": 225, "BuildFailed": 226,
    # Kruise: cloneset_update.go; Volcano: job_controller_handler.go
    "SuccessfulUpdatePodInPlace": 230, "FailedUpdatePodInPlace": 231, "ExecuteAction": 232,
    # Flux: kustomize-controller, helm-controller api/v2/condition_types.go
    "Progressing": 240, "ReconciliationSucceeded": 241, "ReconciliationFailed": 242,
    "HealthCheckFailed": 243, "InstallSucceeded": 244, "InstallFailed": 245,
    "UpgradeSucceeded": 246, "UpgradeFailed": 247, "TestSucceeded": 248, "TestFailed": 249,
    "RollbackSucceeded": 250, "RollbackFailed": 251, "UninstallSucceeded": 252,
    "UninstallFailed": 253,
    # Karpenter: pkg/events/reason.go, nodeclaim/lifecycle
    "Launched": 260, "Registered": 261, "Initialized": 262, "DisruptionBlocked": 264,
    "Unconsolidatable": 265, "DisruptionLaunching": 266, "DisruptionWaitingReadiness": 267,
    "DisruptionTerminating": 268, "FailedDraining": 270,
    # those who evict a pod, before its containers are stopped; Disrupted is Karpenter's
    "Disrupted": 93, "EvictedByVPA": 93, **dict.fromkeys(EVICTORS, 92),
    # a pod's way elsewhere: YuniKorn pkg/cache/task.go, Multus pkg/multus (each pod of OpenShift)
    "Scheduling": 40, "PodBindSuccessful": 45, "AddedInterface": 52,
    # KEDA: eventreason.go; VPA: pods_eviction_restriction.go
    "KEDAScalersStarted": 280, "ScaledObjectReady": 281, "ScaledJobReady": 281,
    "KEDAScaleTargetActivated": 282, "KEDAScaleTargetActivationFailed": 283,
    "KEDAJobsCreated": 284, "KEDAScaleTargetDeactivated": 285, "EvictedPod": 286,
    # Argo Workflows: workflow/controller/operator.go
    "WorkflowRunning": 290, "WorkflowNodeRunning": 291, "WorkflowNodeSucceeded": 292,
    "WorkflowNodeFailed": 293, "WorkflowNodeError": 293, "WorkflowSucceeded": 294,
    "WorkflowFailed": 295, "WorkflowTimedOut": 296,
    # Tekton: pkg/reconciler/events/k8sevent/event.go
    "Running": 71, "Succeeded": 300,
    # Argo CD: util/argo/audit_logger.go
    "ResourceUpdated OutOfSync": 309, "OperationStarted": 310, "OperationCompleted": 311,
    # Altinity: announcer event-emitter.go
    "ReconcileStarted": 313, "CreateStarted": 314, "UpdateStarted": 314, "DeleteStarted": 314,
    "CreateCompleted": 315, "UpdateCompleted": 315, "DeleteCompleted": 315,
    "ReconcileCompleted": 316,
    # KubeRay: ray-operator utils/constant.go; a cluster is made before what submits to it
    "CreatedRayCluster": 320, "CreatedService": 321, "CreatedHeadPod": 322,
    "CreatedWorkerPod": 323, "CreatedRayJobSubmitter": 324, "DeletedRayJobSubmitter": 325,
    "DeletedWorkerPod": 326, "DeletedHeadPod": 327, "DeletedRayCluster": 328,
    # Agones: gameservers/controller.go
    "PortAllocation": 330, "Creating": 331, "RequestReady": 332,
    # snapshot-controller: common-controller/snapshot_controller.go
    "CreatingSnapshot": 340, "SnapshotCreated": 341, "SnapshotReady": 342,
    # CDI: pkg/controller/datavolume
    "ImportScheduled": 345, "CloneScheduled": 345, "UploadScheduled": 345,
    "ImportInProgress": 346, "CloneInProgress": 346, "UploadReady": 346, "ImportSucceeded": 347,
    "CloneSucceeded": 347, "UploadSucceeded": 347,
    # Kubeflow training: pkg/controller.v1/common, pkg/common/util/reason.go
    "SuccessfulCreatePod": 16, "FailedCreatePod": 17, "SuccessfulCreateService": 18,
    "FailedCreateService": 19, "ExitedWithCode": 304, "SuccessfulDeletePod": 305,
    **{
        f"{kind}{word}": rank
        for kind in TRAINING_KINDS
        for word, rank in (
            ("Created", 15), ("Running", 301), ("Restarting", 302), ("Suspended", 303),
            ("Succeeded", 306), ("Failed", 307),
        )
    },
}  # fmt: skip
