"""Requests over HTTP that got no whole answer, in words."""

import ssl
from urllib.parse import urlsplit

import aiohttp
from aiohttp.http_exceptions import ContentEncodingError

from event_tracer.runtime.urls import place_of

_HTTPS = 443


def trouble(error: Exception) -> str:
    """What to tell of it, whoever was asked; empty where that depends on whom."""
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return f"the proxy says {error.status} {error.message}"
    if isinstance(error, aiohttp.ClientProxyConnectionError):
        return f"the proxy {error.host}:{error.port} is not to be reached"
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return f"no such host: {error.host}"
    return _broken_answer(error)


def through(words: str, proxy: str | None) -> str:
    """Words of trouble with the proxy, if any, that was on the way and may be the cause of it."""
    if not proxy or "the proxy" in words:
        return words
    return f"{words}, through the proxy {place_of(urlsplit(proxy))}"


def _broken_answer(error: Exception) -> str:
    """What to tell of an answer that had begun; empty where none had.

    aiohttp's cause for it is an HttpProcessingError, as for what is no HTTP at all (3.14,
    client_proto.py).
    """
    if not isinstance(error, aiohttp.ClientPayloadError):
        return ""
    if isinstance(error.__cause__, ContentEncodingError):
        return "the answer is compressed in a way that cannot be read"
    return "the connection was closed in the middle of the answer"


def tls_error(error: Exception) -> ssl.SSLError | None:
    """Why a handshake failed that ended a request; None where none did.

    Of a handshake within the TLS of a proxy asyncio itself makes a TypeError (CPython 3.11.7 and
    3.12.1, asyncio/sslproto.py; no more in 3.13), in whose context the reason is.
    """
    cause = error.__cause__
    if isinstance(error, aiohttp.ClientConnectionError) and isinstance(cause, TypeError):
        cause = cause.__context__
    elif not isinstance(error, aiohttp.ClientSSLError):
        return None
    return cause if isinstance(cause, ssl.SSLError) else None


def is_of_proxy(error: Exception, proxy: str | None) -> bool:
    """Whether the handshake that failed was that with the proxy, and not with who is behind it."""
    if not proxy or not isinstance(error, aiohttp.ClientConnectorError):
        return False
    parts = urlsplit(proxy)
    return (error.host, error.port) == (parts.hostname, parts.port or _HTTPS)
