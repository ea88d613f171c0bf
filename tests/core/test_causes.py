"""Law 6: the cause in words names the step that failed and what stopped it, in one line."""

import copy
import gzip
import json

import pytest

from event_tracer.core.causes import words_of
from event_tracer.core.errors import Standing, kind_of
from event_tracer.core.frame import Tick
from event_tracer.core.span import text_of
from event_tracer.core.story import Stories
from event_tracer.core.times import SECOND
from tests.scenarios.fields import Raw
from tests.scenarios.folding import RECORDINGS, frames_of, roots, tell

RESOLVE = (
    'Failed to pull image "ghcr.io/shop/web:v2": rpc error: code = NotFound desc = failed to pull'
    ' and unpack image "ghcr.io/shop/web:v2": failed to resolve reference "ghcr.io/shop/web:v2": '
)
OCI = (
    "Error: failed to create containerd task: failed to create shim task: OCI runtime create"
    " failed: runc create failed: unable to start container process: error during container init:"
    ' exec: "serve": executable file not found in $PATH: unknown'
)
NODES = "0/3 nodes are available: 3 Insufficient cpu"
QUOTA = "exceeded quota: q, requested: pods=1, used: pods=1, limited: pods=1"


def standing(name: str, message: str, *, times: int = 1, ordinal: int = 0) -> Standing:
    """An error about a pod, in its container `web`."""
    kind = kind_of(name, name.partition(" ")[0], about="Pod")
    return Standing(
        kind=kind, identity="u", container="web", since=0, last=0, surely=None, name=name,
        message=message, about="Pod web-1", times=times, ordinal=ordinal,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "message", "words"),
    [
        ("Failed ErrImagePull", f"{RESOLVE}ghcr.io/shop/web:v2: not found",
         'image "ghcr.io/shop/web:v2": not found'),
        ("Failed ErrImagePull", f"{RESOLVE}failed to authorize: 403 Forbidden",
         'image "ghcr.io/shop/web:v2": 403 Forbidden'),
        ("ErrImageNeverPull",
         'Container image "web:v2" is not present with pull policy of Never',
         'image "web:v2" is not present with pull policy of Never'),
        ("BackOff image", 'Back-off pulling image "web:v2"', 'image "web:v2": cannot be pulled'),
        ("Failed ImagePullBackOff", "Error: ImagePullBackOff",
         "image of container web: ImagePullBackOff"),
        ("Failed CreateContainerConfigError", 'Error: configmap "app" not found',
         'container web: configmap "app" not found'),
        ("Failed", OCI, 'container web: exec: "serve": executable file not found in $PATH'),
        ("FailedCreate", f'Error creating: pods "web-1" is forbidden: {QUOTA}',
         f"cannot create pods: {QUOTA}"),
        ("FailedCreate",
         f'create Pod db-0 in StatefulSet db failed error: pods "db-0" is forbidden: {QUOTA}',
         f"cannot create pods: {QUOTA}"),
        ("FailedScheduling", f"{NODES}. preemption: {NODES}.", f"cannot be scheduled: {NODES}"),
        ("FailedMount",
         'MountVolume.SetUp failed for volume "app" : configmap "app" not found',
         'volume "app": configmap "app" not found'),
        ("Unhealthy readiness",
         "Readiness probe failed: HTTP probe failed with statuscode: 503",
         "container web: readiness probe failed: HTTP probe failed with statuscode: 503"),
        ("Unhealthy startup", "Startup probe failed: \n",
         "container web: startup probe failed"),
        ("ProgressDeadlineExceeded", 'ReplicaSet "web-1" has timed out progressing.',
         'ReplicaSet "web-1" has timed out progressing'),
        ("BackOff restart", "Back-off restarting failed container web in pod web-1_shop(u)",
         "container web: CrashLoopBackOff"),
        ("SomethingElse", "(combined from similar events): it is so", "it is so"),
    ],
)  # fmt: skip
def test_words(name: str, message: str, words: str) -> None:
    """Of Go's chain of errors the end, where the cause stands."""
    assert words_of(standing(name, message)) == words


def test_how_often_is_told() -> None:
    """Tries of what is tried again, and restarts, which are one less than the deaths."""
    pull = standing("Failed ErrImagePull", 'Failed to pull image "a": not found', times=4)
    death = standing("Terminated OOMKilled", "container web: OOMKilled, exit 137", ordinal=4)

    assert words_of(pull) == 'image "a": not found, 4 tries'
    assert words_of(death) == "container web: OOMKilled, exit 137, 3 restarts"
    assert words_of(death.but(ordinal=1)) == "container web: OOMKilled, exit 137"
    assert words_of(death.but(ordinal=2)).endswith(", 1 restart")


def test_no_try_is_counted_twice() -> None:
    """Law 3: the second of one second is told before the first, whose name has its nanosecond."""
    (root,) = roots(tell(frames_of("status/bad-config")))
    tries = [
        span for span in tell(frames_of("status/bad-config"))
        if span.name == "Failed" and span.end <= root.end
    ]  # fmt: skip

    assert f", {len(tries)} tries" in (root.error or "")


