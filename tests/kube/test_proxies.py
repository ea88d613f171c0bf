"""The way to an API server: through the proxies that kubectl would use, and no others."""

import base64
from contextlib import AsyncExitStack
from pathlib import Path
from urllib.parse import unquote

import pytest

from event_tracer.cli.main import FAILED, main
from event_tracer.kube.client import ApiError
from event_tracer.kube.kubeconfig import ConnectionSettingsError
from tests.doubles.apiserver.server import ApiServer
from tests.doubles.certificates import Authority
from tests.doubles.kubeconfigs import api_of, kubeconfig, with_server
from tests.doubles.proxies import HttpProxy
from tests.doubles.tls import TlsFront
from tests.doubles.tls_server import refused
from tests.scenarios.fields import Raw

BASIC = "Basic " + base64.b64encode(b"user:pass word").decode()


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without variables of the machine."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.mark.parametrize("where", ["variable", "kubeconfig", "both"])
def test_a_proxy_leads_to_the_server(
    where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of HTTPS_PROXY, or of the cluster's proxy-url, which counts first; with its own login."""
    authority = Authority(tmp_path)

    async def test(server: ApiServer) -> None:
        async with (
            TlsFront(authority, to=server.port) as front,
            HttpProxy(to=front.port) as used, HttpProxy(to=front.port) as unused,
        ):  # fmt: skip
            url = used.url.replace("://", "://user:pass%20word@")
            cluster: Raw = {
                "certificate-authority": str(authority.certificate),
                "tls-server-name": "127.0.0.1",
            }
            if where != "variable":
                cluster["proxy-url"] = url
            if where != "kubeconfig":
                monkeypatch.setenv("HTTPS_PROXY", url if where == "variable" else unused.url)
            path = kubeconfig(
                tmp_path / "config", "https://api.example:6443", cluster=cluster,
                user={"token": "t"},
            )  # fmt: skip
            async with api_of(path) as api:
                assert await api.get("/version")
            assert [(one.method, one.target) for one in used.asked] == [
                ("CONNECT", "api.example:6443")
            ]
            assert used.asked[0].headers["proxy-authorization"] == BASIC
            assert "authorization" not in used.asked[0].headers
            assert unused.asked == []

    with_server(test)


@pytest.mark.parametrize(
    ("no_proxy", "host", "is_proxied"),
    [
        ("", "127.0.0.1", False), ("", "localhost", False),
        ("10.152.183.0/24", "10.152.183.1", False),
        ("10.0.0.0/8", "192.0.2.1", True), (".example", "api.example", False),
        ("*.example", "api.example", False), ("example", "notexample", True),
        ("api.example:6443", "api.example", False), ("api.example:443", "api.example", True),
    ],
)  # fmt: skip
def test_no_proxy_counts_as_for_kubectl(
    no_proxy: str, host: str, is_proxied: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a host is meant by NO_PROXY nothing is asked of the proxy, whatever else happens."""
    monkeypatch.setenv("NO_PROXY", no_proxy)

    async def test(server: ApiServer) -> None:
        async with HttpProxy(to=server.port) as proxy:
            monkeypatch.setenv("HTTPS_PROXY", proxy.url)
            path = kubeconfig(tmp_path / "config", f"https://{host}:6443")
            async with api_of(path) as api:
                client = await api._connect()
                await client.close()
                assert client.configuration.proxy == (proxy.url if is_proxied else None)
                if is_proxied:
                    with pytest.raises(ApiError):  # there is no TLS behind it
                        await api.get("/version")
            assert bool(proxy.asked) is is_proxied

    with_server(test)


@pytest.mark.parametrize("where", ["proxy-url of the cluster", "HTTPS_PROXY"])
def test_a_socks_proxy_is_a_sentence_at_once(
    where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    """No word of HTTP is said to it."""

    async def test(server: ApiServer) -> None:
        async with HttpProxy(to=server.port) as proxy:
            url = proxy.url.replace("http://", "socks5://user:secret@")
            cluster: Raw = {"proxy-url": url} if "cluster" in where else {}
            if not cluster:
                monkeypatch.setenv("HTTPS_PROXY", url)
            path = kubeconfig(tmp_path / "config", "https://api.example", cluster=cluster)
            with pytest.raises(ConnectionSettingsError) as caught:
                async with api_of(path):
                    pass
            assert str(caught.value).startswith(f"cannot use {path}: ")
            assert f"SOCKS proxies are not supported ({where})" in str(caught.value)
            assert "secret" not in str(caught.value)
            assert proxy.asked == []

    with_server(test)
    assert main(["show", "--kubeconfig", str(tmp_path / "config")]) == FAILED
    assert "SOCKS proxies are not supported" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("of_proxy", "of_server", "told"),
    [
        ("known", "known", ""),
        ("unknown", "known", "TLS with the proxy PROXY fails: certificate verify failed"),
        ("none", "known", "TLS with the proxy PROXY fails: it speaks no TLS"),
        ("known", "unknown", "TLS with the API server SERVER fails: certificate verify failed"),
        ("known", "none", "TLS with the API server SERVER fails: it speaks no TLS"),
    ],
)
def test_a_handshake_that_fails_is_told_with_whom(
    of_proxy: str, of_server: str, told: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """With a proxy that is spoken to in TLS, or within that with the API server."""
    folders = {name: tmp_path_factory.mktemp(name) for name in ("known", "unknown")}
    authorities = {name: Authority(folder) for name, folder in folders.items()}

    async def test(server: ApiServer) -> None:
        async with AsyncExitStack() as stack:
            to = server.port
            if of_server != "none":
                front = TlsFront(authorities[of_server], to=to)
                to = (await stack.enter_async_context(front)).port
            to = (await stack.enter_async_context(HttpProxy(to=to))).port
            if of_proxy != "none":
                front = TlsFront(authorities[of_proxy], to=to)
                to = (await stack.enter_async_context(front)).port
            cluster: Raw = {
                "certificate-authority": str(authorities["known"].certificate),
                "tls-server-name": "127.0.0.1",
                "proxy-url": f"https://user:secret@127.0.0.1:{to}",
            }
            path = kubeconfig(
                folders["known"] / "config", "https://api.example:6443", cluster=cluster
            )
            api = await stack.enter_async_context(api_of(path))
            if told:
                wanted = told.replace("PROXY", f"127.0.0.1:{to}")
                wanted = wanted.replace("SERVER", "api.example:6443")
                assert (await refused(api)).startswith(wanted)
            else:
                assert await api.get("/version")

    with_server(test)


@pytest.mark.parametrize("userinfo", ["u:%E2%82%AC@", "a%3Ab:p@", "u@"])
def test_a_proxy_is_told_its_own_login_alone(userinfo: str, tmp_path: Path) -> None:
    """Of any letters; and not as whom the user acts, which is between the two ends of TLS."""
    authority = Authority(tmp_path)
    login = unquote(userinfo.rstrip("@")) + ("" if ":" in userinfo else ":")

    async def test(server: ApiServer) -> None:
        async with TlsFront(authority, to=server.port) as front, HttpProxy(to=front.port) as proxy:
            cluster: Raw = {
                "certificate-authority": str(authority.certificate),
                "tls-server-name": "127.0.0.1",
                "proxy-url": proxy.url.replace("://", f"://{userinfo}"),
            }
            path = kubeconfig(
                tmp_path / "config", "https://api.example:6443", cluster=cluster,
                user={"token": "secret", "as": "me", "as-groups": ["g", "h"]},
            )  # fmt: skip
            async with api_of(path) as api:
                assert await api.get("/version")
            told = proxy.asked[0].headers
            wanted = f"Basic {base64.b64encode(login.encode()).decode()}"
            assert told["proxy-authorization"] == wanted
            assert not [name for name in told if name.startswith(("impersonate", "authorization"))]
        assert server.requests[0].headers["impersonate-group"] == "g, h"

    with_server(test)
