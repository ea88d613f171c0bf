"""What is said of settings that can be meant, but hardly are."""

import asyncio

import pytest

from event_tracer.export.otlp.client import Otlp, connect
from event_tracer.export.otlp.endpoint import odd_timeout, resolve
from tests.doubles import otlp_http
from tests.doubles.otlp_http import Collector
from tests.scenarios.exporting import numbered

P = "OTEL_EXPORTER_OTLP_"
BASE = f"{P}ENDPOINT is without /v1/traces, which is added to it"
OWN = f"nothing is added to {P}TRACES_ENDPOINT, which mostly ends in /v1/traces"
PATHS = [
    ("ENDPOINT", "/v1/traces", BASE),
    ("ENDPOINT", "/v1/traces/", BASE),
    ("ENDPOINT", "/v1", BASE),
    ("ENDPOINT", "/otlp", ""),
    ("TRACES_ENDPOINT", "", OWN),
    ("TRACES_ENDPOINT", "/otlp/v1/traces", ""),
]


@pytest.mark.parametrize(("name", "path", "advice"), PATHS)
def test_a_path_that_is_not_there_may_be_told(name: str, path: str, advice: str) -> None:
    """A base has none of its own (opentelemetry.io 3627, opentelemetry-js 3269)."""

    async def ask() -> str:
        async with Collector() as collector:
            collector.respond(otlp_http.refuse(404))
            at = collector.url.removesuffix("/v1/traces")
            variables = {f"{P}{name}": f"{at}{path}", f"{P}PROTOCOL": "http/protobuf"}
            async with connect(resolve(variables)) as sender:
                return (await Otlp(sender).deliver(numbered(1))).reason

    reason = asyncio.run(ask())
    assert "404" in reason
    assert reason.endswith(advice) if advice else "added" not in reason


@pytest.mark.parametrize(("said", "is_odd"), [("10", False), ("300", False), ("10000", True)])
def test_milliseconds_are_suspected(said: str, is_odd: bool) -> None:
    """The specification has them, the SDK for Python seconds (opentelemetry-python 5531, 4044)."""
    told = odd_timeout(resolve({f"{P}TIMEOUT": said}).timeout)
    assert bool(told) is is_odd
    assert not is_odd or f"{P}TIMEOUT is 10000 seconds" in told
