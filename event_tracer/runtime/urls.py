"""URLs as somebody wrote them: whole, or refused without a word of what they hold."""

import re
from base64 import b64encode
from urllib.parse import SplitResult, unquote, urlsplit

_UNREPLACED = re.compile(r"\$(?:\(\w+\)|\{\w+\})")


def parts_of(url: str) -> SplitResult:
    """The parts of a URL whose host and port can be used, if it has them.

    The zone of an address is as the system takes it, without the escape of RFC 6874.
    Raises ValueError, which shows nothing of it: urlsplit's own words hold a part of the password
    where that has a slash, and socket's codec for names raises UnicodeError amid a request.
    """
    if found := _UNREPLACED.search(url.rpartition("@")[2].partition("?")[0]):
        raise ValueError(
            f"{found[0]} in it was not replaced; Kubernetes does so where the variable is set "
            "above it"
        )
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
        if not host.isprintable() or any(letter in host for letter in " \"'<>\\^`{|}"):
            raise ValueError
        host.encode("idna")
    except ValueError:
        text = "its host and port cannot be; signs in a password are percent-encoded"
        raise ValueError(text) from None
    login, at, place = parts.netloc.rpartition("@")
    return parts._replace(netloc=f"{login}{at}{place.replace('%25', '%')}")


def login_of(parts: SplitResult) -> str:
    """The login that stands in a URL, as the value of a header; empty where there is none.

    As Go has it (net/http, basicAuth): of any letters, and a colon may be in the name. aiohttp has
    Latin-1 alone, and raises ValueError for the rest (3.14, helpers.py).
    """
    if parts.username is None:
        return ""
    return basic(unquote(parts.username), unquote(parts.password or ""))


def without_login(parts: SplitResult) -> str:
    """The URL without it."""
    return parts._replace(netloc=place_of(parts)).geturl()


def place_of(parts: SplitResult) -> str:
    """The host, with its port if there is one."""
    return parts.netloc.rpartition("@")[2]


def basic(name: str, password: str) -> str:
    """The value of an Authorization header (RFC 7617)."""
    return f"Basic {b64encode(f'{name}:{password}'.encode()).decode()}"
