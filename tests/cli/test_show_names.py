"""What `show` takes for a name, and what it says of names that mean nothing."""

import pytest

from event_tracer.cli.settings.base import SettingsError
from event_tracer.kube.kubeconfig import ConnectionSettingsError
from event_tracer.pipeline.snapshot import SnapshotError
from tests.doubles.apiserver import faults
from tests.doubles.apiserver.faults import Forbidden
from tests.scenarios.cluster import Cluster
from tests.scenarios.fields import Raw
from tests.scenarios.looking import broken, healthy, namespace, shown, write
from tests.scenarios.world import World, in_world

ROLLOUT: Raw = {"kind": "Rollout", "name": "canary", "uid": "6f1c1b9e-0c5b-4d0e-9a51-000000000001"}


async def refused(world: World, *words: str, **flags: object) -> str:
    """Why nothing is shown."""
    with pytest.raises(SnapshotError) as caught:
        await shown(world, *words, **flags)
    return str(caught.value)


@pytest.mark.parametrize(
    "words",
    [
        ("deploy/web",), ("deployment/web",), ("deployments/web",), ("Deployment/web",),
        ("deploy", "web"), ("deployments.apps/web",), ("deployments.v1.apps/web",),
    ],
)  # fmt: skip
@in_world()
async def test_kinds_have_kubectl_s_names(world: World, words: tuple[str, ...]) -> None:
    """Plural, singular, kind, short name, with its group or without; one word or two."""
    await write(world, healthy())
    assert (await shown(world, *words)).titles == ["Create Deployment web  started"]


@pytest.mark.parametrize("word", ["rs", "po", "pods", "replicaset"])
@in_world()
async def test_a_kind_alone_means_all_of_it(world: World, word: str) -> None:
    """All stories in which such an object has a part; none is marked."""
    await write(world, healthy())
    printed = await shown(world, word)
    assert printed.titles == ["Create Deployment web  started"]
    assert "◀" not in printed.out


def _of_a_rollout(world: World) -> Cluster:
    """A life whose ReplicaSets belong to a custom owner, which is there."""
    resource = world.server.register(
        group="argoproj.io", version="v1alpha1", plural="rollouts", kind="Rollout", short=("ro",)
    )
    meta = {"name": "canary", "namespace": "shop", "uid": ROLLOUT["uid"]}
    world.server.write({"type": "ADDED", "resource": resource, "object": {"metadata": meta}})
    cluster = healthy()
    reference = {"apiVersion": "argoproj.io/v1alpha1", "controller": True, **ROLLOUT}
    for frame in cluster.frames:
        if frame["resource"] == "replicasets":
            frame["object"]["metadata"]["ownerReferences"] = [reference]
    return cluster


@pytest.mark.parametrize("word", ["ro", "rollout", "rollouts.argoproj.io", "Rollout"])
@in_world()
async def test_custom_kinds_are_found_by_discovery(world: World, word: str) -> None:
    """Under all their names; the story is the whole tree below."""
    await write(world, _of_a_rollout(world))
    printed = await shown(world, f"{word}/canary")
    assert len(printed.titles) == 1
    assert "Rollout canary" in printed.titles[0]
    assert printed.out.count("Started") == 2


@in_world()
async def test_a_kind_of_another_group_is_another(world: World) -> None:
    """Knative has Services too; those of the core are told apart by what their Events say."""
    world.server.register(group="serving.knative.dev", version="v1", plural="services",
                          kind="Service", short=("ksvc",))  # fmt: skip
    cluster = healthy()
    service: Raw = {"_kind": "Service", "metadata": cluster._meta("web")}
    cluster.event(service, "Created", "service-controller", "Created Configuration web")
    cluster.frames[-1]["object"]["involvedObject"]["apiVersion"] = "serving.knative.dev/v1"
    await write(world, cluster)

    assert len((await shown(world, "ksvc/web")).titles) == 1
    assert "there is no service/web" in await refused(world, "svc/web")


@in_world()
async def test_an_unknown_kind_tells_the_near_ones(world: World) -> None:
    """Those of the cluster, custom ones too."""
    await write(world, _of_a_rollout(world))
    assert await refused(world, "deplyment/web") == (
        "the cluster has no kind called deplyment; "
        "did you mean deployment or deployments or deploy?"
    )
    assert "did you mean rollout or rollouts?" in await refused(world, "rolout")
    assert await refused(world, "xyzzy") == "the cluster has no kind called xyzzy"


@in_world()
async def test_an_unknown_object_tells_the_near_ones(world: World) -> None:
    """Those that there are, of its kind and in its namespace."""
    await write(world, healthy("checkout"))
    assert await refused(world, "deploy/chekout") == (
        "there is no deployment/chekout in namespace shop; did you mean checkout?"
    )


@in_world()
async def test_a_pod_may_be_known_by_its_owner_s_name(world: World) -> None:
    """What is longer is named first."""
    cluster = healthy("checkout")
    await write(world, cluster)
    one, other = sorted(pod["metadata"]["name"] for pod in cluster.pods)
    assert await refused(world, "po/checkout") == (
        f"there is no pod/checkout in namespace shop; did you mean {one} or {other}?"
    )


@in_world()
async def test_without_events_it_says_how_long_they_are_kept(world: World) -> None:
    """Nothing has happened, which is no failure; of an object that is there, too."""
    namespace(world, "quiet")
    kept = "the API server keeps an Event for one hour after its last update by default"
    printed = await shown(world, namespace=["quiet"])
    assert printed.out == ""
    assert printed.err == f"event-tracer: there are no Events in namespace quiet: {kept}\n"

    cluster = healthy()
    only_objects = [frame for frame in cluster.frames if frame["resource"] != "events"]
    for frame in only_objects:
        world.server.write(frame)
    told = (await shown(world, "deploy/web")).err
    assert f"there are no Events about deployment/web in namespace shop: {kept}" in told


