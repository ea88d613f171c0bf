"""Meaning of the reasons and messages of Kubernetes' components: one line, one rule.

Edit these to teach the tracer a component of your own. Sources: the components' code in
k8s.io/kubernetes v1.34 and v1.37 (the file is named at each group), and older wordings where they
differ.
"""

import re
from dataclasses import dataclass

from event_tracer.core.ranks import EVICTORS, OTHERS, TRAINING_KINDS

# Where what happens to one object stands within a whole second, for the many times that carry
# none finer: by µs, in the order of its life, a Warning after what it is about. The key is a span's
# name where one word of the message decides, else the reason. No id has these numbers in it (law 2).
RANK = {
    # status: what begins, at the start of its second
    "DisruptionTarget": 1, "NotReady": 2,
    # autoscaler and controllers
    "SuccessfulRescale": 10, "FailedRescale": 11, "ScalingReplicaSet": 12,
    "ReplicaSetCreateError": 13, "SuccessfulCreate": 14, "FailedCreate": 15,
    # claims
    "WaitForFirstConsumer": 20, "WaitForPodScheduled": 21, "ExternalProvisioning": 22,
    "Provisioning": 23, "ProvisioningFailed": 24, "ProvisioningSucceeded": 25,
    "FailedBinding": 26, "ExternalExpanding": 27, "Resizing": 28, "VolumeResizeFailed": 29,
    "FileSystemResizeRequired": 30, "FileSystemResizeSuccessful": 31,
    # a node's start: kubelet_node_status.go, node_lifecycle_controller.go
    "Starting": 32, "InvalidDiskCapacity": 33, "NodeHasSufficientMemory": 34,
    "NodeHasNoDiskPressure": 35, "NodeHasSufficientPID": 36, "NodeAllocatableEnforced": 37,
    "RegisteredNode": 38, "Rebooted": 39,
    # a pod finds its node and its volumes
    "FailedScheduling": 40, "NotTriggerScaleUp": 41, "TriggeredScaleUp": 42, "Nominated": 43,
    "Scheduled": 44, "FailedNodeDeclaredFeaturesCheck": 45, "SuccessfulAttachVolume": 45,
    "FailedAttachVolume": 46, "FailedMount": 47,
    "SuccessfulMountVolume": 48, "NetworkNotReady": 49, "FailedCreatePodSandBox": 50,
    "SandboxChanged": 51,
    # its images: kubelet images/image_manager.go
    "Pulling": 60, "Pulled": 61, "InspectFailed": 62, "ErrImageNeverPull": 63,
    "Failed InvalidImageName": 64, "Failed ImageInspectError": 64, "Failed ErrImageNeverPull": 64,
    "Failed RegistryUnavailable": 64, "Failed SignatureValidationFailed": 64,
    "Failed ErrImagePull": 65, "BackOff image": 66, "Failed ImagePullBackOff": 67,
    # its containers: any other Failed is of a creation or a start (kuberuntime_container.go)
    "Created": 70, "Started": 71, "Failed": 72, "FailedPostStartHook": 73, "BackOff": 74,
    "ResizeStarted": 75, "ResizeDeferred": 76, "ResizeInfeasible": 77, "ResizeError": 78,
    "ResizeCompleted": 79, "ProbeWarning": 80, "Unhealthy": 81,
    # its end
    "NodeNotReady": 90, "NodeReady": 91, "TaintManagerEviction": 92,
    "DeviceTaintManagerEviction": 92, "Evicted": 93, "Preempted": 94, "Preempting": 95,
    "Killing": 96, "FailedPreStopHook": 97, "ExceededGracePeriod": 98, "FailedKillPod": 99,
    "SuccessfulDelete": 100, "FailedDelete": 101,
    # a Service's load balancer
    "EnsuringLoadBalancer": 110, "SyncLoadBalancerFailed": 111, "EnsuredLoadBalancer": 112,
    "DeletingLoadBalancer": 113, "DeletedLoadBalancer": 114,
    # a run's end
    "BackoffLimitExceeded": 120, "DeadlineExceeded": 121, "FailedIndexes": 122, "Completed": 123,
    "SawCompletedJob": 124,
    **OTHERS,
    # status: what ends, at the end of its second
    "Terminated": 901, "Ready": 902, "RolloutComplete": 903, "ProgressDeadlineExceeded": 904,
}  # fmt: skip
# Reasons that the table does not know stand after those it does: what they begin, anything, what
# they end, Warnings last.
UNKNOWN_BEGIN_RANK, UNKNOWN_RANK, UNKNOWN_END_RANK, UNKNOWN_WARNING_RANK = 799, 800, 801, 802
BEGINS = re.compile(r".*(?:Start(?:ed|ing)|Initiated|Scheduled|Requested|Pending|Accepted)")
ENDS = re.compile(r".*(?:Complete|Completed|Succeeded|Successful|Finished|Done|Ready)")

