"""An API server behind TLS, and the files by which a client knows it."""

import base64
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from event_tracer.kube.client import ApiError
from tests.doubles.apiserver.server import ApiServer
from tests.doubles.certificates import Authority
from tests.doubles.kubeconfigs import Counted, kubeconfig
from tests.doubles.tls import TlsFront
from tests.doubles.virtual_time import run
from tests.scenarios.fields import Raw

IDLE = 60.0
"""Seconds after which no connection that nobody uses is left."""


class Site:
    """A folder with a kubeconfig, and a server that it trusts as long as both agree."""

    def __init__(self, server: ApiServer, front: TlsFront, folder: Path) -> None:
        self.server, self.front, self.folder = server, front, folder

    def trust(self, authority: Authority | None, **cluster: Any) -> str:
        """Write the kubeconfig: it names the file of the authority."""
        if authority:
            shutil.copy(authority.certificate, self.folder / "ca.crt")
            cluster = {"certificate-authority": "ca.crt", **cluster}
        return self.write(cluster)

    def embed(self, authority: Authority) -> str:
        """Write the kubeconfig: the authority is in it."""
        data = base64.b64encode(authority.certificate.read_bytes()).decode()
        return self.write({"certificate-authority-data": data})

    def write(self, cluster: Raw, *, user: Raw | None = None) -> str:
        """Write the kubeconfig."""
        about = user or {"token": "secret"}
        return kubeconfig(self.folder / "config", self.front.url, cluster=cluster, user=about)


def at_site(authority: Authority, folder: Path, test: Callable[[Site], Awaitable[None]]) -> None:
    """Run a test in simulated time, with a server that has a certificate of this authority."""

    async def main() -> None:
        async with ApiServer() as server, TlsFront(authority, to=server.port) as front:
            await test(Site(server, front, folder))

    run(main())


async def refused(api: Counted) -> str:
    """What a request that fails says."""
    with pytest.raises(ApiError) as caught:
        await api.get("/version")
    return str(caught.value)
