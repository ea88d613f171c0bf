"""Credentials that end: read anew, once for all, and never in a storm."""

import asyncio
import json
import shlex
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from event_tracer.kube.client import ApiError
from event_tracer.kube.credentials import client_factory
from event_tracer.kube.kubeconfig import ConnectionSettingsError
from tests.doubles.apiserver.client import EVENTS, event
from tests.doubles.apiserver.faults import UNAUTHORIZED
from tests.doubles.apiserver.server import ApiServer
from tests.doubles.kubeconfigs import Counted, api_of, kubeconfig
from tests.scenarios.fields import Raw
from tests.scenarios.inside import inside_both


@asynccontextmanager
async def _token(tmp_path: Path) -> AsyncIterator[tuple[Counted, ApiServer]]:
    async with ApiServer(is_secure=True) as server:
        server.tokens = {"old"}
        async with api_of(use(tmp_path, server, "old")) as api:
            await api.get("/version")
            yield api, server


with_token = inside_both(_token)
"""Give a test an API whose kubeconfig has the token `old`, which is accepted."""


def use(folder: Path, server: ApiServer, token: str) -> str:
    """Write the kubeconfig."""
    return kubeconfig(folder / "config", server, user={"token": token})


async def statuses(api: Counted, *, times: int = 1) -> list[int]:
    """How so many requests at once end."""

    async def one() -> int:
        try:
            await api.get("/version")
        except ApiError as error:
            return error.status
        return 200

    return await asyncio.gather(*(one() for _ in range(times)))


@with_token
async def test_an_expired_token_is_read_anew_once_for_all(
    api: Counted, server: ApiServer, tmp_path: Path
) -> None:
    """Twenty requests fail at once: one reading, and none of the next ones fails."""
    server.tokens = {"new"}
    use(tmp_path, server, "new")

    assert await statuses(api, times=20) == [401] * 20
    assert api.readings == 2
    assert await statuses(api, times=20) == [200] * 20
    assert api.readings == 2


@with_token
async def test_credentials_are_read_at_most_once_in_five_seconds(
    api: Counted, server: ApiServer
) -> None:
    """An exec plugin may ask a person, or a cloud that throttles."""
    server.fail(UNAUTHORIZED)
    await statuses(api, times=3)
    assert api.readings == 2
    for _ in range(48):
        await asyncio.sleep(0.1)
        await statuses(api, times=3)
    assert api.readings == 2
    await asyncio.sleep(0.5)
    await statuses(api)
    assert api.readings == 3
    for _ in range(600):
        await asyncio.sleep(0.1)
        await statuses(api)
    assert 10 <= api.readings <= 16


@with_token
async def test_a_stream_outlives_the_credentials_it_was_opened_with(
    api: Counted, server: ApiServer, tmp_path: Path
) -> None:
    """As an API server lets it; its connection is closed when it ends."""
    query: Raw = {"watch": "true", "resourceVersion": "1"}
    async with api.open(EVENTS, query=query, idle_timeout=100) as response:
        server.tokens = {"new"}
        use(tmp_path, server, "new")
        assert await statuses(api) == [401]
        assert await statuses(api) == [200]
        server.write(event("one"))
        assert b"one" in await response.content.readline()
    await asyncio.sleep(1)

    assert server.watches == []
    assert await statuses(api) == [200]


@with_token
async def test_a_kubeconfig_that_is_broken_for_a_while_stops_nothing(
    api: Counted, server: ApiServer, tmp_path: Path
) -> None:
    """Half written, or gone: errors until it is whole again."""
    server.tokens = {"new"}
    for text in ("{", "", None):
        if text is None:
            (tmp_path / "config").unlink()
        else:
            (tmp_path / "config").write_text(text)
        with pytest.raises(ApiError, match="config"):
            await api.get("/version")
        await asyncio.sleep(6)
    use(tmp_path, server, "new")
    assert await statuses(api) == [401]
    assert await statuses(api) == [200]


# -- exec plugins, in real time: the clock of a process cannot be simulated


def plugin(folder: Path, status: str) -> Raw:
    """A user whose credentials a script prints; NUMBER in `status` counts its runs."""
    script = folder / "plugin.py"
    script.write_text(
        "import json, pathlib, sys\n"
        "runs = pathlib.Path(__file__).with_name('runs')\n"
        "number = int(runs.read_text()) + 1 if runs.exists() else 1\n"
        "runs.write_text(str(number))\n"
        f"print({status!r}.replace('NUMBER', str(number)))\n"
    )
    version = "client.authentication.k8s.io/v1"
    args = {"command": sys.executable, "args": ["-I", str(script)], "interactiveMode": "Never"}
    return {"exec": {"apiVersion": version, **args}}


def runs(folder: Path) -> int:
    """How often the script ran."""
    return int((folder / "runs").read_text())


CREDENTIAL = json.dumps(
    {
        "apiVersion": "client.authentication.k8s.io/v1",
        "kind": "ExecCredential",
        "status": {"token": "token-NUMBER", "expirationTimestamp": "2999-01-01T00:00:00Z"},
    }
)


def test_an_exec_plugin_is_run_again_when_its_token_is_refused(tmp_path: Path) -> None:
    """Not for every request, and whatever it said about expiry."""

    async def main() -> None:
        async with ApiServer(is_secure=True) as server:
            server.tokens = {"token-1"}
            user = plugin(tmp_path, CREDENTIAL)
            async with api_of(kubeconfig(tmp_path / "config", server, user=user)) as api:
                assert await statuses(api, times=5) == [200] * 5
                assert runs(tmp_path) == 1
                server.tokens = {"token-2"}
                assert await statuses(api, times=5) == [401] * 5
                assert await statuses(api, times=5) == [200] * 5
                assert runs(tmp_path) == 2

    asyncio.run(main())


def test_an_exec_plugin_that_fails_is_an_error_with_its_words(tmp_path: Path) -> None:
    """At the start of a run it ends it; later it is one more failed request."""

    async def main() -> None:
        async with ApiServer(is_secure=True) as server:
            user = plugin(tmp_path, CREDENTIAL)
            async with api_of(kubeconfig(tmp_path / "config", server, user=user)) as api:
                assert await api.get("/version")
                server.fail(UNAUTHORIZED)
                (tmp_path / "plugin.py").write_text("raise SystemExit('log in first')")
                with pytest.raises(ApiError, match="log in first"):
                    await api.get("/version")
                with pytest.raises(ConnectionSettingsError, match="log in first"):
                    await client_factory(kubeconfig=str(tmp_path / "config"), context="")

    asyncio.run(main())


def test_the_users_kubeconfig_is_never_written(tmp_path: Path) -> None:
    """A token of a provider that would be kept there is not: it is the user's file."""
    answer = json.dumps({"credential": {"access_token": "NUMBER", "token_expiry": "x"}})
    made = plugin(tmp_path, answer)["exec"]
    about = {"cmd-path": made["command"], "cmd-args": shlex.join(made["args"])}
    user = {"auth-provider": {"name": "gcp", "config": about}}

    path = tmp_path / "config"

    async def main() -> bytes:
        async with ApiServer(is_secure=True) as server:
            server.tokens = {"1"}
            async with api_of(kubeconfig(path, server, user=user)) as api:
                before = path.read_bytes()
                assert await statuses(api) == [200]
        return before

    assert asyncio.run(main()) == path.read_bytes()
