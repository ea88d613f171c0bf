"""`event-tracer check`: the collector and the checkpoint."""

import time

import pytest

from tests.doubles import otlp_http
from tests.doubles.apiserver.faults import Forbidden
from tests.scenarios.checking import in_time, looked, not_ok
from tests.scenarios.world import World


@in_time()
async def test_the_test_span_is_found_by_what_is_printed(world: World) -> None:
    """One span arrives: event-tracer's, of this cluster, now, with the trace id of the line."""
    begun = time.time_ns()
    *_, last = await looked(world)
    (received,) = world.collector.spans

    told = f"the OTLP endpoint {world.collector.url} (HTTP) took a test span, trace "
    assert last.what == told + received.span.trace_id.hex()
    assert received.resource == {"service.name": "event-tracer", "k8s.cluster.name": "prod"}
    assert begun <= received.span.end_time_unix_nano <= time.time_ns()
    assert received.span.start_time_unix_nano < received.span.end_time_unix_nano


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (otlp_http.refuse(301, location="/elsewhere"), "it redirects (301) to /elsewhere"),
        (otlp_http.refuse(401), "401 Unauthorized"),
        (otlp_http.refuse(404), "404 Not Found"),
        (otlp_http.refuse(503), "503 Service Unavailable"),
        (otlp_http.partial(1, "no room"), "no room"),
        (otlp_http.hang, "no answer in time"),
    ],
)
@in_time()
async def test_a_collector_that_takes_nothing_is_missing(
    world: World, answer: otlp_http.Answer, told: str
) -> None:
    """Why, and which variables say where it is."""
    world.collector.respond(answer)
    (line,) = not_ok(await looked(world))

    assert (line.status, line.what) == (
        "missing", f"the OTLP endpoint {world.collector.url} (HTTP)",
    )  # fmt: skip
    assert line.advice.startswith(told)
    assert "OTEL_EXPORTER_OTLP_ENDPOINT and _PROTOCOL" in line.advice


@in_time(OTEL_EXPORTER_OTLP_TIMEOUT="3600")
async def test_a_collector_that_is_away_is_missing(world: World) -> None:
    """At once, however long the timeout."""
    await world.collector.stop()
    (line,) = [line for line in not_ok(await looked(world)) if line.status == "missing"]
    assert line.advice.startswith("Connection refused; OTEL_EXPORTER_OTLP_ENDPOINT")


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("PROTOCOL", "http/json", "OTEL_EXPORTER_OTLP_PROTOCOL is http/json"),
        ("TIMEOUT", "soon", "OTEL_EXPORTER_OTLP_TIMEOUT is soon"),
        ("HEADERS", "authorization hunter2", "OTEL_EXPORTER_OTLP_HEADERS: entry 1 is not like"),
    ],
)
def test_variables_that_cannot_be_meant_are_missing(name: str, value: str, told: str) -> None:
    """By name, and without what they hold of secrets."""

    @in_time(**{f"OTEL_EXPORTER_OTLP_{name}": value})
    async def test(world: World) -> None:
        (line,) = not_ok(await looked(world))
        assert (line.status, line.what) == ("missing", "the OTLP endpoint")
        assert told in line.advice
        assert "hunter2" not in line.advice

    test()


@in_time(POD_NAMESPACE="ops")
async def test_a_checkpoint_that_cannot_be_written_is_missing(world: World) -> None:
    """A file in a folder that is not there: nothing about ConfigMaps, in a Pod neither."""
    path = world.folder / "configmaps" / "saved"
    (line,) = not_ok(await looked(world, checkpoint=str(path)))
    assert (line.status, line.what) == ("missing", "the checkpoint")
    assert line.advice == f"cannot write {path}: no such file or directory"


@in_time()
async def test_no_checkpoint_is_a_note(world: World) -> None:
    """What that means, and which option names one."""
    (line,) = not_ok(await looked(world, checkpoint="none"))
    assert (line.status, line.what) == ("note", "no checkpoint")
    assert "--checkpoint" in line.advice


@in_time(POD_NAMESPACE="ops")
async def test_a_config_map_is_tried_without_a_trace(world: World) -> None:
    """In the Pod's own namespace; only dry runs write."""
    lines = await looked(world, checkpoint="configmap/mine")
    tried = [asked for asked in world.server.asked("configmaps") if asked.method != "GET"]

    assert not_ok(lines) == []
    assert "the checkpoint can be written: ConfigMap ops/mine" in [one.what for one in lines]
    assert [(one.namespace, one.query["dryRun"]) for one in tried] == [("ops", "All")]


@pytest.mark.parametrize(("verb", "told"), [("get", "read"), ("create", "write")])
@in_time(POD_NAMESPACE="ops")
async def test_a_config_map_without_rights_is_missing(world: World, verb: str, told: str) -> None:
    """Which one, and which rights it takes."""
    world.server.forbidden.append(Forbidden(resource="configmaps", verb=verb))
    (line,) = not_ok(await looked(world, checkpoint="configmap"))

    assert (line.status, line.what) == ("missing", "the checkpoint")
    assert line.advice.startswith(f"cannot {told} ConfigMap ops/event-tracer: 403 Forbidden")
    assert line.advice.endswith("; allow get, create and update of configmaps in the Role")


@in_time()
async def test_a_config_map_outside_of_a_pod_is_missing(world: World) -> None:
    """No right would help: it has no namespace to be in."""
    (line,) = not_ok(await looked(world, checkpoint="configmap"))
    assert line.status == "missing"
    assert line.advice.endswith("set POD_NAMESPACE, or name a file")
