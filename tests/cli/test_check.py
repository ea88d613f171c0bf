"""`event-tracer check`: a line for each thing that a run needs, and advice where it is missing."""

import time
from pathlib import Path

import pytest

from tests.doubles import otlp_http
from tests.doubles.apiserver import faults
from tests.doubles.apiserver.faults import Forbidden
from tests.doubles.apiserver.server import CLUSTER
from tests.scenarios.checking import Act, in_time, looked, not_ok
from tests.scenarios.world import World

WORKLOADS = {
    "deployments": "Deployment", "statefulsets": "StatefulSet", "daemonsets": "DaemonSet",
    "cronjobs": "CronJob", "jobs": "Job", "replicasets": "ReplicaSet", "pods": "Pod",
}  # fmt: skip


@in_time()
async def test_nothing_is_missing_in_a_healthy_world(world: World) -> None:
    """All is ok: the version, the cluster, every right, the checkpoint; none has advice."""
    lines = await looked(world)
    what = [line.what for line in lines]

    assert [line for line in lines if line.status != "ok" or line.advice] == []
    assert what[0] == "the API server answers: Kubernetes v1.34.0"
    assert f"cluster prod, {CLUSTER}" in what
    assert f"may list and watch events, {', '.join(WORKLOADS)}; get nodes" in what
    assert f"the checkpoint can be written: file {world.folder / 'saved'}" in what


@in_time()
async def test_nothing_is_changed(world: World) -> None:
    """Neither the cluster nor the folder is another afterwards."""
    before = world.server.revision, sorted(world.folder.iterdir())
    await looked(world)
    assert (world.server.revision, sorted(world.folder.iterdir())) == before


@pytest.mark.parametrize("verb", ["list", "watch"])
@pytest.mark.parametrize("plural", ["events", *WORKLOADS])
@in_time()
async def test_a_right_that_is_needed_is_missing(world: World, plural: str, verb: str) -> None:
    """Which one, what is lost without it, and where to allow it."""
    world.server.forbidden.append(Forbidden(resource=plural, verb=verb))
    (line,) = not_ok(await looked(world))

    assert (line.status, line.what) == ("missing", f"may not {verb} {plural}")
    lost = WORKLOADS.get(plural, "there is nothing to trace")
    assert line.advice.startswith(f"without it, {lost}")
    assert line.advice.endswith("; allow it in the ClusterRole")


@in_time()
async def test_one_thing_is_said_once(world: World) -> None:
    """An account that may do nothing: a line for each thing that is lost, and no more."""
    world.server.forbidden.append(Forbidden())
    lines = not_ok(await looked(world))
    kinds = ", ".join(f"{kind}s" for kind in WORKLOADS.values())

    assert [(line.status, line.what) for line in lines] == [
        ("note", "the cluster's uid is not known"),
        ("missing", "may not list and watch events"),
        ("missing", f"may not list and watch {', '.join(WORKLOADS)}"),
        ("note", "may not get nodes"),
    ]
    assert lines[2].advice == (
        f"without it, {kinds} are known by messages and references alone; "
        "allow it in the ClusterRole"
    )


@in_time()
async def test_rights_that_nobody_tells_are_said_once(world: World) -> None:
    """Why, however many would be asked for."""
    world.server.fail(faults.UNAVAILABLE, resource="selfsubjectaccessreviews")
    (line,) = not_ok(await looked(world))

    assert (line.status, line.what) == ("missing", "what may be read cannot be asked")
    assert line.advice.startswith("503 Service Unavailable")


@in_time()
async def test_in_namespaces_roles_are_enough(world: World) -> None:
    """Each right in each of them, and none on all; nodes, which have none, are no affair."""
    world.server.forbidden.append(Forbidden(namespace=""))
    world.server.forbidden.append(Forbidden(resource="pods", verb="watch", namespace="web"))
    lines = await looked(world, watch_namespaces=["shop", "web"])
    (line,) = [line for line in lines if line.status == "missing"]

    assert line.what == "may not watch pods in web"
    assert line.advice.endswith("; allow it in the Role")
    (may,) = [one.what for one in lines if one.what.startswith("may list")]
    assert may == (
        f"may list and watch events, {', '.join(WORKLOADS)} in shop; "
        f"list and watch events, {', '.join(each for each in WORKLOADS if each != 'pods')} in web; "
        "list pods in web"
    )


@in_time(POD_NAMESPACE="ops")
async def test_a_leader_needs_its_lease(world: World) -> None:
    """--leader-elect: get, create and update in the Pod's namespace, by name where RBAC can."""
    flags = {"leader_elect": True, "checkpoint": "auto", "lease": "mine"}
    lines = await looked(world, **flags)
    assert not_ok(lines) == []
    what = [line.what for line in lines]
    assert any("get and update the lease mine; create leases in ops" in each for each in what)
    assert "the checkpoint can be written: ConfigMap ops/event-tracer" in what

    world.server.forbidden.append(Forbidden(resource="leases", verb="update"))
    (line,) = not_ok(await looked(world, **flags))
    assert (line.status, line.what) == ("missing", "may not update the lease mine")
    assert line.advice.endswith("; allow it in the Role")


