"""Requests to an API server that got no answer: what ended them."""

import ssl

import aiohttp
from aiohttp.http import HttpProcessingError

from event_tracer.runtime.http_trouble import proxy_trouble

CLOSED = "a client's certificate is refused, or missing, or the server wants TLS (https://)"
"""Why a server may close a connection before it has said anything."""


def is_dropped(error: Exception) -> bool:
    """Whether whoever took the connection closed it, having said nothing."""
    causes = (error, error.__cause__, getattr(error, "os_error", None))
    closed = (aiohttp.ServerDisconnectedError, ConnectionResetError, BrokenPipeError, ssl.SSLError)
    is_tls = isinstance(error, aiohttp.ClientSSLError)
    return not is_tls and any(isinstance(cause, closed) for cause in causes)


def in_words(error: Exception) -> str:
    """What to tell of it."""
    if told := proxy_trouble(error):
        return told
    if isinstance(error.__cause__, HttpProcessingError):
        return "what answers there is no HTTP"
    return str(error) or type(error).__name__
