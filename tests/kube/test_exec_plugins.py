"""Exec plugins of a kubeconfig: the user's own programs, as kubectl runs them."""

import asyncio
import base64
import json
import os
import time
from pathlib import Path
from typing import Any

import pytest

from event_tracer.kube.client import ApiError
from event_tracer.kube.kubeconfig import ConnectionSettingsError
from tests.doubles.apiserver.server import ApiServer
from tests.doubles.certificates import Authority, any_authority
from tests.doubles.kubeconfigs import api_of, kubeconfig, with_server
from tests.doubles.plugins import plugin, runs
from tests.doubles.tls import TlsFront


def test_a_prompt_is_seen_while_it_waits_and_the_login_is_used(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The user opens the page that it names, and then it goes on: one run, one login."""
    page, seen = tmp_path / "opened", ""
    waits = f"page = pathlib.Path({str(page)!r})\nwhile not page.exists(): time.sleep(0.02)\n"
    user = plugin(
        tmp_path / "bin",
        f"print('open https://login, code ABCD', file=sys.stderr, flush=True)\n{waits}"
        "give(token=f'token-{number}')",
    )

    async def person() -> None:
        nonlocal seen
        while "code ABCD" not in seen:
            await asyncio.sleep(0.02)
            seen += capfd.readouterr().err
        page.touch()

    async def test(server: ApiServer) -> None:
        server.tokens = {"token-1"}
        asking = asyncio.create_task(person())
        async with api_of(kubeconfig(tmp_path / "config", server, user=user)) as api:
            assert await api.get("/version")
        await asking

    with_server(test, is_secure=True)
    assert len(runs(tmp_path / "bin")) == 1


def test_a_plugin_may_say_much(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """300 kB on either stream block nothing."""
    user = plugin(
        tmp_path / "bin",
        "sys.stderr.write('x' * 300_000)\ngive(token='t', comment='y' * 300_000)",
    )

    async def test(server: ApiServer) -> None:
        server.tokens = {"t"}
        async with api_of(kubeconfig(tmp_path / "config", server, user=user)) as api:
            assert await api.get("/version")

    with_server(test, is_secure=True)
    assert len(capfd.readouterr().err) >= 300_000


@pytest.mark.parametrize("command", ["bin/plugin", "./bin/plugin", "plugin"])
def test_a_command_is_found_as_kubectl_finds_it(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a slash it is relative to its kubeconfig, without one it is of PATH."""
    user = plugin(tmp_path / "bin", "give(token='t')", command=command)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)

    async def test(server: ApiServer) -> None:
        server.tokens = {"t"}
        async with api_of(kubeconfig(tmp_path / "config", server, user=user)) as api:
            assert await api.get("/version")

    with_server(test, is_secure=True)