CREATED = "(created)"  # stands for the object's own creationTimestamp
# A first occurrence of the key began when the newest of its predecessors happened first, on the
# same object and container. Of kubernetes: pkg/kubelet, pkg/controller, pkg/scheduler; of others
# the files are named at their ranks.
STEPS = {
    "Scheduled": (CREATED, "FailedScheduling"),
    "SuccessfulAttachVolume": ("Scheduled",),
    "Pulled": ("Pulling",),
    "Created": ("Pulled",),
    "Started": ("Created",),
    "ResizeCompleted": ("ResizeStarted",),
    "Completed": (CREATED, "Starting", "Started"),
    "ProvisioningSucceeded": ("ExternalProvisioning", "Provisioning"),
    "EnsuredLoadBalancer": ("EnsuringLoadBalancer",),
    "DeletedLoadBalancer": ("DeletingLoadBalancer",),
    "FileSystemResizeRequired": ("Resizing",),
    "FileSystemResizeSuccessful": ("FileSystemResizeRequired", "ExternalExpanding"),
    "RolloutResumed": ("RolloutPaused",),
    "RolloutCompleted": ("RolloutUpdated",),
    "Requested": ("Issuing",),
    "Issuing issued": ("Issuing",),
    # ingress-gce pkg/neg/readiness
    "LoadBalancerNegReady": ("LoadBalancerNegNotReady",),
    "Presented": ("Started",),
    "DomainVerified": ("Presented",),
    "Complete": ("Created",),
    "CertificateIssued": ("WaitingForApproval", "OrderCreated"),
    "SuccessfulMigration": ("SuccessfulHandOver",),
    "ConfigurationReady": ("Created",),
    "SparkApplicationSubmitted": ("SparkApplicationAdded",),
    "SparkDriverCompleted": ("SparkDriverRunning",),
    "SparkApplicationCompleted": ("SparkApplicationSubmitted",),
    "SparkApplicationFailed": ("SparkApplicationSubmitted",),
    "BuildCompleted": ("BuildStarted",),
    "BuildFailed": ("BuildStarted",),
    "RollbackSucceeded": ("UpgradeFailed",),
    "SnapshotCreated": ("CreatingSnapshot",),
    "SnapshotReady": ("CreatingSnapshot",),
    "Rebuilt": ("Rebuilding",),
    **{
        f"{what}{end}": (f"{what}Scheduled",)
        for what in ("Import", "Clone", "Upload")
        for end in ("Succeeded", "Failed")
    },
    "WorkflowSucceeded": ("WorkflowRunning",),
    "WorkflowFailed": ("WorkflowRunning",),
    "Succeeded": ("Started",),
    "Failed": ("Started", "Starting"),
    **{
        f"{kind}{end}": (f"{kind}Created",)
        for kind in TRAINING_KINDS
        for end in ("Succeeded", "Failed")
    },
}  # fmt: skip
# Of pods `Failed` is the kubelet's, of an image or a start.
OTHERS_STEPS = frozenset({"Failed"})
# Of any other reason its own words tell: Argo CD's OperationCompleted, Altinity's CreateFailed,
# Velero's Data-Path-Completed.
ENDED = re.compile(r"(?P<what>.*\w-?)(?:Completed?|Succeeded|Finished|Done|Failed|Ended)")
BEGUN = ("Started", "Starting", "Initiated")
# Steps that end one container's part; the others end the whole object's.
CONTAINER_STEPS = frozenset({"Pulled", "Created", "Started"})
# Those that began with the earliest of their predecessors, for a pod may have been tried often.
EARLIEST_STEPS = frozenset({"Scheduled", "Issuing issued"})
# Kinds whose creation a CREATED step may start from: a Job's `Completed` says so, others' not.
CREATED_KINDS = {"Scheduled": "Pod", "Completed": "Job"}

# deployment/sync.go, of today and as it was before 1.26.
SCALED = re.compile(
    r"Scaled (?:up|down) replica set (?P<name>\S+) "
    r"(?:from (?P<before>\d+) to (?P<after>\d+)|to (?P<to>\d+) from (?P<from>\d+))$"
)
# client-go tools/record/events_cache.go, from the tenth similar message on
COMBINED = "(combined from similar events): "

