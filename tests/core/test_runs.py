"""Law 5: what is done once is one story, whoever asks for it and whatever it makes."""

from typing import Any

import pytest

from event_tracer.core.chain import is_run, makes_runs
from event_tracer.core.span import Span
from event_tracer.core.times import SECOND
from tests.scenarios.cases import tree_of
from tests.scenarios.folding import attributes, listing, roots, service, tell
from tests.scenarios.operators import POD, Case, pod

HOURS = 5
MADE = "Created pod: {}"
# By name: kinds, who owns whom, the run's pod, and who makes the run's Job.
RUNS: dict[str, tuple[dict[str, str], dict[str, str], str]] = {
    "Kubeflow Trainer": (
        {"TrainJob": "trainer.kubeflow.org/v1alpha1", "JobSet": "jobset.x-k8s.io/v1alpha2"},
        {"TrainJob t": "", "JobSet t": "TrainJob t", "Job t-node-0": "JobSet t"},
        "jobset",
    ),
    "KubeRay": (
        {"RayJob": "ray.io/v1"},
        {"RayJob t": "", "Job t": "RayJob t"},
        "rayjob-controller",
    ),
    "MPI": (
        {"MPIJob": "kubeflow.org/v2beta1"},
        {"MPIJob t": "", "Job t-launcher": "MPIJob t"},
        "mpijob-controller",
    ),
}  # fmt: skip


def frames(case: Case, *, later: int = 0) -> list[dict[str, Any]]:
    """Its Events, and its objects; the last Event `later` hours after the others."""
    said = case.events()
    for field in ("firstTimestamp", "lastTimestamp"):
        said[-1][field] = said[-1][field].replace("T10:", f"T{10 + later}:")
    events = ({"resource": "events", "object": each} for each in said)
    return [*events, *({"object": each} for each in case.objects())]


def told(case: Case, *, later: int = 0) -> list[Span]:
    """The spans of a case, read at once."""
    return tell([listing(frames(case, later=later))])


@pytest.mark.parametrize("name", RUNS)
def test_a_job_of_a_run_is_in_its_story_however_long_it_takes(name: str) -> None:
    """JobSet, RayJob and MPIJob own the Jobs that they make, TrainJob a JobSet: one trace."""
    kinds, above, maker = RUNS[name]
    top, job = next(iter(above)), list(above)[-1]
    made = f"Pod {job.split(' ')[1]}-x7k2p"
    said = [
        (job, "SuccessfulCreate", MADE.format(made.split(" ")[1]), "job-controller"),
        pod(made.split(" ")[1]),
        (top, "Succeeded", "it is done", "someone"),
    ]
    spans = told(Case(POD | kinds, above | {made: job}, said), later=HOURS)

    assert [root.name for root in roots(spans)] == [f"Create {top}"]
    assert len({span.trace_id for span in spans}) == 1
    assert tree_of(spans) == above | {made: job}
    (of_job,) = [span for span in spans if span.kind == "object" and span.name.startswith("Job ")]
    assert service(of_job) == maker


@pytest.mark.parametrize(
    ("owner", "run", "group"),
    [
        ("RayCronJob", "RayJob", "ray.io/v1"),
        ("Schedule", "Backup", "velero.io/v1"),
        ("ScaledJob", "Job", "batch/v1"),
        ("BuildConfig", "Build", "build.openshift.io/v1"),
        ("EphemeralRunnerSet", "EphemeralRunner", "actions.github.com/v1alpha1"),
        ("ScheduledWorkflow", "Workflow", "argoproj.io/v1alpha1"),
    ],
)
def test_each_that_a_schedule_makes_is_a_story(owner: str, run: str, group: str) -> None:
    """By the clock (KubeRay, Velero, Kubeflow) or on demand (KEDA, OpenShift, GitHub's runners)."""
    kinds = POD | {owner: "example.com/v1", run: group}
    first, second = f"{run} nightly-1757840400", f"{run} nightly-1757840460"
    said = [(each, "Running", "it runs", "someone") for each in (first, second)]
    above = {f"{owner} nightly": "", first: f"{owner} nightly", second: f"{owner} nightly"}
    spans = told(Case(kinds, above, said))

    assert len(roots(spans)) == len({span.trace_id for span in spans}) == 2
    assert {span.name for span in spans if span.kind == "object"} == {
        f"{owner} nightly", f"{run} nightly-*",
    }  # fmt: skip


