"""Kubernetes' own kinds of objects: one row for each, and all that is derived from the rows.

A custom kind needs no row: discovery finds it. A kind that `run` watches needs the rights to list
and watch it, too (manifests).
"""

from typing import NamedTuple


def resource_name(plural: str, group: str) -> str:
    """Name of a resource in recordings and logs: `pods`, `deployments`, `rollouts.argoproj.io`."""
    # Kubernetes' own groups without a dot are known by their plural alone.
    return f"{plural}.{group}" if "." in group else plural


class Kind(NamedTuple):
    """A kind, its place in the API, and kubectl's `short` name for it (kubectl api-resources).

    `controller` is the component that reconciles a root of this kind and writes Events about it.
    `watched`: what most Events are about, and what owns it; a run watches its metadata.
    """

    kind: str
    plural: str
    group: str = ""
    short: str = ""
    controller: str = ""
    version: str = "v1"
    namespaced: bool = True
    watched: bool = False

    @property
    def resource(self) -> str:
        """Its resource's name in recordings and logs."""
        return resource_name(self.plural, self.group)

    @property
    def api_version(self) -> str:
        """`apiVersion` of its objects: `v1`, `apps/v1`."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def names(self) -> frozenset[str]:
        """The words that kubectl takes for it, in lower case."""
        return frozenset({self.kind.lower(), self.plural, self.short or self.plural})


KINDS = (
    Kind("Deployment", "deployments", "apps", "deploy", "deployment-controller", watched=True),
    Kind("StatefulSet", "statefulsets", "apps", "sts", "statefulset-controller", watched=True),
    Kind("DaemonSet", "daemonsets", "apps", "ds", "daemonset-controller", watched=True),
    Kind("CronJob", "cronjobs", "batch", "cj", "cronjob-controller", watched=True),
    Kind("Job", "jobs", "batch", "", "job-controller", watched=True),
    Kind("ReplicaSet", "replicasets", "apps", "rs", "replicaset-controller", watched=True),
    Kind("Pod", "pods", "", "po", watched=True),
    Kind("ControllerRevision", "controllerrevisions", "apps"),
    Kind("Event", "events", "", "ev"),
    Kind("Namespace", "namespaces", "", "ns", namespaced=False),
    Kind("Node", "nodes", "", "no", namespaced=False),
    Kind("Service", "services", "", "svc"),
    Kind("PersistentVolumeClaim", "persistentvolumeclaims", "", "pvc"),
    Kind("PersistentVolume", "persistentvolumes", "", "pv", namespaced=False),
    Kind("ReplicationController", "replicationcontrollers", "", "rc", "replication-controller"),
    Kind("Ingress", "ingresses", "networking.k8s.io", "ing"),
    Kind("HorizontalPodAutoscaler", "horizontalpodautoscalers", "autoscaling", "hpa", version="v2"),
    Kind("Lease", "leases", "coordination.k8s.io"),
)

BUILT_IN = frozenset(row.kind for row in KINDS)
"""The kinds of the table; an owner of any other is a custom resource."""
_GROUPS = frozenset(row.group for row in KINDS)
CONTROLLERS = {row.kind: row.controller for row in KINDS if row.controller}
"""The component that reconciles a root, by its kind."""
_CUSTOM = {
    "argoproj.io": {
        "rollouts-controller": "Rollout Experiment AnalysisRun",
        "workflow-controller": "Workflow CronWorkflow",
        "applicationset-controller": "ApplicationSet",
    },
    "cert-manager.io": {
        "cert-manager-certificates-request-manager": "Certificate",
        "cert-manager-certificaterequests-issuer-acme": "CertificateRequest",
    },
    "acme.cert-manager.io": {
        "cert-manager-orders": "Order", "cert-manager-challenges": "Challenge",
    },
    "kubevirt.io": {
        "virtualmachine-controller":
            "VirtualMachine VirtualMachineInstance VirtualMachineInstanceMigration",
    },
    "serving.knative.dev": {
        "service-controller": "Service", "configuration-controller": "Configuration",
        "revision-controller": "Revision", "route-controller": "Route",
    },
    "kubeflow.org": {
        "tfjob-controller": "TFJob", "pytorchjob-controller": "PyTorchJob",
        "mpijob-controller": "MPIJob", "xgboostjob-controller": "XGBoostJob",
        "paddlejob-controller": "PaddleJob", "jaxjob-controller": "JAXJob",
        "notebook-controller": "Notebook",
    },
    "sparkoperator.k8s.io": {
        "spark-application-controller": "SparkApplication",
        "scheduled-spark-application-controller": "ScheduledSparkApplication",
    },
    "apps.openshift.io": {"deploymentconfig-controller": "DeploymentConfig"},
    "build.openshift.io": {
        "build-controller": "Build", "buildconfig-controller": "BuildConfig",
    },
    "batch.volcano.sh": {"vc-controller-manager": "Job CronJob"},
    "flow.volcano.sh": {"vc-controller-manager": "JobFlow"},
    "apps.kruise.io": {
        "cloneset-controller": "CloneSet", "statefulset-controller": "StatefulSet",
        "daemonset-controller": "DaemonSet", "broadcastjob-controller": "BroadcastJob",
        "advancedcronjob-controller": "AdvancedCronJob",
    },
    "core.strimzi.io": {"strimzi.io/cluster-operator": "StrimziPodSet"},
    "kafka.strimzi.io": {"strimzi.io/cluster-operator": "Kafka KafkaConnect KafkaMirrorMaker2"},
    "postgresql.cnpg.io": {"cloudnative-pg": "Cluster Pooler ScheduledBackup Backup"},
    "tekton.dev": {"PipelineRun": "PipelineRun", "TaskRun": "TaskRun"},
    "keda.sh": {"keda-operator": "ScaledObject ScaledJob"},
    "karpenter.sh": {"karpenter": "NodePool NodeClaim"},
    "agones.dev": {
        "fleet-controller": "Fleet", "gameserverset-controller": "GameServerSet",
        "gameserver-controller": "GameServer",
    },
    "ray.io": {
        "rayjob-controller": "RayJob", "rayservice-controller": "RayService",
        "raycluster-controller": "RayCluster",
    },
    "cluster.x-k8s.io": {
        "topology/cluster-controller": "Cluster", "machineset-controller": "MachineSet",
        "machinedeployment-controller": "MachineDeployment",
    },
    "acid.zalan.do": {"postgres-operator": "postgresql"},
    "clickhouse.altinity.com": {"clickhouse-operator": "ClickHouseInstallation"},
    "serving.kserve.io": {"v1beta1Controllers": "InferenceService"},
    "jobset.x-k8s.io": {"jobset": "JobSet"},
    "trainer.kubeflow.org": {"trainer-trainjob-controller": "TrainJob"},
    "apps.kubeblocks.io": {
        "cluster-controller": "Cluster", "component-controller": "Component",
    },
    "workloads.kubeblocks.io": {"instance-set-controller": "InstanceSet"},
    "leaderworkerset.x-k8s.io": {"leaderworkerset": "LeaderWorkerSet"},
    "flagger.app": {"flagger": "Canary"},
    "rabbitmq.com": {"rabbitmqcluster-controller": "RabbitmqCluster"},
}  # fmt: skip
CUSTOM_CONTROLLERS = {
    (group, kind): component
    for group, components in _CUSTOM.items()
    for component, kinds in components.items()
    for kind in kinds.split()
}
"""The component that makes what custom kinds own, by their API group and kind."""
API_VERSIONS = {row.kind: row.api_version for row in KINDS}
"""apiVersion by kind, for what a LIST's items leave out."""
KIND_OF_PLURAL = {name: row.kind for row in KINDS for name in (row.plural, row.resource)}
"""Kind of a resource, for a frame that lacks it: a PartialObjectMetadata hides its object's."""
KIND_OF_NAME = {name: row.kind for row in KINDS for name in row.names}
"""Kind by any word that kubectl takes for it."""


def is_custom_group(group: str) -> bool:
    """Whether an API group is none of Kubernetes' own: those have no dot, or are of the table."""
    return "." in group and group not in _GROUPS
