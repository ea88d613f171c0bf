"""Whatever a kubeconfig and an environment hold: a sentence, never a traceback."""

import asyncio
import os
from pathlib import Path
from random import Random
from unittest import mock

import pytest

from event_tracer import EventTracerError
from event_tracer.cli.settings.environment import demand_limits, resource_attributes
from event_tracer.export.otlp.client import Otlp, connect
from event_tracer.export.otlp.endpoint import resolve
from event_tracer.kube.client import Api
from event_tracer.kube.credentials import chosen_namespace, client_factory, own_namespace
from event_tracer.runtime.logs import mask
from tests.scenarios.exporting import numbered
from tests.scenarios.mutations import environment, mutated

COUNT = int(os.environ.get("FUZZED_ACCESSES", "200"))
FIRST = int(os.environ.get("FUZZED_FROM", "0"))
"""The seed of the first."""
_AT_ONCE = 25
_NOBODY = "127.0.0.1:9"


async def ask_cluster(config: str) -> None:
    """As `show` does: choose, log in, and ask if that is where nobody listens."""
    api = Api(await client_factory(kubeconfig=config, context=""))
    try:
        chosen_namespace(kubeconfig=config, context="")
        client = await api._connect()
        await client.close()
        if _NOBODY in str(client.configuration.host):
            await api.get("/version")
    finally:
        await api.close()


async def send() -> None:
    """As `replay --to otlp` does."""
    demand_limits(os.environ)
    resource_attributes(os.environ)
    target = resolve(os.environ)
    async with connect(target) as sender:
        if _NOBODY in target.target and (not target.proxy or _NOBODY in target.proxy):
            answer = await Otlp(sender).deliver(numbered(1))
            assert "secret" not in mask(f"{target}: {answer.reason}")


@pytest.mark.parametrize("first", range(FIRST, FIRST + COUNT, _AT_ONCE))
def test_no_access_ends_in_a_traceback(
    first: int, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Mutated kubeconfigs and environments, seeded: each works, or ends in one line."""

    async def one(seed: int) -> None:
        choice = Random(seed)
        path = tmp_path / "config"
        path.write_bytes(mutated(choice))
        given = {"PATH": os.environ["PATH"], **environment(choice, tmp_path)}
        config = "" if "KUBECONFIG" in given else str(path)
        with mock.patch.dict(os.environ, given, clear=True):
            own_namespace()
            for work in (ask_cluster(config), send()):
                try:
                    async with asyncio.timeout(60):
                        await work
                except EventTracerError as error:
                    assert str(error).strip(), seed  # noqa: PT017
                    assert "secret" not in mask(str(error)), seed  # noqa: PT017
                except Exception as error:
                    error.add_note(f"seed {seed}")
                    raise

    async def main() -> None:
        for seed in range(first, min(FIRST + COUNT, first + _AT_ONCE)):
            await one(seed)

    asyncio.run(main())
    assert "Traceback" not in capfd.readouterr().err
