"""Objects as Kubernetes' API writes them: typed dicts by the API's own names.

msgspec reads lines of a watch into them, pydantic what is JSON; both forgive what is left out.
"""

from typing import Annotated, Required

from msgspec import Raw
from pydantic import ConfigDict, PlainValidator, with_config
from typing_extensions import TypedDict  # pydantic asks for it before Python 3.12

_FORGIVING = with_config(ConfigDict(extra="ignore", coerce_numbers_to_str=True))


@_FORGIVING
class Reference(TypedDict, total=False):
    """core/v1 ObjectReference."""

    kind: str | None
    namespace: str | None
    name: str | None
    uid: str | None
    apiVersion: str | None
    resourceVersion: str | None
    fieldPath: str | None


@_FORGIVING
class Source(TypedDict, total=False):
    """core/v1 EventSource; the new recorder must leave it empty."""

    component: str | None
    host: str | None


@_FORGIVING
class Series(TypedDict, total=False):
    """EventSeries of either API."""

    count: int | None
    lastObservedTime: str | None


@_FORGIVING
class WriteTime(TypedDict, total=False):
    """The time of one metav1.ManagedFieldsEntry (to the second)."""

    time: str | None


Unread = Annotated[Raw, PlainValidator(lambda value: value)]
"""JSON of a line that `wire.value_of` reads if anybody asks; of what is JSON already, the value.

Fields that writes touched are half of a pod's frame, and only those of roots are read."""
Touched = TypedDict("Touched", {"f:spec": Unread}, total=False)


@_FORGIVING
class ManagedFields(TypedDict, total=False):
    """One metav1.ManagedFieldsEntry: who wrote which fields, and when (to the second)."""

    manager: str | None
    operation: str | None
    subresource: str | None
    time: str | None
    fieldsV1: Touched | None


@_FORGIVING
class Owner(TypedDict, total=False):
    """metav1.OwnerReference."""

    apiVersion: str | None
    kind: str | None
    name: str | None
    uid: str | None
    controller: bool | None


@_FORGIVING
class EventMeta(TypedDict, total=False):
    """metav1.ObjectMeta, as far as an Event's is read."""

    name: str | None
    namespace: str | None
    uid: str | None
    resourceVersion: str | None
    creationTimestamp: str | None
    annotations: dict[str, str | None] | None
    managedFields: list[WriteTime] | None


@_FORGIVING
class Meta(TypedDict, total=False):
    """metav1.ObjectMeta, as far as lineage and changes need it."""

    name: str | None
    generateName: str | None
    namespace: str | None
    uid: str | None
    resourceVersion: str | None
    generation: int | None
    creationTimestamp: str | None
    deletionTimestamp: str | None
    deletionGracePeriodSeconds: int | None
    labels: dict[str, str | None] | None
    annotations: dict[str, str | None] | None
    ownerReferences: list[Owner] | None
    managedFields: list[ManagedFields] | None


@_FORGIVING
class EventObject(TypedDict, total=False):
    """An Event, by core/v1's names."""

    metadata: Required[EventMeta]
    involvedObject: Required[Reference]
    related: Reference | None
    reason: str | None
    message: str | None
    type: str | None
    action: str | None
    count: int | None
    series: Series | None
    source: Source | None
    reportingComponent: str | None
    reportingInstance: str | None
    firstTimestamp: str | None
    lastTimestamp: str | None
    eventTime: str | None


@_FORGIVING
class Condition(TypedDict, total=False):
    """One condition of a status; `lastUpdateTime` is a Deployment's alone."""

    type: str | None
    status: str | None
    reason: str | None
    message: str | None
    lastTransitionTime: str | None
    lastUpdateTime: str | None


@_FORGIVING
class Terminated(TypedDict, total=False):
    """core/v1 ContainerStateTerminated; its message may be the container's own output."""

    exitCode: int | None
    signal: int | None
    reason: str | None
    startedAt: str | None
    finishedAt: str | None
    containerID: str | None


@_FORGIVING
class Waiting(TypedDict, total=False):
    """core/v1 ContainerStateWaiting."""

    reason: str | None


@_FORGIVING
class ContainerState(TypedDict, total=False):
    """core/v1 ContainerState; what runs is told by its Events."""

    terminated: Terminated | None
    waiting: Waiting | None


@_FORGIVING
class ContainerStatus(TypedDict, total=False):
    """core/v1 ContainerStatus."""

    name: str | None
    image: str | None
    restartCount: int | None
    state: ContainerState | None
    lastState: ContainerState | None


@_FORGIVING
class Status(TypedDict, total=False):
    """The status of a pod, a workload or a Job: what the API's types have of it."""

    phase: str | None
    reason: str | None
    observedGeneration: int | None
    conditions: list[Condition] | None
    containerStatuses: list[ContainerStatus] | None
    initContainerStatuses: list[ContainerStatus] | None
    replicas: int | None
    readyReplicas: int | None
    updatedReplicas: int | None
    availableReplicas: int | None
    desiredNumberScheduled: int | None
    updatedNumberScheduled: int | None
    numberAvailable: int | None
    numberReady: int | None
    completionTime: str | None


@_FORGIVING
class RollingUpdate(TypedDict, total=False):
    """apps/v1 RollingUpdateStatefulSetStrategy; a Deployment's other fields are not read."""

    partition: int | None


@_FORGIVING
class Strategy(TypedDict, total=False):
    """The strategy by which a workload's pods are replaced."""

    type: str | None
    rollingUpdate: RollingUpdate | None


@_FORGIVING
class Spec(TypedDict, total=False):
    """The spec of a pod, a workload or a Job, as far as law 11 names it."""

    replicas: int | None
    paused: bool | None
    suspend: bool | None
    minReadySeconds: int | None
    progressDeadlineSeconds: int | None
    strategy: Strategy | None
    updateStrategy: Strategy | None
    nodeName: str | None


@_FORGIVING
class CustomCondition(Condition, total=False):
    """One metav1.Condition; a few kinds have numbers of generations in strings (Argo Rollouts)."""

    observedGeneration: int | str | None


@_FORGIVING
class CustomStatus(TypedDict, total=False):
    """The status of an object of a custom kind, as far as kstatus reads any."""

    observedGeneration: int | str | None
    conditions: list[CustomCondition] | None


@_FORGIVING
class AnyObject(TypedDict, total=False):
    """Any other object, of which the metadata is read."""

    kind: str | None
    apiVersion: str | None
    metadata: Required[Meta]


@_FORGIVING
class CustomSpec(TypedDict, total=False):
    """What an autoscaler scales: autoscaling/v2, VPA's and KEDA's types."""

    scaleTargetRef: Reference | None
    targetRef: Reference | None


@_FORGIVING
class CustomObject(AnyObject, total=False):
    """An object of which the metadata is read, and target and conditions where it came whole."""

    spec: CustomSpec | None
    status: CustomStatus | None


@_FORGIVING
class WholeObject(AnyObject, total=False):
    """An object whose status is read, too."""

    spec: Spec | None
    status: Status | None
