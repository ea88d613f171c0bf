"""Logins at an OIDC provider: each refresh token is used once, and its successor is kept."""

import asyncio
import base64
import os
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
import yaml

from event_tracer.kube.client import ApiError
from event_tracer.kube.kubeconfig import ConnectionSettingsError
from tests.doubles.apiserver.server import ApiServer
from tests.doubles.certificates import Authority
from tests.doubles.kubeconfigs import api_of, kubeconfig
from tests.doubles.oidc import Provider, id_token
from tests.doubles.tls import TlsFront


def with_provider(
    test: Callable[[ApiServer, Provider], Coroutine[Any, Any, None]], **options: Any
) -> None:
    """Run a test with an API server and a provider, in real time."""

    async def main() -> None:
        async with (
            asyncio.timeout(60),
            ApiServer(is_secure=True) as server,
            Provider(**options) as provider,
        ):
            await test(server, provider)

    asyncio.run(main())


def tokens_of(path: Path) -> tuple[str, str]:
    """The refresh token and the id token of a kubeconfig."""
    config = yaml.safe_load(path.read_text())["users"][0]["user"]["auth-provider"]["config"]
    return config["refresh-token"], config["id-token"]


def test_a_refresh_token_is_used_once_and_its_successor_written_back(tmp_path: Path) -> None:
    """A look is one login, and kubectl is not logged out by it; the rest of the file stays."""
    path = tmp_path / "config"

    async def test(server: ApiServer, provider: Provider) -> None:
        where = kubeconfig(path, server, user=provider.user())
        before = yaml.safe_load(path.read_text())
        path.chmod(0o600)
        async with api_of(where) as api:
            server.tokens = {provider.issued[0]}
            assert await api.get("/version")
        assert provider.seen == ["refresh-0"]
        assert tokens_of(path) == ("refresh-1", provider.issued[0])
        assert path.stat().st_mode & 0o777 == 0o600
        after = yaml.safe_load(path.read_text())
        for one in (before, after):
            del one["users"][0]["user"]["auth-provider"]["config"]
        assert before == after
        assert os.listdir(tmp_path) == ["config"]

        async with api_of(where) as api:  # the next look: the id token is valid
            assert await api.get("/version")
        assert provider.seen == ["refresh-0"]

    with_provider(test)


def test_a_run_goes_on_with_the_newest_where_nothing_can_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A kubeconfig that is mounted read-only: told, and each token is used once all the same."""
    path = tmp_path / "config"

    async def test(server: ApiServer, provider: Provider) -> None:
        server.tokens = set()
        where = kubeconfig(path, server, user=provider.user())
        async with api_of(where) as api:
            for _ in range(3):
                with pytest.raises(ApiError):
                    await api.get("/version")
                api._renewed = -100
            server.tokens = {provider.issued[-1]}
            assert await api.get("/version")
        assert provider.seen == ["refresh-0", "refresh-1", "refresh-2", "refresh-3"]
        assert tokens_of(path)[0] == "refresh-0"

    def refuse(*_: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("event_tracer.kube.oidc._write", refuse)
    with_provider(test, expires=1)
    assert "the new login cannot be written back; kubectl may need another" in caplog.messages


@pytest.mark.parametrize(
    ("secret", "methods", "login"),
    [
        ("", None, "kubectl"),
        ("s:/ö", None, "Basic " + base64.b64encode(b"kubectl:s%3A%2F%C3%B6").decode()),
        ("s", ["client_secret_post"], "kubectl"),
        ("s", ["private_key_jwt", "client_secret_basic"], "Basic a3ViZWN0bDpz"),
    ],
)
def test_a_client_says_who_it_is_as_the_provider_wants_it(
    secret: str, methods: list[str] | None, login: str, tmp_path: Path
) -> None:
    """A public one has no secret; one that keeps no new refresh token goes on with the old."""

    async def test(server: ApiServer, provider: Provider) -> None:
        provider.methods = methods
        more = {"client-secret": secret} if secret else {}
        where = kubeconfig(tmp_path / "config", server, user=provider.user(more))
        async with api_of(where) as api:
            assert await api.get("/version")
        assert provider.logins == [login]
        assert tokens_of(tmp_path / "config")[0] == "refresh-0"

    with_provider(test, rotates=False)


def test_a_token_that_is_valid_is_used_without_a_word(tmp_path: Path) -> None:
    """The provider is not even asked; the token is base64url."""

    async def test(server: ApiServer, provider: Provider) -> None:
        user = provider.user(expired=False)
        server.tokens = {id_token(0, expires=4e9)}
        async with api_of(kubeconfig(tmp_path / "config", server, user=user)) as api:
            assert await api.get("/version")
        assert provider.seen == []

    with_provider(test)


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"refresh-token": "spent"}, "says 400 (invalid_grant): log in anew"),
        ({"refresh-token": ""}, "there is no refresh-token; log in anew"),
        ({"idp-issuer-url": "http://127.0.0.1:9"}, "http://127.0.0.1:9 gives no token"),
        ({"idp-issuer-url": "x"}, "idp-issuer-url and client-id must be set"),
        ({"client-id": ""}, "idp-issuer-url and client-id must be set"),
        ({"idp-certificate-authority-data": "!"}, "idp-certificate-authority-data is no base64"),
    ],
)
def test_a_login_that_is_over_is_a_sentence(
    config: dict[str, str], words: str, tmp_path: Path
) -> None:
    """It names the kubeconfig and says what to do, without a token."""

    async def test(server: ApiServer, provider: Provider) -> None:
        path = kubeconfig(tmp_path / "config", server, user=provider.user(config))
        with pytest.raises(ConnectionSettingsError) as caught:
            async with api_of(path):
                pass
        assert str(caught.value).startswith(f"cannot use {path}: ")
        assert words in str(caught.value)

    with_provider(test)


def test_a_provider_is_verified(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """By its own authority, or those of the system; else it is told no secret."""
    own = Authority(tmp_path_factory.mktemp("own"))

    async def test(server: ApiServer, provider: Provider) -> None:
        async with TlsFront(own, to=provider.port) as front:
            issuer = {"idp-issuer-url": front.url}
            path = kubeconfig(tmp_path / "config", server, user=provider.user(issuer))
            with pytest.raises(ConnectionSettingsError, match="CERTIFICATE_VERIFY_FAILED"):
                async with api_of(path):
                    pass
            assert provider.seen == []
            trusted = {"idp-certificate-authority": str(own.certificate)}
            path = kubeconfig(tmp_path / "config", server, user=provider.user(issuer | trusted))
            async with api_of(path) as api:
                assert await api.get("/version")

    with_provider(test)
