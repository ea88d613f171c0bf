"""A Pod's own credentials, which the kubelet puts there, or what of them is missing."""

import os
from pathlib import Path

from kubernetes_asyncio import config
from kubernetes_asyncio.client import Configuration
from kubernetes_asyncio.config import incluster_config

from event_tracer.kube.kubeconfig import ConnectionSettingsError

HOST = "KUBERNETES_SERVICE_HOST"
"""A variable that is set in every Pod."""
_PORT = "KUBERNETES_SERVICE_PORT"
_ELSEWHERE = f"outside of a Pod unset {HOST}, or name a kubeconfig by --kubeconfig"


def load(made: Configuration) -> None:
    """Put them into a configuration. Raises ConnectionSettingsError, ConfigException, OSError."""
    if not os.environ.get(_PORT):
        raise ConnectionSettingsError(f"{_PORT} is not set; {_ELSEWHERE}")
    for name in (incluster_config.SERVICE_TOKEN_FILENAME, incluster_config.SERVICE_CERT_FILENAME):
        _demand_content(name)
    config.load_incluster_config(client_configuration=made)  # type: ignore[no-untyped-call]


def _demand_content(name: str) -> None:
    """Raise where a file has none, for kubernetes_asyncio (36.1) would not say which it is."""
    try:
        found = Path(name).read_bytes()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        hint = f"is automountServiceAccountToken of the Pod false? {_ELSEWHERE}"
        raise ConnectionSettingsError(f"cannot read {name}: {reason}; {hint}") from None
    if not found.strip():
        raise ConnectionSettingsError(f"{name} is empty")
