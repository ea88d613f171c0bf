"""The manifests' ServiceAccount under real RBAC: enough, and nothing more."""

from pathlib import Path

import pytest

from tests.e2e import manifests
from tests.e2e.bridge import Bridge
from tests.e2e.conftest import Told
from tests.e2e.jaeger import JaegerProgram
from tests.e2e.kube import Raw
from tests.e2e.manifests import NAMESPACE, Verb
from tests.e2e.processes import wait
from tests.e2e.site import Site, ports
from tests.e2e.telling import traces_of

HA = "overlays/ha"
ROLES = [
    *(
        Verb(role="event-tracer-built-in-kinds", rule=rule, resource=resource, verb=verb)
        for rule, resources in enumerate((
            ("events", "pods"), ("replicasets", "deployments", "statefulsets", "daemonsets"),
            ("jobs", "cronjobs"),
        ))
        for resource in resources
        for verb in ("list", "watch")
    ),
    Verb(role="event-tracer-built-in-kinds", rule=3, resource="nodes", verb="get"),
    Verb(role="event-tracer-built-in-kinds", rule=4, resource="namespaces", verb="get"),
    *(
        Verb(role=role, rule=rule, resource=resource, verb=verb)
        for role, resource in (
            ("event-tracer-checkpoint", "configmaps"), ("event-tracer-leader", "leases"),
        )
        for rule, verb in ((0, "create"), (1, "get"), (1, "update"))
    ),
]  # fmt: skip
SAYS = {
    "nodes": "not allowed to get objects of this kind",
    "namespaces": "the cluster's uid may not be read",
    "configmaps": "ConfigMap",
    "leases": "Lease",
}
"""What a run says where the right is missing."""


def test_no_request_was_refused(told: Told) -> None:
    """Over all stories, with the ServiceAccount's own token."""
    assert told.bridge.metric("event_tracer_events_received_total") > 0
    assert told.bridge.metric("event_tracer_owner_lookups_total", result="forbidden") == 0
    said = told.bridge.program.text
    assert "not allowed" not in said
    assert "403" not in said


def test_secrets_cannot_be_read(here: Site) -> None:
    """Nor anything be written but the checkpoint and the Lease."""
    account = f"--as=system:serviceaccount:{NAMESPACE}:event-tracer"
    for verb, resource in (
        ("get", "secrets"), ("list", "secrets"), ("watch", "secrets"), ("list", "configmaps"),
        ("create", "events"), ("delete", "pods"), ("patch", "deployments"), ("get", "pods/log"),
    ):  # fmt: skip
        answer = here.kube.run("auth", "can-i", verb, resource, "-A", account, check=False)
        assert answer.split("\n")[0] == "no", f"{verb} {resource}"


def test_the_verbs_are_those_of_the_roles(here: Site) -> None:
    """So that the test below leaves none out."""
    assert set(manifests.verbs(manifests.built(here.kube, HA))) == set(ROLES)


@pytest.mark.parametrize("gone", ROLES, ids=str)
def test_each_verb_is_needed(here: Site, gone: Verb, tmp_path: Path) -> None:
    """Without it, a run says so."""
    namespace = f"no-{gone.verb}-{gone.resource}"
    here.kube.apply(*manifests.without(manifests.rights(here.kube, HA), gone, namespace=namespace))
    if gone.verb == "update":
        here.kube.apply(_there(gone.resource, namespace))
    program = Bridge(
        "run", folder=tmp_path, endpoint="http://127.0.0.1:1", checkpoint="configmap",
        kubeconfig=manifests.kubeconfig_of(here.kube, namespace, tmp_path / "kubeconfig"),
        arguments=("--leader-elect",), POD_NAMESPACE=namespace,
    ).program.start()  # fmt: skip
    says = SAYS.get(gone.resource, f'"resource": "{gone.resource}"')
    try:
        wait(f"a word on {gone}", lambda: _refused(program.text, says))
    finally:
        program.kill()
        here.kube.run("delete", "namespace", namespace, "--wait=false")


def _refused(text: str, says: str) -> bool:
    return any("403" in line and says in line for line in text.splitlines())


def _there(resource: str, namespace: str) -> Raw:
    """What a run would write over."""
    meta = {"name": "event-tracer", "namespace": namespace}
    if resource == "configmaps":
        return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta}
    return {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": meta}


def test_a_custom_kind_without_its_rule_is_what_references_say(told: Told) -> None:
    """The Deployment's owner is named by its reference, so it is the root.

    Its change is its workload's (law 5).
    """
    here = told.here
    jaeger = JaegerProgram(here.folder / "without-rule", first_port=ports()).start()
    objects = manifests.rights(here.kube)
    nothing = Verb(role="", rule=0, resource="", verb="")
    here.kube.apply(*manifests.without(objects, nothing, namespace="without-rule"))
    config = manifests.kubeconfig_of(here.kube, "without-rule", here.folder / "without-rule.yaml")
    bridge = Bridge(
        "without-rule", folder=here.folder / "without-rule", kubeconfig=config,
        endpoint=jaeger.endpoint,
    )  # fmt: skip
    try:
        bridge.start()
        (trace,) = traces_of(jaeger.query, "custom")
    finally:
        bridge.program.stop()
        jaeger.stop()
    started = trace.named("Started")[0]
    assert trace.path(started)[1:] == ["Deployment web", "ReplicaSet web-*", "Pod web-*", "Started"]
    assert trace.root.operation == "Create Shop corner"
    assert '"resource": "shops.example.com"' in bridge.program.text
