"""Which cluster, by which way and as whom: kubernetes-asyncio is handed what is decided here.

Its requests (ApiClient), a Pod's token, which it reads anew each minute, and the gcp login are
sound and in use. What it and aiohttp would decide by themselves is not left to them; the module
that does it says why:

- kubeconfig.py: files are merged, and contexts chosen, as kubectl does.
- identity.py: a static token counts before an exec plugin, and `as` is not left out, by which one
  would be somebody else.
- tls.py: no private key stays on a disk; authorities need not be to the letter of RFC 5280.
- exec_plugin.py, oidc.py: logins that a user can see, once each.
- runtime/proxies.py: the proxy is Go's choice, and no SOCKS proxy is spoken to in HTTP.
- here: its session trusts the environment, by which aiohttp sends what ~/.netrc says of the host as
  a login, or raises ValueError beside a token (kubernetes_asyncio 36.1, client/rest.py; aiohttp
  3.14, client.py); so it gets one that does not. It would tell a proxy the headers of its session.
"""

import math
import os
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
from kubernetes_asyncio.client import ApiClient, Configuration
from kubernetes_asyncio.config import ConfigException
from kubernetes_asyncio.config.kube_config import KubeConfigLoader

from event_tracer import __version__
from event_tracer.kube import identity, service_account
from event_tracer.kube.client import ApiError, ClientFactory
from event_tracer.kube.exec_plugin import Credential, run_plugin
from event_tracer.kube.kubeconfig import Access, Cluster, ConnectionSettingsError, Kubeconfig, User
from event_tracer.kube.oidc import Oidc
from event_tracer.kube.service_account import HOST
from event_tracer.kube.tls import Pem, load_pair, pem, tls_context
from event_tracer.runtime.proxies import Proxies, ProxyError, for_aiohttp, usable_proxy
from event_tracer.runtime.urls import login_of, parts_of, without_login

_NAMESPACE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
_DEFAULT = "default"
_BUFFER = 1 << 21  # bytes; a line of a WATCH may be long


def is_in_cluster(environ: Mapping[str, str], *, kubeconfig: str, context: str = "") -> bool:
    """Whether the Pod's ServiceAccount is used, as neither a kubeconfig nor a context is named."""
    is_named = bool(kubeconfig or context or environ.get("KUBECONFIG"))
    return not is_named and bool(environ.get(HOST))


def own_namespace() -> str:
    """The namespace of the Pod that this process is in; empty outside of one."""
    given = os.environ.get("POD_NAMESPACE", "")
    return given or (_NAMESPACE.read_text("utf-8").strip() if _NAMESPACE.is_file() else "")


def chosen_namespace(*, kubeconfig: str, context: str) -> str:
    """The namespace that kubectl would choose: the context's, or the Pod's own.

    Raises ConnectionSettingsError.
    """
    if is_in_cluster(os.environ, kubeconfig=kubeconfig, context=context):
        return own_namespace() or _DEFAULT
    return _access(kubeconfig, context).namespace or _DEFAULT


async def client_factory(*, kubeconfig: str, context: str) -> ClientFactory:
    """Factory of clients, each with the credentials as they are then; the first are read here.

    `kubeconfig` and `context` are empty where kubectl's own choice counts. Raises
    ConnectionSettingsError where there are no credentials to use.
    """
    in_cluster = is_in_cluster(os.environ, kubeconfig=kubeconfig, context=context)
    oidc = Oidc()

    async def read() -> "_Connection":
        return _of_pod() if in_cluster else await _of(_access(kubeconfig, context), oidc)

    first: list[_Connection] = [await read()]

    async def connect() -> ApiClient:
        try:
            return await _client(first.pop() if first else await read())
        except ConnectionSettingsError as error:
            raise ApiError(str(error)) from None

    return connect


@dataclass(frozen=True, slots=True, kw_only=True)
class _Connection:
    """Everything that is decided of a connection."""

    configuration: Configuration
    context: ssl.SSLContext | None
    headers: Sequence[tuple[str, str]] = ()
    expires: float = math.inf
    """Unix seconds."""


class _Client(ApiClient):
    expires: float


