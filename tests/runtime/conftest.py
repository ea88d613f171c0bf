"""Telemetry as the variables of a test say."""

from collections.abc import Callable, Iterator
from typing import get_args

import pytest

from event_tracer.core.filters import Rule
from event_tracer.runtime.telemetry import Telemetry

Make = Callable[..., Telemetry]


@pytest.fixture
def make(monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    """Telemetry as the variables say; let go at the end."""
    made: list[Telemetry] = []

    def call(*, clock: Callable[[], float] = lambda: 0.0, **variables: str) -> Telemetry:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        made.append(
            Telemetry(exporter="otlp_grpc_span_exporter", rules=get_args(Rule), clock=clock)
        )
        return made[-1]

    yield call
    for telemetry in made:
        telemetry.shutdown()
