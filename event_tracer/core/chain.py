"""Objects of an ownership chain, as a checkpoint keeps them."""

import re
from functools import lru_cache

from event_tracer.core.event import ObjectReference
from event_tracer.core.kinds import CUSTOM_CONTROLLERS, is_custom_group
from event_tracer.core.record import SavedRecord
from event_tracer.core.tables import CREATORS


class OwnerReference(SavedRecord, frozen=True):
    """The controller owner of an object: at most one (apimachinery controller_ref.go)."""

    kind: str
    name: str
    uid: str
    api_version: str


_Owner = OwnerReference | None
_Second = int | None


class KubeObject(SavedRecord, frozen=True):
    """An object on an ownership chain. `created` is a Unix second, None where unknown.

    `creator` is the component, or the manager, that made it, where that is not its owner's
    controller. One that is not `is_placed` is known as an owner alone, and may be cluster-scoped:
    its namespace is that of what it owns. `labels` and `annotations` are kept for roots alone.
    """

    identity: str
    uid: str
    kind: str
    api_version: str
    namespace: str
    name: str
    generate_name: str = ""
    known: bool = False
    owner: "_Owner" = None
    other_owners: "tuple[str, ...]" = ()
    created: "_Second" = None
    creator: str = ""
    is_placed: bool = True
    labels: "tuple[tuple[str, str], ...]" = ()
    annotations: "tuple[tuple[str, str], ...]" = ()


CHANGED_THEMSELVES = frozenset({"Job", "Deployment", "StatefulSet", "DaemonSet"})
"""Kinds whose changes count where they are owned: a CronJob's runs, an operator's workloads."""


def changes_by_itself(item: KubeObject) -> bool:
    """Whether it is a root, as far as is known, or of a kind whose changes count anyhow (law 5)."""
    return item.owner is None or item.kind in CHANGED_THEMSELVES


RUNS = frozenset({
    ("ScheduledSparkApplication", "SparkApplication"), ("ScheduledBackup", "Backup"),
    ("Schedule", "Backup"), ("DataImportCron", "DataVolume"), ("ScaledJob", "Job"),
    ("JobSink", "Job"), ("BuildConfig", "Build"), ("Image", "Build"),
    ("EphemeralRunnerSet", "EphemeralRunner"),
})  # fmt: skip
"""Kinds of which each that is made, by the clock or on demand, is a run of its own, by (owner,
kind), beside the runs of what is called a schedule (law 5)."""
_SCHEDULE = re.compile(r".*Cron.*|Scheduled.*|.*Schedule|Recurring.*")
# What is done once, and ends, whatever it takes: PyTorchJob, JobSet, PipelineRun, Workflow, Backup.
_RUN = re.compile(r".*Job(?:Set|Flow)?|.*Run|.*Workflow|.*Backup|.*Restore|Build|SparkApplication")
# Each makes many, or goes on for ever (flink-kubernetes-operator).
_NO_RUN = frozenset({"ScaledJob", "FlinkSessionJob"})


@lru_cache(maxsize=1024)
def is_run(kind: str) -> bool:
    """Whether an object of this kind is a run by itself, where no controller owns it."""
    return bool(_RUN.fullmatch(kind)) and kind not in _NO_RUN and not _SCHEDULE.fullmatch(kind)


@lru_cache(maxsize=1024)
def makes_runs(owner: str, kind: str) -> bool:
    """Whether each `kind` that an `owner` owns is a run of its own: CronJob and Job."""
    return (owner, kind) in RUNS or (is_run(kind) and bool(_SCHEDULE.fullmatch(owner)))


def usual_creator(item: KubeObject, owner: KubeObject | OwnerReference) -> str:
    """The component that makes such an object for such an owner (law 8), by API group and kind."""
    group = owner.api_version.rpartition("/")[0]
    if is_custom_group(group):
        return CUSTOM_CONTROLLERS.get((group, owner.kind), "")
    return CREATORS.get(item.kind, {}).get(owner.kind, "")


def run_of(chain: "Chain") -> KubeObject | None:
    """The run that a chain's first object belongs to, if it does.

    What a run owns is of that run, a JobSet's Job; what lives longer has stories of its own.
    """
    for depth, above in enumerate(chain[1:]):
        if makes_runs(above.kind, chain[depth].kind):
            return chain[depth]
    return chain[-1] if is_run(chain[-1].kind) else None


def object_of(reference: ObjectReference) -> KubeObject:
    """An object as far as a reference alone describes it."""
    return KubeObject(
        identity=reference.uid or f"{reference.kind}/{reference.namespace}/{reference.name}",
        uid=reference.uid,
        kind=reference.kind,
        api_version=reference.api_version,
        namespace=reference.namespace,
        name=reference.name,
    )


Chain = tuple[KubeObject, ...]  # from the object to its root
