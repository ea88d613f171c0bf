"""Addresses to listen at, read without anything that listens."""

import re

_ADDRESS = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([^\s:\[\]/]*)):([0-9]{1,5})")


def parse_address(text: str) -> tuple[str | None, int]:
    """Host and port of "[HOST]:PORT"; None is every address of the machine, port 0 any free one.

    Raises ValueError.
    """
    match = _ADDRESS.fullmatch(text)
    if not match or int(match[3]) > 65535:
        raise ValueError(f"{text!r} is no address: it is like :8080, 127.0.0.1:8080 or [::1]:8080")
    return match[1] or match[2] or None, int(match[3])
