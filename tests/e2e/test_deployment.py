"""`kubectl apply -k manifests/`: admitted by a real API server, and run by a real kubelet."""

import urllib.request
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e import image, manifests
from tests.e2e.bridge import run
from tests.e2e.jaeger import Jaeger, JaegerProgram
from tests.e2e.kube import Kube, Raw
from tests.e2e.manifests import NAMESPACE
from tests.e2e.processes import Program, wait
from tests.e2e.programs import built
from tests.e2e.site import Site, ports
from tests.e2e.stage import Stage
from tests.e2e.telling import stage_in, traces_of

pytestmark = pytest.mark.timeout(900)  # the image's core is compiled

OVERLAYS = (
    "",
    "overlays/ha",
    "overlays/namespaced",
    "overlays/otel-collector",
    "overlays/monitoring",
)
_PORT = ports()
_STORY = "in-cluster"


def _crd(plural: str, kind: str) -> Raw:
    """A kind of the Prometheus operator, as far as the manifests need it."""
    group = "monitoring.coreos.com"
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    names = {"kind": kind, "plural": plural, "singular": kind.lower()}
    return {
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {"group": group, "scope": "Namespaced", "names": names, "versions": [version]},
    }  # fmt: skip


@pytest.mark.parametrize("folder", OVERLAYS)
def test_the_api_server_takes_it(here: Site, folder: str) -> None:
    """A server-side dry run of all objects, with no warning."""
    kube = here.kube
    kube.apply(_crd("servicemonitors", "ServiceMonitor"), _crd("prometheusrules", "PrometheusRule"))
    objects = manifests.built(kube, folder)
    for namespace in {made["metadata"].get("namespace") for made in objects} - {None}:
        kube.run("create", "namespace", str(namespace), check=False)
    kube.run("wait", "--for=condition=Established", "crd", "--all")
    told = kube.run("apply", "--dry-run=server", "-k", str(manifests.FOLDER / folder), check=False)
    assert told.count("(server dry run)") == len(objects), told
    assert "Warning" not in told


@pytest.mark.parametrize("folder", OVERLAYS)
def test_a_restricted_namespace_admits_its_pods(here: Site, folder: str) -> None:
    """Pod Security admission, with `enforce: restricted`, refuses no Pod of the manifests."""
    objects = manifests.built(here.kube, folder)
    (namespace,) = [made for made in objects if made["kind"] == "Namespace"]
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    strict = "strict" + folder.replace("/", "-")
    here.kube.apply({**namespace, "metadata": {**namespace["metadata"], "name": strict}})
    deployments = [made for made in objects if made["kind"] == "Deployment"]
    assert deployments
    for made in deployments:
        spec = {**made["spec"]["template"]["spec"], "serviceAccountName": "default"}
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "pod"}, "spec": spec}
        wait("the ServiceAccount", lambda: here.kube.one("serviceaccounts", "default", strict))
        here.kube.ask(f"/api/v1/namespaces/{strict}/pods?dryRun=All", method="POST", body=pod)


# -- as a Pod


@pytest.fixture(scope="module")
def jaeger(here: Site) -> Iterator[JaegerProgram]:
    """One of its own."""
    if not here.registry:
        pytest.skip("the node must be one of our own, to have the image")
    made = JaegerProgram(here.folder / "in-cluster", first_port=ports()).start()
    yield made
    made.program.kill()


def _deployed(here: Site, name: str, endpoint: str) -> list[Raw]:
    """The manifests with image and endpoint, on the node's network: there is no other."""
    objects = manifests.built(here.kube)
    for made in objects:
        if made["kind"] == "Namespace":  # which allows a Pod on the node's network
            made["metadata"]["labels"] = {"pod-security.kubernetes.io/enforce": "privileged"}
        if made["kind"] == "ConfigMap":
            made["data"]["OTEL_EXPORTER_OTLP_ENDPOINT"] = endpoint
            made["data"]["EVENT_TRACER_BIND_ADDRESS"] = f":{_PORT}"
        if made["kind"] == "Deployment":
            spec = made["spec"]["template"]["spec"]
            spec["hostNetwork"] = True
            (container,) = spec["containers"]
            container["image"] = name
            container["ports"][0]["containerPort"] = _PORT
            host, _, port = here.server.removeprefix("https://").partition(":")
            container["env"] += [
                {"name": "KUBERNETES_SERVICE_HOST", "value": host},
                {"name": "KUBERNETES_SERVICE_PORT", "value": port},
            ]
    return objects


def test_it_runs_as_a_pod_and_an_upgrade_sends_nothing_again(
    here: Site, jaeger: JaegerProgram, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Under its ServiceAccount, as user 65532 on a read-only root, with its checkpoint.

    Jaeger's memory keeps what comes twice, and its raw answer shows it.
    """
    assert here.registry
    name = here.registry.push(
        "event-tracer:0.1.0", image.layer(tmp_path_factory.mktemp("image")),
        command=["event-tracer"], user="65532:65532", environ=image.ENVIRON,
    )  # fmt: skip
    kube = here.kube
    kube.apply(*_deployed(here, name, jaeger.endpoint))
    _roll_out(kube)

    stage = stage_in(Stage, here, _STORY)
    stage.apply(stage.workload("Deployment", replicas=1))
    wait("a ready pod", lambda: stage.is_running(1), within=180)
    (trace,) = traces_of(jaeger.query, _STORY)
    assert trace.root.tags["event_tracer.outcome"] == "complete"
    assert trace.named("Started")
    assert _checkpoint(here)

    kube.run("rollout", "restart", "deployment/event-tracer", f"-n={NAMESPACE}")
    _roll_out(kube)
    assert _is_ready()
    stage.apply(stage.job(command=["true"]))
    wait("a Job's story", lambda: len(jaeger.query.find({"k8s.namespace.name": _STORY})) == 2)
    spans = [
        span
        for found in jaeger.query.find({"k8s.namespace.name": _STORY}).values()
        for span in found
    ]
    assert [key for key, count in Counter(span.id for span in spans).items() if count > 1] == []


def _roll_out(kube: Kube) -> None:
    here = f"--namespace={NAMESPACE}"
    told = kube.run(
        "rollout", "status", "deployment/event-tracer", here, "--timeout=120s", check=False
    )
    logs = kube.run("logs", "deployment/event-tracer", here, "--tail=20", check=False)
    assert "successfully rolled out" in told, told + kube.run("get", "events", here) + logs


def _checkpoint(here: Site) -> bool:
    found = here.kube.one("configmaps", "event-tracer", NAMESPACE)
    return bool(found and found["binaryData"])


def _is_ready() -> bool:
    with urllib.request.urlopen(f"http://127.0.0.1:{_PORT}/readyz", timeout=30) as response:
        return bool(response.status == 200)


# -- on a laptop


def test_the_jaeger_of_the_compose_file_answers(here: Site, tmp_path: Path) -> None:
    """Its configuration, with the sample sent to it and found again after a kill."""
    command = [str(built("jaeger") / "jaeger"), "--config", str(image.ROOT / "docker/jaeger.yaml")]
    program = Program("jaeger", command, logs=tmp_path, environ={"JAEGER_DATA": str(tmp_path)})
    jaeger = Jaeger("http://localhost:16686")
    try:
        program.start()
        wait("Jaeger", jaeger.answers)
        sent = run("replay", "--to", "otlp", "--shift-to-now")
        assert sent.returncode == 0, sent.stderr
        program.kill()
        program.start()
        wait("Jaeger", jaeger.answers)
        traces = jaeger.find({"k8s.object.kind": "Deployment"})
    finally:
        program.kill()
    assert traces
