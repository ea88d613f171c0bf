"""What an exec plugin leaves, says and lacks: as client-go takes it."""

import os
import signal
from pathlib import Path

import pytest

from tests.doubles.apiserver.server import ApiServer
from tests.doubles.kubeconfigs import api_of, complaint, kubeconfig, with_server
from tests.doubles.plugins import V1, plugin, runs
from tests.scenarios.fields import Raw


def test_a_login_that_has_ended_by_its_own_word_is_asked_for_anew(tmp_path: Path) -> None:
    """As client-go does before a request: the API server need not refuse it first."""
    user = plugin(
        tmp_path / "bin",
        "end = '2020-01-01T00:00:00Z' if number == 1 else '2999-01-01T00:00:00Z'\n"
        "give(token=f'token-{number}', expirationTimestamp=end)",
    )

    async def test(server: ApiServer) -> None:
        async with api_of(kubeconfig(tmp_path / "config", server, user=user)) as api:
            for _ in range(3):
                assert await api.get("/version")
        sent = [one.headers["authorization"] for one in server.requests]
        assert sent == ["Bearer token-1", "Bearer token-2", "Bearer token-2"]

    with_server(test, is_secure=True)
    assert len(runs(tmp_path / "bin")) == 2


@pytest.mark.parametrize("streams", [">/dev/null", "2>/dev/null", ""])
def test_an_agent_that_stays_behind_holds_nothing_up(streams: str, tmp_path: Path) -> None:
    """It has the plugin's streams for as long as it lives; the plugin has given its login."""
    stays = f"import subprocess\nagent = subprocess.Popen('sleep 600 {streams}', shell=True)\n"
    noted = "pathlib.Path(__file__).with_name('agent').write_text(str(agent.pid))\n"
    user = plugin(tmp_path / "bin", f"{stays}{noted}give(token='t')")

    async def test(server: ApiServer) -> None:
        server.tokens = {"t"}
        async with api_of(kubeconfig(tmp_path / "config", server, user=user)) as api:
            assert await api.get("/version")
        os.kill(int((tmp_path / "bin" / "agent").read_text()), signal.SIGKILL)

    with_server(test, is_secure=True)


def test_a_plugin_may_answer_in_yaml(tmp_path: Path) -> None:
    """kubectl's decoder takes both."""
    answer = f"apiVersion: {V1}\nkind: ExecCredential\nstatus:\n  token: t\n"
    user = plugin(tmp_path / "bin", f"print({answer!r})")

    async def test(server: ApiServer) -> None:
        server.tokens = {"t"}
        async with api_of(kubeconfig(tmp_path / "config", server, user=user)) as api:
            assert await api.get("/version")

    with_server(test, is_secure=True)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"apiVersion": ""}, "it needs an apiVersion"),
        ({"interactiveMode": "Sometimes"}, "interactiveMode is Sometimes"),
        ({"env": [{"name": "", "value": "x"}]}, "a variable in its env has no name"),
    ],
)
def test_a_plugin_that_kubectl_would_not_run_is_a_sentence(
    more: Raw, words: str, tmp_path: Path
) -> None:
    """And it is not run."""
    user = plugin(tmp_path / "bin", "give(token='t')", **more)

    assert words in complaint(kubeconfig(tmp_path / "config", "https://x", user=user))
    assert not (tmp_path / "bin" / "runs").exists()
