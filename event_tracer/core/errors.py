"""Errors that stand until something undoes them: kinds, and what undoes them (law 6)."""

from enum import IntEnum

from event_tracer.core.record import SavedRecord
from event_tracer.core.tables import POD_LEAVING
from event_tracer.core.times import second_of


class Kind(IntEnum):
    """Kinds of errors, the most telling first."""

    DEATH = 1
    PULL = 2
    START = 3
    CREATION = 4
    SCHEDULING = 5
    ATTACH = 6
    MOUNT = 7
    CLAIM = 8
    PROBE = 9
    DEADLINE = 10
    BACK_OFF = 11
    OTHER = 12


# Those that end a story after two minutes, and make one failed that a newer change ends. The
# others have deadlines of their own, or resolve themselves as others go.
DOUBTFUL = frozenset({
    Kind.SCHEDULING, Kind.ATTACH, Kind.MOUNT, Kind.CLAIM, Kind.PROBE, Kind.DEADLINE,
})  # fmt: skip
MAY_RESOLVE = DOUBTFUL - {Kind.DEADLINE}
"""Those that may go as they came; a deadline that has passed does not."""
ADVICE = frozenset({
    # kubelet network/dns/dns.go, kubelet_pods.go (kubernetes#128544: 11,000 times of a healthy pod)
    "DNSConfigForming", "CheckLimitsForResolvConf", "MissingClusterDNS",
    "FailedToRetrieveImagePullSecret",
    # kubelet kubelet.go, of its node
    "CgroupV1", "PossibleMemoryBackedVolumesOnDisk",
    # endpointslice topologycache/topologycache.go; endpointslice_controller.go, which tries again
    "TopologyAwareHintsDisabled", "FailedToUpdateEndpoint", "FailedToUpdateEndpointSlices",
    # node-problem-detector config/systemd-monitor.json: each start of a node, as Warnings
    "KubeletStart", "ContainerdStart", "DockerStart", "NodeSysctlChange",
    # Kyverno pkg/event/reason.go, of what was let in
    "PolicyViolation",
})  # fmt: skip
"""Reasons of Warnings that nothing waits for: none stands, however often it is told."""
_SURE_DEATHS = 3
OF_CONTAINER = frozenset({Kind.DEATH, Kind.PULL, Kind.START, Kind.BACK_OFF})
"""Kinds of which each container has its own."""
_GOES_ON = frozenset({
    "the pod is not ready",
    *(f"Error: {word}" for word in ("ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull")),
})  # fmt: skip
ErrorKey = tuple[str, Kind, str]  # object, kind, container
_Time = int | None


class Standing(SavedRecord, frozen=True):
    """An error of `kind` about the object `identity`, which stands since `since`; times in ns.

    `surely` is since when it is beyond doubt, None as long as it is not. `name` is its newest
    span's, `message` the most telling. `about` is the object as `Kind name`. Of a death `lived`
    are the ns that the container had lived, `ordinal` is 1 for its first; of any other `times` is
    how often it was told, but for words that it goes on.
    """

    kind: Kind
    identity: str
    container: str
    since: int
    last: int
    surely: "_Time"
    name: str
    message: str
    about: str
    lived: int = 0
    ordinal: int = 0
    is_init: bool = False
    times: int = 0

    @property
    def key(self) -> ErrorKey:
        """What an error and its repeats share."""
        return self.identity, self.kind, self.container if self.kind in OF_CONTAINER else ""

    def again(self, newer: "Standing") -> "Standing":
        """This error with its newest occurrence."""
        first, last = (self, newer) if newer.last >= self.last else (newer, self)
        keeps = _tells_more(first.message, last.message)
        sure = [each for each in (self.surely, newer.surely) if each is not None]
        return last.but(
            since=min(self.since, newer.since),
            surely=min(sure, default=None),
            name=first.name if keeps else last.name,
            message=first.message if keeps else last.message,
            ordinal=max(first.ordinal, last.ordinal),
            times=max(self.times + (bool(newer.times) and not self._is_before(newer)), newer.times),
        )

    def is_undone_by(self, reason: str, container: str) -> bool:
        """Whether a Normal occurrence of this reason and container about its object undoes it."""
        _, kind, of_container = self.key
        is_same = not of_container or of_container == container
        return is_same and (kind is Kind.OTHER or kind in UNDOES.get(reason, ()))

    def _is_before(self, newer: "Standing") -> bool:
        """Whether it counts that occurrence: an Event's first, told of the second of its second.

        The first alone has its time to the nanosecond (law 3), which may be later in that second.
        """
        is_first = newer.times == 1 < self.times and newer.message == self.message
        return is_first and second_of(newer.last) == second_of(self.since)


