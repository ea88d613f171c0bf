"""Requests to an API server that got no answer: what ended them."""

import re
import ssl
from urllib.parse import urlsplit

import aiohttp
from aiohttp.http import HttpProcessingError

from event_tracer.runtime.http_trouble import (
    is_of_proxy,
    through,
    tls_error,
    trouble,
)
from event_tracer.runtime.urls import place_of

_CLOSED = "a client's certificate is refused, or missing, or the server wants TLS (https://)"
"""Why a server may close a connection before it has said anything."""

_NO_TLS = frozenset({"WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE"})
_OPENSSL = re.compile(r"^\[[^]]*\] | \(_ssl\.c:\d+\)$")
"""Where OpenSSL and Python say it."""


def is_dropped(error: Exception) -> bool:
    """Whether whoever took the connection closed it, having said nothing."""
    causes = (error, error.__cause__, getattr(error, "os_error", None))
    closed = (aiohttp.ServerDisconnectedError, ConnectionResetError, BrokenPipeError, ssl.SSLError)
    is_tls = isinstance(error, aiohttp.ClientSSLError)
    return not is_tls and any(isinstance(cause, closed) for cause in causes)


def tls_trouble(error: Exception, *, server: str, proxy: str | None) -> str:
    """What to tell of a handshake that failed, and with whom; empty where none did."""
    found = tls_error(error)
    if not found:
        return ""
    peer, url = ("proxy", proxy or "") if is_of_proxy(error, proxy) else ("API server", server)
    why = "it speaks no TLS" if found.reason in _NO_TLS else _OPENSSL.sub("", str(found))
    return f"TLS with the {peer} {place_of(urlsplit(url))} fails: {why}"


def circumstances(response: aiohttp.ClientResponse) -> str:
    """What may be why an answer is none of use, as the end of a sentence; empty for nothing.

    A redirect, as of a portal that wants a login, without its query, which may hold a key; or that
    nobody has logged in, for like kubectl we send no login where there is no TLS.
    """
    if response.history:
        return f", after a redirect to {response.url.with_user(None).with_query(None)}"
    if response.status == 401 and response.url.scheme == "http":
        return "; no login is sent to a server without TLS (http://)"
    return ""


def closed_in_words(error: Exception, *, proxy: str | None) -> str:
    """What to tell of a connection that was closed, nothing having been said."""
    words = f"{str(error) or 'the connection was closed'}: no answer; perhaps {_CLOSED}"
    return through(words, proxy)


def in_words(error: Exception, *, proxy: str | None) -> str:
    """What to tell of any other trouble, with the proxy that was on the way, if any."""
    return through(_in_words(error), proxy)


def _in_words(error: Exception) -> str:
    if told := trouble(error):
        return told
    if isinstance(error, TimeoutError) and not str(error):
        return "no answer in time"
    if isinstance(error, aiohttp.TooManyRedirects):
        return "it redirects without an end"
    if isinstance(error.__cause__, HttpProcessingError):
        return "what answers there is no HTTP"
    return str(error) or type(error).__name__