def test_a_job_of_what_lives_longer_is_in_the_story_of_its_change() -> None:
    """CloudNativePG: a Cluster's first instance is made by a Job, `pg-1-initdb`."""
    job, of_job = "Job pg-1-initdb", "Pod pg-1-initdb-x7k2p"
    above = {"Cluster pg": "", job: "Cluster pg", of_job: job}
    said = [
        ("Cluster pg", "CreatingInstance", "Primary instance (initdb)", "cloudnative-pg"),
        pod("pg-1-initdb-x7k2p"),
    ]
    spans = told(Case(POD | {"Cluster": "postgresql.cnpg.io/v1"}, above, said))

    assert [root.name for root in roots(spans)] == ["Create Cluster pg"]
    assert tree_of(spans) == above


def test_an_analysis_by_a_job_is_in_its_rollouts_story() -> None:
    """Argo Rollouts, metricproviders/job: AnalysisRuns own the Jobs of their metrics."""
    analysis, job = (
        "AnalysisRun api-5d88b5bc8f-2",
        "Job 4f6e1d2c-7a3b-4b0e-9e52-6f1d2c7a3b4b.smoke.1",
    )
    above = {"Rollout api": "", analysis: "Rollout api", job: analysis}
    said = [
        ("Rollout api", "RolloutUpdated", "Rollout updated to revision 2", "rollouts-controller"),
        (job, "SuccessfulCreate", MADE.format("x"), "job-controller"),
    ]
    kinds = dict.fromkeys(("Rollout", "AnalysisRun"), "argoproj.io/v1alpha1")
    spans = told(Case(POD | kinds, above, said))

    assert len(roots(spans)) == 1
    assert "Job *.smoke-*" in {span.name for span in spans}


def test_what_makes_runs_is_none() -> None:
    """A schedule, or what makes many, has stories by its changes; so has what never ends."""
    assert not any(map(is_run, ("CronJob", "RayCronJob", "CronWorkflow", "ScheduledWorkflow")))
    assert not any(map(is_run, ("ScaledJob", "FlinkSessionJob", "WorkflowTemplate", "Deployment")))
    assert all(map(is_run, ("PyTorchJob", "JobSet", "JobFlow", "PipelineRun", "Workflow")))
    assert not makes_runs("CronJob", "Pod")
    assert not makes_runs("JobSet", "Job")


def of_hours(about: str, *said: tuple[str, ...]) -> Span:
    """The root of what is said of a run, an hour apart, of a kind whose status nobody reads."""
    case = Case({about.split(" ")[0]: "example.com/v1"}, {}, [(about, *each) for each in said])
    events = case.events()
    for hour, each in enumerate(events):
        for field in ("firstTimestamp", "lastTimestamp"):
            each[field] = f"2025-03-04T{10 + hour}:00:00Z"
    (root,) = roots(tell([listing({"resource": "events", "object": each} for each in events)]))
    return root


@pytest.mark.parametrize(
    ("about", "begun", "ended"),
    [
        ("Workflow etl", "WorkflowRunning", "WorkflowSucceeded"),
        ("PipelineRun build", "Started", "Succeeded"),
        ("PyTorchJob dist", "PyTorchJobCreated", "PyTorchJobSucceeded"),
        ("SparkApplication etl", "SparkApplicationSubmitted", "SparkApplicationCompleted"),
        ("Build app-12", "BuildStarted", "BuildCompleted"),
    ],
)
def test_a_run_lasts_until_its_events_say_that_it_is_over(
    about: str, begun: str, ended: str
) -> None:
    """Law 6, where no status is known: nothing but its own Events tells of a run's course."""
    root = of_hours(about, (begun, "it runs", "c"), (ended, "it is over", "c"))
    assert (root.end - root.start) // SECOND == 3600
    assert attributes(root)["event_tracer.outcome"] == "started"

    assert attributes(of_hours(about, (begun, "it runs", "c")))["event_tracer.outcome"] == (
        "progressing"
    )


def test_a_part_of_a_run_that_failed_may_be_tried_again() -> None:
    """Argo Workflows: `WorkflowNodeFailed` is told of the Workflow, whose template has retries."""
    failed = ("WorkflowNodeFailed", "Failed node etl.load(0)", "c", "Warning")
    begun, ended = ("WorkflowRunning", "it runs", "c"), ("WorkflowSucceeded", "it is over", "c")
    root = of_hours("Workflow etl", begun, failed, ended)

    assert (root.end - root.start) // SECOND == 7200
    assert root.error is None

    root = of_hours("Workflow etl", begun, failed, ("WorkflowFailed", "no", "c", "Warning"))
    assert root.error == "no"
