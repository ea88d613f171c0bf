"""Credentials of a cluster: the kubeconfig's, or the Pod's own ServiceAccount."""

import os
from collections.abc import Mapping
from pathlib import Path

from kubernetes_asyncio import config
from kubernetes_asyncio.client import ApiClient, Configuration
from kubernetes_asyncio.config import ConfigException
from kubernetes_asyncio.config.kube_config import KubeConfigLoader, KubeConfigMerger

from event_tracer import EventTracerError
from event_tracer.kube.client import ApiError, ClientFactory

_NAMESPACE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
_DEFAULT = "default"
_HOST = "KUBERNETES_SERVICE_HOST"  # set in every Pod


class ConnectionSettingsError(EventTracerError):
    """There are no credentials of a cluster; the message says which were tried."""


def is_in_cluster(environ: Mapping[str, str], *, kubeconfig: str) -> bool:
    """Whether the Pod's ServiceAccount is used, as no kubeconfig is named."""
    return not kubeconfig and not environ.get("KUBECONFIG") and _HOST in environ


def own_namespace() -> str:
    """The namespace of the Pod that this process is in; empty outside of one."""
    given = os.environ.get("POD_NAMESPACE", "")
    return given or (_NAMESPACE.read_text("utf-8").strip() if _NAMESPACE.is_file() else "")


def chosen_namespace(*, kubeconfig: str, context: str) -> str:
    """The namespace that kubectl would choose: the context's, or the Pod's own."""
    if is_in_cluster(os.environ, kubeconfig=kubeconfig):
        return own_namespace() or _DEFAULT
    read = KubeConfigMerger(os.pathsep.join(_existing(_kubeconfig_paths(kubeconfig))))
    try:
        made = KubeConfigLoader(read.config, active_context=context or None)
    except ConfigException:
        return _DEFAULT
    return str((made.current_context or {}).get("context", {}).get("namespace") or _DEFAULT)


async def client_factory(*, kubeconfig: str, context: str) -> ClientFactory:
    """Factory of clients, each with the credentials as they are then; they are tried once here.

    `kubeconfig` and `context` are empty where kubectl's own choice counts. Raises
    ConnectionSettingsError where there are no credentials to use.
    """
    in_cluster = is_in_cluster(os.environ, kubeconfig=kubeconfig)

    async def connect() -> ApiClient:
        try:
            return await (_in_cluster() if in_cluster else _from_kubeconfig(kubeconfig, context))
        except ConnectionSettingsError as error:
            raise ApiError(str(error)) from None

    client = await (_in_cluster() if in_cluster else _from_kubeconfig(kubeconfig, context))
    await client.close()
    return connect


async def _in_cluster() -> ApiClient:
    made = _configuration()
    try:
        config.load_incluster_config(client_configuration=made)  # type: ignore[no-untyped-call]
        return ApiClient(made)  # which reads the certificates
    except (ConfigException, OSError) as error:
        raise ConnectionSettingsError(f"the Pod's ServiceAccount cannot be used: {error}") from None


async def _from_kubeconfig(kubeconfig: str, context: str) -> ApiClient:
    made = _configuration()
    places = _kubeconfig_paths(kubeconfig)
    found = _existing(places)
    if not found:
        raise ConnectionSettingsError(
            f"no kubeconfig at {places}; name one by --kubeconfig or KUBECONFIG, "
            f"or run in a Pod, where {_HOST} is set"
        )
    try:
        await config.load_kube_config(
            config_file=os.pathsep.join(found),
            context=context or None,
            client_configuration=made,
            persist_config=False,  # the user's file is the user's
        )
        if token := made.api_key.get("BearerToken"):
            made.api_key["BearerToken"] = token.strip()  # a tokenFile may end in a newline
        return ApiClient(made)
    except Exception as error:  # of an exec plugin it may be anything
        raise ConnectionSettingsError(f"cannot use {places}: {error}") from None


def _configuration() -> Configuration:
    made = Configuration()
    made.connection_pool_maxsize = 0  # without a limit: each watch keeps a connection
    # EKS's authority has no Authority Key Identifier. kubectl takes it; Python's default context
    # has refused it since 3.13 (kubernetes_asyncio's issue 349).
    made.disable_strict_ssl_verification = True
    return made


def _kubeconfig_paths(kubeconfig: str) -> str:
    default = str(Path.home() / ".kube" / "config")
    return kubeconfig or os.environ.get("KUBECONFIG") or default


def _existing(places: str) -> list[str]:
    return [place for place in places.split(os.pathsep) if place and Path(place).is_file()]