def test_a_probe_that_kills_is_the_cause_of_a_death() -> None:
    """The exit code alone, 137, does not tell; nor is running out of memory the probe's doing."""
    death = standing("Terminated Error", "container web: Error, exit 137", ordinal=1)
    oom = standing("Terminated OOMKilled", "container web: OOMKilled, exit 137", ordinal=1)

    assert words_of(death, probe="liveness") == "container web: liveness probe failed, exit 137"
    assert words_of(oom, probe="liveness") == "container web: OOMKilled, exit 137"


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("liveness", "container web: liveness probe failed, exit 137, 4 restarts"
         " (pod web-6b698ffd6d-7pm7c)"),
        ("never-ready", "container web: readiness probe failed, 19 times"
         " (pod web-6f96d8448d-6np4n)"),
        ("job", "container c: Error, exit 2 (pod fails-lnx2k and 2 more)"),
        ("quota", f"cannot create pods: {QUOTA}, 16 tries (ReplicaSet web-5b9fcf8c4c)"),
    ],
)  # fmt: skip
def test_the_status_of_a_root_names_the_object_too(name: str, error: str) -> None:
    """A back end shows no more than that."""
    found = [root.error for root in roots(tell(frames_of(f"status/{name}")))]

    assert error in found


def test_what_is_under_way_says_how_far_it_is() -> None:
    """Ready pods of those wanted, since when it has been so, and when Kubernetes gives up."""
    stories, told = Stories(), dict[str, str]()
    for frame in frames_of("status/surge"):
        stories.feed(frame)
        for root in stories.preview():
            if not root.parent_id and (said := text_of(root.attributes, "event_tracer.progress")):
                told.setdefault(f"{root.name} {said[:3]}", said)
    after = [said for key, said in told.items() if key.startswith("Update ")]

    assert [said.partition(" for ")[0] for said in after] == [f"{n}/6 ready" for n in range(7)]
    assert all(", deadline in 9m" in said for said in after)


def test_a_workload_says_how_many_of_its_pods_are_ready() -> None:
    """As of its span's end, by the status."""
    spans = tell(frames_of("status/scale-slow"))
    told = [(root.name, text_of(root.attributes, "event_tracer.ready")) for root in roots(spans)]

    assert told == [("Create Deployment web", "1/1"), ("Scale Deployment web", "3/3")]


def test_what_may_resolve_itself_is_told_of_what_is_under_way() -> None:
    """A failing probe, no node or a volume fail nothing before its end; it waits for them."""
    stories, said = Stories(), set[str]()
    for frame in frames_of("status/never-ready"):
        stories.feed(frame)
        for root in stories.preview():
            outcome = text_of(root.attributes, "event_tracer.outcome")
            if not root.parent_id and outcome == "progressing":
                said.add(text_of(root.attributes, "event_tracer.progress"))
                assert root.error is None

    assert any(
        each.startswith("0/1 ready for 5") and ", deadline in " in each
        and "; container web: readiness probe failed, " in each
        and each.endswith("(pod web-6f96d8448d-6np4n)")
        for each in said
    )  # fmt: skip


def test_a_slow_step_is_told_of_what_is_under_way() -> None:
    """What a pod has been doing for longest, by its Events: an init container that runs."""
    stories, said = Stories(), set[str]()
    for frame in frames_of("status/init"):
        stories.feed(frame)
        stories.feed(Tick(now=stories.watermark + 2 * SECOND))
        for root in stories.preview():
            if not root.parent_id:
                said.add(text_of(root.attributes, "event_tracer.progress"))

    assert any(
        each.startswith("0/1 ready for ") and each.endswith("s (pod web-6bcdb98697-d4fdb)")
        and "; init container wait has run for " in each
        for each in said
    )  # fmt: skip


def test_a_deadline_says_what_was_waited_for() -> None:
    """ "has timed out progressing" alone helps nobody."""
    path = RECORDINGS / "status/init.jsonl.gz"
    read = [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]
    frames: list[Raw] = [frame for frame in read if "object" in frame]
    # All until the init container has run for half a minute, and then the deadline.
    messages = [frame["object"].get("message") for frame in frames]
    end = messages.index("Started container web")
    *_, late = [frame for frame in frames[:end] if frame["resource"] == "deployments"]
    late = copy.deepcopy(late)
    conditions = late["object"]["status"]["conditions"]
    (progressing,) = [each for each in conditions if each["type"] == "Progressing"]
    progressing |= {
        "status": "False", "reason": "ProgressDeadlineExceeded",
        "message": 'ReplicaSet "web-6bcdb98697" has timed out progressing.',
        "lastUpdateTime": "2026-11-26T07:09:53Z", "lastTransitionTime": "2026-11-26T07:09:53Z",
    }  # fmt: skip
    late["object"]["metadata"]["resourceVersion"] = "999999999"
    before = [
        frame for frame in frames[:end]
        if "terminated" not in json.dumps(frame["object"].get("status", {}))
        and "{web}" not in json.dumps(frame["object"].get("involvedObject", {}))
    ]  # fmt: skip
    (root,) = roots(tell([*before, late]))

    assert root.error is not None
    assert root.error.startswith('ReplicaSet "web-6bcdb98697" has timed out progressing: ')
    assert "init container wait has run for " in root.error
    assert root.error.endswith("(pod web-6bcdb98697-d4fdb)")


def test_a_workload_that_is_to_have_no_pods_says_nothing() -> None:
    """`0/0` of the ReplicaSet of a change that is over would be read as trouble."""
    found = {
        text_of(span.attributes, "event_tracer.ready") for span in tell(frames_of("status/undo"))
    }

    assert "2/2" in found
    assert "0/0" not in found
