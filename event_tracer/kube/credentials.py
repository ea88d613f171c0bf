"""Which cluster, by which way and as whom: kubernetes-asyncio is handed what is decided here.

Its requests (ApiClient), a Pod's token, which it reads anew each minute, and the gcp login are
sound and in use. What it and aiohttp would decide by themselves is not left to them; the module
that does it says why:

- kubeconfig.py: files are merged, and contexts chosen, as kubectl does.
- tls.py: no private key stays on a disk; authorities need not be to the letter of RFC 5280.
- exec_plugin.py, oidc.py: logins that a user can see, once each.
- runtime/proxies.py: the proxy is Go's choice, and no SOCKS proxy is spoken to in HTTP.
- here: its session trusts the environment, by which aiohttp sends what ~/.netrc says of the host as
  a login, or raises ValueError beside a token (kubernetes_asyncio 36.1, client/rest.py; aiohttp
  3.14, client.py); so it gets one that does not. A static token counts before an exec plugin, and
  `as` is not left out, by which one would be somebody else.
"""

import os
import ssl
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

import aiohttp
from kubernetes_asyncio import config
from kubernetes_asyncio.client import ApiClient, Configuration
from kubernetes_asyncio.config import ConfigException
from kubernetes_asyncio.config.kube_config import KubeConfigLoader

from event_tracer import __version__
from event_tracer.kube.client import ApiError, ClientFactory
from event_tracer.kube.exec_plugin import Credential, run_plugin
from event_tracer.kube.kubeconfig import Access, Cluster, ConnectionSettingsError, Kubeconfig, User
from event_tracer.kube.oidc import Oidc
from event_tracer.kube.tls import Pem, load_pair, pem, tls_context
from event_tracer.runtime.proxies import Proxies, ProxyError, usable_proxy

_NAMESPACE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
_DEFAULT = "default"
_HOST = "KUBERNETES_SERVICE_HOST"  # set in every Pod
_BUFFER = 1 << 21  # bytes; a line of a WATCH may be long


def is_in_cluster(environ: Mapping[str, str], *, kubeconfig: str, context: str = "") -> bool:
    """Whether the Pod's ServiceAccount is used, as neither a kubeconfig nor a context is named."""
    is_named = bool(kubeconfig or context or environ.get("KUBECONFIG"))
    return not is_named and _HOST in environ


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


async def _client(connection: _Connection) -> ApiClient:
    made = ApiClient(connection.configuration)
    made.user_agent = f"event-tracer/{__version__}"  # field manager, too
    await made.rest_client.pool_manager.close()
    # Without a limit: each watch keeps a connection.
    connector = aiohttp.TCPConnector(limit=0, ssl=connection.context or True)
    made.rest_client.pool_manager = aiohttp.ClientSession(
        connector=connector, trust_env=False, read_bufsize=_BUFFER,
        headers=list(connection.headers),
    )  # fmt: skip
    return made


def _of_pod() -> _Connection:
    made = Configuration()
    try:
        config.load_incluster_config(client_configuration=made)  # type: ignore[no-untyped-call]
        made.proxy = Proxies.of(os.environ).proxy_for(str(made.host)) or None
        authority = Pem(name="the authority", file=str(made.ssl_ca_cert))
        return _Connection(configuration=made, context=tls_context(authority))
    except (ConfigException, ConnectionSettingsError, ProxyError, OSError, ValueError) as error:
        raise ConnectionSettingsError(f"the Pod's ServiceAccount cannot be used: {error}") from None


def _access(kubeconfig: str, context: str) -> Access:
    places = _places(kubeconfig)
    found = [path for path in places if os.path.exists(path)]  # False for what no path can be
    if not found:
        where = os.pathsep.join(map(str, places))
        in_pod = f", or run in a Pod, where {_HOST} is set"
        if _HOST in os.environ:
            in_pod = ""
        needed = f", in which --context {context} would be" if context else ""
        raise ConnectionSettingsError(
            f"no kubeconfig at {where}{needed}; name one by --kubeconfig or KUBECONFIG{in_pod}"
        )
    return Kubeconfig(found).choose(context)


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
    made.proxy = _proxy(cluster, made.host, proxies) or None
    made.tls_server_name = cluster.tls_server_name or None
    given = await _login(access, oidc, proxies)
    if header := _header(user, given) or login:
        made.api_key["BearerToken"] = header
    context = _context(cluster, user, given) if made.host.startswith("https:") else None
    return _Connection(configuration=made, context=context, headers=tuple(_as_whom(user)))


def _host(cluster: Cluster, user: User) -> tuple[str, str]:
    """The server's URL, and the header of a login that stands in it."""
    has_tls = cluster.certificate_authority or cluster.certificate_authority_data
    has_tls = has_tls or user.client_certificate or user.client_certificate_data
    scheme = "https" if has_tls or cluster.insecure_skip_tls_verify else "http"
    full = cluster.server if "://" in cluster.server else f"{scheme}://{cluster.server}"
    try:
        parts = urlsplit(full.strip())
        is_whole = parts.scheme in ("http", "https") and bool(parts.hostname)
        _ = parts.port
    except ValueError:
        is_whole = False
    if not is_whole:
        raise ConnectionSettingsError(
            "the server of the cluster is no URL; it is like https://10.0.0.1:6443"
        )
    host = parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="")
    login = ""
    if parts.username is not None:
        login = _basic(unquote(parts.username), unquote(parts.password or ""))
    return host.geturl().rstrip("/"), login


def _proxy(cluster: Cluster, host: str, proxies: Proxies) -> str:
    if cluster.proxy_url:
        return usable_proxy(cluster.proxy_url, named="proxy-url of the cluster")
    return proxies.proxy_for(host)


async def _login(access: Access, oidc: Oidc, proxies: Proxies) -> Credential:
    """What the user's program or provider gives; a login that is written down needs neither."""
    user = access.user
    if user.token or user.token_file or user.username:
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
        raise ConnectionSettingsError(f"the auth-provider gcp: {error}") from None


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


def _header(user: User, given: Credential) -> str:
    token = given.token
    if user.token_file:
        try:
            token = Path(user.token_file).read_text("utf-8").strip()  # `echo` adds a newline
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "it is no text"
            raise ConnectionSettingsError(
                f"cannot read {user.token_file}: {reason.lower()}"
            ) from None
    token = (token or user.token).strip()
    if not token:
        return _basic(user.username, user.password) if user.username else ""
    if not (token.isascii() and token.isprintable()):
        raise ConnectionSettingsError("the token has a character that no header may have")
    return f"Bearer {token}"


def _basic(name: str, password: str) -> str:
    return f"Basic {b64encode(f'{name}:{password}'.encode()).decode()}"


def _context(cluster: Cluster, user: User, given: Credential) -> ssl.SSLContext:
    authority = pem(
        "certificate-authority-data",
        file=cluster.certificate_authority,
        data=cluster.certificate_authority_data,
    )
    context = tls_context(authority, is_verified=not cluster.insecure_skip_tls_verify)
    certificate, key = _pair(user, given)
    if certificate or key:
        if not (certificate and key):
            raise ConnectionSettingsError("client-certificate and client-key need each other")
        load_pair(context, certificate, key)
    return context


def _pair(user: User, given: Credential) -> tuple[Pem, Pem]:
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


def _as_whom(user: User) -> list[tuple[str, str]]:
    """The headers of `kubectl --as` (client-go transport/round_trippers.go)."""
    if not user.impersonate:
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
