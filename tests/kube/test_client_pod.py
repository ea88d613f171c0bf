"""A Pod's own credentials, which the kubelet rotates."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from tests.doubles.certificates import Authority
from tests.doubles.kubeconfigs import Counted, api_of
from tests.doubles.tls_server import IDLE, Site, opened, refused
from tests.scenarios.inside import inside_both


@pytest.fixture(scope="module")
def authorities(tmp_path_factory: pytest.TempPathFactory) -> tuple[Authority, Authority]:
    """An old one, and the one that follows it."""
    return (
        Authority(tmp_path_factory.mktemp("old")),
        Authority(tmp_path_factory.mktemp("new")),
    )


@pytest.fixture
def pod(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of this process's ServiceAccount."""
    loading = "kubernetes_asyncio.config.incluster_config"
    monkeypatch.setattr(f"{loading}.SERVICE_TOKEN_FILENAME", str(tmp_path / "token"))
    monkeypatch.setattr(f"{loading}.SERVICE_CERT_FILENAME", str(tmp_path / "ca.crt"))
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")
    monkeypatch.delenv("KUBECONFIG", raising=False)
    return tmp_path


@pytest.fixture
def read_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """As once a minute of real time."""
    name = "kubernetes_asyncio.config.incluster_config.TOKEN_REFRESH_PERIOD"
    monkeypatch.setattr(name, timedelta(0))


@asynccontextmanager
async def _pod(
    pod: Path, authorities: tuple[Authority, Authority], monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[Site, Counted]]:
    async with opened(authorities, pod) as site:
        monkeypatch.setenv("KUBERNETES_SERVICE_PORT", str(site.front.port))
        shutil.copy(authorities[0].certificate, pod / "ca.crt")
        (pod / "token").write_text("first")
        site.server.tokens = {"first"}
        async with api_of("") as api:
            assert await api.get("/version")
            yield site, api


in_pod = inside_both(_pod)
"""Give a test a site, and an API with the credentials of a Pod, the token being `first`."""


@in_pod
async def test_a_token_that_is_rotated_is_taken_up(site: Site, api: Counted, pod: Path) -> None:
    """The first refusal of the old one is followed by a reading of the file."""
    (pod / "token").write_text("second")
    site.server.tokens = {"second"}

    assert "401" in await refused(api)
    assert await api.get("/version")
    assert api.readings == 2


@pytest.mark.usefixtures("read_each_time")
@in_pod
async def test_a_token_is_read_before_it_is_refused(site: Site, api: Counted, pod: Path) -> None:
    """The kubelet writes a new one long before the old one ends: no request fails."""
    await api.get("/version")
    (pod / "token").write_text("second")
    site.server.tokens = {"second"}

    assert await api.get("/version")
    assert api.readings == 1


@pytest.mark.usefixtures("read_each_time")
@in_pod
async def test_a_token_may_end_in_a_newline(site: Site, api: Counted, pod: Path) -> None:
    """Of a Secret that was made by `echo`, say; no header could hold one."""
    (pod / "token").write_text("first\n")

    assert await api.get("/version")
    assert site.server.requests[-1].headers["authorization"] == "Bearer first"


@pytest.mark.parametrize("is_gone", [True, False], ids=["gone", "empty"])
@pytest.mark.usefixtures("read_each_time")
@in_pod
async def test_a_token_that_cannot_be_read_is_an_error(
    site: Site, api: Counted, is_gone: bool, pod: Path
) -> None:
    """For a moment a file may be missing or empty: the next request asks again."""
    (pod / "token").unlink()
    if not is_gone:
        (pod / "token").write_text("")
    assert "oken" in await refused(api)
    (pod / "token").write_text("first")

    assert await api.get("/version")


@in_pod
async def test_a_pods_authority_is_renewed_too(
    site: Site, api: Counted, pod: Path, authorities: tuple[Authority, Authority]
) -> None:
    """kube-root-ca.crt changes in the volume: no restart of the Pod."""
    site.front.use(authorities[1])
    shutil.copy(authorities[1].certificate, pod / "ca.crt")
    site.front.cut()
    await asyncio.sleep(IDLE)

    assert "TLS" in await refused(api)
    assert await api.get("/version")
