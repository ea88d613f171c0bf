"""An API server behind TLS, and the files by which a client knows it."""

import base64
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from event_tracer.kube.client import ApiError
from tests.doubles.apiserver.server import ApiServer
from tests.doubles.certificates import Authority
from tests.doubles.kubeconfigs import Counted, kubeconfig
from tests.doubles.tls import TlsFront
from tests.scenarios.fields import Raw
from tests.scenarios.inside import inside

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


@asynccontextmanager
async def opened(authorities: tuple[Authority, Authority], tmp_path: Path) -> AsyncIterator[Site]:
    """A site for as long as the block lasts; its server has a certificate of the first."""
    async with ApiServer() as server, TlsFront(authorities[0], to=server.port) as front:
        yield Site(server, front, tmp_path)


at_site = inside(opened)
"""Give a test a site."""


async def refused(api: Counted) -> str:
    """What a request that fails says."""
    with pytest.raises(ApiError) as caught:
        await api.get("/version")
    return str(caught.value)