# kuberuntime_manager.go, computePodActions: why a container is killed, and will be restarted
PROBE_KILL = re.compile(r"failed (liveness|startup) probe")

# The part of a message that refines a span's name: a closed set. (reason, pattern → word)
_CONTAINER_ERRORS = (
    "ErrImagePull|ImagePullBackOff|ErrImageNeverPull|InvalidImageName|ImageInspectError|"
    "RegistryUnavailable|SignatureValidationFailed|CreateContainerConfigError|"
    "CreateContainerError|PreCreateHookError|PreStartHookError|PostStartHookError|RunContainerError"
)
NAME_WORDS = {
    "Failed": ((re.compile(rf"Error: ({_CONTAINER_ERRORS})\b"), None), (re.compile("Failed to pull image"), "ErrImagePull")),
    "BackOff": ((re.compile("Back-off pulling image"), "image"), (re.compile("Back-off (?:\\S+ )?restarting"), "restart")),
    "Unhealthy": ((re.compile("(?i)(readiness|liveness|startup) probe"), None),),
    "ScalingReplicaSet": ((re.compile("Scaled (up|down)"), None),),
    # argo-cd controller/appcontroller.go; gitops-engine pkg/health and its sync codes
    "ResourceUpdated": ((re.compile("Updated (?:sync|health) status: \\w* ?-> (Synced|OutOfSync|Healthy|Progressing|Degraded|Suspended|Missing|Unknown)\\b"), None),),
    # cert-manager certificates/issuing: the end is called as the beginning
    "Issuing": ((re.compile("The certificate has been successfully (issued)"), None),),
}  # fmt: skip

# A fact in a message → an attribute. (reasons, pattern, attribute)
MESSAGE_ATTRIBUTES = (
    (frozenset({"Pulling", "Pulled", "Failed", "BackOff"}), re.compile(r'image "(?P<value>[^"]+)"'), "container.image.name"),
    (frozenset({"Scheduled"}), re.compile(r"Successfully assigned \S+ to (?P<value>\S+)"), "k8s.node.name"),
)  # fmt: skip

# Who creates objects of this kind for its owner: an object span's service.
CREATORS = {
    "ReplicaSet": {"Deployment": "deployment-controller"},
    "Pod": {
        "ReplicaSet": "replicaset-controller", "StatefulSet": "statefulset-controller",
        "DaemonSet": "daemonset-controller", "Job": "job-controller",
        "ReplicationController": "replication-controller",
    },
    "Job": {"CronJob": "cronjob-controller"},
}  # fmt: skip

# annotation or label of the root → attribute of its span
ROOT_ANNOTATIONS = {
    "deployment.kubernetes.io/revision": "event_tracer.revision",
    "kubernetes.io/change-cause": "kubernetes.io/change-cause",
    "argocd.argoproj.io/tracking-id": "argocd.argoproj.io/tracking-id",
    "meta.helm.sh/release-name": "meta.helm.sh/release-name",
    "meta.helm.sh/release-namespace": "meta.helm.sh/release-namespace",
}
ROOT_LABELS = {
    "kustomize.toolkit.fluxcd.io/name": "kustomize.toolkit.fluxcd.io/name",
    "kustomize.toolkit.fluxcd.io/namespace": "kustomize.toolkit.fluxcd.io/namespace",
    "helm.toolkit.fluxcd.io/name": "helm.toolkit.fluxcd.io/name",
    "helm.toolkit.fluxcd.io/namespace": "helm.toolkit.fluxcd.io/namespace",
    "helm.sh/chart": "helm.sh/chart",
}
# kubectl rollout restart writes this annotation of the template and nothing else, whether the
# template had annotations before or not.
_RESTARTED_AT: dict[str, object] = {"f:kubectl.kubernetes.io/restartedAt": {}}
RESTARTS: tuple[dict[str, object], ...] = tuple(
    {"f:template": {"f:metadata": {"f:annotations": annotations}}}
    for annotations in (_RESTARTED_AT, {".": {}} | _RESTARTED_AT)
)
# kubectl rollout pause writes this field, beside what kubectl rollout restart wrote before.
PAUSES: tuple[dict[str, object], ...] = tuple(
    {"f:paused": {}} | restart for restart in ({}, *RESTARTS)
)
KUBE_CONTROLLERS = "kube-controller-manager"
"""The manager of what Kubernetes' own controllers write, its horizontal-pod-autoscaler also."""
AUTOSCALERS = frozenset({
    KUBE_CONTROLLERS, "horizontal-pod-autoscaler", "keda-operator", "keda",
})  # fmt: skip
"""Managers of scales: those of writes, and the components whose Events tell of them."""

