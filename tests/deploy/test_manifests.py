"""What manifests/ installs: it builds, is restricted, and its settings are known."""

import re
import shutil
from collections.abc import Iterable
from pathlib import Path

import pytest
import yaml
from kubernetes_asyncio import client

from event_tracer import __version__
from event_tracer.cli.settings.load import load
from event_tracer.cli.settings.models import RunSettings
from tests.deploy.manifests import (
    BUILDS,
    COMPONENTS,
    MANIFESTS,
    OVERLAYS,
    Object,
    build,
    kustomize,
    needs_kubectl,
    of,
    settings,
)


def pods(name: str) -> dict[str, Object]:
    """The Pods' specs, by Deployment."""
    deployments = of(build(name), "Deployment").values()
    return {item["metadata"]["name"]: item["spec"]["template"]["spec"] for item in deployments}


@needs_kubectl
@pytest.mark.parametrize("name", BUILDS)
def test_it_builds(name: str) -> None:
    """Each object has the labels and, unless it belongs to none, a namespace."""
    for item in build(name):
        labels = item["metadata"]["labels"]
        is_global = item["kind"] in ("Namespace", "ClusterRole", "ClusterRoleBinding")

        assert labels["app.kubernetes.io/part-of"] == "event-tracer"
        assert labels["app.kubernetes.io/name"] in ("event-tracer", "otel-collector")
        assert is_global or item["metadata"]["namespace"]


def unknown(value: object, kind: str) -> list[str]:
    """The fields that the API does not know. Raises ValueError where one is missing."""
    if match := re.fullmatch(r"(?:list\[|dict\(str, )(.+)[\])]", kind):
        items = value.values() if isinstance(value, dict) else value
        assert isinstance(items, Iterable)
        return [problem for item in items for problem in unknown(item, match[1])]
    model = getattr(client, kind, None)
    if not model or not isinstance(value, dict):
        return []
    names = {name: attribute for attribute, name in model.attribute_map.items()}
    problems = [f"{kind}.{name}" for name in value.keys() - names.keys()]
    given = {names[name]: item for name, item in value.items() if name in names}
    model(**given)  # raises ValueError where something is missing
    return problems + [
        problem
        for name, item in given.items()
        for problem in unknown(item, model.openapi_types[name])
    ]


@needs_kubectl
@pytest.mark.parametrize("name", BUILDS)
def test_the_api_knows_each_field(name: str) -> None:
    """By the models of its client, of all kinds that are Kubernetes' own."""
    for item in build(name):
        group, _, version = item["apiVersion"].rpartition("/")
        kind = f"{version.capitalize()}{item['kind']}"

        assert hasattr(client, kind) or group == "monitoring.coreos.com"
        assert unknown(item, kind) == []


@needs_kubectl
def test_all_of_it_combines(tmp_path: Path) -> None:
    """The lines of manifests/kustomization.yaml may all be switched on."""
    shutil.copytree(MANIFESTS, tmp_path / "manifests")
    entry = tmp_path / "manifests" / "kustomization.yaml"
    entry.write_text(re.sub(r"(?m)^#(components|  - )", r"\1", entry.read_text()))

    built = kustomize(entry.parent)

    on = yaml.safe_load(entry.read_text())["components"]
    assert sorted(on) == [f"components/{name}" for name in OVERLAYS]
    kinds = {item["kind"] for item in built}
    assert {"PodDisruptionBudget", "PrometheusRule", "Deployment"} <= kinds


@needs_kubectl
@pytest.mark.parametrize("name", BUILDS)
def test_every_container_is_restricted(name: str) -> None:
    """As the Pod Security Standard asks, which the Namespace enforces; its disk is read-only."""
    labels = of(build(name), "Namespace")["/event-tracer"]["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
    for pod in pods(name).values():
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["runAsUser"] > 0
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert {kind for volume in pod.get("volumes", ()) for kind in volume} <= {
            "name",
            "configMap",
        }
        for container in pod["containers"]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }


@needs_kubectl
@pytest.mark.parametrize("name", BUILDS)
def test_a_pod_is_probed_bounded_and_given_time(name: str) -> None:
    """A memory limit and none of CPU; more time than the drain and two last writes take."""
    pod = pods(name)["event-tracer"]
    (container,) = pod["containers"]
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    probes = {
        kind: container[f"{kind}Probe"]["httpGet"] for kind in ("startup", "liveness", "readiness")
    }

    assert ports == {"metrics": 8080}
    assert {probe["port"] for probe in probes.values()} == {"metrics"}
    assert [probes[kind]["path"] for kind in probes] == ["/healthz", "/healthz", "/readyz"]
    assert container["resources"]["limits"].keys() == {"memory"}
    assert container["resources"]["requests"].keys() == {"cpu", "memory"}
    grace = RunSettings.model_fields["grace_period"].default
    assert pod["terminationGracePeriodSeconds"] > grace + 5 + 5
    assert pod["enableServiceLinks"] is False


@needs_kubectl
def test_one_pod_writes_at_a_time() -> None:
    """Without a Lease the old one goes first; with one, both may run."""
    base = of(build("."), "Deployment")["event-tracer/event-tracer"]["spec"]
    ha = of(build("overlays/ha"), "Deployment")["event-tracer/event-tracer"]["spec"]

    assert (base["replicas"], base["strategy"]["type"]) == (1, "Recreate")
    assert (ha["replicas"], ha["strategy"]["type"]) == (2, "RollingUpdate")
    assert settings("overlays/ha")["EVENT_TRACER_LEADER_ELECT"] == "true"


def test_the_image_is_named_once() -> None:
    """In one kustomization, with the version of the package."""
    files = [path for path in MANIFESTS.rglob("*") if path.is_file()]
    named = [path for path in files if "ghcr.io/" in path.read_text()]
    (image,) = yaml.safe_load((MANIFESTS / "base/kustomization.yaml").read_text())["images"]

    assert named == [MANIFESTS / "base/kustomization.yaml"]
    assert image["newTag"] == __version__


# -- settings


@needs_kubectl
@pytest.mark.parametrize("name", BUILDS)
def test_the_settings_are_accepted(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As `run` takes them from its environment."""
    given = settings(name)
    for key, value in given.items():
        monkeypatch.setenv(key, value)

    load(RunSettings, flags={}, config=None)

    for key in given:
        option = key.removeprefix("EVENT_TRACER_").lower()
        assert key.startswith("OTEL_EXPORTER_OTLP_") or option in RunSettings.model_fields


def test_two_values_are_to_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """The others are commented, and would be accepted."""
    lines = (MANIFESTS / "base/settings.env").read_text().splitlines()
    chosen = [line.partition("=")[0] for line in lines if line and not line.startswith("#")]
    for line in lines:
        if match := re.fullmatch(r"#?(EVENT_TRACER_\w+)=(.+)", line):
            monkeypatch.setenv(match[1], match[2])
            assert match[1].removeprefix("EVENT_TRACER_").lower() in RunSettings.model_fields

    load(RunSettings, flags={}, config=None)

    assert chosen == ["EVENT_TRACER_CLUSTER_NAME", "OTEL_EXPORTER_OTLP_ENDPOINT"]


def test_the_page_is_off() -> None:
    """It has no login, and shows what all namespaces say."""
    for path in filter(Path.is_file, MANIFESTS.rglob("*")):
        assert not re.search(r"EVENT_TRACER_UI|--ui\b", path.read_text("utf-8")), path


@needs_kubectl
def test_the_checkpoint_has_its_name_for_itself() -> None:
    """The bridge creates the ConfigMap event-tracer; nothing else may be called so."""
    assert "event-tracer/event-tracer" not in of(build("."), "ConfigMap")


@needs_kubectl
def test_the_collector_answers_for_the_back_end() -> None:
    """No queue and no batch: an acknowledgement is the back end's."""
    config = yaml.safe_load((COMPONENTS / "otel-collector/collector.yaml").read_text())
    (service,) = (
        item
        for key, item in of(build("overlays/otel-collector"), "Service").items()
        if key == "event-tracer/otel-collector"
    )
    (port,) = service["spec"]["ports"]

    assert config["exporters"]["otlp_grpc"]["sending_queue"] == {"enabled": False}
    assert config["service"]["pipelines"]["traces"]["processors"] == ["memory_limiter"]
    endpoint = settings("overlays/otel-collector")["OTEL_EXPORTER_OTLP_ENDPOINT"]
    assert endpoint == f"http://otel-collector:{port['port']}"
