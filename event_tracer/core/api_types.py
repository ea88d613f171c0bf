"""Objects as Kubernetes' API writes them: structs by the API's own names.

msgspec reads lines of a watch into them, pydantic what is JSON (`forgiving`); both forgive what is
left out. Fields stand in the order in which the API writes them: a key is looked for from the one
before on.
"""

from typing import Annotated, cast

from msgspec import Raw, field
from pydantic import PlainValidator

from event_tracer.core.record import Record


class Reference(Record, frozen=True):
    """core/v1 ObjectReference."""

    kind: str | None = None
    namespace: str | None = None
    name: str | None = None
    uid: str | None = None
    apiVersion: str | None = None
    resourceVersion: str | None = None
    fieldPath: str | None = None


class Source(Record, frozen=True):
    """core/v1 EventSource; the new recorder must leave it empty."""

    component: str | None = None
    host: str | None = None


class Series(Record, frozen=True):
    """EventSeries of either API."""

    count: int | None = None
    lastObservedTime: str | None = None


class WriteTime(Record, frozen=True):
    """The time of one metav1.ManagedFieldsEntry (to the second)."""

    time: str | None = None


Unread = Annotated[Raw, PlainValidator(lambda value: value)]
"""JSON of a line, read by `decoding.value_of` if anybody asks; of what is JSON already, the value.

Fields that writes touched are half of a pod's frame, and only those of roots are read."""


class Touched(Record, frozen=True):
    """The fields that one write touched, as far as they are read."""

    # msgspec knows no `Raw | None`.
    spec: Unread = field(name="f:spec", default=cast(Raw, None))


class ManagedFields(Record, frozen=True):
    """One metav1.ManagedFieldsEntry: who wrote which fields, and when (to the second)."""

    manager: str | None = None
    operation: str | None = None
    time: str | None = None
    fieldsV1: Touched | None = None
    subresource: str | None = None


class Owner(Record, frozen=True):
    """metav1.OwnerReference."""

    apiVersion: str | None = None
    kind: str | None = None
    name: str | None = None
    uid: str | None = None
    controller: bool | None = None


class EventMeta(Record, frozen=True):
    """metav1.ObjectMeta, as far as an Event's is read."""

    name: str | None = None
    namespace: str | None = None
    uid: str | None = None
    resourceVersion: str | None = None
    creationTimestamp: str | None = None
    annotations: dict[str, str | None] | None = None
    managedFields: list[WriteTime] | None = None


class Meta(Record, frozen=True):
    """metav1.ObjectMeta, as far as lineage and changes need it."""

    name: str | None = None
    generateName: str | None = None
    namespace: str | None = None
    uid: str | None = None
    resourceVersion: str | None = None
    generation: int | None = None
    creationTimestamp: str | None = None
    deletionTimestamp: str | None = None
    deletionGracePeriodSeconds: int | None = None
    labels: dict[str, str | None] | None = None
    annotations: dict[str, str | None] | None = None
    ownerReferences: list[Owner] | None = None
    managedFields: list[ManagedFields] | None = None


class EventObject(Record, frozen=True):
    """An Event, by core/v1's names."""

    metadata: EventMeta
    involvedObject: Reference
    reason: str | None = None
    message: str | None = None
    source: Source | None = None
    firstTimestamp: str | None = None
    lastTimestamp: str | None = None
    count: int | None = None
    type: str | None = None
    eventTime: str | None = None
    series: Series | None = None
    action: str | None = None
    related: Reference | None = None
    reportingComponent: str | None = None
    reportingInstance: str | None = None


class Condition(Record, frozen=True):
    """One condition of a status; `lastUpdateTime` is a Deployment's alone."""

    type: str | None = None
    status: str | None = None
    lastUpdateTime: str | None = None
    lastTransitionTime: str | None = None
    reason: str | None = None
    message: str | None = None


class Terminated(Record, frozen=True):
    """core/v1 ContainerStateTerminated; its message may be the container's own output."""

    exitCode: int | None = None
    signal: int | None = None
    reason: str | None = None
    startedAt: str | None = None
    finishedAt: str | None = None
    containerID: str | None = None


class Waiting(Record, frozen=True):
    """core/v1 ContainerStateWaiting."""

    reason: str | None = None


class ContainerState(Record, frozen=True):
    """core/v1 ContainerState; what runs is told by its Events."""

    terminated: Terminated | None = None
    waiting: Waiting | None = None


class ContainerStatus(Record, frozen=True):
    """core/v1 ContainerStatus."""

    name: str | None = None
    state: ContainerState | None = None
    lastState: ContainerState | None = None
    restartCount: int | None = None
    image: str | None = None


class Status(Record, frozen=True):
    """The status of a pod, a workload or a Job: what the API's types have of it."""

    phase: str | None = None
    reason: str | None = None
    observedGeneration: int | None = None
    conditions: list[Condition] | None = None
    containerStatuses: list[ContainerStatus] | None = None
    initContainerStatuses: list[ContainerStatus] | None = None
    replicas: int | None = None
    readyReplicas: int | None = None
    updatedReplicas: int | None = None
    availableReplicas: int | None = None
    desiredNumberScheduled: int | None = None
    updatedNumberScheduled: int | None = None
    numberAvailable: int | None = None
    numberReady: int | None = None
    completionTime: str | None = None


class RollingUpdate(Record, frozen=True):
    """apps/v1 RollingUpdateStatefulSetStrategy; a Deployment's other fields are not read."""

    partition: int | None = None


class Strategy(Record, frozen=True):
    """The strategy by which a workload's pods are replaced."""

    type: str | None = None
    rollingUpdate: RollingUpdate | None = None


class Spec(Record, frozen=True):
    """The spec of a pod, a workload or a Job, as far as law 11 names it."""

    replicas: int | None = None
    paused: bool | None = None
    suspend: bool | None = None
    minReadySeconds: int | None = None
    progressDeadlineSeconds: int | None = None
    strategy: Strategy | None = None
    updateStrategy: Strategy | None = None
    nodeName: str | None = None


class CustomCondition(Condition, frozen=True):
    """One metav1.Condition; a few kinds have numbers of generations in strings (Argo Rollouts)."""

    observedGeneration: int | str | None = None


class CustomStatus(Record, frozen=True):
    """The status of an object of a custom kind, as far as kstatus reads any."""

    observedGeneration: int | str | None = None
    conditions: list[CustomCondition] | None = None


class AnyObject(Record, frozen=True):
    """Any other object, of which the metadata is read."""

    metadata: Meta
    kind: str | None = None
    apiVersion: str | None = None


class CustomSpec(Record, frozen=True):
    """What an autoscaler scales: autoscaling/v2, VPA's and KEDA's types."""

    scaleTargetRef: Reference | None = None
    targetRef: Reference | None = None


class CustomObject(AnyObject, frozen=True):
    """An object of which the metadata is read, and target and conditions where it came whole."""

    spec: CustomSpec | None = None
    status: CustomStatus | None = None


class WholeObject(AnyObject, frozen=True):
    """An object whose status is read, too."""

    spec: Spec | None = None
    status: Status | None = None
