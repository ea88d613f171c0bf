"""Exec plugins: the user's own programs that print a login (client-go plugin/pkg/client/auth/exec).

kubernetes_asyncio's ExecProvider keeps what a plugin says to its user until it has ended, reads
stdout to its end before stderr, so that 64 KiB of the latter block both, does not tell it of the
cluster, and leaves it behind when it is cancelled (36.1, config/exec_provider.py).

Its pipes are not asyncio's own, whose `wait` lasts until nobody has them any more: an agent that a
plugin leaves behind has them for good (3.13, base_subprocess.py).
"""

import asyncio
import base64
import json
import math
import os
import sys
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import yaml
from pydantic import AwareDatetime, Field, ValidationError

from event_tracer.kube.kubeconfig import Access, ConnectionSettingsError, Exec, Part
from event_tracer.runtime.go_yaml import first_document

_LONGEST = 1 << 20  # bytes of an answer
_KEPT = 2048  # bytes of stderr that go into an error
_LAST = 1.0  # seconds for what a plugin said before it ended
_MODES = ("", "Never", "IfAvailable", "Always")
_CLUSTER_EXTENSION = "client.authentication.k8s.io/exec"


class Credential(Part):
    """What a plugin gave: a token, or a certificate and its key as PEM, or both."""

    token: str = ""
    certificate: str = Field("", alias="clientCertificateData")
    key: str = Field("", alias="clientKeyData")
    expires: AwareDatetime | None = Field(None, alias="expirationTimestamp", strict=False)

    @property
    def ends(self) -> float:
        """Unix seconds."""
        return self.expires.timestamp() if self.expires else math.inf


class _Answer(Part):
    api_version: str = Field("", alias="apiVersion")
    kind: str = ""
    status: Credential | None = None


async def run_plugin(access: Access) -> Credential:
    """Run the plugin of a user, once. Raises ConnectionSettingsError with its own last words."""
    plugin = access.user.exec
    assert plugin
    _demand_whole(plugin)
    is_interactive = _is_interactive(plugin)
    environ = _environment(access, plugin, is_interactive)
    async with _pipe() as (answer, stdout), _pipe() as (words, stderr):
        try:
            process = await _start(plugin, environ, is_interactive, stdout, stderr)
        finally:
            os.close(stdout)
            os.close(stderr)
        output, last = bytearray(), bytearray()
        reading = [
            asyncio.create_task(_keep(answer, output)),
            asyncio.create_task(_forward(words, last)),
        ]
        try:
            await process.wait()
            await asyncio.wait(reading, timeout=_LAST)
        finally:
            await _end(process, reading)
    if process.returncode:
        said = " ".join(last.decode("utf-8", "replace").split())
        raise _error(plugin, f"it ended with {process.returncode}: {said}".removesuffix(": "))
    return _credential(plugin, bytes(output))


async def _end(process: Process, reading: list[asyncio.Task[None]]) -> None:
    for task in reading:
        task.cancel()
    await asyncio.gather(*reading, return_exceptions=True)
    if process.returncode is None:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


@asynccontextmanager
async def _pipe() -> AsyncIterator[tuple[asyncio.StreamReader, int]]:
    """What is read, and the end to write to, which its user closes."""
    read, write = os.pipe()
    stream = asyncio.StreamReader()
    protocol = asyncio.StreamReaderProtocol(stream)
    loop = asyncio.get_running_loop()
    transport, _ = await loop.connect_read_pipe(lambda: protocol, os.fdopen(read, "rb"))
    try:
        yield stream, write
    finally:
        transport.close()


def _error(plugin: Exec, text: str) -> ConnectionSettingsError:
    return ConnectionSettingsError(f"the exec plugin {plugin.command}: {text}")


def _demand_whole(plugin: Exec) -> None:
    """Raise where kubectl would not run it (client-go tools/clientcmd/validation.go)."""
    if not plugin.command:
        raise _error(plugin, "it has no command")
    if not plugin.api_version:
        raise _error(plugin, "it needs an apiVersion, as client.authentication.k8s.io/v1")
    if plugin.interactive_mode not in _MODES:
        raise _error(plugin, f"interactiveMode is {plugin.interactive_mode}, not Never or Always")
    if not all(variable.name for variable in plugin.env):
        raise _error(plugin, "a variable in its env has no name")


