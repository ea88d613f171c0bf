"""Logins that are written down: what is sent, and what is on a disk meanwhile."""

import base64
from pathlib import Path

import pytest

from event_tracer.kube.client import ApiError
from tests.doubles.apiserver.faults import UNAUTHORIZED
from tests.doubles.apiserver.server import ApiServer
from tests.doubles.certificates import Authority
from tests.doubles.kubeconfigs import api_of, kubeconfig, with_server
from tests.doubles.tls import TlsFront
from tests.scenarios.fields import Raw


def test_data_of_a_kubeconfig_is_on_no_disk(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So a kill leaves nothing, and nothing that tmpfiles.d removes is missed at the next 401."""
    own = Authority(tmp_path_factory.mktemp("own"))
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))

    def data(path: Path) -> str:
        return base64.b64encode(path.read_bytes()).decode()

    async def test(server: ApiServer) -> None:
        async with TlsFront(own, to=server.port) as front:
            front.ask_for_certificates(own)
            user = {
                "client-certificate-data": data(own.client.certificate),
                "client-key-data": data(own.client.key),
            }
            cluster = {"certificate-authority-data": data(own.certificate)}
            path = kubeconfig(tmp_path / "config", front.url, cluster=cluster, user=user)
            async with api_of(path) as api:
                assert await api.get("/version")
                assert list(temporary.iterdir()) == []
                server.fail(UNAUTHORIZED, times=1)
                with pytest.raises(ApiError, match="401"):
                    await api.get("/version")
                assert await api.get("/version")
                assert api.readings == 2
                assert list(temporary.iterdir()) == []

    with_server(test)


def test_a_token_file_is_followed(tmp_path: Path) -> None:
    """Whoever rotates it writes the new token before the old one ends: no request is refused."""
    token = tmp_path / "token"
    token.write_text("first\n")

    async def test(server: ApiServer) -> None:
        server.tokens = {"first"}
        path = kubeconfig(tmp_path / "config", server, user={"tokenFile": "token"})
        async with api_of(path) as api:
            assert await api.get("/version")
            token.write_text("second\n")
            server.tokens = {"second"}
            assert await api.get("/version")
            token.unlink()
            assert await api.get("/version")
            assert api.readings == 1

    with_server(test, is_secure=True)


# -- ~/.netrc, and other logins


@pytest.mark.parametrize("machine", ["default", "machine 127.0.0.1"])
@pytest.mark.parametrize(
    ("user", "wanted"),
    [
        ({}, None),
        ({"token": "t"}, "Bearer t"),
        ({"username": "u", "password": "p"}, "Basic dTpw"),
        ({"token": "t", "exec": {"command": "no-such"}}, "Bearer t"),
    ],
)
def test_the_login_is_what_was_given_or_none(
    user: Raw, wanted: str | None, machine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """~/.netrc is of other programs; a token that stands there counts before a plugin."""
    (tmp_path / ".netrc").write_text(f"{machine} login a password secret")
    (tmp_path / ".netrc").chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))

    async def test(server: ApiServer) -> None:
        async with api_of(kubeconfig(tmp_path / "config", server, user=user)) as api:
            assert await api.get("/version")
        assert server.requests[-1].headers.get("authorization") == wanted

    with_server(test, is_secure=True)


@pytest.mark.parametrize("is_secure", [True, False], ids=["https", "http"])
def test_a_login_of_the_servers_url_counts_last(is_secure: bool, tmp_path: Path) -> None:
    """As Go has it: it is sent, unless there is another that may be."""
    of_token = "Bearer t" if is_secure else "Basic dTpw"

    async def test(server: ApiServer) -> None:
        url = server.url.replace("://", "://u:p@")
        for user, wanted in (({}, "Basic dTpw"), ({"token": "t"}, of_token)):
            path = kubeconfig(tmp_path / "config", url, cluster=server.cluster, user=user)
            async with api_of(path) as api:
                assert await api.get("/version")
            assert server.requests[-1].headers["authorization"] == wanted

    with_server(test, is_secure=is_secure)


@pytest.mark.parametrize(
    "user",
    [
        {"token": "secret"},
        {"tokenFile": "token"},
        {"username": "u", "password": "secret"},
        {"exec": {"command": "no-such", "apiVersion": "client.authentication.k8s.io/v1"}},
        {"auth-provider": {"name": "oidc", "config": {"id-token": "secret"}}},
    ],
    ids=lambda user: "".join(user),
)
def test_without_tls_no_login_is_read(user: Raw, tmp_path: Path) -> None:
    """As kubectl (clientcmd's ClientConfig): anybody could read it; whom one acts as is none."""
    (tmp_path / "token").write_text("secret")

    async def test(server: ApiServer) -> None:
        path = kubeconfig(tmp_path / "config", server, user={**user, "as": "a"})
        async with api_of(path) as api:
            assert await api.get("/version")
        sent = server.requests[-1].headers
        assert "secret" not in str(sent)
        assert "authorization" not in sent
        assert sent["impersonate-user"] == "a"

    with_server(test)


def test_one_is_whom_the_kubeconfig_says(tmp_path: Path) -> None:
    """`as` and its groups: without them one would have other rights. And our own name."""
    user = {"as": "a", "as-uid": "1", "as-groups": ["g", "h"], "as-user-extra": {"x/y": ["z"]}}

    async def test(server: ApiServer) -> None:
        async with api_of(kubeconfig(tmp_path / "config", server, user=user)) as api:
            assert await api.get("/version")
        sent = server.requests[-1].headers
        assert sent["impersonate-group"] == "g, h"
        assert (sent["impersonate-user"], sent["impersonate-uid"]) == ("a", "1")
        assert sent["impersonate-extra-x%2fy"] == "z"
        assert sent["user-agent"].startswith("event-tracer/")

    with_server(test, is_secure=True)
