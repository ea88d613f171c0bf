"""Requests over HTTP that a proxy ended, in words."""

import aiohttp


def proxy_trouble(error: Exception) -> str:
    """What to tell of a proxy that is not there, or refused; empty where it is none of that."""
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return f"the proxy says {error.status} {error.message}"
    if isinstance(error, aiohttp.ClientProxyConnectionError):
        return f"the proxy {error.host}:{error.port} is not to be reached"
    return ""