# What these reasons say of a Pod: that it is on its way, or that it need not be waited for.
POD_WAITING = frozenset({
    "FailedScheduling", "Scheduled", "FailedMount", "FailedAttachVolume", "FailedCreatePodSandBox",
    "NetworkNotReady", "Pulling", "Pulled", "Failed", "Created", "WaitForPodScheduled",
})  # fmt: skip
POD_DONE = frozenset({
    "Started", "Killing", "Preempted", "Evicted", "TaintManagerEviction",
    "DeviceTaintManagerEviction",
})  # fmt: skip
POD_BORN = frozenset({
    "FailedScheduling", "Scheduled", "SuccessfulCreate", "SuccessfulCreatePod",
})  # fmt: skip
CHILD_WAITING = frozenset({"SuccessfulCreate", "SuccessfulCreatePod"})
CHILD_DONE = frozenset({"SuccessfulDelete", "SuccessfulDeletePod"})
CLAIM_WAITING = frozenset({"ExternalProvisioning", "Provisioning"})
CLAIM_DONE = frozenset({"ProvisioningSucceeded"})
# A pod that one of these is about goes, as does one whose container is stopped.
POD_LEAVING = frozenset({
    "Preempted", "Evicted", "TaintManagerEviction", "DeviceTaintManagerEviction", "EvictedByVPA",
    "Disrupted", *EVICTORS,
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class TransitionRule:
    """A transition of a status: its place in its second, and whether it is an error (law 11).

    It `ends` something, and stands at the end of its second, or begins something, at its start
    (RANK has its place there). `words` refine its name: a closed set.
    """

    ends: bool
    is_error: bool = False  # of Terminated its exit code tells
    message: str = ""
    words: frozenset[str] = frozenset()
    rank: int = 0  # of a condition of a custom kind, whose name may be that of another occurrence


# Of a pod by the kubelet, of a workload by its controller. Reasons of DisruptionTarget:
# core/v1 types.go, device_taint_eviction.go (on since 1.36); of an end: kubelet_pods.go, cri-api,
# containerd and CRI-O.
TRANSITIONS = {
    "DisruptionTarget": TransitionRule(ends=False, words=frozenset({
        "EvictionByEvictionAPI", "PreemptionByScheduler", "DeletionByTaintManager",
        "DeletionByDeviceTaintManager", "DeletionByPodGC", "TerminationByKubelet",
    })),
    "NotReady": TransitionRule(ends=False, is_error=True, message="the pod is not ready"),
    "Terminated": TransitionRule(ends=True, words=frozenset({
        "OOMKilled", "Error", "Completed", "ContainerCannotRun", "StartError", "DeadlineExceeded",
        "Evicted", "ContainerStatusUnknown",
    })),
    "Ready": TransitionRule(ends=True),
    "RolloutComplete": TransitionRule(ends=True),
    "ProgressDeadlineExceeded": TransitionRule(ends=True, is_error=True),
}  # fmt: skip

# An Event may be called as a transition is: its second is none of a status.
EVENT_RANK = {name: rank for name, rank in RANK.items() if name not in TRANSITIONS}

# Conditions of custom kinds by type: those of kstatus, and the common ones; any other is a
# `Condition`. One that does not hold any longer is its `Not`, `NotReady`.
CONDITIONS = {
    "Paused": TransitionRule(ends=False, rank=3),
    "Reconciling": TransitionRule(ends=False, rank=4),
    "Progressing": TransitionRule(ends=False, rank=5),
    "Degraded": TransitionRule(ends=False, is_error=True, rank=8),
    "Stalled": TransitionRule(ends=False, is_error=True, rank=9),
    "Accepted": TransitionRule(ends=True, rank=905),
    "Scheduled": TransitionRule(ends=True, rank=906),
    "Initialized": TransitionRule(ends=True, rank=907),
    "Programmed": TransitionRule(ends=True, rank=908),
    "Synced": TransitionRule(ends=True, rank=909),
    "Available": TransitionRule(ends=True, rank=910),
    "Healthy": TransitionRule(ends=True, rank=911),
    "Ready": TransitionRule(ends=True, rank=912),
    "Succeeded": TransitionRule(ends=True, rank=913),
    "Complete": TransitionRule(ends=True, rank=914),
    "Completed": TransitionRule(ends=True, rank=915),
    "Failed": TransitionRule(ends=True, is_error=True, rank=916),
}
CONDITION = TransitionRule(ends=False, rank=6)
NO_CONDITION = TransitionRule(ends=False, rank=7)
