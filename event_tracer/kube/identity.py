"""Who a kubeconfig's user is: what is sent, and shown to TLS, by which an API server knows it."""

from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

from kubernetes_asyncio.client import Configuration

from event_tracer.kube.exec_plugin import Credential
from event_tracer.kube.kubeconfig import ConnectionSettingsError, User
from event_tracer.kube.tls import Pem, pem
from event_tracer.runtime.urls import basic


def header(user: User, given: Credential) -> str:
    """The Authorization header; empty for none. Raises ConnectionSettingsError."""
    token = (_of_file(user) or user.token or given.token).strip()
    if not token:
        return basic(user.username, user.password) if user.username or user.password else ""
    if not (token.isascii() and token.isprintable()):
        raise ConnectionSettingsError("the token has a character that no header may have")
    return f"Bearer {token}"


def _of_file(user: User) -> str:
    if not user.token_file:
        return ""
    try:
        return Path(user.token_file).read_text("utf-8-sig").strip()  # `echo` adds a newline
    except (OSError, ValueError) as error:
        if user.token:  # then that counts (client-go transport/round_trippers.go)
            return ""
        reason = getattr(error, "strerror", None) or "it is no text"
        raise ConnectionSettingsError(f"cannot read {user.token_file}: {reason.lower()}") from None


def follow_file(made: Configuration, user: User) -> None:
    """Take up a token whose file is rotated before the old one is refused, as client-go does."""

    def read(made: Configuration) -> None:
        with suppress(ConnectionSettingsError):  # for a moment it may be gone
            if found := header(user, Credential()):
                made.api_key["BearerToken"] = found

    made.refresh_api_key_hook = read


def strip_token(made: Configuration) -> None:
    """Take a newline from the end of a Pod's token, as client-go does: no header may have one."""
    read_token: Any = made.refresh_api_key_hook

    def read(made: Configuration) -> None:
        read_token(made)
        made.api_key["BearerToken"] = made.api_key["BearerToken"].strip()

    made.refresh_api_key_hook = read


def pair(user: User, given: Credential) -> tuple[Pem, Pem]:
    """A certificate and its key, which may be empty. Raises ConnectionSettingsError."""
    if given.certificate:
        return (
            Pem(name="the exec plugin's clientCertificateData", data=given.certificate.encode()),
            Pem(name="clientKeyData", data=given.key.encode()),
        )
    file, data = user.client_certificate, user.client_certificate_data
    return (
        pem("client-certificate-data", file=file, data=data),
        pem("client-key-data", file=user.client_key, data=user.client_key_data),
    )


def as_whom(user: User) -> list[tuple[str, str]]:
    """The headers of `kubectl --as` (client-go transport/round_trippers.go)."""
    if not user.impersonate:
        if user.as_uid or user.as_groups or user.as_user_extra:
            raise ConnectionSettingsError("as-uid, as-groups and as-user-extra need `as`, too")
        return []
    extra = user.as_user_extra.items()
    headers = [
        ("Impersonate-User", user.impersonate),
        ("Impersonate-Uid", user.as_uid),
        *(("Impersonate-Group", group) for group in user.as_groups),
        *(
            (f"Impersonate-Extra-{quote(key, safe='')}", one)
            for key, values in extra
            for one in values
        ),
    ]
    if not all(value.isprintable() for _, value in headers):
        raise ConnectionSettingsError("`as` of the user has a character that no header may have")
    return [(name, value) for name, value in headers if value]
