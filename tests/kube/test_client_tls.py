"""TLS to an API server: verified, and certificates that are renewed while it runs."""

import asyncio
from pathlib import Path

import pytest

from event_tracer.kube.client import retry_forever
from tests.doubles.apiserver.client import EVENTS, event
from tests.doubles.certificates import Authority, be_strict
from tests.doubles.kubeconfigs import api_of
from tests.doubles.tls_server import IDLE, Site, at_site, opened, refused
from tests.scenarios.fields import Raw
from tests.scenarios.inside import inside


@pytest.fixture(scope="module")
def authorities(tmp_path_factory: pytest.TempPathFactory) -> tuple[Authority, Authority]:
    """An old one, and the one that follows it."""
    return (
        Authority(tmp_path_factory.mktemp("old")),
        Authority(tmp_path_factory.mktemp("new")),
    )


@at_site
async def test_a_trusted_server_is_spoken_to(
    site: Site, authorities: tuple[Authority, Authority]
) -> None:
    """The kubeconfig's authority has signed its certificate."""
    async with api_of(site.trust(authorities[0])) as api:
        assert (await api.get("/version"))["minor"] == "34"


def test_an_authority_need_not_be_more_than_that(
    tmp_path_factory: pytest.TempPathFactory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """EKS's has no Authority Key Identifier; kubectl takes it, and so does Python before 3.13."""
    be_strict(monkeypatch)
    bare = Authority(tmp_path_factory.mktemp("bare"), is_bare=True)

    @inside(lambda: opened((bare, bare), tmp_path))
    async def test(site: Site) -> None:
        async with api_of(site.trust(bare)) as api:
            assert await api.get("/version")

    test()


@pytest.mark.parametrize("trusted", ["another", "those of the system"])
@at_site
async def test_an_untrusted_server_is_told_nothing(
    site: Site, trusted: str, authorities: tuple[Authority, Authority]
) -> None:
    """TLS is verified without being asked for: an error that says so, and no token leaves."""
    async with api_of(site.trust(authorities[1] if trusted == "another" else None)) as api:
        told = await refused(api)
    assert "TLS" in told
    assert "certificate verify failed" in told.lower().replace("_", " ")
    assert site.server.requests == []


@at_site
async def test_a_certificate_of_another_host_is_not_trusted(
    site: Site, authorities: tuple[Authority, Authority]
) -> None:
    """Signed by the right authority, for the wrong name."""
    path = site.trust(authorities[0], **{"tls-server-name": "elsewhere.example"})
    async with api_of(path) as api:
        assert "elsewhere.example" in await refused(api)
    assert site.server.requests == []


@at_site
async def test_verification_can_be_given_up(site: Site) -> None:
    """Only by the kubeconfig's own insecure-skip-tls-verify."""
    async with api_of(site.trust(None, **{"insecure-skip-tls-verify": True})) as api:
        assert await api.get("/version")


@at_site
async def test_a_client_certificate_is_shown(
    site: Site, authorities: tuple[Authority, Authority]
) -> None:
    """The kubeconfig's; without one such a server's refusal is an error."""
    old = authorities[0]
    site.front.ask_for_certificates(old)
    pair = {
        "client-certificate": str(old.client.certificate), "client-key": str(old.client.key),
    }  # fmt: skip
    cluster = {"certificate-authority": str(old.certificate)}
    async with api_of(site.write(cluster, user=pair)) as api:
        assert await api.get("/version")
    async with api_of(site.write(cluster)) as api:
        await refused(api)
    assert len(site.server.requests) == 1


# -- renewal


@pytest.mark.parametrize("place", ["file", "kubeconfig"])
@at_site
async def test_a_new_authority_is_taken_up(
    site: Site, place: str, authorities: tuple[Authority, Authority]
) -> None:
    """One refusal, then the files are read anew: no restart."""
    old, new = authorities
    trust = site.trust if place == "file" else site.embed
    async with api_of(trust(old)) as api:
        await api.get("/version")
        site.front.use(new)
        trust(new)
        site.front.cut()
        await asyncio.sleep(IDLE)

        assert "TLS" in await refused(api)
        assert await api.get("/version")
        assert api.readings == 2


@pytest.mark.parametrize("half", [b"", b"-----BEGIN CERTIFICATE-----\nMIIB", None])
@at_site
async def test_a_server_may_be_renewed_before_the_files_are(
    site: Site, half: bytes | None, authorities: tuple[Authority, Authority]
) -> None:
    """Errors until then, also while the file is half written or gone; and it comes back alone."""
    old, new = authorities
    async with api_of(site.trust(old)) as api:
        await api.get("/version")
        site.front.use(new)
        site.front.cut()
        await asyncio.sleep(IDLE)
        asking = asyncio.create_task(retry_forever(lambda: api.get("/version")))
        site.front.cut()
        await asyncio.sleep(IDLE)
        if half is None:
            (site.folder / "ca.crt").unlink()
        else:
            (site.folder / "ca.crt").write_bytes(half)
        site.front.cut()
        await asyncio.sleep(IDLE)
        assert not asking.done()
        site.trust(new)

        assert (await asking)["minor"] == "34"
        assert 2 < api.readings < 20


@at_site
async def test_running_requests_are_not_disturbed_by_a_renewal(
    site: Site, authorities: tuple[Authority, Authority]
) -> None:
    """A watch on the old connection goes on; it is closed when the watch ends."""
    old, new = authorities
    async with api_of(site.trust(old)) as api:
        query: Raw = {"watch": "true", "resourceVersion": "1", "timeoutSeconds": 300}
        async with api.open(EVENTS, query=query, idle_timeout=400) as response:
            site.front.use(new)
            site.trust(new)
            await refused(api)
            assert await api.get("/version")
            for name in ("one", "two"):
                site.server.write(event(name))
                await asyncio.sleep(30)
                assert name.encode() in await response.content.readline()
            assert len(site.server.watches) == 1
        assert await api.get("/version")
        assert api.readings == 2
