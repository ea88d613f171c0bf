"""What manifests/ allows: what is asked of the API server, and nothing else."""

from itertools import product
from pathlib import Path

import pytest
import yaml

from event_tracer.kube.resources import EVENTS, WORKLOADS
from tests.deploy.manifests import BUILDS, MANIFESTS, Object, build, needs_kubectl, of, settings

CUSTOM_KINDS = sorted((MANIFESTS / "custom-kinds").glob("*.yaml"))
FILES = sorted(MANIFESTS.rglob("*.yaml"))
Right = tuple[str, str, str, str]  # group, resource, verb, name
READ = {(r.group, r.plural, verb, "") for r in (EVENTS, *WORKLOADS) for verb in ("list", "watch")}
CLUSTER_UID = {("", "namespaces", "get", "kube-system")}
CHECKPOINT = {
    ("", "configmaps", "create", ""),
    *(("", "configmaps", verb, "event-tracer") for verb in ("get", "update")),
}
LEASE = {
    ("coordination.k8s.io", "leases", "create", ""),
    *(("coordination.k8s.io", "leases", verb, "event-tracer") for verb in ("get", "update")),
}


def rights(*roles: Object) -> set[Right]:
    """What roles allow."""
    return {
        right
        for role in roles
        for rule in role.get("rules", ())
        for right in product(
            rule["apiGroups"], rule["resources"], rule["verbs"], rule.get("resourceNames", [""])
        )
    }


@needs_kubectl
def test_the_rights_are_those_that_are_used() -> None:
    """LIST and WATCH of what is watched, GET of the rest; nothing is written but the checkpoint."""
    roles = of(build("."), "ClusterRole", "Role")

    assert rights(*roles.values()) == READ | CLUSTER_UID | CHECKPOINT | {("", "nodes", "get", "")}
    assert rights(roles["event-tracer/event-tracer-checkpoint"]) == CHECKPOINT


@needs_kubectl
def test_roles_are_enough_for_some_namespaces() -> None:
    """Without any ClusterRole: what is watched there, and the cluster's uid."""
    built = build("overlays/namespaced")
    roles = of(built, "Role")

    assert not of(built, "ClusterRole", "ClusterRoleBinding")
    assert rights(roles["kube-system/event-tracer-cluster-uid"]) == CLUSTER_UID
    watched = settings("overlays/namespaced")["EVENT_TRACER_WATCH_NAMESPACES"].split(",")
    for namespace in watched:
        assert rights(roles[f"{namespace}/event-tracer"]) == READ
    assert len(roles) == len(watched) + 2


@needs_kubectl
def test_replicas_may_use_their_lease() -> None:
    """And that one alone."""
    extra = rights(*of(build("overlays/ha"), "Role").values()) - CHECKPOINT

    assert extra == LEASE


@needs_kubectl
@pytest.mark.parametrize("name", BUILDS)
def test_each_role_is_bound_to_the_account(name: str) -> None:
    """A RoleBinding's subject names its namespace: kustomize does not know it elsewhere."""
    built = build(name)
    bindings = of(built, "RoleBinding", "ClusterRoleBinding")
    bound = {key.partition("/")[0] + "/" + b["roleRef"]["name"] for key, b in bindings.items()}
    labelled = {"/event-tracer-built-in-kinds"} if "namespaced" not in name else set()

    assert bound | labelled == of(built, "Role", "ClusterRole").keys()
    for binding in bindings.values():
        assert binding["subjects"] == [
            {"kind": "ServiceAccount", "name": "event-tracer", "namespace": "event-tracer"}
        ]


@pytest.mark.parametrize("path", CUSTOM_KINDS, ids=lambda path: path.stem)
def test_custom_kinds_are_aggregated(path: Path) -> None:
    """By the label that the ClusterRole selects; owners are watched, the rest is asked for."""
    role = yaml.safe_load(path.read_text())
    documents = yaml.safe_load_all((MANIFESTS / "base/rbac.yaml").read_text())
    (whole,) = (item for item in documents if "aggregationRule" in item)
    (selector,) = whole["aggregationRule"]["clusterRoleSelectors"]

    assert selector["matchLabels"].items() <= role["metadata"]["labels"].items()
    assert all("." in group for group, _, _, _ in rights(role))
    assert {verb for _, _, verb, _ in rights(role)} == {"get", "list", "watch"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(MANIFESTS)))
def test_no_rule_is_wide(path: Path) -> None:
    """No Secret, and nothing by asterisk."""
    for item in yaml.safe_load_all(path.read_text()):
        for rule in (item.get("rules") or ()) if "Role" in item.get("kind", "") else ():
            words = {*rule["apiGroups"], *rule["resources"], *rule["verbs"]}

            assert not words & {"*", "secrets", "pods/exec", "escalate", "bind", "impersonate"}