@in_world()
async def test_an_unknown_namespace_is_told(world: World) -> None:
    """With those that are near."""
    namespace(world, "shop")
    told = await refused(world, namespace=["shpo"])
    assert told == "there is no namespace called shpo; did you mean shop?"


@in_world()
async def test_what_happened_too_long_ago_is_told(world: World) -> None:
    """That there was something, and when."""
    await write(world, healthy())
    await shown(world)
    assert (
        "no Event in namespace shop within 1s; the newest was"
        in (await shown(world, since="1s")).err
    )
    told = (await shown(world, warnings=True)).err
    assert "nothing but Normal Events in namespace shop within 1h" in told


@pytest.mark.parametrize("verb", ["list", "*"])
@in_world()
async def test_without_the_right_to_events_it_says_which_is_missing(
    world: World, verb: str
) -> None:
    """In the API server's words, and what to do; nothing can be shown."""
    await write(world, healthy())
    world.server.forbidden = [Forbidden(resource="events", verb=verb)]
    told = await refused(world)
    assert told.startswith("Events may not be read in namespace shop: 403 Forbidden: ")
    assert 'cannot list resource "events"' in told
    assert "-n names another namespace; `kubectl auth can-i list events -n shop` asks" in told


@in_world()
async def test_without_the_right_to_all_namespaces_one_is_enough(world: World) -> None:
    """-A needs a ClusterRole, which few have."""
    world.server.forbidden = [Forbidden(resource="events", namespace="")]
    told = await refused(world, all_namespaces=True)
    assert told.startswith("Events may not be read in any namespace: 403 Forbidden: ")
    assert told.endswith(
        "in one namespace, which -n names, a Role is enough; all need a ClusterRole"
    )


@in_world()
async def test_a_list_is_enough(world: World) -> None:
    """Without the right to watch, all that there is is shown all the same."""
    await write(world, healthy())
    world.server.forbidden = [Forbidden(verb="watch")]
    printed = await shown(world)
    assert printed.titles == ["Create Deployment web  started"]
    assert printed.err == ""


@in_world()
async def test_without_the_right_to_a_kind_the_rest_is_shown(world: World) -> None:
    """Messages still tell the tree; which right is missing is said."""
    await write(world, broken())
    world.server.forbidden = [Forbidden(resource="pods"), Forbidden(resource="replicasets")]
    printed = await shown(world)
    assert len(printed.titles) == 2
    assert "may not read replicasets, pods, whose stories rest on messages" in printed.err
    assert "cannot list resource" in printed.err


@in_world()
async def test_an_api_server_that_is_away_is_told(world: World) -> None:
    """At once, and with the address."""
    config = world.folder / "config"
    config.write_text(config.read_text().replace(str(world.server.port), "9"))
    assert (await refused(world)).startswith("the API server does not answer: ")


@in_world()
async def test_one_that_fails_for_minutes_is_given_up(world: World) -> None:
    """Meanwhile it says what it waits for."""
    world.server.fail(faults.BROKEN, resource="events", verb="list")
    told = await refused(world)
    assert told.startswith("gave up reading events: 500 ")
    assert "etcdserver: leader changed" in told


@in_world()
async def test_without_a_kubeconfig_it_says_where_it_looked(world: World) -> None:
    """As `run` does."""
    with pytest.raises(ConnectionSettingsError, match="no kubeconfig at /nowhere/config; "):
        await shown(world, kubeconfig="/nowhere/config")


@pytest.mark.parametrize(
    "words", [("a/b/c",), ("deploy/",), ("/web",), ("a", "", "c"), ("a/b", "c")]
)
@in_world()
async def test_what_is_no_name_of_an_object_is_a_matter_of_usage(
    world: World, words: tuple[str, ...]
) -> None:
    """Before anything is asked of a cluster."""
    with pytest.raises(SettingsError, match="names no object: it is like deployment/web"):
        await shown(world, *words)
    assert world.server.requests == []


def several() -> list[Cluster]:
    """Two Deployments with labels, and one without."""
    made = []
    for number, name in enumerate(("web", "api", "other")):
        cluster = healthy(name, seed=number)
        cluster.version = 10_000 * number + 100
        for frame in cluster.frames:
            if frame["resource"] == "deployments" and name != "other":
                labels = {"app": name, "team": "shop"}
                frame["object"]["metadata"]["labels"] = labels
        made.append(cluster)
    return made


@in_world()
async def test_several_objects_may_be_named(world: World) -> None:
    """As kubectl takes them: each with its kind, or all of one kind."""
    for cluster in several():
        await write(world, cluster)
    both = ["Create Deployment web  started", "Create Deployment api  started"]

    assert sorted((await shown(world, "deploy/web", "deployment/api")).titles) == sorted(both)
    assert sorted((await shown(world, "deploy", "web", "api")).titles) == sorted(both)
    one = await shown(world, "deploy/web", "deploy/wep")
    assert one.titles == ["Create Deployment web  started"]
    assert "there is no deployment/wep in namespace shop; did you mean web?" in one.err


@in_world()
async def test_objects_may_be_chosen_by_their_labels(world: World) -> None:
    """By the API server, which knows kubectl's selectors; what has none of them is a sentence."""
    for cluster in several():
        await write(world, cluster)

    assert len((await shown(world, "deployments", selector="team=shop")).titles) == 2
    only = await shown(world, "deploy", selector="team=shop,app!=web")
    assert only.titles == ["Create Deployment api  started"]
    told = await refused(world, "deploy", selector="team=none")
    assert told == "there is no deployment in namespace shop with team=none"
    assert "400" in await refused(world, "deploy", selector="!!")