def test_a_plugin_is_told_of_the_cluster_if_it_asks(tmp_path: Path) -> None:
    """As ExecCredentialSpec has it: gardenlogin cannot do without."""
    authority = any_authority().certificate.read_bytes()
    cluster = {
        "tls-server-name": "127.0.0.1",
        "extensions": [{"name": "client.authentication.k8s.io/exec", "extension": {"shoot": "s"}}],
    }  # fmt: skip
    env = [{"name": "X", "value": "y"}]
    user = plugin(tmp_path / "bin", "give(token='t')", provideClusterInfo=True, env=env)

    async def test(server: ApiServer) -> None:
        (tmp_path / "ca.crt").write_bytes(authority)
        known = {**cluster, "certificate-authority": "ca.crt"}
        path = kubeconfig(tmp_path / "config", server.url, user=user, cluster=known)
        async with api_of(path) as api:
            assert await api.get("/version")
        told = runs(tmp_path / "bin")[0]
        assert told["cluster"] == {
            "server": server.url, "tls-server-name": "127.0.0.1", "config": {"shoot": "s"},
            "certificate-authority-data": base64.b64encode(authority).decode(),
        }  # fmt: skip
        assert (told["interactive"], told["X"]) == (False, "y")

    with_server(test, is_secure=True)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("sys.exit('log in first')", "it ended with 1: log in first"),
        ("print('no json')", "what it printed is no ExecCredential"),
        ("print('[]')", "what it printed is no ExecCredential"),
        ("print('{}')", "with a status"),
        ("give()", "neither a token nor a certificate"),
        ("give(clientKeyData='x')", "half of a certificate"),
        ("give(clientKeyData='x', clientCertificateData='y')", ""),
        ("give(token=1)", "what it printed is no ExecCredential"),
        ("give(token='a' + chr(10) + 'b')", "the token has a character"),
        ("print('x' * 2_000_000)", "what it printed is no ExecCredential"),
        ("print(json.dumps(dict(apiVersion='v2', kind='ExecCredential', status={})))", "speaks v2"),
        ("os.kill(os.getpid(), 9)", "it ended with -9"),
    ],
)
def test_a_plugin_that_gives_nothing_of_use_is_a_sentence(
    body: str, words: str, tmp_path: Path
) -> None:
    """With its own last words; the kubeconfig is named, and nothing that it gave is shown."""
    user = plugin(tmp_path / "bin", body)
    path = kubeconfig(tmp_path / "config", "https://127.0.0.1:9", user=user)

    async def main() -> None:
        async with api_of(path) as api:
            await api.get("/version")

    with pytest.raises(ConnectionSettingsError) as caught:
        asyncio.run(main())
    assert str(caught.value).startswith(f"cannot use {path}: ")
    assert words in str(caught.value)


def test_a_plugin_ends_with_whoever_waits_for_it(tmp_path: Path) -> None:
    """Ctrl-C leaves no process behind."""
    pid = tmp_path / "pid"
    user = plugin(
        tmp_path / "bin",
        f"pathlib.Path({str(pid)!r}).write_text(str(os.getpid()))\ntime.sleep(600)",
    )
    path = kubeconfig(tmp_path / "config", "https://x", user=user)

    async def main() -> None:
        async def use() -> None:
            async with api_of(path):
                pass

        task = asyncio.create_task(use())
        await asyncio.to_thread(_wait_for, pid)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(main())
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)


def _wait_for(path: Path) -> None:
    while not (path.exists() and path.read_text()):
        time.sleep(0.02)


@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
def test_a_certificate_that_is_refused_in_the_handshake_is_asked_for_anew(
    version: str, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """teleport's and tsh's logins are such; and a private key is on no disk meanwhile."""
    own, other = (Authority(tmp_path_factory.mktemp(name)) for name in ("own", "other"))
    pairs = [
        {"clientCertificateData": each.client.certificate.read_text(),
         "clientKeyData": each.client.key.read_text()}
        for each in (own, other)
    ]  # fmt: skip
    (tmp_path / "use").write_text(json.dumps(pairs[1]))
    source = f"pathlib.Path({str(tmp_path / 'use')!r})"
    user = plugin(tmp_path / "bin", f"give(**json.loads({source}.read_text()))")
    temporary = tmp_path / "tmp"
    temporary.mkdir()

    async def test(server: ApiServer) -> None:
        async with TlsFront(own, to=server.port) as front:
            front.ask_for_certificates(own)
            front.only(version)
            cluster = {"certificate-authority": str(own.certificate)}
            path = kubeconfig(tmp_path / "config", front.url, cluster=cluster, user=user)
            async with api_of(path) as api:
                for _ in range(3):
                    with pytest.raises(ApiError):
                        await api.get("/version")
                (tmp_path / "use").write_text(json.dumps(pairs[0]))
                await _until_answered(api)
                assert list(temporary.iterdir()) == []
        assert 2 <= len(runs(tmp_path / "bin")) <= 5

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("tempfile.tempdir", str(temporary))
        with_server(test)


async def _until_answered(api: Any) -> None:
    async with asyncio.timeout(30):
        while True:
            try:
                assert await api.get("/version")
                return
            except ApiError:
                await asyncio.sleep(0.5)