@in_time()
async def test_a_leader_needs_a_namespace(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Outside of a Pod it must be told."""
    monkeypatch.delenv("POD_NAMESPACE", raising=False)
    found = not_ok(await looked(world, leader_elect=True, checkpoint="auto"))
    assert [line.what for line in found] == ["the Lease's namespace", "the checkpoint"]
    assert all("POD_NAMESPACE" in line.advice for line in found)


@in_time()
async def test_a_cluster_without_a_name_is_a_note(world: World) -> None:
    """And one whose uid is told needs no right to read it."""
    (line,) = not_ok(await looked(world, cluster_name="", cluster_uid="c1"))
    assert (line.status, line.what) == ("note", "cluster c1, without a name")
    assert "--cluster-name" in line.advice


async def _away(world: World) -> None:
    await world.server.stop()


async def _refused(world: World) -> None:
    world.server.tokens = {"another"}


async def _a_proxy(world: World) -> None:
    world.server.fail(faults.LOGIN_PAGE)


async def _broken(world: World) -> None:
    world.server.fail(faults.UNAVAILABLE)


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (_away, "Cannot connect to host 127.0.0.1:"),
        (_refused, "401 Unauthorized"),
        (_a_proxy, "a web page came, from a proxy perhaps"),
        (_broken, "503 Service Unavailable: apiserver is shutting down"),
    ],
)
@in_time()
async def test_without_an_api_server_the_rest_is_looked_at(
    world: World, fault: Act, told: str
) -> None:
    """Why, once, and which options count; nothing waits for it, and the collector is tried."""
    await fault(world)
    server, collector = await looked(world)

    assert (server.status, server.what) == ("missing", "the API server")
    assert server.advice.startswith(told)
    assert server.advice.endswith("is it the right --kubeconfig and --context?")
    assert collector.status == "ok"


@pytest.mark.parametrize(
    ("seconds", "status", "told"),
    [
        (-300, "note", "ahead of"),
        (300, "note", "behind"),
        (-3, "ok", "ahead of"),
        (3, "ok", "behind"),
    ],
)
@in_time()
async def test_clocks_minutes_apart_are_a_note(
    world: World, seconds: int, status: str, told: str
) -> None:
    """Which one is ahead; not what a Date header, which has whole seconds, leaves open."""
    world.server.now = lambda: time.time() + seconds
    (line,) = [line for line in await looked(world) if "clock" in line.what]

    assert line.what.startswith("this machine's clock is ")
    assert line.what.endswith(f" {told} the API server's")
    assert (line.status, bool(line.advice)) == (status, status == "note")


@in_time()
async def test_without_a_kubeconfig_it_says_where_it_looked(world: World, tmp_path: Path) -> None:
    """And the collector is tried all the same."""
    credentials, collector = await looked(world, kubeconfig=str(tmp_path / "none"))
    assert (credentials.status, credentials.what) == ("missing", "credentials")
    assert credentials.advice.startswith(f"no kubeconfig at {tmp_path / 'none'}; ")
    assert collector.status == "ok"


@in_time(OTEL_EXPORTER_OTLP_HEADERS="authorization=Bearer%20hunter2")
async def test_no_secret_is_said(world: World) -> None:
    """Neither the token nor a header, whatever is refused."""
    world.use_token("hunter2")
    world.server.tokens = set()
    world.collector.respond(otlp_http.refuse(403))
    lines = await looked(world)
    assert len(not_ok(lines)) == 2
    assert "hunter2" not in repr(lines)


@in_time()
async def test_a_version_that_may_not_be_read_is_a_note(world: World) -> None:
    """It is public by a binding that some take away (openshift/origin 10081, java 153)."""
    world.server.fail(
        faults.refuse(403, "cannot get path /version", reason="Forbidden"), resource="/version"
    )
    lines = await looked(world)
    (line,) = not_ok(lines)

    assert (line.status, line.what) == ("note", "the API server answers")
    assert "cannot get path /version" in line.advice
    assert any(line.what.startswith("may list and watch") for line in lines)


@in_time()
async def test_a_timeout_of_hours_is_a_note(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Milliseconds, likely (opentelemetry-python 5531); a back end is not waited for so long."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "10000")
    world.collector.respond(otlp_http.hang)
    note, missing = not_ok(await looked(world))

    assert (note.status, missing.status) == ("note", "missing")
    assert "OTEL_EXPORTER_OTLP_TIMEOUT is 10000 seconds" in note.advice
    assert "no answer in time" in missing.advice


@in_time()
async def test_a_checkpoint_of_no_use_is_a_note(world: World) -> None:
    """Another version's, say: a run would begin anew, and what was not sent be lost."""
    (world.folder / "saved").write_bytes(b'{"version": 99}')
    (line,) = not_ok(await looked(world))

    assert (line.status, line.what) == (
        "note",
        f"the checkpoint {world.folder / 'saved'} is of no use",
    )
    assert line.advice.startswith("not a checkpoint: ")
    assert line.advice.endswith("; a run begins anew")