def goes_on(message: str) -> bool:
    """Whether a message says that an error goes on, not why it is.

    "Failed to pull image ...: not found" says why, "Error: ImagePullBackOff" does not.
    """
    return message in _GOES_ON or message.startswith("Back-off ")


def _tells_more(one: str, other: str) -> bool:
    return goes_on(other) and not goes_on(one)


def surely_since(kind: Kind, *, time: int, ordinal: int, is_run: bool) -> int | None:
    """Since when an error is beyond doubt, if it is; `is_run`: below a run, which tries again."""
    if kind is Kind.DEATH and (is_run or ordinal < _SURE_DEATHS):
        return None
    return None if kind in DOUBTFUL else time


# Span names, or reasons, of errors; `Failed` alone has what the kubelet could not start.
KINDS = {
    "Terminated": Kind.DEATH,
    "BackOff restart": Kind.BACK_OFF,
    "BackOff image": Kind.PULL,
    "InspectFailed": Kind.PULL,
    "ErrImageNeverPull": Kind.PULL,
    **{
        f"Failed {word}": Kind.PULL
        for word in (
            "ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "InvalidImageName",
            "ImageInspectError", "RegistryUnavailable", "SignatureValidationFailed",
        )
    },
    "Failed": Kind.START,
    "FailedPostStartHook": Kind.START,
    "FailedCreate": Kind.CREATION,
    "ReplicaSetCreateError": Kind.CREATION,
    "FailedScheduling": Kind.SCHEDULING,
    # Kueue scheduler.go; Volcano scheduler session.go, job_controller_actions.go
    "Pending": Kind.SCHEDULING,
    "Unschedulable": Kind.SCHEDULING,
    "PodGroupPending": Kind.SCHEDULING,
    "FailedAttachVolume": Kind.ATTACH,
    "FailedMount": Kind.MOUNT,
    "FailedMapVolume": Kind.MOUNT,
    "ProvisioningFailed": Kind.CLAIM,
    "Unhealthy": Kind.PROBE,
    "ProbeWarning": Kind.PROBE,
    "NotReady": Kind.PROBE,
    "ProgressDeadlineExceeded": Kind.DEADLINE,
    "DeadlineExceeded": Kind.DEADLINE,
    "BackoffLimitExceeded": Kind.DEADLINE,
}  # fmt: skip

_VOLUMES = frozenset({Kind.ATTACH, Kind.MOUNT, Kind.SCHEDULING})
# Normal occurrences about the same object that undo errors of these kinds.
UNDOES = {
    "Scheduled": frozenset({Kind.SCHEDULING}),
    "QuotaReserved": frozenset({Kind.SCHEDULING}),
    "ExecuteAction": frozenset({Kind.SCHEDULING}),
    "SuccessfulAttachVolume": frozenset({Kind.ATTACH}),
    "Pulling": _VOLUMES,
    "Pulled": _VOLUMES | {Kind.PULL},
    "Created": _VOLUMES | {Kind.PULL},
    "Started": _VOLUMES | {Kind.PULL, Kind.START},
    "SuccessfulCreate": frozenset({Kind.CREATION}),
    "ProvisioningSucceeded": frozenset({Kind.CLAIM}),
    "Completed": frozenset({Kind.DEADLINE, Kind.CREATION}),
}


# Of other objects the same reasons say something else: a Backup's `Failed` (CloudNativePG), an
# Elasticsearch's `Unhealthy` (cloud-on-k8s).
_OF_PODS = OF_CONTAINER | {Kind.ATTACH, Kind.MOUNT, Kind.PROBE}


def is_leaving(reason: str, message: str) -> bool:
    """Whether an Event about a pod says that it goes, or was asked to: no error about it stands."""
    # kuberuntime_container.go: a restart states its reason, an end does not.
    is_stop = reason == "Killing" and message.startswith("Stopping container")
    return is_stop or reason in POD_LEAVING


def kind_of(name: str, reason: str, *, about: str) -> Kind:
    """Kind of an error by its span's name, or its reason, and the kind of its object."""
    found = KINDS.get(name) or KINDS.get(reason) or Kind.OTHER
    return Kind.OTHER if found in _OF_PODS and about != "Pod" else found