def _is_interactive(plugin: Exec) -> bool:
    has_terminal = sys.stdin is not None and sys.stdin.isatty()
    if plugin.interactive_mode == "Always" and not has_terminal:
        raise _error(plugin, "it wants to ask at a terminal, and there is none")
    return has_terminal and plugin.interactive_mode != "Never"


def _environment(access: Access, plugin: Exec, is_interactive: bool) -> dict[str, str]:
    spec: dict[str, Any] = {"interactive": is_interactive}
    if plugin.provide_cluster_info:
        spec["cluster"] = _cluster_info(access)
    info = {"apiVersion": plugin.api_version, "kind": "ExecCredential", "spec": spec}
    own = {variable.name: variable.value for variable in plugin.env}
    try:
        return {**os.environ, **own, "KUBERNETES_EXEC_INFO": json.dumps(info)}
    except (TypeError, ValueError):  # an extension may be any YAML
        raise _error(plugin, "what it should know of the cluster is no JSON") from None


def _cluster_info(access: Access) -> Mapping[str, Any]:
    cluster = access.cluster
    data = cluster.certificate_authority_data
    if cluster.certificate_authority and not data:
        try:
            content = Path(cluster.certificate_authority).read_bytes()
        except OSError as error:
            text = f"cannot read {cluster.certificate_authority}: {error.strerror}"
            raise ConnectionSettingsError(text) from None
        data = base64.b64encode(content).decode()
    found = [each.extension for each in cluster.extensions if each.name == _CLUSTER_EXTENSION]
    every = {
        "server": cluster.server, "tls-server-name": cluster.tls_server_name,
        "insecure-skip-tls-verify": cluster.insecure_skip_tls_verify,
        "certificate-authority-data": data, "proxy-url": cluster.proxy_url,
        "config": found[0] if found else None,
    }  # fmt: skip
    return {name: value for name, value in every.items() if value}


async def _start(
    plugin: Exec, environ: Mapping[str, str], is_interactive: bool, stdout: int, stderr: int
) -> Process:
    try:
        return await asyncio.create_subprocess_exec(
            plugin.command, *plugin.args, env=environ, stdin=None if is_interactive else DEVNULL,
            stdout=stdout, stderr=stderr,
        )  # fmt: skip
    except (OSError, ValueError) as error:  # ValueError: a null byte
        reason = getattr(error, "strerror", None) or str(error)
        hint = f"; {plugin.install_hint}" if plugin.install_hint else ""
        raise _error(plugin, f"it cannot be run: {reason.lower()}{hint}") from None


async def _keep(stream: asyncio.StreamReader, found: bytearray) -> None:
    while data := await stream.read(1 << 16):
        found += data
        del found[_LONGEST + 1 :]


async def _forward(stream: asyncio.StreamReader, last: bytearray) -> None:
    """What it says to its user: to our own standard error as it comes, and the end of it here."""
    while data := await stream.read(1 << 16):
        last += data
        del last[:-_KEPT]
        if sys.stderr:
            sys.stderr.write(data.decode("utf-8", "replace"))
            sys.stderr.flush()


def _parsed(output: bytes) -> Any:
    """JSON, or the YAML that kubectl takes as well."""
    try:
        return json.loads(output)
    except (ValueError, RecursionError):
        return first_document(output)


def _credential(plugin: Exec, output: bytes) -> Credential:
    try:
        answer = _Answer.model_validate(_parsed(output))
    except (ValidationError, ValueError, yaml.YAMLError):
        raise _error(plugin, "what it printed is no ExecCredential") from None
    if answer.kind != "ExecCredential" or not answer.status:
        raise _error(plugin, "what it printed is no ExecCredential with a status")
    if answer.api_version != plugin.api_version:
        asked = plugin.api_version or "nothing"
        raise _error(plugin, f"it speaks {answer.api_version}, and the kubeconfig {asked}")
    found = answer.status
    if bool(found.certificate) != bool(found.key):
        raise _error(plugin, "it gave half of a certificate and its key")
    if not found.token and not found.certificate:
        raise _error(plugin, "it gave neither a token nor a certificate")
    return found
