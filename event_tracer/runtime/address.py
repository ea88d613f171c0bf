"""Addresses to listen at, read without anything that listens."""

import re
from typing import NamedTuple

_ADDRESS = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([^\s:\[\]/]*)):([0-9]{1,5})")


class Address(NamedTuple):
    """An address to listen at: host None is every address of the machine, port 0 any free one."""

    host: str | None
    port: int

    def __str__(self) -> str:
        host = self.host or ""
        return f"{f'[{host}]' if ':' in host else host}:{self.port}"


def parse_address(text: str) -> Address:
    """Read "[HOST]:PORT". Raises ValueError."""
    match = _ADDRESS.fullmatch(text)
    if not match or int(match[3]) > 65535:
        raise ValueError(f"{text!r} is no address: it is like :8080, 127.0.0.1:8080 or [::1]:8080")
    return Address(host=match[1] or match[2] or None, port=int(match[3]))
