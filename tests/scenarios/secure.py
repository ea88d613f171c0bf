"""A world behind TLS: both servers have certificates and want some, and all of them change."""

import os
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from typing import Literal
from unittest import mock

from tests.doubles.certificates import Authority
from tests.doubles.kubeconfigs import kubeconfig
from tests.doubles.tls import TlsFront
from tests.scenarios.inside import inside
from tests.scenarios.world import P, Test, World, opened

Side = Literal["api", "otlp"]
SIDES: tuple[Side, ...] = ("api", "otlp")


@cache
def authorities() -> tuple[Authority, Authority]:
    """Two that know nothing of each other, made once."""
    return Authority(Path(mkdtemp())), Authority(Path(mkdtemp()))


class SecureWorld(World):
    """Of each side the certificates, of the server and of the bridge, are of an authority each."""

    fronts: dict[Side, TlsFront]
    servers: dict[Side, Authority]
    clients: dict[Side, Authority]

    def use_token(self, token: str) -> None:
        url = self.fronts["api"].url if hasattr(self, "fronts") else self.server.url
        pair = {"client-certificate": "api-tls.crt", "client-key": "api-tls.key"}
        kubeconfig(
            self.folder / "config", url, cluster={"certificate-authority": "api-ca.crt"},
            user={"token": token, **pair},
        )  # fmt: skip

    async def rotate(self, side: Side, *, server: Authority, clients: Authority) -> None:
        """A server has another certificate from now on, and takes only clients of that one."""
        self.servers[side], self.clients[side] = server, clients
        await self.fronts[side].serve_anew(server, clients=clients)

    def write_files(self, side: Side) -> None:
        """Give the bridge what it needs for this side as it is now."""
        pair = self.clients[side].client
        trusted = self.servers[side].certificate
        for name, source in {
            "ca.crt": trusted, "tls.key": pair.key, "tls.crt": pair.certificate,
        }.items():  # fmt: skip
            part = self.folder / f"{side}-{name}.part"
            shutil.copy(source, part)
            part.replace(self.folder / f"{side}-{name}")


def in_secure_world(*, seed: int = 0) -> Callable[[Test[P]], Callable[P, None]]:
    """Give a test such a world; `seed` is that of the bridge's pauses."""
    return inside(lambda: _opened(seed))


@asynccontextmanager
async def _opened(seed: int) -> AsyncIterator[World]:
    own = authorities()[0]
    with TemporaryDirectory() as files:
        names = {"CERTIFICATE": "ca.crt", "CLIENT_KEY": "tls.key", "CLIENT_CERTIFICATE": "tls.crt"}
        variables = {
            f"OTEL_EXPORTER_OTLP_{key}": f"{files}/otlp-{name}" for key, name in names.items()
        }
        async with AsyncExitStack() as stack:
            plain = await stack.enter_async_context(opened(seed, variables))
            made = SecureWorld(plain.server, plain.collector, Path(files))
            ports = {"api": plain.server.port, "otlp": plain.collector.port}
            made.fronts = {
                side: await stack.enter_async_context(TlsFront(own, to=ports[side]))
                for side in SIDES
            }
            made.servers, made.clients = (dict.fromkeys(SIDES, own) for _ in range(2))
            made.use_token("secret")
            for side in SIDES:
                await made.rotate(side, server=own, clients=own)
                made.write_files(side)
            url = f"{made.fronts['otlp'].url}/v1/traces"
            with mock.patch.dict(os.environ, {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": url}):
                yield made
