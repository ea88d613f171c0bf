"""The id tokens of an OIDC provider (client-go plugin/pkg/client/auth/oidc).

kubernetes_asyncio's OpenIDRequestor verifies no certificate unless one is configured, so that
whoever answers gets the secrets; it cannot do without a client-secret, nor without a new refresh
token in the answer, reads tokens as base64, which are base64url, and loses the new refresh token,
the old one being spent (36.1, config/openid.py and kube_config.py).
"""

import asyncio
import base64
import json
import logging
import os
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp
import yaml

from event_tracer.kube.kubeconfig import Access, ConnectionSettingsError, load_yaml
from event_tracer.kube.tls import pem, tls_context
from event_tracer.runtime.proxies import Proxies, for_aiohttp

_DISCOVERY = "/.well-known/openid-configuration"  # OpenID Connect Discovery 1.0, 4
_EARLY = 10.0  # seconds before its end that a token is no use any more (oidc.go, expiryDelta)
_PATIENCE = 30.0  # seconds for an answer
_LOCK = 5.0  # seconds that another program may hold a kubeconfig's lock

logger = logging.getLogger(__name__)
Tokens = dict[str, str]


class Oidc:
    """The newest tokens of a process: a refresh token may be used but once."""

    def __init__(self) -> None:
        self._newest: dict[str, Tokens] = {}  # the refresh token of the file → what came of it

    async def token(self, access: Access, proxies: Proxies) -> str:
        """An id token that is valid. Raises ConnectionSettingsError where there is none to be had.

        What a refresh gives is written back to the kubeconfig, as kubectl does.
        """
        assert access.user.auth_provider
        config = access.user.auth_provider.config
        spent = config.get("refresh-token", "")
        config = {**config, **self._newest.get(spent, {})}
        if _is_valid(config.get("id-token", "")):
            return config["id-token"]
        if not config.get("refresh-token"):
            raise _error("the login has expired, and there is no refresh-token; log in anew")
        tokens = await _refresh(config, proxies)
        self._newest[spent] = tokens
        await _write_back(access, tokens)
        return tokens["id-token"]


def _error(text: str) -> ConnectionSettingsError:
    return ConnectionSettingsError(f"oidc: {text}")


def _is_valid(token: str) -> bool:
    parts = token.split(".")
    if len(parts) != 3:
        return False
    try:
        payload = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, RecursionError):
        return False
    expires = payload.get("exp") if isinstance(payload, dict) else None
    return not isinstance(expires, int | float) or expires > time.time() + _EARLY


async def _refresh(config: Mapping[str, str], proxies: Proxies) -> Tokens:
    issuer = config.get("idp-issuer-url", "").rstrip("/")
    if not issuer.startswith(("http://", "https://")) or not config.get("client-id"):
        raise _error("idp-issuer-url and client-id must be set")
    authority = pem(
        "idp-certificate-authority-data",
        file=config.get("idp-certificate-authority", ""),
        data=config.get("idp-certificate-authority-data", ""),
    )
    connector = aiohttp.TCPConnector(ssl=tls_context(authority))
    timeout = aiohttp.ClientTimeout(total=_PATIENCE)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
        try:
            about = await _asked(session, "GET", f"{issuer}{_DISCOVERY}", proxies)
            form, headers = _form(config, about)
            url = str(about.get("token_endpoint", ""))
            answer = await _asked(session, "POST", url, proxies, data=form, headers=headers)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise _error(f"{issuer} gives no token ({error or 'no answer in time'})") from None
    if not isinstance(answer.get("id_token"), str):
        raise _error(f"{issuer} gives no id_token; was the scope openid asked for at the login?")
    return {
        "id-token": answer["id_token"],
        "refresh-token": str(answer.get("refresh_token") or config["refresh-token"]),
    }


async def _asked(
    session: aiohttp.ClientSession, method: str, url: str, proxies: Proxies, **more: Any
) -> Mapping[str, Any]:
    proxy, headers = for_aiohttp(proxies.proxy_for(url))
    async with session.request(method, url, proxy=proxy, proxy_headers=headers, **more) as response:
        body = await response.content.read(1 << 20)
    if response.status // 100 != 2:
        raise _error(f"{url} says {response.status}{_reason(body)}: log in anew")
    found = json.loads(body)
    if not isinstance(found, dict):
        raise ValueError("the answer is no object")
    return found


def _reason(body: bytes) -> str:
    """The `error` of RFC 6749, 5.2, which is one of few words."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    error = found.get("error") if isinstance(found, dict) else None
    return f" ({error[:64]})" if isinstance(error, str) else ""


def _form(config: Mapping[str, str], about: Mapping[str, Any]) -> tuple[Tokens, Tokens]:
    """The form and headers of a refresh (RFC 6749, 6); a public client has no secret."""
    form = {"grant_type": "refresh_token", "refresh_token": config["refresh-token"]}
    name, secret = config["client-id"], config.get("client-secret", "")
    ways = about.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
    if not secret:
        return form | {"client_id": name}, {}
    if "client_secret_basic" not in ways:
        return form | {"client_id": name, "client_secret": secret}, {}
    login = base64.b64encode(f"{quote(name, safe='')}:{quote(secret, safe='')}".encode()).decode()
    return form, {"authorization": f"Basic {login}"}


# -- the kubeconfig


async def _write_back(access: Access, tokens: Tokens) -> None:
    assert access.file
    try:
        await _locked_write(access.file.resolve(), access.user_name, tokens)
    except (OSError, TimeoutError, ConnectionSettingsError) as error:
        extra = {"file": str(access.file), "error": str(error)}
        logger.warning(
            "the new login cannot be written back; kubectl may need another", extra=extra
        )


async def _locked_write(path: Path, user: str, tokens: Tokens) -> None:
    lock = path.with_name(f"{path.name}.lock")  # kubectl's own (clientcmd/loader.go, lockFile)
    async with asyncio.timeout(_LOCK):
        while True:
            try:
                os.close(os.open(lock, os.O_CREAT | os.O_EXCL, 0))
                break
            except FileExistsError:
                await asyncio.sleep(0.1)
    try:
        _write(path, user, tokens)
    finally:
        lock.unlink(missing_ok=True)


def _write(path: Path, user: str, tokens: Tokens) -> None:
    if not path.is_file():
        raise OSError("what was read is no file")  # but a pipe, say
    content = load_yaml(path)
    for entry in content["users"]:
        if entry["name"] == user:
            entry["user"]["auth-provider"]["config"].update(tokens)
    descriptor, part = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            yaml.safe_dump(content, file, sort_keys=False, allow_unicode=True)
        os.chmod(part, path.stat().st_mode & 0o777)
        os.replace(part, path)
    except BaseException:
        os.unlink(part)
        raise
