"""The proxy for a URL, as Go chooses it (golang.org/x/net/http/httpproxy), and so kubectl.

urllib's choice, which aiohttp and requests take, knows no networks in NO_PROXY, sends loopback
through a proxy and prefers variables in lower case (Python 3.13, urllib/request.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from urllib.parse import SplitResult, urlsplit

from event_tracer import EventTracerError
from event_tracer.runtime.urls import login_of, parts_of, without_login

_PORTS = {"http": 80, "https": 443}
_SCHEMES = tuple(_PORTS)
_CGI = (
    "REQUEST_METHOD"  # a request's header `Proxy` is HTTP_PROXY there (golang.org/s/cgihttpproxy)
)
_Address = IPv4Address | IPv6Address


class ProxyError(EventTracerError):
    """A proxy that cannot be used; the message is a sentence and shows no password."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxies:
    """What the variables say. `http` and `https` are URLs, empty for none."""

    http: str = ""
    https: str = ""
    no_proxy: str = ""

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> "Proxies":
        """The choice of these variables, of which upper case counts before lower."""

        def get(name: str) -> str:
            return environ.get(name) or environ.get(name.lower()) or ""

        http = "" if environ.get(_CGI) else get("HTTP_PROXY")
        return cls(http=http, https=get("HTTPS_PROXY"), no_proxy=get("NO_PROXY"))

    def proxy_for(self, url: str) -> str:
        """The proxy's URL; empty where there is none. Raises ProxyError for one of no use."""
        parts = urlsplit(url)
        name = f"{parts.scheme.upper()}_PROXY"
        proxy = {"http": self.http, "https": self.https}.get(parts.scheme, "").strip()
        return usable_proxy(proxy, named=name) if proxy and self._is_wanted(parts) else ""

    def _is_wanted(self, parts: SplitResult) -> bool:
        host, port = (parts.hostname or "").lower(), str(parts.port or _PORTS[parts.scheme])
        address = _address(host.partition("%")[0])  # a zone is of this machine
        if host == "localhost" or (address and address.is_loopback):
            return False
        return not any(_is_meant(each, host, port, address) for each in self.no_proxy.split(","))


def usable_proxy(proxy: str, *, named: str) -> str:
    """The URL of a proxy; `named` says where it stands. Raises ProxyError for one of no use."""
    proxy = proxy.strip()
    full = proxy if "://" in proxy else f"http://{proxy}"
    try:
        parts = parts_of(full)
    except ValueError as error:
        raise ProxyError(f"{named} is no URL: {error}") from None
    if not parts.hostname:
        raise ProxyError(f"{named} names no host; it is like http://proxy:3128")
    if parts.scheme not in _SCHEMES:
        what = "SOCKS proxies are" if parts.scheme.startswith("socks") else f"{parts.scheme}:// is"
        raise ProxyError(f"{what} not supported ({named}); name a proxy that speaks HTTP")
    return full


def for_aiohttp(proxy: str) -> tuple[str | None, dict[str, str]]:
    """Its arguments `proxy` and `proxy_headers`; of Authorization it makes the proxy's own
    (aiohttp 3.14, connector.py).
    """
    parts = urlsplit(proxy)
    login = login_of(parts)
    return without_login(parts) or None, {"Authorization": login} if login else {}


def _is_meant(entry: str, host: str, port: str, address: _Address | None) -> bool:
    entry = entry.strip().lower()
    if entry in ("", "*"):
        return bool(entry)
    if network := _network(entry):
        return address is not None and address in network
    named, its_port = _split(entry)
    if its_port not in ("", port) or not named:
        return False
    if address or _address(named):  # no address ends in a domain
        return _address(named) == address
    domain = named.removeprefix("*") if named.startswith("*.") else named
    return host.endswith(domain) if domain.startswith(".") else f".{host}".endswith(f".{domain}")


def _split(entry: str) -> tuple[str, str]:
    """`host:port`, `[address]:port` or a host alone → host, port."""
    if entry.startswith("[") and "]:" in entry:
        host, _, port = entry[1:].partition("]:")
        return host, port
    host, colon, port = entry.partition(":")
    return (entry, "") if ":" in port or not colon else (host, port)


def _address(text: str) -> _Address | None:
    try:
        found = ip_address(text)
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found


def _network(text: str) -> IPv4Network | IPv6Network | None:
    try:
        # Python would take a mask of four numbers, too.
        is_one = text.partition("/")[2].isdecimal()
        return ip_network(text, strict=False) if is_one else None
    except ValueError:
        return None