async def _client(connection: _Connection) -> ApiClient:
    made = _Client(connection.configuration)
    made.expires = connection.expires
    made.user_agent = f"event-tracer/{__version__}"  # field manager, too
    await made.rest_client.pool_manager.close()
    # Without a limit: each watch keeps a connection.
    connector = aiohttp.TCPConnector(limit=0, ssl=connection.context or True)

    async def say_whom(
        request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        for name, value in connection.headers:
            request.headers.add(name, value)
        return await handler(request)

    made.rest_client.pool_manager = aiohttp.ClientSession(
        connector=connector, trust_env=False, read_bufsize=_BUFFER, middlewares=[say_whom]
    )
    return made


def _of_pod() -> _Connection:
    made = Configuration()
    try:
        service_account.load(made)
        parts_of(str(made.host))
        identity.strip_token(made)
        _use_proxy(made, Proxies.of(os.environ).proxy_for(str(made.host)))
        authority = Pem(name="the authority", file=str(made.ssl_ca_cert))
        return _Connection(configuration=made, context=tls_context(authority))
    except (ConfigException, ConnectionSettingsError, ProxyError, OSError, ValueError) as error:
        raise ConnectionSettingsError(f"the Pod's ServiceAccount cannot be used: {error}") from None


def _access(kubeconfig: str, context: str) -> Access:
    places = _places(kubeconfig)
    if not places:
        raise ConnectionSettingsError("KUBECONFIG names no file; unset it, or name one by it")
    found = [path for path in places if _is_there(path)]
    if not found:
        where = os.pathsep.join(map(str, places))
        in_pod = f", or run in a Pod, where {HOST} is set"
        if os.environ.get(HOST):
            in_pod = ""
        needed = f", in which --context {context} would be" if context else ""
        raise ConnectionSettingsError(
            f"no kubeconfig at {where}{needed}; name one by --kubeconfig or KUBECONFIG{in_pod}"
        )
    return Kubeconfig(found).choose(context)


def _is_there(path: Path) -> bool:
    """Whether there is something to read, or to say of why it cannot be."""
    try:
        path.stat()
    except FileNotFoundError:
        return False
    except (OSError, ValueError):  # ValueError: a null byte
        return True
    return True


def _places(kubeconfig: str) -> list[Path]:
    if kubeconfig:
        return [Path(os.path.expanduser(kubeconfig))]
    named = os.environ.get("KUBECONFIG") or str(Path("~") / ".kube" / "config")
    return [
        Path(os.path.expanduser(name)) for name in dict.fromkeys(named.split(os.pathsep)) if name
    ]


async def _of(access: Access, oidc: Oidc) -> _Connection:
    try:
        return await _decided(access, oidc, Proxies.of(os.environ))
    except (ConnectionSettingsError, ProxyError) as error:
        raise ConnectionSettingsError(f"cannot use {access.places}: {error}") from None


async def _decided(access: Access, oidc: Oidc, proxies: Proxies) -> _Connection:
    cluster, user = access.cluster, access.user
    made = Configuration()
    made.host, login = _host(cluster, user)
    _use_proxy(made, _proxy(cluster, made.host, proxies))
    made.tls_server_name = cluster.tls_server_name or None
    headers = identity.as_whom(user)
    if not made.host.startswith("https:"):
        # kubectl reads no login where anybody could read it on the way; what stands in the URL goes
        # (client-go tools/clientcmd/client_config.go, ClientConfig; net/http, send).
        _log_in(made, login)
        return _Connection(configuration=made, context=None, headers=headers)
    given = await _login(access, oidc, proxies)
    _log_in(made, identity.header(user, given) or login)
    if user.token_file:
        identity.follow_file(made, user)
    context = _context(cluster, user, given)
    return _Connection(configuration=made, context=context, headers=headers, expires=given.ends)


def _log_in(made: Configuration, header: str) -> None:
    if header:
        made.api_key["BearerToken"] = header


def _host(cluster: Cluster, user: User) -> tuple[str, str]:
    """The server's URL, and the header of a login that stands in it."""
    has_tls = cluster.certificate_authority or cluster.certificate_authority_data
    has_tls = has_tls or user.client_certificate or user.client_certificate_data
    scheme = "https" if has_tls or cluster.insecure_skip_tls_verify else "http"
    full = cluster.server if "://" in cluster.server else f"{scheme}://{cluster.server}"
    error = ConnectionSettingsError(
        "the server of the cluster is no URL; it is like https://10.0.0.1:6443"
    )
    try:
        parts = parts_of(full.strip())
    except ValueError as wrong:
        raise ConnectionSettingsError(f"the server of the cluster is no URL: {wrong}") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise error
    bare = urlsplit(without_login(parts))._replace(query="", fragment="")
    return bare.geturl().rstrip("/"), login_of(parts)


def _use_proxy(made: Configuration, proxy: str) -> None:
    made.proxy, made.proxy_headers = for_aiohttp(proxy)


def _proxy(cluster: Cluster, host: str, proxies: Proxies) -> str:
    if cluster.proxy_url:
        return usable_proxy(cluster.proxy_url, named="proxy-url of the cluster")
    return proxies.proxy_for(host)


async def _login(access: Access, oidc: Oidc, proxies: Proxies) -> Credential:
    """What the user's program or provider gives; a login that is written down needs neither."""
    user = access.user
    if user.token or user.token_file or user.username or user.password:
        return Credential()
    if user.auth_provider:
        return Credential(token=await _provided(access, oidc, proxies))
    return await run_plugin(access) if user.exec else Credential()


async def _provided(access: Access, oidc: Oidc, proxies: Proxies) -> str:
    provider = access.user.auth_provider
    assert provider
    if provider.name == "oidc":
        return await oidc.token(access, proxies)
    if provider.name != "gcp":
        raise ConnectionSettingsError(
            f"the auth-provider {provider.name} is not supported, nor by kubectl since 1.26; "
            "use its exec plugin"
        )
    try:
        return (await _loader(dict(provider.config)).load_gcp_token()).removeprefix("Bearer ")
    except Exception as error:  # of its command it may be anything
        text = f"the auth-provider gcp gives no login ({error}); gke-gcloud-auth-plugin may"
        raise ConnectionSettingsError(text) from None


def _loader(provided: dict[str, str]) -> KubeConfigLoader:
    user = {"auth-provider": {"name": "gcp", "config": provided}}
    return KubeConfigLoader(
        {
            "current-context": "it",
            "contexts": [{"name": "it", "context": {"cluster": "it", "user": "it"}}],
            "clusters": [{"name": "it", "cluster": {"server": "it"}}],
            "users": [{"name": "it", "user": user}],
        }
    )


def _context(cluster: Cluster, user: User, given: Credential) -> ssl.SSLContext:
    authority = pem(
        "certificate-authority-data",
        file=cluster.certificate_authority,
        data=cluster.certificate_authority_data,
    )
    if authority and cluster.insecure_skip_tls_verify:
        raise ConnectionSettingsError(
            "insecure-skip-tls-verify and a certificate-authority exclude each other"
        )
    context = tls_context(authority, is_verified=not cluster.insecure_skip_tls_verify)
    certificate, key = identity.pair(user, given)
    if certificate or key:
        if not (certificate and key):
            raise ConnectionSettingsError("client-certificate and client-key need each other")
        load_pair(context, certificate, key)
    return context
